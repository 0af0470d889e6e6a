"""Turn a selection of nodes into a module of its own."""

from collections.abc import Sequence

from builder.errors import LaminaError
from builder.graph import edit, structure
from builder.graph.spec import Edge, Graph, Node


def group(graph: Graph, ids: Sequence[str], name: str) -> tuple[Graph, Graph]:
    """The graph with one node of layer `name` in the place of `ids`, and the inside of that module.

    Each value that comes in from outside becomes an Input of the module, each that is used outside
    an Output. LaminaError where an Input or Output of the graph is among them, or the module would
    be used by itself.
    """
    chosen = set(ids)
    nodes = [node for node in graph.nodes if node.id in chosen]
    if len(nodes) != len(chosen) or not nodes:
        raise LaminaError("Choose nodes of this graph to group.", code="edit")
    if any(node.layer in ("Input", "Output") for node in nodes):
        raise LaminaError(
            "Input and Output of the network cannot be inside a module.",
            remedy="Choose only layers in between.",
        )
    taken = {node.id for node in nodes}
    sources: dict[tuple[str, str], str] = {}  # value from outside → Input inside
    results: dict[tuple[str, str], str] = {}  # value used outside → Output inside
    inner: list[Edge] = []
    outer: list[Edge] = []
    spot = edit.fresh_id(graph, name)
    for edge in graph.edges:
        inside = edge.source in chosen, edge.target in chosen
        if inside == (True, True):
            inner.append(edge)
        elif inside == (False, True):
            key = (edge.source, edge.source_port)
            if key not in sources:
                sources[key] = _free("x", taken)
                outer.append(
                    Edge(source=key[0], source_port=key[1], target=spot, target_port=sources[key])
                )
            inner.append(
                Edge(source=sources[key], target=edge.target, target_port=edge.target_port)
            )
        elif inside == (True, False):
            key = (edge.source, edge.source_port)
            if key not in results:
                results[key] = _free("out", taken)
                inner.append(Edge(source=key[0], source_port=key[1], target=results[key]))
            outer.append(
                Edge(
                    source=spot,
                    source_port=results[key],
                    target=edge.target,
                    target_port=edge.target_port,
                )
            )
        else:
            outer.append(edge)
    body = Graph(
        nodes=(
            *(Node(id=i, layer="Input") for i in sources.values()),
            *nodes,
            *(Node(id=i, layer="Output") for i in results.values()),
        ),
        edges=tuple(inner),
    )
    first = min(index for index, node in enumerate(graph.nodes) if node.id in chosen)
    kept = [node for node in graph.nodes if node.id not in chosen]
    kept.insert(first, Node(id=spot, layer=name))
    whole = Graph(nodes=tuple(kept), edges=tuple(outer))
    if structure.cycles(whole):
        raise LaminaError(
            "A way leads out of these nodes and back in; as one module they would be a circle.",
            remedy="Choose the nodes in between as well.",
            code="cycle",
        )
    return whole, body


def _free(base: str, taken: set[str]) -> str:
    name, number = base, 2
    while name in taken:
        name, number = f"{base}{number}", number + 1
    taken.add(name)
    return name
