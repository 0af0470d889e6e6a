"""Graphs that run but are wrong or weak: rules by scan, each one file in builder/lint/rules."""

from collections.abc import Mapping
from functools import cache

from builder import scan
from builder.compile.types import Check, Issue
from builder.graph.spec import Graph
from builder.layers.base import Shape
from builder.lint import rules as _rules
from builder.lint.base import Rule, Subject

__all__ = ["Rule", "Subject", "rules", "run"]


@cache
def rules() -> tuple[Rule, ...]:
    """One of each rule, in order of file name."""
    return tuple(rule() for rule in scan.classes(_rules, Rule))  # type: ignore[type-abstract]


def run(
    graph: Graph,
    check: Check,
    task_kind: str = "",
    *,
    output_shape: Shape | None = None,
    modules: Mapping[str, Graph] | None = None,
) -> tuple[Issue, ...]:
    """All warnings about a graph that passed `check`; empty while it has errors, which come first.

    `task_kind` is the task's ("classification", "regression"; "" where it is not known).
    """
    if not check.ok:
        return ()
    subject = Subject(graph, check, task_kind, output_shape, dict(modules or {}))
    return tuple(issue for rule in rules() for issue in rule.find(subject))
