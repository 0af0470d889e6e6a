"""A network as a small picture: one box per layer in its family's colour, stacked and joined as on
the canvas.
"""

from dataclasses import dataclass, field

from builder import layers
from builder.errors import LaminaError
from builder.graph.spec import Graph

BOX, SHEET, GAP = 13.0, 7.0, 1.5
"""Heights of a layer and of a lamina below it, and the space between them."""


@dataclass
class _Stack:
    """A layer with the laminae that snap under it, and its place."""

    families: list[str]
    column: int = 0
    lane: float = 0.0
    before: list[int] = field(default_factory=list)

    @property
    def height(self) -> float:
        return BOX + (len(self.families) - 1) * (SHEET + GAP)


def svg(graph: Graph, width: int = 206, height: int = 84) -> str:
    """The picture as SVG with the tokens' colours, for `parts.picture`; empty for a graph without
    nodes.
    """
    stacks = _place(_stacks(graph))
    if not stacks:
        return ""
    columns = max(stack.column for stack in stacks) + 1
    lanes = [stack.lane for stack in stacks]
    step = (width - 20) / max(columns, 2)
    box = min(24.0, step * 0.62)
    pitch = (width - 20 - box) / max(columns - 1, 1)
    room = max(lanes) - min(lanes)
    arched = any(
        stacks[index].lane == stack.lane and stack.column - stacks[index].column > 1
        for stack in stacks
        for index in stack.before
    )
    head = 34.0 if arched and room else 20.0
    rise = min(34.0, (height - head - 20) / room) if room else 0.0
    middle = (height + head - 20) / 2 - rise * (max(lanes) + min(lanes)) / 2

    def at(stack: _Stack) -> tuple[float, float]:
        return 10 + stack.column * pitch, middle + stack.lane * rise

    lines, boxes = [], []
    for stack in stacks:
        for index in stack.before:
            lines.append(_edge(at(stacks[index]), at(stack), box, stacks[index], stack, pitch))
        boxes.append(_boxes(at(stack), box, stack))
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<g fill="none" stroke="var(--ctl)" stroke-width="1.3">{"".join(lines)}</g>'
        f"{''.join(boxes)}</svg>"
    )


def _stacks(graph: Graph) -> list[_Stack]:
    home: dict[str, int] = {}
    stacks: list[_Stack] = []
    for name in _ordered(graph):
        into = graph.into(name)
        family, thin = _family(graph.node(name).layer)
        alone = len(into) == 1 and len(graph.out_of(into[0].source)) == 1
        if thin and alone and len(stacks[home[into[0].source]].families) < 4:
            home[name] = home[into[0].source]
            stacks[home[name]].families.append(family)
            continue
        home[name] = len(stacks)
        before = list(dict.fromkeys(home[edge.source] for edge in into))
        stacks.append(_Stack([family], before=before))
    return stacks


def _ordered(graph: Graph) -> list[str]:
    """Node ids so that sources come first; nodes on a circle are left out."""
    waiting = {node.id: {edge.source for edge in graph.into(node.id)} for node in graph.nodes}
    order: list[str] = []
    while ready := [name for name, needs in waiting.items() if needs <= set(order)]:
        order.extend(ready)
        for name in ready:
            del waiting[name]
    return order


def _family(layer: str) -> tuple[str, bool]:
    try:
        known = layers.get(layer)
    except LaminaError:
        return "io", False
    return known.family, known.lamina or layer == "Output"


def _place(stacks: list[_Stack]) -> list[_Stack]:
    """Columns by the longest way from an input, lanes so that branches lie beside each other."""
    taken: set[tuple[int, float]] = set()
    inputs = 0
    for stack in stacks:
        if not stack.before:
            stack.lane = float(inputs)
            inputs += 1
        else:
            before = [stacks[index] for index in stack.before]
            stack.column = 1 + max(item.column for item in before)
            own = {item.lane for item in before}
            joined = len(before) > 1 and all(not item.before for item in _roots(stacks, stack))
            stack.lane = sum(own) / len(own) if joined else min(own)
        while (stack.column, stack.lane) in taken:
            stack.lane += 1.0
        taken.add((stack.column, stack.lane))
    return stacks


def _roots(stacks: list[_Stack], stack: _Stack) -> list[_Stack]:
    """The inputs that a merge draws from, where each of its branches has one of its own; else the
    merge itself.
    """
    found: list[_Stack] = []
    for index in stack.before:
        item = stacks[index]
        while item.before:
            item = stacks[item.before[0]]
        found.append(item)
    return found if len({id(item) for item in found}) == len(stack.before) else [stack]


def _edge(
    start: tuple[float, float],
    end: tuple[float, float],
    box: float,
    first: _Stack,
    second: _Stack,
    pitch: float,
) -> str:
    (x0, y0), (x1, y1) = (start[0] + box, start[1]), end
    if second.column - first.column > 1 and abs(y0 - y1) < 1:
        out, back = x0 + (pitch - box) / 2, x1 - (pitch - box) / 2
        top = max(y0 - 30, 3.0)
        return (
            f'<path d="M{out:.1f} {y0:.1f}V{top + 6:.1f}Q{out:.1f} {top:.1f} {out + 6:.1f} '
            f"{top:.1f}"
            f'H{back - 6:.1f}Q{back:.1f} {top:.1f} {back:.1f} {top + 6:.1f}V{y1:.1f}"/>'
        )
    if abs(y0 - y1) < 1:
        return f'<path d="M{x0:.1f} {y0:.1f}H{x1:.1f}"/>'
    turn = x1 - (pitch - box) / 2
    bend = min(6.0, abs(y1 - y0) / 2, max((pitch - box) / 2, 0.5))
    way = bend if y1 > y0 else -bend
    return (
        f'<path d="M{x0:.1f} {y0:.1f}H{turn - bend:.1f}Q{turn:.1f} {y0:.1f} {turn:.1f} '
        f"{y0 + way:.1f}"
        f'V{y1 - way:.1f}Q{turn:.1f} {y1:.1f} {min(turn + bend, x1):.1f} {y1:.1f}H{x1:.1f}"/>'
    )


def _boxes(at: tuple[float, float], box: float, stack: _Stack) -> str:
    x, y = at[0], at[1] - stack.height / 2
    drawn = []
    for index, family in enumerate(stack.families):
        tall = BOX if index == 0 else SHEET
        drawn.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{box:.1f}" height="{tall}" rx="1.8" '
            f'fill="var(--f-{family})"/>'
        )
        y += tall + GAP
    return "".join(drawn)
