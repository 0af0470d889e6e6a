"""The graph as readable Python: what is trained is this text, and what is exported is this text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from builder.compile import names
from builder.compile.check import check
from builder.compile.plan import ModuleBound, Modules, Plan, Step, plan_of, walk
from builder.compile.repair import input_values
from builder.compile.types import Source, Value
from builder.errors import LaminaError
from builder.graph.spec import Graph
from builder.layers import catalogue
from builder.layers.base import Call
from builder.layers.declare import text as shape_text

if TYPE_CHECKING:
    from builder.data.specs import InputSpec

_COMMENT_COLUMN = 60
_WIDTH = 100


@dataclass
class _File:
    """The file while it is written: classes in order of need, and the helpers they use."""

    modules: Modules
    taken: set[str] = field(default_factory=set)
    classes: list[list[tuple[str, str]]] = field(default_factory=list)  # (line, node)
    uses: dict[tuple[int, tuple[Value, ...]], str] = field(default_factory=dict)
    kept: list[Graph] = field(default_factory=list)  # so that no id in `uses` is given out again
    helpers: list[str] = field(default_factory=list)


def generate(
    graphs: Mapping[str, Graph],
    inputs: Mapping[str, InputSpec],
    modules: Modules | None = None,
) -> Source:
    """The source of all graphs: one class per graph and per user module (as it is used), in order
    of need.

    `forward` takes one tensor per Input node, named by its id, and returns the Output's tensor, or
    a dict of them by id where there are several. Raises LaminaError with the first error where a
    graph cannot be built.
    """
    file = _File(dict(modules or {}))
    for name, graph in graphs.items():
        verdict = check(graph, inputs, modules=file.modules)
        if not verdict.ok:
            first = verdict.errors[0]
            raise LaminaError(
                f"{first.title}: {first.message}",
                place=f"{name}.{first.node}" if first.node else name,
                remedy=first.fixes[0].label + "." if first.fixes else "",
                code=first.code,
            )
    for layer in catalogue().values():
        file.taken.update(re.findall(r"^class (\w+)", layer.helper, re.MULTILINE))
    for name in graphs:
        if names.graph_class(name) in file.taken:
            raise LaminaError(
                f"Two graphs would both be the class {names.graph_class(name)}.", place=name
            )
        file.taken.add(names.graph_class(name))
    for name, graph in graphs.items():
        plan = plan_of(graph, file.modules)
        prefix = "" if name == "model" else f"{name}/"
        given = input_values(graph, inputs)
        _class(file, names.graph_class(name), plan, given, prefix, top=True)
    return _assemble(file)


def _assemble(file: _File) -> Source:
    body: list[tuple[str, str]] = [("import torch", "")] if _needs_torch(file) else []
    body += [("from torch import nn", "")]
    for helper in file.helpers:
        body += [("", ""), ("", "")] + [(line, "") for line in helper.strip("\n").split("\n")]
    for lines in file.classes:
        body += [("", ""), ("", ""), *lines]
    text = "\n".join(line for line, _ in body) + "\n"
    return Source(text, {number: node for number, (_, node) in enumerate(body, 1) if node})


def _needs_torch(file: _File) -> bool:
    lines = [line.split("  # ")[0] for lines in file.classes for line, _ in lines]
    return any("torch." in line for line in [*lines, *file.helpers])


def _class(
    file: _File, name: str, plan: Plan, given: Mapping[str, Value], prefix: str, *, top: bool
) -> None:
    """Write one class behind the classes that it needs."""
    walked = walk(plan, given)
    init: list[tuple[str, str]] = []
    forward: list[tuple[str, str, str]] = []
    locals_ = _Locals(plan)
    for step in plan.steps:
        node = step.node.id
        owner = prefix + node
        values = []
        for source, index in step.wires:
            values.append((walked.outputs[source] or ())[index])
        if step.node.layer == "Input":
            continue
        args = locals_.read(step)
        if step.node.layer == "Output":
            locals_.done(step, args[0])
            continue
        only = locals_.only(step)
        written = _written(
            file, step, walked.results[node].params, tuple(values), args, owner, only
        )
        if written.made is not None:
            made = f"        self.{names.attribute(node)} = {written.made}"
            init += [(line, owner) for line in _wrapped(made)]
        for statement in written.filled:
            init += [(line, owner) for line in _wrapped(f"        {statement}")]
        target = locals_.write(step)
        outs = walked.outputs[node] or ()
        told = outs if only is None else outs[only : only + 1]
        shapes = ", ".join(shape_text(value.shape) for value in told)
        forward.append((f"        {target} = {written.call}", shapes, owner))
    inputs = [names.attribute(s.node.id) for s in _inputs(plan)]
    head = [(f"class {name}(nn.Module):", prefix.rstrip("/"))]
    constructor = [
        ("    def __init__(self):", ""),
        ("        super().__init__()", ""),
        *init,
        ("", ""),
    ]
    signature = f"    def forward({', '.join(['self', *inputs])}):"
    shapes = ", ".join(shape_text(given_value(walked.outputs, s)) for s in _inputs(plan))
    flow = _commented([(signature, shapes, ""), *forward])
    end = _returned(plan, locals_, top, prefix)
    file.classes.append([*head, *(constructor if init else []), *flow, end])


def _commented(lines: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """(line, shapes, node) with the shapes as comments in one column."""
    widths = [len(line) for line, _, _ in lines]
    column = max((width for width in widths if width <= _COMMENT_COLUMN), default=_COMMENT_COLUMN)
    return [(f"{line:<{column}}  # {shapes}".rstrip(" #"), node) for line, shapes, node in lines]


def _wrapped(line: str, indent: int = 8) -> list[str]:
    """A long call over several lines, as a formatter would write it."""
    closing = line.rstrip(",")
    if len(line) <= _WIDTH or not closing.endswith(")"):
        return [line]
    head, _, inner = closing[:-1].partition("(")
    end = " " * indent + ")" + line[len(closing) :]
    deeper = " " * (indent + 4)
    if len(inner) + len(deeper) <= _WIDTH:
        return [f"{head}(", f"{deeper}{inner}", end]
    parts: list[str] = []
    depth = 0
    for piece in inner.split(", "):
        if depth:
            parts[-1] += f", {piece}"
        else:
            parts.append(piece)
        depth += piece.count("(") - piece.count(")")
    lines = [_wrapped(f"{deeper}{part},", indent + 4) for part in parts]
    return [f"{head}(", *(line for group in lines for line in group), end]


def given_value(outputs: Mapping[str, tuple[Value, ...] | None], step: Step) -> tuple[int, ...]:
    """The shape that an Input node gives."""
    return (outputs[step.node.id] or ())[0].shape


def _inputs(plan: Plan) -> list[Step]:
    """Input steps in graph order, which is the order of forward's arguments."""
    steps = {step.node.id: step for step in plan.steps if step.node.layer == "Input"}
    return [steps[node.id] for node in plan.graph.nodes if node.id in steps]


def _returned(plan: Plan, locals_: _Locals, top: bool, prefix: str) -> tuple[str, str]:
    ends = [node.id for node in plan.graph.nodes if node.layer == "Output"]
    if len(ends) == 1:
        return f"        return {locals_.results[ends[0]]}", prefix + ends[0]
    if top:
        items = ", ".join(f'"{end}": {locals_.results[end]}' for end in ends)
        return f"        return {{{items}}}", ""
    return f"        return {', '.join(locals_.results[end] for end in ends)}", ""


class _Written(NamedTuple):
    """A node in the source: the calling and the making expression, and what sets first weights."""

    call: str
    made: str | None
    filled: tuple[str, ...] = ()


def _written(
    file: _File,
    step: Step,
    params: Mapping[str, object],
    values: tuple[Value, ...],
    args: list[str],
    owner: str,
    only: int | None,
) -> _Written:
    """What one node writes; `only` is the one output read."""
    bound = step.bound
    attribute = names.attribute(step.node.id)
    if isinstance(bound, ModuleBound):
        made = f"{_module(file, bound, values, owner)}()"
        return _Written(f"self.{attribute}({', '.join(args)})", made)
    layer = bound.layer
    assert layer is not None  # noqa: S101 - the check refused unknown layers
    call = Call(
        attribute,
        params,
        tuple(value.shape for value in values),
        args,
        values[0].cardinality if values else 0,
        tuple(value.dtype for value in values),
    )
    if only is not None and layer.call_one is not None:
        return _Written(layer.call_one(call, only), layer.construct(call), layer.fill(call))
    if layer.helper and layer.helper not in file.helpers:
        file.helpers.append(layer.helper)
    return _Written(layer.call(call), layer.construct(call), layer.fill(call))


def _module(file: _File, bound: ModuleBound, values: tuple[Value, ...], owner: str) -> str:
    """The class of a user module for these input shapes; written once for equal use."""
    key = (id(bound.graph), tuple(value._replace(layout="") for value in values))
    if key not in file.uses:
        name = names.class_name(bound.name, file.taken)
        file.uses[key] = name
        file.kept.append(bound.graph)
        _class(file, name, bound.plan(), bound.given(values), f"{owner}/", top=False)
    return file.uses[key]


class _Locals:
    """Variables of `forward`: the main chain reuses x, what is needed again or runs beside it is
    called by its node.
    """

    def __init__(self, plan: Plan):
        self.results: dict[str, str] = {}  # Output id → expression
        self._where: dict[tuple[str, int], str] = {}
        self._left: dict[tuple[str, int], int] = {}  # reads still to come
        for step in plan.steps:
            for wire in step.wires:
                self._left[wire] = self._left.get(wire, 0) + 1
        for step in _inputs(plan):
            self._where[(step.node.id, 0)] = names.attribute(step.node.id)
        self._holds = {variable: wire for wire, variable in self._where.items()}
        busy = self._left.get(self._holds.get("x", ("", 0)), 0) > 1
        self._chain = "y" if busy else "x"  # an Input called x that is needed twice keeps its name

    def read(self, step: Step) -> list[str]:
        """The variables that hold the step's inputs; what is read for the last time frees its
        variable.
        """
        found = [self._where[wire] for wire in step.wires]
        for wire in step.wires:
            self._left[wire] -= 1
        return found

    def done(self, step: Step, variable: str) -> None:
        """An Output holds its variable until the end."""
        self.results[step.node.id] = variable
        self._left[step.wires[0]] += 1

    def only(self, step: Step) -> int | None:
        """The one output that is read, where the layer can write it by itself; else None."""
        layer = step.bound.layer
        if layer is None or layer.call_one is None:
            return None
        wanted = [
            index
            for index in range(len(step.bound.outputs))
            if self._left.get((step.node.id, index))
        ]
        return (wanted or [0])[0] if len(wanted) < 2 else None

    def write(self, step: Step) -> str:
        """The variable, or variables, that take the step's outputs."""
        node = step.node.id
        ports = step.bound.outputs
        only = self.only(step)
        chosen: list[str] = []
        for index, port in enumerate(ports):
            wire = (node, index)
            name = names.attribute(node)
            if only is not None and index != only:
                continue
            if len(ports) > 1 and only is None:
                name = names.attribute(f"{node}_{port.name}") if self._left.get(wire) else "_"
            elif self._left.get(wire, 0) <= 1 and self._free(self._chain, chosen):
                name = self._chain
            while name != "_" and not self._free(name, chosen):
                name += "_"
            self._where[wire] = name
            self._holds[name] = wire
            chosen.append(name)
        return ", ".join(chosen)

    def _free(self, name: str, chosen: list[str]) -> bool:
        wire = self._holds.get(name)
        return name not in chosen and (wire is None or self._left.get(wire, 0) <= 0)
