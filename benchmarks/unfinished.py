"""What is proposed for drawings that are not finished: the templates with edges or nodes missing.

    python benchmarks/unfinished.py              # all templates
    python benchmarks/unfinished.py --only cnn --show 20

Each template is drawn with the shapes of its own data and then spoilt in the ways below; the share
of the spoilt drawings of which the promise holds is printed. "near" means: it can be built, nothing
leads nowhere, no layer more is missing than was taken away, at most two were added and none of
them of a kind that no one would put there, and there are at most four times the parameters.
"""

import argparse
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from builder import data, tasks, templates
from builder.compile import check
from builder.compile.plan import Modules
from builder.data.specs import InputSpec
from builder.graph import edit, structure
from builder.graph.spec import Graph
from builder.layers.base import Shape

MOST_PAIRS = 60
MOST_PRESSED = 60
MOST_ADDED = 2
ABSURD = {
    "Unflatten",
    "Unsqueeze",
    "Squeeze",
    "Reshape",
    "Slice",
    "Select",
    "Upsample",
    "Transpose",
}


@dataclass(frozen=True)
class Drawing:
    """A finished graph and what surrounds it."""

    name: str
    graph: Graph
    inputs: dict[str, InputSpec]
    expected: Shape | None
    modules: Modules

    def first(self, spoilt: Graph) -> Graph:
        """The spoilt graph after the first repair of the first thing that is said of it."""
        verdict = check(spoilt, self.inputs, modules=self.modules, output_shape=self.expected)
        best = next((issue.fixes[0] for issue in verdict.issues if issue.fixes), None)
        for operation, arguments in best.edits if best else ():
            spoilt = edit.apply(spoilt, operation, arguments)
        return spoilt

    def mended(self, spoilt: Graph) -> Graph:
        """The spoilt graph when the first button is pressed until nothing is said of it."""
        for _ in range(MOST_PRESSED):
            after = self.first(spoilt)
            if after is spoilt:
                break
            spoilt = after
        return spoilt

    def restored(self, graph: Graph) -> bool:
        """Whether it has the nodes and edges of the finished one."""
        return graph.ids() == self.graph.ids() and edges(graph) == edges(self.graph)

    def near(self, graph: Graph, taken: int = 0) -> bool:
        """Whether it is a network that someone could have meant."""
        verdict = check(graph, self.inputs, modules=self.modules, output_shape=self.expected)
        whole = check(self.graph, self.inputs, modules=self.modules, output_shape=self.expected)
        mine, yours = layers(self.graph), layers(graph)
        added = yours - mine
        return (
            verdict.ok
            and not any(issue.code == "dead" for issue in verdict.issues)
            and (mine - yours).total() <= taken
            and added.total() <= MOST_ADDED
            and not ABSURD & set(added)
            and verdict.parameters <= 4 * whole.parameters
        )


def edges(graph: Graph) -> Counter[tuple[str, str, str]]:
    return Counter((edge.source, edge.source_port, edge.target) for edge in graph.edges)


def layers(graph: Graph) -> Counter[str]:
    return Counter(node.layer for node in graph.nodes)


def drawings(only: str = "") -> Iterator[Drawing]:
    """Every graph of every template."""
    for name in templates.templates():
        if only and name != only:
            continue
        project = templates.make(name)
        spec = data.specs(project)
        shapes = tasks.output_shapes(project, spec)
        for key, graph in project.graphs.items():
            label = name if len(project.graphs) == 1 else f"{name} {key}"
            yield Drawing(label, graph, dict(spec.inputs), shapes[key], project.modules)


def without(graph: Graph, *gone: int) -> Graph:
    left = [edge for index, edge in enumerate(graph.edges) if index not in gone]
    return Graph(nodes=graph.nodes, edges=tuple(left))


def shuffled(graph: Graph, chance: random.Random) -> Graph:
    """The nodes in another order: as drawn by someone who drops the layers as they come to mind."""
    nodes = list(graph.nodes)
    chance.shuffle(nodes)
    return Graph(nodes=tuple(nodes), edges=graph.edges)


def pairs(drawing: Drawing) -> list[tuple[int, int]]:
    """Pairs of edges, at most so many, always the same."""
    found = list(itertools.combinations(range(len(drawing.graph.edges)), 2))
    random.Random(0).shuffle(found)
    return found[:MOST_PAIRS]


def begun(graph: Graph) -> Iterator[tuple[Graph, Graph]]:
    """The first nodes joined, up to each: all others lie about loose, or there is only the
    Output.
    """
    order = structure.order(graph)
    for count in range(1, len(order)):
        joined = set(order[:count])
        done = tuple(e for e in graph.edges if e.source in joined and e.target in joined)
        kept = [n for n in graph.nodes if n.id in joined or n.layer in ("Input", "Output")]
        yield Graph(nodes=graph.nodes, edges=done), Graph(nodes=tuple(kept), edges=done)


@dataclass
class Tally:
    """How often a promise held, and where it did not."""

    good: int = 0
    total: int = 0
    missed: list[str] = field(default_factory=list)

    def count(self, held: bool, what: str) -> None:
        self.good += held
        self.total += 1
        if not held:
            self.missed.append(what)

    @property
    def share(self) -> float:
        return self.good / self.total if self.total else 1.0


Report = Callable[[str, bool, str], None]


def edge_gone(drawing: Drawing, report: Report) -> None:
    chance = random.Random(0)
    for index, edge in enumerate(drawing.graph.edges):
        what = f"{drawing.name}: {edge.source} > {edge.target}"
        spoilt = without(drawing.graph, index)
        report("edge gone: first restores", drawing.restored(drawing.first(spoilt)), what)
        report("edge gone: all near", drawing.near(drawing.mended(spoilt)), what)
        mixed = shuffled(spoilt, chance)
        report("edge gone, any order: first", drawing.restored(drawing.first(mixed)), what)


def node_gone(drawing: Drawing, report: Report) -> None:
    for node in drawing.graph.nodes:
        mended = drawing.mended(edit.remove(drawing.graph, [node.id]))
        report("node gone: all near", drawing.near(mended, 1), f"{drawing.name}: {node.id}")


def two_gone(drawing: Drawing, report: Report) -> None:
    chance = random.Random(0)
    for pair in pairs(drawing):
        cut = [drawing.graph.edges[index] for index in pair]
        what = f"{drawing.name}: {', '.join(f'{e.source} > {e.target}' for e in cut)}"
        mended = drawing.mended(without(drawing.graph, *pair))
        report("two edges gone: restored", drawing.restored(mended), what)
        report("two edges gone: near", drawing.near(mended), what)
        mixed = drawing.mended(shuffled(without(drawing.graph, *pair), chance))
        report("two edges gone, any order: near", drawing.near(mixed), what)


def in_progress(drawing: Drawing, report: Report) -> None:
    for count, (loose, short) in enumerate(begun(drawing.graph), 1):
        what = f"{drawing.name}: {count} joined"
        mended = drawing.mended(loose)
        report("begun, rest loose: restored", drawing.restored(mended), what)
        report("begun, rest loose: near", drawing.near(mended), what)
        gone = len(drawing.graph.nodes) - len(short.nodes)
        report("begun, only Output: near", drawing.near(drawing.mended(short), gone), what)


def beside(graph: Graph, names: Sequence[str]) -> Graph:
    """The graph with these nodes taken out of their chain: they lie beside it."""
    healed = edit.remove(graph, names, heal=True)
    return Graph(nodes=graph.nodes, edges=healed.edges)


def lying_beside(drawing: Drawing, report: Report) -> None:
    """One or two layers were dropped, but not put into the chain; the Output is loose as well."""
    graph = drawing.graph
    into, behind = structure.incoming(graph), structure.outgoing(graph)
    inner = [n.id for n in graph.nodes if len(into[n.id]) == 1 and len(behind[n.id]) == 1]
    ends = [i for i, edge in enumerate(graph.edges) if graph.node(edge.target).layer == "Output"]
    for first, second in [*zip(inner, inner, strict=True), *itertools.combinations(inner, 2)][:60]:
        names = list(dict.fromkeys((first, second)))
        what = f"{drawing.name}: {', '.join(names)}"
        report(
            "layers beside the chain: near",
            drawing.near(drawing.mended(beside(graph, names))),
            what,
        )
        loose = beside(without(graph, *ends), [n for n in names if n not in _before_end(graph)])
        report("the same, Output loose: near", drawing.near(drawing.mended(loose)), what)


def _before_end(graph: Graph) -> set[str]:
    return {e.source for e in graph.edges if graph.node(e.target).layer == "Output"}


SPOILERS = (edge_gone, node_gone, two_gone, in_progress, lying_beside)


def measure(found: list[Drawing]) -> dict[str, Tally]:
    """The tally of each promise over the drawings."""
    tallies: dict[str, Tally] = {}

    def report(promise: str, held: bool, what: str) -> None:
        tallies.setdefault(promise, Tally()).count(held, what)

    for drawing in found:
        for spoiler in SPOILERS:
            spoiler(drawing, report)
    return tallies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="One template.")
    parser.add_argument("--show", type=int, default=0, help="So many misses of each kind.")
    given = parser.parse_args()
    for promise, tally in measure(list(drawings(given.only))).items():
        print(f"{promise:<34} {tally.good:>4} of {tally.total:<4} {100 * tally.share:5.1f} %")
        for what in tally.missed[: given.show]:
            print(f"    {what}")


if __name__ == "__main__":
    main()
