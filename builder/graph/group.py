"""Turn a selection of nodes into a module of its own, and a module back into its nodes."""

from collections.abc import Sequence

from builder.errors import LaminaError
from builder.graph import structure
from builder.graph.names import free_name, fresh_id
from builder.graph.spec import Edge, Graph, Node

_End = tuple[str, str]
"""A node and its port."""


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
    spot = fresh_id(graph, name)
    body, outer = _cut(graph, nodes, spot)
    first = min(index for index, node in enumerate(graph.nodes) if node.id in chosen)
    kept = [node for node in graph.nodes if node.id not in chosen]
    kept.insert(first, Node(id=spot, layer=name))
    whole = Graph(nodes=tuple(kept), edges=outer)
    if structure.cycles(whole):
        raise LaminaError(
            "A way leads out of these nodes and back in; as one module they would be a circle.",
            remedy="Choose the nodes in between as well.",
            code="cycle",
        )
    return whole, body


def _cut(graph: Graph, nodes: Sequence[Node], spot: str) -> tuple[Graph, tuple[Edge, ...]]:
    """The inside of the module, and the edges that are left outside, which `spot` stands in."""
    chosen = {node.id for node in nodes}
    taken = set(chosen)
    sources: dict[_End, str] = {}  # value from outside → Input inside
    results: dict[_End, str] = {}  # value used outside → Output inside
    inner: list[Edge] = []
    outer: list[Edge] = []
    for edge in graph.edges:
        start, end = (edge.source, edge.source_port), (edge.target, edge.target_port)
        match edge.source in chosen, edge.target in chosen:
            case True, True:
                inner.append(edge)
            case False, True:
                if start not in sources:
                    sources[start] = _free("x", taken)
                    outer.append(_joined(start, (spot, sources[start])))
                inner.append(_joined((sources[start], ""), end))
            case True, False:
                if start not in results:
                    results[start] = _free("out", taken)
                    inner.append(_joined(start, (results[start], "")))
                outer.append(_joined((spot, results[start]), end))
            case _:
                outer.append(edge)
    inputs = (Node(id=one, layer="Input") for one in sources.values())
    outputs = (Node(id=one, layer="Output") for one in results.values())
    return Graph(nodes=(*inputs, *nodes, *outputs), edges=tuple(inner)), tuple(outer)


def ungrouped(graph: Graph, spot: str, inner: Graph) -> tuple[Graph, dict[str, str]]:
    """The graph with the nodes of `inner` in the place of its use `spot`, and their names there.

    Settings of the use ({"conv1.out_channels": 8}) become settings of the nodes. Names that are
    taken are changed. What led nowhere inside leads nowhere afterwards.
    """
    use = graph.node(spot)
    gates = [node.id for node in inner.nodes if node.layer == "Input"]
    exits = [node.id for node in inner.nodes if node.layer == "Output"]
    taken = {node.id for node in graph.nodes if node.id != spot}
    names: dict[str, str] = {}
    nodes: list[Node] = []
    for node in inner.nodes:
        if node.id in gates or node.id in exits:
            continue
        names[node.id] = free_name(node.id, taken)
        taken.add(names[node.id])
        own = {
            key.partition(".")[2]: value
            for key, value in use.params.items()
            if key.partition(".")[0] == node.id
        }
        nodes.append(Node(id=names[node.id], layer=node.layer, params={**node.params, **own}))
    feeds = _feeds(graph, spot, gates)
    body: list[Edge] = []
    ends: dict[str, list[_End]] = {}
    for edge in inner.edges:
        origin: list[_End] = (
            feeds.get(edge.source, [])
            if edge.source in gates
            else [(names.get(edge.source, ""), edge.source_port)]
        )
        if edge.target in exits:
            ends.setdefault(edge.target, []).extend(origin)
        elif edge.target in names:
            body += [_joined(start, (names[edge.target], edge.target_port)) for start in origin]
    edges: list[Edge] = []
    placed = False
    for edge in graph.edges:
        if edge.target == spot:
            edges += [] if placed else body
            placed = True
        elif edge.source == spot:
            exit = edge.source_port or (exits[0] if exits else "")
            edges += [_joined(s, (edge.target, edge.target_port)) for s in ends.get(exit, [])]
        else:
            edges.append(edge)
    edges += [] if placed else body
    at = next(index for index, node in enumerate(graph.nodes) if node.id == spot)
    whole = (*graph.nodes[:at], *nodes, *graph.nodes[at + 1 :])
    return Graph(nodes=whole, edges=tuple(edges)), names


def _feeds(graph: Graph, spot: str, gates: Sequence[str]) -> dict[str, list[_End]]:
    """What comes to each Input inside: named ports first, the others to the next free one."""
    found: dict[str, list[_End]] = {}
    into = graph.into(spot)
    for edge in sorted(into, key=lambda edge: not edge.target_port):
        gate = edge.target_port or next((name for name in gates if name not in found), "")
        found.setdefault(gate, []).append((edge.source, edge.source_port))
    return found


def _joined(source: _End, target: _End) -> Edge:
    return Edge(source=source[0], source_port=source[1], target=target[0], target_port=target[1])


def _free(base: str, taken: set[str]) -> str:
    name, number = base, 2
    while name in taken:
        name, number = f"{base}{number}", number + 1
    taken.add(name)
    return name
