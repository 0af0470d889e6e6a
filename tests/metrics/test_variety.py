"""Variety is 0, and not -0, where everything made is one thing."""

import math

import torch

from builder.data.specs import TargetSpec
from builder.metrics.variety import Variety

SPEC = TargetSpec(name="y", kind="class", classes=("a", "b"))


def variety(codes):
    made = {"made_probabilities": torch.eye(2)[codes]}
    return float(Variety.compute(made, torch.empty(0), SPEC))


def test_one_thing_over_and_over_is_zero_without_a_sign():
    assert math.copysign(1, variety([1, 1, 1])) == 1
    assert variety([1, 1, 1]) == 0


def test_an_even_share_is_one():
    assert variety([0, 1, 0, 1]) == 1
