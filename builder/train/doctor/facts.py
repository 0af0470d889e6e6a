"""What the rules look at: a small frozen record of a run so far."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from builder.data.specs import TargetSpec
from builder.graph.spec import Graph
from builder.project import Recipe

Row = Mapping[str, Any]
"""What a probe measured at one node; see train.health."""

RECTIFIERS = frozenset({"ReLU", "ReLU6"})
BOUNDED = frozenset({"Sigmoid", "Tanh", "Softsign", "Hardsigmoid", "Hardtanh"})


CAUSES = frozenset(
    {
        "alike_weights",
        "blank_inputs",
        "dead_relu",
        "exploding_gradients",
        "frozen",
        "heavy_decay",
        "heavy_dropout",
        "not_shuffled",
        "rate_too_high",
        "rate_too_low",
        "saturated",
        "squashed_output",
        "unscaled_inputs",
        "update_ratio",
        "vanishing_gradients",
    }
)
"""Symptoms from which others follow: a loss that does not fall, one answer for all rows."""


@dataclass(frozen=True)
class Node:
    """A node of the running network, in computing order: its class and its number of weights."""

    id: str
    kind: str
    weights: int
    width: int = 0  # units that it gives, where it is a weighted sum
    norm: float = 0.0  # of its weights as they were drawn
    matrix: float = 0.0  # the same without what is no matrix: biases
    drop: float = 0.0  # the largest share that a dropout in it leaves out


@dataclass(frozen=True)
class Block:
    """Consecutive steps in one: up to step `step`, with means over `steps` of them."""

    step: int
    steps: int
    loss: float
    low: float
    high: float
    rate: float
    norm: float | None  # the largest gradient norm; None where none was measured


@dataclass(frozen=True)
class Teller:
    """A column that tells the target without any network: `power` of 1 is always right, 0 no better
    than a guess. `within`: not a column, but a place in a series or an image, or a word.
    """

    column: str
    power: float
    input: str | None = None  # the Input node that holds it
    within: bool = False


@dataclass(frozen=True)
class Intake:
    """What an Input node gives, over some hundred rows: `sizes` is the root mean square of each
    feature that varies, with the column that it comes from ("" where it comes from none).
    """

    node: str
    form: str = "vector"
    blank: bool = False  # all rows are the same
    columns: tuple[str, ...] = ()
    sizes: tuple[tuple[str, float], ...] = ()
    normed: bool = False  # a normalisation takes it up


@dataclass(frozen=True)
class Raise:
    """An order after which the learning rate was at least twice what it was: after step `step`,
    with `epoch` epochs done; `loss` is the mean of the last steps before.
    """

    step: int
    epoch: int
    before: float
    after: float
    loss: float | None = None


@dataclass(frozen=True)
class Breakdown:
    """How a run ended whose loss is no finite number."""

    node: str | None
    words: str
    column: str | None = None

    @property
    def of_data(self) -> bool:
        """Whether the rows themselves hold what is not finite."""
        return self.column is not None or "The data of" in self.words


@dataclass(frozen=True)
class Facts:
    """All that is known of a run at this moment. Lists run from the oldest to the newest."""

    recipe: Recipe
    target: TargetSpec | None = None
    rows: int = 0  # of the training split
    step: int = 0
    epoch: int = 0
    guess: float | None = None  # the loss of the best answer that ignores the inputs
    first: float | None = None  # loss of the first step
    falls: bool = True  # whether a sound run brings the loss down; see tasks.Phase
    rate: float | None = None  # learning rate of the newest step
    blocks: tuple[Block, ...] = ()  # the whole run in at most 64 blocks
    epochs: tuple[Mapping[str, float], ...] = ()
    bests: Mapping[str, float] = field(default_factory=dict)  # of each figure, over all epochs
    last: bool = False  # whether the run ends with this epoch
    answers: Mapping[str, Any] = field(default_factory=dict)  # of the held-out rows; see measure
    probes: tuple[Mapping[str, Row], ...] = ()  # the latest eight, node → row
    nodes: Mapping[str, Node] = field(default_factory=dict)
    graphs: Mapping[str, Graph] = field(default_factory=dict)
    aparts: tuple[float, ...] = ()  # latest sixteen batches: how far from a shuffled draw
    waiting: float | None = None  # share of the latest steps' time spent on waiting for their rows
    wait_seconds: float = 0.0  # the same for one step
    intakes: tuple[Intake, ...] = ()
    tellers: tuple[Teller, ...] = ()  # the best first
    copies: float | None = None  # share of validation rows that stand in the training split as well
    augmented: bool = False
    breakdown: Breakdown | None = None
    raised: Raise | None = None  # by an order that still holds
    standing: frozenset[str] = frozenset()  # codes of the symptoms that stand

    @property
    def weighted(self) -> tuple[Node, ...]:
        """Nodes with weights to be learnt, in computing order."""
        return tuple(node for node in self.nodes.values() if node.weights)

    @property
    def head(self) -> Node | None:
        """The last node with weights."""
        return self.weighted[-1] if self.weighted else None

    @property
    def ends(self) -> frozenset[str]:
        """Nodes whose values are what a network gives, with nothing behind them."""
        found = set()
        for name, graph in self.graphs.items():
            before = "" if len(self.graphs) == 1 else f"{name}/"
            outputs = {node.id for node in graph.nodes if node.layer == "Output"}
            found |= {before + edge.source for edge in graph.edges if edge.target in outputs}
        return frozenset(found)

    @property
    def peak(self) -> float:
        """The highest learning rate so far."""
        return max((block.rate for block in self.blocks), default=self.recipe.optimizer.lr)

    def recent(self, node: str, key: str, looks: int = 3) -> float | None:
        """The median of a figure over the latest probes; None where it was not measured."""
        values = [probe.get(node, {}).get(key) for probe in self.probes[-looks:]]
        numbers = [float(value) for value in values if value is not None]
        return median(numbers) if numbers else None

    @property
    def growth(self) -> dict[str, float]:
        """How many times as large as drawn the matrices of each node are, by the latest probe;
        those that began at 0 or were told to stand still are left out.
        """
        found = {}
        for node in self.weighted:
            size = self.recent(node.id, "matrix", looks=1)
            if size is not None and node.matrix > 0 and node.id not in self.frozen:
                found[node.id] = size / node.matrix
        return found

    def ratios(self, looks: int = 3) -> dict[str, float]:
        """Size of an update over that of the weights, by node with weights of some number.

        Nodes without a matrix (normalisations) and those that were not measured are left out.
        """
        found = {}
        for node in self.weighted:
            value = self.recent(node.id, "update_ratio", looks)
            if value is not None and node.width and node.id not in self.frozen:
                found[node.id] = value
        return found

    @property
    def frozen(self) -> frozenset[str]:
        """Nodes whose weights were told to stand still, by the latest probe."""
        return self._marked("frozen")

    @property
    def alike(self) -> frozenset[str]:
        """Nodes all of whose units have the same weights, by the latest probe."""
        return self._marked("alike")

    def _marked(self, mark: str) -> frozenset[str]:
        latest = self.probes[-1] if self.probes else {}
        return frozenset(node for node, row in latest.items() if row.get(mark))

    @property
    def decay(self) -> float:
        """The recipe's weight decay."""
        value = self.recipe.optimizer.arguments().get("weight_decay", 0.0)
        return float(value) if isinstance(value, int | float) else 0.0

    @property
    def pull(self) -> float:
        """The share of the weights that their decay alone takes away in a step, at today's rate."""
        return (self.rate or 0.0) * self.decay

    def due(self, least: int) -> int:
        """Epochs after which a run that is well has something to show: a quarter of them, or what
        early stopping grants where that is less; at least `least`.
        """
        quarter, stopping = self.recipe.epochs // 4, self.recipe.early_stopping
        return max(least, min(quarter, stopping.patience - 1) if stopping else quarter)

    @property
    def held_out_guess(self) -> float | None:
        """The loss that the best blind answer of the training rows has on the held-out rows."""
        if self.guess is None or self.target is None:
            return None
        if self.target.kind == "number":
            blind = self.answers.get("blind")
            return float(blind) if blind is not None else None
        true, known = self.answers.get("true"), self.target.counts
        if self.recipe.class_weights is not None or not true or not sum(true) or not sum(known):
            return None
        soft, k = self.recipe.label_smoothing, len(known)
        shares = [(1 - soft) * max(count, 1) / sum(known) + soft / k for count in known]
        wanted = [(1 - soft) * count / sum(true) + soft / k for count in true]
        return float(-sum(n * math.log(p) for n, p in zip(wanted, shares)))

    @property
    def explained(self) -> bool:
        """Whether a symptom stands from which the lesser ones follow; those then keep silent."""
        return bool(self.standing & CAUSES)

    @property
    def told(self) -> bool:
        """Whether what follows from a standing cause need not be said beside it: until the run's
        last quarter, for then it is the outcome.
        """
        return self.explained and 4 * self.epoch < 3 * self.recipe.epochs

    @property
    def outcome(self) -> str:
        """A sentence for what follows from a cause that stands; else empty."""
        if not self.explained:
            return ""
        return " It follows from what else is said of this run: mend that first."

    @property
    def follows(self) -> str:
        """A sentence for what long steps do to a network, where they stand; else empty."""
        if "rate_too_high" not in self.standing:
            return ""
        return " It follows from the learning rate, which is too high: mend that first."

    @property
    def rising(self) -> bool:
        """Whether a warm-up is still on its way to the recipe's learning rate; one that takes more
        than half of the run is no excuse.
        """
        if 2 * self.epoch > self.recipe.epochs:
            return False
        warm = self.recipe.schedule.warmup > 0 or self.recipe.schedule.name == "onecycle"
        highest = self.rate is not None and self.rate >= 0.999 * self.peak
        return warm and highest and (self.rate or 0.0) < 0.9 * self.recipe.optimizer.lr

    @property
    def cresting(self) -> bool:
        """Whether a one-cycle schedule is at its height, which is meant to be too much for long."""
        cycle = self.recipe.schedule.name in ("onecycle", "OneCycleLR")
        return cycle and 10 * self.epoch < 6 * self.recipe.epochs

    @property
    def reference(self) -> float | None:
        """The loss to beat: of the best blind answer, else that of the first step. None where the
        loss need not fall, and so says nothing of what was learnt.
        """
        if not self.falls:
            return None
        return self.guess if self.guess is not None else self.first

    def tail(self, share: float = 0.2) -> tuple[Block, ...]:
        """The blocks of the latest share of the steps, at least one."""
        edge = self.step * (1 - share)
        return tuple(block for block in self.blocks if block.step > edge) or self.blocks[-1:]


def mean_loss(blocks: tuple[Block, ...]) -> float:
    """The mean loss of the blocks' steps; NaN of none."""
    steps = sum(block.steps for block in blocks)
    return sum(block.loss * block.steps for block in blocks) / steps if steps else float("nan")
