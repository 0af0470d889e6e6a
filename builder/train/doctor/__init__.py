"""What ails a run, while it runs: rules by scan, each one file in builder/train/doctor/rules."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from builder.train.doctor.base import Change, Finding, Rule
from builder.train.doctor.facts import Facts
from builder.train.doctor.standing import find, rules

if TYPE_CHECKING:
    from builder.graph.spec import Graph
    from builder.train.plan import Doctor, Plan

__all__ = ["Change", "Facts", "Finding", "Rule", "examine", "rules", "watch"]


def examine(facts: Facts) -> tuple[Finding, ...]:
    """What all rules find in these facts, at once and without patience."""
    found = (find(rule, facts) for rule in rules())
    return tuple(finding for finding in found if finding is not None)


def watch(plan: "Plan", graphs: "Mapping[str, Graph]") -> "Doctor":
    """A doctor for a run of the plan; `graphs` are the project's, for repairs of a node."""
    from builder.train.doctor.watching import Watch

    return Watch(plan, graphs)
