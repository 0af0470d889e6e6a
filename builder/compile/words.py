"""Mistakes in a beginner's words: title, reason, and the table of shapes that disagree."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from builder.compile.repair.scene import Fault, Scene
from builder.compile.types import Fix, Issue, Value
from builder.layers.base import Shape
from builder.layers.declare import text

_TITLES: dict[str, str] = {
    "cycle": "These nodes go round in a circle",
    "no_input": "There is no Input",
    "no_output": "There is no Output",
    "unconnected": "{node} has nothing to work on",
    "too_many": "Too much comes into {node}",
    "port": "{node} is connected to a port that does not exist",
    "unknown_layer": "{layer} is no known layer",
    "param": "{node} has a wrong setting",
    "module": "{node} cannot be built inside",
    "module_cycle": "{layer} contains itself",
    "rank": "{node} cannot read this shape",
    "time_axis": "{node} would read time and features the wrong way round",
    "needs_numbers": "{node} cannot calculate with codes",
    "needs_codes": "{node} needs codes, not measured numbers",
    "vocabulary": "{node} does not have a row for each code",
    "kernel": "The window of {node} is too large",
    "differ": "{node} cannot {verb}",
    "concat": "{node} cannot lay these side by side",
    "matmul": "{node} cannot multiply these two",
    "attention": "{node} cannot match these",
    "groups": "{node} cannot form these groups",
    "num_groups": "{node} cannot form these groups",
    "heads": "{node} cannot share its features among the heads",
    "reshape": "{node} cannot fill this shape",
    "normalized_shape": "{node} normalises another shape",
    "output_size": "{node} gives the wrong number of results",
    "no_data": "{node} has no data yet",
    "axis": "{node} names an axis that is not there",
    "permute": "{node} does not name each axis once",
    "split": "The parts of {node} do not add up",
    "divisible": "{node} cannot share this out evenly",
}
_VERBS = {
    "Add": "add",
    "Multiply": "multiply",
    "Subtract": "subtract",
    "Divide": "divide",
    "Maximum": "compare",
    "CosineSimilarity": "compare",
    "Stack": "stack",
    "Bilinear": "combine",
}


def issue(scene: Scene, fault: Fault, fixes: tuple[Fix, ...]) -> Issue:
    """The issue that shows a fault."""
    node = fault.node
    layer = scene.graph.node(node).layer if node else ""
    count = "these two" if len(fault.values) == 2 else "these"
    verb = f"{_VERBS.get(layer, 'combine')} {count}"
    title = _TITLES.get(fault.code, "{node} cannot work like this")
    tell = _REASONS.get(fault.code)
    table = _table(scene, fault)
    shapes = [shape for _, shape in table]
    message = fault.error.message
    more = tell(scene, fault) if tell else ""
    return Issue(
        node=node,
        code=fault.code,
        severity="error",
        title=title.format(node=node, layer=layer, verb=verb),
        message=f"{message} {more}".strip(),
        table=table,
        axes=axis_names(max(shapes, key=len, default=()), _layout(fault.values)),
        differing=_differing(fault, shapes),
        fixes=fixes,
    )


def _layout(values: Sequence[Value]) -> str:
    return values[0].layout if values else ""


def axis_names(shape: Shape, layout: str = "") -> tuple[str, ...]:
    """What the axes of a shape usually are: channels, height, width of a picture; features of a
    vector.
    """
    if len(shape) == 2:
        return ("channels", "time") if layout == "channels" else ("time", "features")
    return {
        1: ("features",),
        3: ("channels", "height", "width"),
        4: ("channels", "depth", "height", "width"),
    }.get(len(shape), tuple(f"axis {index + 1}" for index in range(len(shape))))


_COMPARED = {"differ", "concat", "matmul", "attention"}


def _table(scene: Scene, fault: Fault) -> tuple[tuple[str, Shape], ...]:
    """The shapes to show: what comes in from where, and what was expected."""
    if fault.node is None or not fault.values or fault.code in ("port", "too_many", "cycle"):
        return ()
    step = scene.steps[fault.node]
    if len(step.wires) != len(fault.values):
        return ()
    rows = [
        (f"from {source}", value.shape)
        for (source, _), value in zip(step.wires, fault.values, strict=True)
    ]
    if fault.code == "output_size":
        rows.append(("the task needs", tuple(fault.error.facts["expected"])))
    elif fault.code == "normalized_shape":
        rows.append(("it normalises", tuple(fault.error.facts["wanted"])))
    return tuple(rows)


def _differing(fault: Fault, shapes: list[Shape]) -> tuple[int, ...]:
    """The axes in which the rows of the table disagree."""
    if fault.code not in (*_COMPARED, "output_size") or len(shapes) < 2:
        return ()
    longest = max(len(shape) for shape in shapes)
    if len({len(shape) for shape in shapes}) > 1:
        return tuple(range(longest))
    free = fault.error.facts.get("free") if fault.code == "concat" else None
    return tuple(
        index
        for index in range(longest)
        if index != free and len({shape[index] for shape in shapes}) > 1
    )


def _why_differ(scene: Scene, fault: Fault) -> str:
    """Say which layers made the difference: "conv2 halved the picture and doubled the channels"."""
    step = scene.steps[fault.node or ""]
    told: list[str] = []
    for source, _ in step.wires:
        for node in [source, *(before.id for before in scene.before(source))]:
            change = _change(scene, node)
            if change:
                told.append(f"{node} {change}")
                break
    told = list(dict.fromkeys(told))
    return f"{'; '.join(told)}." if told else ""


def _change(scene: Scene, node: str) -> str:
    """What a node does to the shape, in words; empty where it keeps it."""
    step = scene.steps.get(node)
    out = scene.shape(node)
    if step is None or out is None or len(step.wires) != 1:
        return ""
    source = scene.shape(step.wires[0][0])
    if source is None or source == out or len(source) != len(out):
        return "" if source == out or source is None else f"turned {text(source)} into {text(out)}"
    parts: list[str] = []
    if len(out) > 1 and out[1:] != source[1:]:
        thing = "sequence" if len(out) == 2 else "picture"
        halved = all(a == -(-b // 2) for a, b in zip(out[1:], source[1:], strict=True))
        parts.append(
            f"halved the {thing}" if halved else f"made {text(source[1:])} into {text(out[1:])}"
        )
    if out[0] != source[0]:
        what = "channels" if len(out) > 1 else "features"
        if out[0] == 2 * source[0]:
            parts.append(f"doubled the {what}")
        else:
            parts.append(f"made {source[0]} {what if source[0] != 1 else what[:-1]} into {out[0]}")
    return " and ".join(parts)


def _why_output(scene: Scene, fault: Fault) -> str:
    expected = tuple(fault.error.facts["expected"])
    tokens = {spec.cardinality for spec in scene.inputs.values() if spec.form == "tokens"}
    if len(expected) == 2 and expected[1] in tokens:
        return f"At each of {expected[0]} places, each of {expected[1]} tokens needs a score."
    if any(spec.shape == expected for spec in scene.inputs.values()):  # no classes, or as many
        return f"What is predicted has the shape {text(expected)}, as what comes in."
    if len(expected) == 1 and expected[0] > 1:
        return f"There are {expected[0]} classes, and each needs a score."
    return "A single number is predicted." if expected == (1,) else ""


def _constant(words: str) -> Callable[[Scene, Fault], str]:
    return lambda *_: words


_REASONS: dict[str, Callable[[Scene, Fault], str]] = {
    "differ": _why_differ,
    "concat": _why_differ,
    "output_size": _why_output,
    "cycle": _constant("Each would have to wait for the other."),
    "unconnected": _constant("Connect the node whose result it shall work on."),
    "time_axis": _constant("It would run, but learn from scrambled steps."),
    "kernel": _constant("A window must fit at least once."),
    "no_data": _constant("Choose data on the Data page, or set a shape."),
    "no_output": _constant("An Output node marks the answer."),
    "no_input": _constant("An Input node is where data comes in."),
    "heads": _constant("Each head looks at a part of the features of its own."),
}
