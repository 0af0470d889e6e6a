"""What a symptom is, and what a rule promises."""

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

from builder import wording
from builder.train.doctor.facts import Facts
from builder.train.plan import Symptom

Edit = tuple[str, dict[str, Any]]
"""An operation of graph.edit and its arguments."""

Severity = Literal["error", "warning"]
State = Literal["found", "changed", "gone"]
"""A symptom appears, sits at another node or has another cause than before, or is over."""


@dataclass(frozen=True)
class Change:
    """One thing to do about a symptom: an order to the live run, changes for a fork, or both.

    `order` is what `runs.order` takes, `overrides` what `runs.start` takes ("recipe.clip_norm": 1),
    `edits` are of `graph`.
    """

    label: str
    why: str
    order: Mapping[str, Any] | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    graph: str = "model"
    before: int | None = None  # a fork begins with a state kept at this step or earlier
    anew: bool = False  # a new run begins with weights as drawn: those that are kept are spoilt

    def to_dict(self) -> dict[str, Any]:
        """JSON; only what is there."""
        found: dict[str, Any] = {"label": self.label, "why": self.why}
        if self.order is not None:
            found["order"] = dict(self.order)
        if self.overrides:
            found["overrides"] = dict(self.overrides)
        if self.edits:
            found |= {"edits": [list(edit) for edit in self.edits], "graph": self.graph}
        if self.before is not None:
            found["before"] = self.before
        if self.anew:
            found["anew"] = True
        return found

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "Change":
        """What `to_dict` gave."""
        edits = tuple((name, arguments) for name, arguments in found.get("edits", ()))
        return cls(**{**found, "edits": edits})


@dataclass(frozen=True)
class Finding:
    """What is wrong, where, and what may be done: the fact in figures, the reason in plain words.

    `node` is where it sits (the worst of `nodes`), None where it has no place in the graph.
    """

    code: str
    title: str
    fact: str
    why: str
    changes: tuple[Change, ...] = ()
    node: str | None = None
    nodes: tuple[str, ...] = ()
    severity: Severity = "warning"
    evidence: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON: no NaN, tuples as lists."""
        found = asdict(self)
        found["nodes"] = list(self.nodes)
        found["changes"] = [change.to_dict() for change in self.changes]
        found["evidence"] = {k: v for k, v in self.evidence.items() if math.isfinite(v)}
        return found

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "Finding":
        """What `to_dict` gave."""
        changes = tuple(Change.from_dict(change) for change in found["changes"])
        return cls(**{**found, "nodes": tuple(found["nodes"]), "changes": changes})

    def event(self, state: State, step: int, epoch: int) -> Symptom:
        """The event that the loop yields."""
        found = self.to_dict()
        kind, message = found.pop("code"), found.pop("fact")
        return Symptom(kind=kind, message=message, state=state, step=step, epoch=epoch, **found)


News = Literal["steps", "probe", "epoch", "failure"]
"""What has come in since the last look."""


class Rule(ABC):
    """One symptom; one file in builder/train/doctor/rules, found by scan. It holds no state.

    `find` is asked whenever news of a kind in `news` has come in. A symptom appears when `confirm`
    looks in a row find it, and is withdrawn when `release` looks in a row do not. While it stands,
    its code is in `facts.standing`, and `find` should let go at a milder threshold than it caught.
    """

    code: ClassVar[str]
    title: ClassVar[str]  # what it looks for, for the documentation
    help: ClassVar[str]  # the threshold and where it comes from
    news: ClassVar[tuple[News, ...]] = ("probe", "epoch")
    confirm: ClassVar[int] = 2
    release: ClassVar[int] = 2
    final: ClassVar[bool] = False  # asked after the others, with what they have just found

    @abstractmethod
    def find(self, facts: Facts) -> Finding | None:
        """The symptom as it is now; None where all is well or too little is known."""

    def needed(self, facts: Facts) -> int:
        """Looks in a row that it takes; after the last epoch no other comes, so half of them do,
        but at least two where one alone is not enough.
        """
        half = max(2, (self.confirm + 1) // 2)
        return min(self.confirm, half) if facts.last else self.confirm


def nice(value: float) -> float:
    """The nearest of 1, 2, 3, 5 times a power of ten."""
    if not value > 0 or not math.isfinite(value):
        return value
    power = 10.0 ** math.floor(math.log10(value))
    best = min((1, 2, 3, 5, 10), key=lambda digit: abs(math.log(value / (digit * power))))
    return float(f"{best * power:.1g}")


def percent(share: float) -> str:
    """A share for people: 5.2 %, 0.03 %, 99.5 %."""
    value = 100 * share
    if value >= 9.95 or value == 0:
        return wording.percent(share)
    return f"{value:.1f} %" if value >= 0.095 else f"{value:.1g} %"


def rate_change(facts: Facts, rate: float, why: str) -> Change:
    """Another learning rate: at once for a live run, as the recipe's for a fork.

    The recipe's own rate is changed in proportion, since a schedule may have moved it since.
    """
    rate = nice(rate)
    now = facts.rate or facts.recipe.optimizer.lr
    base = nice(facts.recipe.optimizer.lr * rate / now)
    return Change(
        label=f"Set the learning rate to {rate:g}",
        why=why,
        order={"order": "set", "lr": rate},
        overrides={"recipe.optimizer.lr": base},
    )


def activation_change(
    facts: Facts, nodes: tuple[str, ...], kinds: Collection[str], layer: str, why: str
) -> tuple[Change, ...]:
    """Another activation for those of the nodes that are layers of these kinds in the one graph;
    none where there are several graphs, or where the nodes lie inside modules.
    """
    if len(facts.graphs) != 1:
        return ()
    (name, graph), *_ = facts.graphs.items()
    known = tuple(node.id for node in graph.nodes if node.id in nodes and node.layer in kinds)
    if not known:
        return ()
    edits = tuple(("set_layer", {"id": node, "layer": layer, "params": {}}) for node in known)
    return (Change(f"Make {listed(known)} {layer}", why, edits=edits, graph=name),)


def listed(names: tuple[str, ...], most: int = 3) -> str:
    """Names for a sentence: "conv1, conv2 and 3 more"."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
