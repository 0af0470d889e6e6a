"""What can be said of a graph without knowing its layers: order, circles, dead ends."""

from collections.abc import Iterable

from builder.graph.spec import Edge, Graph


def incoming(graph: Graph) -> dict[str, list[Edge]]:
    """The edges into each node, in argument order."""
    table: dict[str, list[Edge]] = {node.id: [] for node in graph.nodes}
    for edge in graph.edges:
        table[edge.target].append(edge)
    return table


def outgoing(graph: Graph) -> dict[str, list[Edge]]:
    """The edges out of each node."""
    table: dict[str, list[Edge]] = {node.id: [] for node in graph.nodes}
    for edge in graph.edges:
        table[edge.source].append(edge)
    return table


def order(graph: Graph) -> list[str]:
    """Node ids so that each comes after what it needs; nodes on or behind a circle are left out.

    Follows one branch to its end before the next (depth first, in graph order), as a person would
    write the code.
    """
    return _order(graph, incoming(graph))


def _order(graph: Graph, into: dict[str, list[Edge]]) -> list[str]:
    done: dict[str, bool] = {}  # False while being visited, True when placed, absent when new
    broken: set[str] = set()
    result: list[str] = []
    for root in graph.nodes:
        if root.id in done:
            continue
        stack = [(root.id, iter(into[root.id]))]
        done[root.id] = False
        while stack:
            name, edges = stack[-1]
            for edge in edges:
                state = done.get(edge.source)
                if state is None:
                    done[edge.source] = False
                    stack.append((edge.source, iter(into[edge.source])))
                    break
                if state is False or edge.source in broken:
                    broken.add(name)
            else:
                stack.pop()
                done[name] = True
                if name not in broken:
                    result.append(name)
                elif stack:
                    broken.add(stack[-1][0])
    return result


def cycles(graph: Graph) -> list[list[str]]:
    """The circles of the graph, each as its node ids in walking order, found once each; empty where
    there is none.
    """
    into = incoming(graph)
    good = set(_order(graph, into))
    rest = [node.id for node in graph.nodes if node.id not in good]
    found: list[list[str]] = []
    seen: set[str] = set()
    for start in rest:
        path: list[str] = []
        name: str | None = start
        while name is not None and name not in seen:
            seen.add(name)
            path.append(name)
            name = next((e.source for e in into[name] if e.source not in good), None)
        if name in path:
            found.append(list(reversed(path[path.index(name) :])))
    return found


def reached(start: Iterable[str], table: dict[str, list[Edge]], *, forward: bool) -> set[str]:
    """All nodes that can be reached from `start`, itself included, along `incoming` or `outgoing`
    edges.
    """
    seen = set(start)
    stack = list(seen)
    while stack:
        for edge in table[stack.pop()]:
            name = edge.target if forward else edge.source
            if name not in seen:
                seen.add(name)
                stack.append(name)
    return seen


def dead(graph: Graph) -> list[str]:
    """Nodes whose result never reaches an Output, in graph order; empty where there is no Output at
    all.
    """
    ends = [node.id for node in graph.nodes if node.layer == "Output"]
    if not ends:
        return []
    alive = reached(ends, incoming(graph), forward=False)
    return [node.id for node in graph.nodes if node.id not in alive]


def of_layer(graph: Graph, layer: str) -> list[str]:
    """The ids of the nodes of that layer type, in graph order."""
    return [node.id for node in graph.nodes if node.layer == layer]
