"""The doctor of one run: gathers facts from what the loop tells it, asks the rules, and keeps what
stands.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from builder import metrics
from builder.data.specs import TargetSpec
from builder.errors import LaminaError
from builder.graph.spec import Graph
from builder.tasks.base import Batch
from builder.train import health, measure
from builder.train import plan as p
from builder.train.doctor import data
from builder.train.doctor.base import News
from builder.train.doctor.course import LOSS, STEP, Course
from builder.train.doctor.facts import Breakdown, Facts, Node, Raise
from builder.train.doctor.standing import Standing
from builder.train.failures import StepFailed
from builder.train.rates import Judge

if TYPE_CHECKING:
    import numpy as np

PROBES, BATCHES, WAITS, EPOCHS, LOSSES = 8, 16, 16, 200, 20


class Watch:
    """A `plan.Doctor`. `graphs` are those of the project, for repairs that change a node."""

    def __init__(self, plan: p.Plan, graphs: Mapping[str, Graph]) -> None:
        self.plan = plan
        self.graphs = dict(graphs)
        self.nodes = nodes(plan.models)
        self.target = counted(plan)
        self.guess = guess(replace(plan, target=self.target))
        self.falls = all(phase.falls for phase in plan.task.phases())
        self.intakes = data.intakes(
            plan.data.get("train", {}), plan.task.context.inputs, plan.prepare, normed(graphs)
        )
        self.course = Course()
        self.standing = Standing()
        self.step = self.done = 0
        self.epochs: deque[Mapping[str, float]] = deque(maxlen=EPOCHS)
        self.bests: dict[str, float] = {}
        self.judge = Judge(plan.recipe)  # as the loop's, for whether an epoch is the last
        self.last = False
        self.answers: Mapping[str, Any] = {}
        self.probes: deque[Mapping[str, Mapping[str, Any]]] = deque(maxlen=PROBES)
        self.aparts: deque[float] = deque(maxlen=BATCHES)
        self.waits: deque[tuple[float, float, int]] = deque(maxlen=WAITS)
        self.looked: dict[str, Any] | None = None
        self.breakdown: Breakdown | None = None
        self.losses: deque[float] = deque(maxlen=LOSSES)  # of the latest steps before a raise
        self.raised: Raise | None = None

    # What the loop tells; see plan.Doctor

    def steps(
        self,
        values: "np.ndarray[Any, np.dtype[np.float32]]",
        seconds: float,
        waited: float,
        batch: Batch,
    ) -> Sequence[p.Symptom]:
        """Points of the steps since the last call, and the batch of the last one."""
        self._remember(values)
        self.course.add(values)
        self.step = self.course.step
        self.waits.append((waited, seconds, len(values)))
        if "target" in batch:
            apart = measure.apart(batch["target"], self.target)
            if apart is not None and math.isfinite(apart):
                self.aparts.append(apart)
        return self._look("steps")

    def probe(
        self, rows: Sequence[Mapping[str, Any]], step: int, epoch: int
    ) -> Sequence[p.Symptom]:
        """Node health."""
        self.step, self.done = step, epoch
        self.probes.append({row["node"]: row for row in rows})
        return self._look("probe")

    def epoch(
        self, figures: Mapping[str, float], answers: Mapping[str, Any]
    ) -> Sequence[p.Symptom]:
        """An epoch's figures, and what the model says of the held-out rows as a whole."""
        self.done, self.step = int(figures["epoch"]), int(figures["step"])
        self.epochs.append(figures)
        self._best(figures)
        enough = self.judge.enough(figures)
        self.last = enough or self.done >= self.plan.recipe.epochs
        self.answers = answers
        if self.looked is None:
            self.looked = self._data()
        return self._look("epoch")

    def ordered(self, order: p.Order, step: int, epoch: int) -> None:
        """Remember who raised the learning rate, until it is back; points of the last steps before
        the order may come later than it.
        """
        if "patience" in order:
            self.judge.patience = order["patience"]
        before, after = self.course.rate, order.get("lr")
        if before is None or after is None:
            return
        if self.raised is not None and after < 2 * self.raised.before:
            self.raised = None
        elif after >= 2 * before:
            self.raised = Raise(step, epoch, before, float(after))

    def _best(self, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            better = max if metrics.higher_is_better(name) else min
            if math.isfinite(value):
                self.bests[name] = better(value, self.bests.get(name, value))

    def _remember(self, values: "np.ndarray[Any, np.dtype[np.float32]]") -> None:
        """The losses of the latest steps, and from them the loss before a raise."""
        raised = self.raised
        if raised is not None and raised.loss is not None:
            return
        late = values[:, STEP] > raised.step if raised is not None else values[:, STEP] < 0
        self.losses.extend(x for x in values[~late][-LOSSES:, LOSS].tolist() if math.isfinite(x))
        if raised is not None and late.any() and self.losses:
            self.raised = replace(raised, loss=sum(self.losses) / len(self.losses))
            self.losses.clear()

    def failed(self, error: LaminaError) -> Sequence[p.Symptom]:
        """The run ends with this error."""
        if not isinstance(error, StepFailed) or error.code != "not_finite":
            return ()
        self.breakdown = self._breakdown(error)
        return self._look("failure")

    def state(self) -> dict[str, Any]:
        """JSON: the course, the epochs and what stands. Probes come anew."""
        return {
            "course": self.course.state(),
            "epochs": [dict(row) for row in self.epochs],
            "bests": dict(self.bests),
            "judge": self.judge.state(),
            "raised": asdict(self.raised) if self.raised is not None else None,
            "standing": self.standing.state(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""
        self.course.load(state["course"])
        self.epochs.extend(state["epochs"])
        for row in state["epochs"]:
            self._best(row)
        self._best(state.get("bests", {}))
        if "judge" in state:
            self.judge.load(state["judge"])
        raised = state.get("raised")
        self.raised = Raise(**raised) if raised else None
        self.standing.load(state["standing"])
        self.step = self.course.step
        self.done = int(self.epochs[-1]["epoch"]) if self.epochs else 0

    # What follows from it

    def _look(self, news: News) -> Sequence[p.Symptom]:
        found = self.standing.look(self.facts(), news)
        return [finding.event(state, self.step, self.done) for finding, state in found]

    def _data(self) -> dict[str, Any]:
        """The data, once, after the first epoch: the first point must not wait for it."""
        inputs = self.plan.task.context.inputs
        train = self.plan.data.get("train", {})
        held_out = self.plan.data.get("validation", {})
        some = any(map(len, held_out.values()))  # a split may have no rows
        return {
            "tellers": data.tellers(train, inputs, self.target),
            "copies": data.copies(train, held_out, inputs) if some else None,
        }

    def facts(self) -> Facts:
        """What is known now."""
        waited = sum(wait for wait, _, _ in self.waits)
        spent = sum(seconds for _, seconds, _ in self.waits)
        steps = sum(count for _, _, count in self.waits)
        train = self.plan.data.get("train", {})
        return Facts(
            recipe=self.plan.recipe,
            target=self.target,
            rows=len(next(iter(train.values()))) if train else 0,
            step=self.step,
            epoch=self.done,
            guess=self.guess,
            first=self.course.first,
            falls=self.falls,
            rate=self.course.rate,
            blocks=self.course.blocks,
            epochs=tuple(self.epochs),
            bests=dict(self.bests),
            last=self.last,
            answers=self.answers,
            probes=tuple(self.probes),
            nodes=self.nodes,
            graphs=self.graphs,
            aparts=tuple(self.aparts),
            waiting=waited / spent if spent > 0 and len(self.waits) >= 4 else None,
            wait_seconds=waited / steps if steps else 0.0,
            augmented=self.plan.augment is not None,
            intakes=self.intakes,
            breakdown=self.breakdown,
            raised=self.raised,
            standing=self.standing.codes,
            **(self.looked or {}),
        )

    def _breakdown(self, error: StepFailed) -> Breakdown:
        """Which column of the data is not finite, where the data is to blame."""
        rows = self.plan.data.get("train", {})
        spec = self.plan.task.context.inputs.get(error.node or "")
        if spec is not None and spec.form == "vector" and spec.name in rows:
            bad = ~torch.isfinite(rows[spec.name]).all(0)
            origins = spec.origins or spec.features
            if bool(bad.any()) and len(origins) == len(bad):
                return Breakdown(error.node, error.fact, origins[int(bad.nonzero()[0, 0])])
        return Breakdown(error.node, error.fact)


def nodes(models: Mapping[str, nn.Module]) -> dict[str, Node]:
    """The nodes of the networks in computing order, as people name them."""
    found = {}
    for name, model in models.items():
        for child, module in model.named_children():
            node = health.node_name(name, child, len(models))
            weights = sum(w.numel() for w in module.parameters() if w.requires_grad)
            matrices = [w for w in module.parameters() if w.ndim > 1]
            width = matrices[-1].shape[0] if matrices else 0
            drawn = health.norm([w.detach() for w in module.parameters()])
            kind, matrix = type(module).__name__, health.norm([w.detach() for w in matrices])
            found[node] = Node(node, kind, weights, width, drawn, matrix, largest_dropout(module))
    return found


def largest_dropout(module: nn.Module) -> float:
    """The largest share that a dropout within the module leaves out."""
    shares = [float(p) for part in module.modules() if isinstance(p := _share(part), int | float)]
    return max(shares, default=0.0)


def _share(part: nn.Module) -> Any:
    if isinstance(part, nn.modules.dropout._DropoutNd):
        return part.p
    stacked = isinstance(part, nn.RNNBase) and part.num_layers > 1
    return part.dropout if stacked or isinstance(part, nn.MultiheadAttention) else None


def normed(graphs: Mapping[str, Graph]) -> frozenset[str]:
    """The Input nodes whose every way leads into a normalisation first."""
    found = set()
    for graph in graphs.values():
        layers = {node.id: node.layer for node in graph.nodes}
        for node, layer in layers.items():
            onward = [layers[edge.target] for edge in graph.edges if edge.source == node]
            if layer == "Input" and onward and all("Norm" in kind for kind in onward):
                found.add(node)
    return frozenset(found)


def counted(plan: p.Plan) -> TargetSpec | None:
    """The target with the classes counted in the training rows as they are, where there are any."""
    target, y = plan.target, plan.data.get("train", {}).get("target")
    if target is None or target.kind != "class" or y is None or not len(y):
        return target
    if y.ndim != 1 or y.is_floating_point() or not 0 <= int(y.min()) <= int(y.max()):
        return target
    k = len(target.classes)
    if int(y.max()) >= k:
        return target
    return target.model_copy(
        update={"counts": tuple(torch.bincount(y.long(), minlength=k).tolist())}
    )


def guess(plan: p.Plan) -> float | None:
    """The loss of the best answer that ignores the inputs, where the loss is one that we know; with
    smoothed labels no answer comes to 0, and this one has more as well.
    """
    target, loss = plan.target, plan.task.details().get("loss")
    if target is None:
        return None
    if target.kind == "number":
        return 1.0 if loss == "MSELoss" else None
    counts = [count for count in target.counts if count]
    if loss != "CrossEntropyLoss" or len(counts) < 2:
        return None
    if plan.recipe.class_weights is not None:
        return math.log(len(counts)) if plan.recipe.class_weights == "balanced" else None
    soft = plan.recipe.label_smoothing
    smooth = [(1 - soft) * n / sum(counts) + soft / len(target.counts) for n in target.counts]
    return -sum(share * math.log(share) for share in smooth if share)
