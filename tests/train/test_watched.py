"""The rows that are watched while a run learns: some of each class, always the same."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from builder.train.running import Running


def running(kind: str, *batches: list[int]) -> Running:
    said = SimpleNamespace(metrics=lambda: ("accuracy",), predict=dict)
    made = Running(cast(Any, said), cast(Any, SimpleNamespace(kind=kind)))
    for codes in batches:
        target = torch.tensor(codes)
        losses = cast(Any, SimpleNamespace(outputs={"prediction": target * 10}))
        made.add(losses, torch.tensor(0.0), {"target": target}, len(codes))
    return made


def test_some_of_each_class_are_watched_though_the_rows_lie_class_by_class() -> None:
    found = running("class", [0] * 8, [0, 0, 1, 1, 1], [1, 2, 2]).some(6)
    assert found["row"] == [0, 1, 10, 11, 14, 15]
    assert found["target"] == [0, 0, 1, 1, 2, 2]
    assert found["prediction"] == [0, 0, 10, 10, 20, 20]


@pytest.mark.parametrize("kind", ["class", "number"])
def test_no_more_rows_are_watched_than_there_are(kind: str) -> None:
    assert running(kind, [0, 1], [1]).some(12)["row"] == [0, 1, 2]


def test_numbers_are_watched_from_the_first_on() -> None:
    assert running("number", [5, 5, 7], [9]).some(2)["row"] == [0, 1]


def test_of_rows_that_several_workers_shared_only_the_first_batch_is_in_order() -> None:
    assert running("class", [0, 0, 1], [2, 2]).some(3, ordered=False)["row"] == [0, 1, 2]
