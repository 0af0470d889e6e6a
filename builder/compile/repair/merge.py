"""Repairs where branches meet and their shapes disagree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from builder.compile.repair.scene import Draft, Fault, Proposal, Scene
from builder.graph import structure
from builder.layers.base import Shape
from builder.layers.declare import text, total

_FEW = 16
"""Places that each mean something of their own, as the columns of a table do; more are steps."""

Layers = tuple[tuple[str, dict[str, Any]], ...]


def _shortcut(scene: Scene, node: str, shapes: list[Shape]) -> int:
    """Which input to bend: the one with less before it (the shortcut), the larger one where that is
    even.
    """
    into = structure.incoming(scene.graph)
    wires = scene.steps[node].wires
    weight = [
        (len(structure.reached([source], into, forward=False)), -total(shape), -index)
        for index, ((source, _), shape) in enumerate(zip(wires, shapes, strict=True))
    ]
    return weight.index(min(weight))


def _differ(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node = fault.node or ""
    shapes = [value.shape for value in fault.values]
    bent = _shortcut(scene, node, shapes)
    others = [index for index in range(len(shapes)) if index != bent]
    for moving, target in [(bent, shapes[others[-1]]), (others[-1], shapes[bent])]:
        yield from _bend(scene, node, moving, shapes, target, short=moving == bent)
    ranks = {len(shape) for shape in shapes}
    layer = scene.steps[node].bound.layer
    if len(ranks) == 1 and layer is not None and layer.name in ("Add", "Multiply", "Maximum"):
        dims = {
            index + 1
            for index in range(len(shapes[0]))
            if len({(*s[:index], *s[index + 1 :]) for s in shapes}) == 1
        }
        for dim in sorted(dims):
            yield Proposal(
                "Lay them side by side with Concat",
                "Concat needs no equal sizes along the axis it joins.",
                Draft(scene.graph).do("set_layer", id=node, layer="Concat", params={"dim": dim}),
            )
    if len(ranks) > 1:
        yield from _flat(scene, node, shapes)


def _bend(
    scene: Scene, node: str, moving: int, shapes: list[Shape], target: Shape, *, short: bool
) -> Iterator[Proposal]:
    """Ways to bring all inputs that differ to `target`; `moving` is the one spoken of."""
    off = [index for index, shape in enumerate(shapes) if shape != target]
    ways: dict[str, tuple[str, Draft]] = {}
    for index in off:
        for label, why, layers in _ways(shapes[index], target):
            key = label.split(" to ")[0]
            draft = ways[key][1] if key in ways else Draft(scene.graph)
            draft.insert_all(scene.edge(node, index), *layers)
            ways[key] = (why, draft)
    which = "the shortcut" if short and len(shapes) == 2 else scene.edge(node, moving).source
    for key, (why, draft) in ways.items():
        yield Proposal(f"{key} {which}", why, draft)
    yield from _source_width(scene, node, moving, shapes, target)


def _ways(shape: Shape, target: Shape) -> Iterator[tuple[str, str, Layers]]:
    """Layers that turn one shape into another."""
    if len(shape) != len(target) or shape == target:
        return
    rank = len(shape)
    if rank == 1:
        yield (
            "Project",
            f"Linear turns {shape[0]} features into {target[0]}.",
            (("Linear", {"out_features": target[0]}),),
        )
        return
    if shape[0] == target[0]:
        yield from _resized(shape, target)
    stride = _stride(shape[1:], target[1:])
    conv = f"Conv{rank - 1}d"
    if stride is not None:
        step = f", stride {text(stride) if len(set(stride)) > 1 else stride[0]}"
        params: dict[str, Any] = {"out_channels": target[0], "kernel_size": 1}
        if max(stride) > 1:
            params["stride"] = stride[0] if len(set(stride)) == 1 else list(stride)
        yield (
            "Project",
            f"Adds {conv} 1×1{step if max(stride) > 1 else ''}: {text(shape)} becomes "
            f"{text(target)}.",
            ((conv, params),),
        )
    if rank == 2 and shape[0] == target[0]:
        yield (
            "Project the features of",
            f"Linear turns {shape[1]} features of each step into {target[1]}.",
            (("Linear", {"out_features": target[1]}),),
        )
    if stride is None and shape[0] != target[0]:
        for label, why, layers in _resized((target[0], *shape[1:]), target):
            yield (
                f"{label} and project",
                f"{why} Conv 1×1 then makes {target[0]} channels.",
                (*layers, (conv, {"out_channels": target[0], "kernel_size": 1})),
            )


def _resized(shape: Shape, target: Shape) -> Iterator[tuple[str, str, Layers]]:
    """Another size at the same channels, without anything learnt."""
    axes = len(shape) - 1
    if axes not in (1, 2, 3) or shape == target:
        return
    size = target[1] if len(set(target[1:])) == 1 else list(target[1:])
    shrinks = all(a >= b for a, b in zip(shape[1:], target[1:], strict=True))
    if shrinks:
        yield (
            "Pool",
            f"{text(shape[1:])} becomes {text(target[1:])} by means of its parts.",
            ((f"AdaptiveAvgPool{axes}d", {"output_size": size}),),
        )
        yield (
            "Crop",
            f"Only the first {text(target[1:])} places are kept.",
            tuple(
                ("Slice", {"dim": index + 1, "end": want})
                for index, (have, want) in enumerate(zip(shape, target, strict=True))
                if have != want
            ),
        )
    else:
        yield (
            "Enlarge",
            f"{text(shape[1:])} becomes {text(target[1:])} by repeating.",
            (("Upsample", {"size": size}),),
        )


def _stride(sizes: Shape, wanted: Shape) -> Shape | None:
    """The stride of a 1×1 convolution that leaves the wanted sizes, None where there is none."""
    found: list[int] = []
    for size, want in zip(sizes, wanted, strict=True):
        step = next((s for s in range(1, size + 1) if (size - 1) // s + 1 == want), None)
        if step is None:
            return None
        found.append(step)
    return tuple(found)


_WIDTH = {"Linear": "out_features", "Embedding": "embedding_dim", "EmbeddingBag": "embedding_dim"}


def _source_width(
    scene: Scene, node: str, moving: int, shapes: list[Shape], target: Shape
) -> Iterator[Proposal]:
    """Change the layer that made the width, where only the width differs."""
    if len(shapes[moving]) != len(target):
        return
    edge = scene.edge(node, moving)
    spot = scene.steps.get(edge.source)
    trail = [spot.node, *scene.before(edge.source)] if spot else []
    for before in trail:
        conv = before.layer.startswith("Conv")
        name = "out_channels" if conv else _WIDTH.get(before.layer)
        if name is not None:
            width = target[0] if conv else target[-1]
            yield Proposal(
                f"Set {name} of {before.id} to {width}",
                f"{before.id} then gives what the others give.",
                Draft(scene.graph).do("set_params", id=before.id, params={name: width}),
            )
            return
        if len(scene.steps[before.id].wires) != 1:
            return


def _flat(scene: Scene, node: str, shapes: list[Shape]) -> Iterator[Proposal]:
    """Different numbers of axes: flatten all, and bring all to one width."""
    layer = scene.steps[node].bound.layer
    widths = [total(shape) for shape in shapes]
    smallest = min(range(len(shapes)), key=lambda i: (len(shapes[i]), widths[i]))
    concat = layer is not None and layer.name == "Concat"
    few = all(len(shape) < 3 and (len(shape) < 2 or shape[0] <= _FEW) for shape in shapes)
    for pooled in (False, True) if few else (True, False):
        draft = Draft(scene.graph)
        for index, shape in enumerate(shapes):
            chain: list[tuple[str, dict[str, Any]]] = []
            width = widths[index]
            if len(shape) == 1:
                pass
            elif pooled and len(shape) in (3, 4):
                chain = [(f"AdaptiveAvgPool{len(shape) - 1}d", {"output_size": 1}), ("Flatten", {})]
                width = shape[0]
            elif pooled and len(shape) == 2:
                chain = [("Mean", {"dim": 1})]
                width = shape[1]
            else:
                chain = [("Flatten", {})]
            if not concat and width != widths[smallest]:
                chain.append(("Linear", {"out_features": widths[smallest]}))
            draft.insert_all(scene.edge(node, index), *chain)
        if concat:
            draft.do("set_params", id=node, params={"dim": 1})
        how = "Sum up each branch in one list" if pooled else "Flatten what has more axes"
        yield Proposal(how, "All branches then have one axis of features.", draft)


def _concat(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node = fault.node or ""
    shapes = [value.shape for value in fault.values]
    if len({len(shape) for shape in shapes}) > 1:
        yield from _flat(scene, node, shapes)
        return
    free = fault.error.facts["free"]
    for shrink in (True, False):
        pick = min if shrink else max
        sizes = [pick(s[i] for s in shapes) for i in range(len(shapes[0]))]
        draft = Draft(scene.graph)
        good = free == 0
        for index, shape in enumerate(shapes):
            target = (shape[0], *sizes[1:])
            layers = next((layers for _, _, layers in _resized(shape, target)), None)
            if shape != target and layers is None:
                good = False
            elif layers is not None:
                draft.insert_all(scene.edge(node, index), *layers)
        if good and draft.edits:
            yield Proposal(
                "Pool the larger ones" if shrink else "Enlarge the smaller ones",
                f"All are then {text(sizes[1:])} and can lie side by side.",
                draft,
            )
    for dim in range(1, len(shapes[0]) + 1):
        yield Proposal(
            f"Join along axis {dim}",
            "Along the joined axis the sizes may differ.",
            Draft(scene.graph).do("set_params", id=node, params={"dim": dim}),
        )
    yield from _flat(scene, node, shapes)


def _matmul(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node = fault.node or ""
    for index in (1, 0):
        draft = Draft(scene.graph)
        draft.insert(scene.edge(node, index), "Transpose", {"dim0": -2, "dim1": -1})
        yield Proposal(
            f"Swap the last two axes of {scene.edge(node, index).source}",
            "Rows meet columns: the inner numbers must be equal.",
            draft,
        )
    first, second = (value.shape for value in fault.values)
    if len(first) == len(second):
        draft = Draft(scene.graph)
        draft.insert(scene.edge(node, 0), "Linear", {"out_features": second[-2]})
        yield Proposal("Project the first", f"Linear makes {second[-2]} of {first[-1]}.", draft)


def _attention(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node = fault.node or ""
    shapes = [value.shape for value in fault.values]
    if len(shapes) == 3:
        key, value = scene.edge(node, 1), scene.edge(node, 2)
        draft = Draft(scene.graph).do(
            "disconnect", source=value.source, target=node, source_port=value.source_port,
            target_port=value.target_port,
        )  # fmt: skip
        draft.do(
            "connect", source=key.source, target=node, source_port=key.source_port,
            target_port="value",
        )  # fmt: skip
        yield Proposal("Take key and value from one place", "Each key then has its value.", draft)
    else:
        draft = Draft(scene.graph)
        draft.insert(scene.edge(node, 1), "Linear", {"out_features": shapes[0][-1]})
        yield Proposal(
            "Project the memory", f"Linear brings it to {shapes[0][-1]} features.", draft
        )


PROPOSERS = {"differ": _differ, "concat": _concat, "matmul": _matmul, "attention": _attention}
