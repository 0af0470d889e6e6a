"""Repairs of a node's own settings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from builder.compile.repair.scene import Draft, Fault, Proposal, Scene
from builder.layers import catalogue, near
from builder.layers.base import REQUIRED, Param


def _set(scene: Scene, fault: Fault, label: str, why: str, **params: Any) -> Proposal:
    return Proposal(label, why, Draft(scene.graph).do("set_params", id=fault.node, params=params))


def _unset(scene: Scene, fault: Fault, label: str, why: str, *names: str) -> Proposal:
    draft = Draft(scene.graph).do("set_params", id=fault.node, params={}, remove=list(names))
    return Proposal(label, why, draft)


def _without(scene: Scene, fault: Fault, why: str) -> Proposal:
    draft = Draft(scene.graph).do("remove", ids=[fault.node], heal=True)
    return Proposal(f"Remove {fault.node}", why, draft)


def _kernel(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    facts = fault.error.facts
    sizes, kernel, dilation = facts["sizes"], facts["kernel"], facts["dilation"]
    layer = scene.steps[fault.node or ""].bound.layer
    conv = layer is not None and layer.family == "conv"
    room = min(size + 2 * p for size, p in zip(sizes, facts["padding"], strict=True))
    if any(step > 1 for step in dilation) and room >= max(kernel):
        yield _set(scene, fault, "Set dilation to 1", "Without gaps the window fits.", dilation=1)
    fitting = max(1, room if room % 2 or not conv else room - 1)
    smaller = {"kernel_size": fitting}
    if not conv and "stride" in scene.graph.node(fault.node or "").params:
        smaller["stride"] = fitting
    yield _set(
        scene,
        fault,
        f"Make the window {fitting} wide",
        "It then fits into what comes in.",
        **smaller,
    )
    if conv:
        spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
        border = [max(0, math.ceil((s - size) / 2)) for s, size in zip(spans, sizes, strict=True)]
        yield _set(
            scene,
            fault,
            f"Add a border of {max(border)}",
            "Zeros around make room for the window.",
            padding=max(border),
        )
    else:
        yield _without(scene, fault, f"There is too little left to shrink ({min(sizes)}).")


def _divisor(number: int, most: int) -> int:
    """The largest divisor of `number` that is at most `most`."""
    small = [n for n in range(1, math.isqrt(number) + 1) if number % n == 0]
    return max(n for n in (*small, *(number // n for n in small)) if n <= most)


def _groups(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    facts = fault.error.facts
    into, out = facts["channels"]
    groups = facts["groups"]
    common = math.gcd(into, out)
    best = _divisor(common, groups)
    if into % groups == 0:
        wide = -(-out // groups) * groups
        yield _set(
            scene, fault, f"Set out_channels to {wide}", f"{wide} is a multiple of {groups}.",
            out_channels=wide,
        )  # fmt: skip
    yield _set(
        scene, fault, f"Set groups to {best}", f"{best} divides both {into} and {out}.", groups=best
    )
    yield _set(scene, fault, "Set groups to 1", "All channels then mix.", groups=1)


def _num_groups(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    channels, groups = fault.error.facts["channels"], fault.error.facts["groups"]
    best = _divisor(channels, groups)
    layer = scene.steps[fault.node or ""].bound.layer
    name = "groups" if layer is not None and layer.param("groups") else "num_groups"
    yield _set(scene, fault, f"Set {name} to {best}", f"{best} divides {channels}.", **{name: best})


def _heads(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    width, heads = fault.error.facts["width"], fault.error.facts["heads"]
    layer = scene.steps[fault.node or ""].bound.layer
    name = "num_heads" if layer is not None and layer.param("num_heads") else "nhead"
    best = _divisor(width, heads)
    yield _set(
        scene,
        fault,
        f"Use {best} head{'s' * (best > 1)}",
        f"{best} divides {width}.",
        **{name: best},
    )
    wide = -(-width // heads) * heads
    if len(fault.values) == 1:
        edge = scene.edge(fault.node or "", 0)
        draft = Draft(scene.graph)
        draft.insert(edge, "Linear", {"out_features": wide})
        yield Proposal(
            f"Bring the features to {wide} before {fault.node}",
            f"Linear makes {wide} features of {width}; {heads} heads share them evenly.",
            draft,
        )


def _reshape(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    facts = fault.error.facts
    size, wanted, param = facts["size"], list(facts["wanted"]), facts["param"]
    for index in reversed(range(len(wanted))):
        rest = [n if n > 0 else 1 for i, n in enumerate(wanted) if i != index]
        known = math.prod(rest)
        if known and size % known == 0:
            fresh = [*rest[:index], size // known, *rest[index:]]
            yield _set(
                scene,
                fault,
                f"Make it {'×'.join(map(str, fresh))}",
                f"{' × '.join(map(str, fresh))} = {size}, as many as come in.",
                **{param: fresh},
            )
    yield _set(scene, fault, "Lay all in one row", "−1 takes whatever is there.", **{param: [-1]})
    if param == "unflattened_size":
        yield _without(scene, fault, "The numbers go on as they are.")


def _normalized(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    shape = fault.error.facts["shape"]
    yield _unset(
        scene,
        fault,
        "Normalise over the last axis",
        f"Its size, {shape[-1]}, then follows from what comes in.",
        "normalized_shape",
    )
    if len(shape) > 1:
        yield _set(
            scene,
            fault,
            "Normalise over all axes",
            "The whole sample is brought to mean 0 and spread 1.",
            normalized_shape=list(shape),
        )


def _axes(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    param, value = fault.error.facts["param"], fault.error.facts["value"]
    yield _set(
        scene,
        fault,
        f"Set {param} to {value[0]}",
        "One number holds for all axes.",
        **{param: value[0]},
    )


def _param(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    name = str(fault.error.facts.get("place", "")).rpartition(".")[2]
    node = scene.graph.node(fault.node or "")
    layer = catalogue().get(node.layer)
    param = layer.param(name) if layer else None
    if layer is not None and param is None:
        known = [p.name for p in layer.params if not p.inferred]
        for other in near(name, dict.fromkeys(known)):
            if other not in node.params:
                draft = Draft(scene.graph)
                moved = {other: node.params[name]}
                draft.do("set_params", id=node.id, params=moved, remove=[name])
                yield Proposal(f"Rename it to {other}", "That is how torch calls it.", draft)
    if name in node.params and (param is None or param.default is not REQUIRED or param.inferred):
        back = "Remove it" if param is None or param.inferred else f"Set {name} back"
        why = "It is not needed." if param is None else "torch's default is used."
        yield _unset(scene, fault, back, why, name)
    if param is not None and not param.inferred:
        for value in _good(param, node.params.get(name)):
            shown = "×".join(map(str, value)) if isinstance(value, list) else value
            yield _set(scene, fault, f"Set {name} to {shown}", param.help, **{name: value})
    if layer is None and node.layer in scene.modules:
        path = str(fault.error.facts.get("place", "")).partition(".")[2]
        yield _unset(scene, fault, "Remove it", "The module has no such setting.", path)


def _good(param: Param, given: Any) -> Iterator[Any]:
    """Values that the parameter takes, near the given one first."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        if param.low is not None and given < param.low:
            yield int(param.low) if param.kind != "float" else param.low
        if param.high is not None and given > param.high:
            yield int(param.high) if param.kind != "float" else param.high
        if param.kind in ("int", "size") and given != int(given):
            yield max(1, round(given))
    if param.start is not None:
        yield list(param.start) if isinstance(param.start, tuple) else param.start
    if param.choices and param.kind == "choice":
        yield param.choices[0]


def _unknown(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node = scene.graph.node(fault.node or "")
    known = {**dict.fromkeys(catalogue()), **dict.fromkeys(scene.modules)}
    for name in near(node.layer, known):
        layer = catalogue().get(name)
        kept = {
            key: value
            for key, value in node.params.items()
            if layer is None or layer.param(key) is not None
        }
        yield Proposal(
            f"Make it {name}",
            f"{name} is the nearest name in the palette.",
            Draft(scene.graph).do("set_layer", id=node.id, layer=name, params=kept),
        )
    yield _without(scene, fault, "What is before and behind it is joined.")


def _divisible(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    facts = fault.error.facts
    size, by, axis = facts["size"], facts["by"], facts["axis"]
    node = scene.graph.node(fault.node or "")
    layer = catalogue().get(node.layer)
    factor = next(
        (n for n in ("upscale_factor", "downscale_factor") if layer and layer.param(n)), None
    )
    wide = -(-size // by) * by
    shape = fault.values[0].shape if fault.values else ()
    if factor is None or axis == 0:
        yield from _widen(scene, fault, len(shape), axis, wide)
    if factor is not None:
        yield _set(
            scene, fault, f"Set {factor} to 1", "Any size can be shared by 1.", **{factor: 1}
        )
    yield _without(scene, fault, "The numbers go on as they are.")


def _widen(scene: Scene, fault: Fault, rank: int, axis: int, wide: int) -> Iterator[Proposal]:
    """Bring the axis to the size by a layer before, where one does that."""
    draft = Draft(scene.graph)
    edge = scene.edge(fault.node or "", 0)
    if axis == 0 and rank in (2, 3, 4):
        conv = f"Conv{rank - 1}d"
        draft.insert(edge, conv, {"out_channels": wide, "kernel_size": 1})
        yield Proposal(
            f"Make it {wide} channels before {fault.node}", f"{conv} 1×1 mixes them anew.", draft
        )
    elif axis == rank - 1:
        draft.insert(edge, "Linear", {"out_features": wide})
        yield Proposal(
            f"Make it {wide} features before {fault.node}", "Linear mixes them anew.", draft
        )


def _split(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    size, sizes = fault.error.facts["size"], list(fault.error.facts["sizes"]) or [1]
    if size > sum(sizes[:-1]):
        fresh = [*sizes[:-1], size - sum(sizes[:-1])]
        yield _set(
            scene,
            fault,
            f"Make the last part {fresh[-1]}",
            f"{' + '.join(map(str, fresh))} = {size}.",
            split_size_or_sections=fresh,
        )
    if size >= len(sizes):
        even = [size // len(sizes)] * len(sizes)
        even[-1] += size - sum(even)
        yield _set(
            scene,
            fault,
            "Make the parts even",
            f"{' + '.join(map(str, even))} = {size}.",
            split_size_or_sections=even,
        )


def _no_data(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node = fault.node or ""
    for name in scene.inputs:
        if name not in scene.graph.ids():
            yield Proposal(
                f"Call it {name}",
                f"The data offers {name}; an Input takes what is called like it.",
                Draft(scene.graph).do("rename", id=node, new=name),
            )
    if not scene.inputs:
        yield _set(
            scene,
            fault,
            "Take pictures of 3×32×32 for now",
            "Choose data on the Data page, and its shape takes over.",
            shape=[3, 32, 32],
            form="image",
        )


def _remove(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    yield _without(scene, fault, "What is before and behind it is joined.")


def _fixed(*choices: tuple[str, str, dict[str, Any]]) -> Any:
    """A proposer that sets parameters to values known beforehand."""

    def propose(scene: Scene, fault: Fault) -> Iterator[Proposal]:
        layer = scene.steps[fault.node or ""].bound.layer
        for label, why, params in choices:
            if layer is not None and all(layer.param(name) for name in params):
                yield _set(scene, fault, label, why, **params)

    return propose


def _from_fact(fact: str, param: str, why: str) -> Any:
    """A proposer that sets a parameter to what the mistake itself tells."""

    def propose(scene: Scene, fault: Fault) -> Iterator[Proposal]:
        value = fault.error.facts[fact]
        yield _set(scene, fault, f"Set {param} to {value}", why, **{param: value})

    return propose


def _odd_kernel(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    half = fault.error.facts["kernel"][0] // 2
    yield _set(
        scene, fault, f"Set padding to {half}", f"A border of {half} and the stride go together.",
        padding=half,
    )  # fmt: skip
    if "stride" in scene.graph.node(fault.node or "").params:
        yield _set(scene, fault, "Set stride to 1", "The size then stays.", stride=1)


PROPOSERS = {
    "kernel": _kernel,
    "groups": _groups,
    "num_groups": _num_groups,
    "heads": _heads,
    "reshape": _reshape,
    "normalized_shape": _normalized,
    "axes": _axes,
    "sides": _axes,
    "param": _param,
    "unknown_layer": _unknown,
    "divisible": _divisible,
    "split": _split,
    "no_data": _no_data,
    "module_cycle": _remove,
    "same_stride": _odd_kernel,
    "pool_padding": _odd_kernel,
    "one_spot": _remove,
    "padding_mode": _fixed(
        (
            "Fill the border with zeros",
            "Zeros need nothing to copy from.",
            {"padding_mode": "zeros"},
        )
    ),
    "output_padding": _fixed(
        ("Set output_padding to 0", "It only fine-tunes the size.", {"output_padding": 0})
    ),
    "transpose_padding": _fixed(("Set padding to 0", "Then nothing is cut away.", {"padding": 0})),
    "wide_border": _from_fact("most", "padding", "There is no more to fill the border from."),
    "length": _from_fact("steps", "length", "There is then a position for every step."),
    "num_parameters": _fixed(("Use one slope", "It fits any shape.", {"num_parameters": 1})),
    "mode": _from_fact("fitting", "mode", "That is the mode for so many axes."),
    "one_of": _fixed(
        ("Double the size", "scale_factor 2, no fixed size.", {"size": None, "scale_factor": 2.0})
    ),
    "index": _fixed(("Take the last", "−1 is the last, whatever the length.", {"index": -1})),
    "slice": _fixed(("Take all of it", "From the start to the end.", {"start": 0, "end": None})),
    "chunks": _fixed(("Leave it in one part", "One part always goes.", {"chunks": 1})),
    "patch": _from_fact("most", "size", "That is all there is."),
    "bounds": _fixed(
        ("Set the usual bounds", "As torch has them.", {"lower": 0.125, "upper": 0.3333}),
        ("Set the usual bounds", "As torch has them.", {"min_val": -1.0, "max_val": 1.0}),
    ),
}
