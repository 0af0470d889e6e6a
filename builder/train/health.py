"""How each node fares: a probe batch on an eager copy of the model, with the random state restored.

Nothing hangs on the hot path: the copy carries the hooks, and takes the weights over when a probe
is due.
"""

import copy
import time
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from builder.compile import names
from builder.tasks.base import Batch, Phase

PROBE_ROWS = 64
LARGEST = 200_000_000
"""Models with more parameters are not copied."""

BOUNDS = {
    "Sigmoid": (0.0, 1.0),
    "Tanh": (-1.0, 1.0),
    "Softsign": (-1.0, 1.0),
    "Hardsigmoid": (0.0, 1.0),
    "Hardtanh": (-1.0, 1.0),
}
"""Activations that flatten out at two bounds."""

Row = dict[str, Any]


class Probe:
    """Copies of the models with a hook on each node (the direct children, which bear the nodes'
    ids).
    """

    def __init__(self, models: Mapping[str, nn.Module]) -> None:
        self.models = models
        self.twins = {name: copy.deepcopy(model) for name, model in models.items()}
        self.notes: dict[str, dict[str, Any]] = {}
        self.clock: dict[str, float] = {}
        for name, twin in self.twins.items():
            for child, module in twin.named_children():
                self._watch(node_name(name, child, len(models)), module)

    def _watch(self, node: str, module: nn.Module) -> None:
        def before(_: nn.Module, __: Any) -> None:
            self.clock[node] = self._now()

        def after(_: nn.Module, __: Any, output: Any) -> None:
            spent = self._now() - self.clock[node]
            note = self.notes.setdefault(node, {"time": 0.0})
            note["time"] += spent
            value = output if isinstance(output, Tensor) else _first_tensor(output)
            if value is not None and value.is_floating_point():
                note["value"] = value.detach()

        module.register_forward_pre_hook(before)
        module.register_forward_hook(after)

    def _now(self) -> float:
        if any(weight.is_cuda for model in self.twins.values() for weight in model.parameters()):
            torch.cuda.synchronize()
        return time.perf_counter()

    def _take_weights(self) -> None:
        for name, model in self.models.items():
            for mine, live in zip(self.twins[name].parameters(), model.parameters()):
                mine.data.copy_(live.data)
                mine.grad = None
            for mine_buffer, buffer in zip(self.twins[name].buffers(), model.buffers()):
                mine_buffer.copy_(buffer)

    def run(
        self,
        phases: Sequence[Phase],
        batch: Batch,
        autocast: Any,
        ratios: Mapping[str, float],
    ) -> list[Row]:
        """One row per node: gradient and weight norm, update ratio, whether its units are all
        alike or frozen, activation mean and std, dead and time share.

        `batch` holds up to PROBE_ROWS rows, `ratios` the size of the last update over that of the
        weights by node.
        """
        self.notes = {}
        device = next(
            (w.device for twin in self.twins.values() for w in twin.parameters()),
            torch.device("cpu"),
        )
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            self._take_weights()
            generator = torch.Generator(device).manual_seed(0)
            for phase in phases:
                with autocast():
                    loss = phase.loss(self.twins, batch, generator).loss
                if loss.requires_grad:
                    loss.backward()  # type: ignore[no-untyped-call]
        whole = sum(note["time"] for note in self.notes.values()) or 1.0
        rows = []
        for name, twin in self.twins.items():
            live = dict(self.models[name].named_children())
            for child, module in twin.named_children():
                node = node_name(name, child, len(self.twins))
                row = _row(node, module, self.notes.get(node, {}), whole, ratios.get(node))
                if "weight" in row:
                    row["frozen"] = not any(w.requires_grad for w in live[child].parameters())
                rows.append(row)
        self.notes = {}
        return rows


def _row(
    node: str, module: nn.Module, note: Mapping[str, Any], whole: float, ratio: float | None
) -> Row:
    value: Tensor | None = note.get("value")
    row: Row = {"node": node, "time_share": note.get("time", 0.0) / whole}
    weights = list(module.parameters())
    if weights:
        row["weight"] = norm([weight.detach() for weight in weights])
        row["gradient"] = norm([weight.grad for weight in weights if weight.grad is not None])
        row["update_ratio"] = ratio
        if matrices := [weight.detach() for weight in weights if weight.ndim > 1]:
            row["matrix"] = norm(matrices)
            row["alike"] = all(alike(matrix) for matrix in matrices)
    if value is not None and value.numel():
        value = value.float()
        row["activation_mean"] = float(value.mean())
        row["activation_std"] = float(value.std(correction=0))
        row["dead"] = dead_share(value)
        if (kind := type(module).__name__) in BOUNDS:
            row["saturated"] = saturated_share(value, *BOUNDS[kind])
        row["finite"] = bool(torch.isfinite(value).all())
    return row


def dead_share(value: Tensor) -> float:
    """Share of the units (axis 1; an image's channels) that are 0 for every row and place."""
    if value.ndim < 2:
        return 0.0
    silent = (value == 0).transpose(0, 1).flatten(1).all(1)
    return float(silent.float().mean())


def alike(weight: Tensor) -> bool:
    """Whether all units of a weighted sum (axis 0) have the same weights: of a single one, whether
    these are all 0.
    """
    if weight.is_sparse or weight.is_meta:
        return False
    first = weight[:1] if len(weight) > 1 else torch.zeros_like(weight)
    if not torch.equal(weight[-1:], first):  # nearly always the case, and far cheaper
        return False
    return torch.equal(weight, first.expand_as(weight))


def saturated_share(value: Tensor, low: float, high: float) -> float:
    """Share of the values within a fiftieth of the range from either bound, where the slope is
    nearly none (of a sigmoid: below 0.02, against 0.25 in the middle).
    """
    edge = 0.02 * (high - low)
    return float(((value < low + edge) | (value > high - edge)).float().mean())


def norm(tensors: Sequence[Tensor]) -> float:
    """Euclidean norm of all tensors together."""
    if not tensors:
        return 0.0
    parts = torch._foreach_norm([x.to_dense() if x.is_sparse else x for x in tensors])
    return float(torch.stack([part.float() for part in parts]).norm())


def _first_tensor(output: Any) -> Tensor | None:
    items = output.values() if isinstance(output, Mapping) else output
    if isinstance(items, list | tuple):
        return next((item for item in items if isinstance(item, Tensor)), None)
    return None


def node_name(graph: str, child: str, graphs: int) -> str:
    """The node as people name it: its id, with the graph before it where there are several."""
    node = names.node_of(child)
    return node if graphs == 1 else f"{graph}/{node}"


class Updates:
    """The size of one update over the size of the weights, by node: taken around a single step."""

    def __init__(self, models: Mapping[str, nn.Module]) -> None:
        self.nodes = {
            node_name(name, child, len(models)): list(module.parameters())
            for name, model in models.items()
            for child, module in model.named_children()
            if list(module.parameters())
        }
        self.before = {
            node: [weight.detach().clone() for weight in weights]
            for node, weights in self.nodes.items()
        }

    def ratios(self) -> dict[str, float]:
        """After the step: |change| / |weights| per node."""
        found = {}
        for node, weights in self.nodes.items():
            change = [now.detach() - then for now, then in zip(weights, self.before[node])]
            found[node] = norm(change) / max(norm(self.before[node]), 1e-12)
        return found


def first_not_finite(
    models: Mapping[str, nn.Module], phases: Sequence[Phase], batch: Batch, autocast: Any
) -> tuple[str | None, str]:
    """Where a loss that is not finite comes from: the node and what is wrong there, in words."""
    for name, value in batch.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            return (name if name != "target" else None), f"The data of '{name}' is not finite."
    for name, model in models.items():
        for child, module in model.named_children():
            if not all(bool(torch.isfinite(w).all()) for w in module.parameters()):
                node = node_name(name, child, len(models))
                return node, f"The weights of '{node}' are no longer finite."
    probe = Probe(models)
    probe_rows = probe.run(phases[:1], batch, autocast, {})
    for row in probe_rows:
        if row.get("finite") is False:
            return row["node"], f"The output of '{row['node']}' is not finite."
    return None, "The loss itself is not finite, though every node's output is."
