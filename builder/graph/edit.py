"""Edits of a graph as pure functions: each returns a new graph and leaves the old one as it was.

`apply` dispatches by name, so that the canvas, repairs and the journal speak the same operations.
Arguments are plain JSON: an edge is written `["a", "b"]` or `["a.port", "b.port"]`. What cannot be
raises LaminaError.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from builder import wording
from builder.errors import LaminaError
from builder.graph.names import free_name
from builder.graph.names import fresh_id as fresh_id
from builder.graph.spec import NAME, Edge, Graph, Node

EdgeLike = Edge | Sequence[str]


def add_node(
    graph: Graph, layer: str, id: str | None = None, params: Mapping[str, Any] | None = None
) -> Graph:
    """A new, unconnected node at the end."""
    name = fresh_id(graph, layer) if id is None else id
    if name in graph.ids():
        raise LaminaError(
            f"There is a node {name!r} already.", place=name, remedy="Choose another name."
        )
    return _graph((*graph.nodes, _node(name, layer, params or {})), graph.edges)


def remove(graph: Graph, ids: Sequence[str], heal: bool = False) -> Graph:
    """Without these nodes and their edges.

    `heal` joins what one removed node with one way in had before and behind.
    """
    gone = set(ids)
    _known(graph, gone)
    edges = graph.edges
    for name in ids if heal else ():
        into = [edge for edge in edges if edge.target == name]
        if len(into) == 1:
            before = into[0]
            edges = tuple(
                Edge(
                    source=before.source,
                    source_port=before.source_port,
                    target=edge.target,
                    target_port=edge.target_port,
                )
                if edge.source == name
                else edge
                for edge in edges
            )
    edges = tuple(edge for edge in edges if edge.source not in gone and edge.target not in gone)
    return _graph(tuple(node for node in graph.nodes if node.id not in gone), edges)


def connect(
    graph: Graph, source: str, target: str, source_port: str = "", target_port: str = ""
) -> Graph:
    """With an edge from `source` to `target`; refused where it exists already or would close a
    circle.
    """
    _known(graph, {source, target})
    edge = _edge([_end(source, source_port), _end(target, target_port)])
    if _index(graph, edge) is not None:
        raise LaminaError(f"{source} is connected to {target} already.", place=target)
    if source == target or source in _reached_from(graph, target):
        raise LaminaError(
            f"{target} leads to {source} already, so an edge from {source} back to {target} would "
            "make a circle."
            if source != target
            else f"An edge from {source} to itself would make a circle.",
            place=target,
            remedy=f"Data flows one way: connect {target} from a node that comes before it.",
            code="cycle",
        )
    return _graph(graph.nodes, (*graph.edges, edge))


def disconnect(
    graph: Graph, source: str, target: str, source_port: str = "", target_port: str = ""
) -> Graph:
    """Without that edge; empty ports stand for any port when there is no edge with empty ports."""
    wanted = _edge([_end(source, source_port), _end(target, target_port)])
    at = _index(graph, wanted)
    if at is None:
        loose = [
            edge
            for edge in graph.edges
            if edge.source == source
            and edge.target == target
            and source_port in ("", edge.source_port)
            and target_port in ("", edge.target_port)
        ]
        if not loose:
            raise LaminaError(f"There is no edge from {source} to {target}.", place=target)
        at = graph.edges.index(loose[0])
    return _graph(graph.nodes, graph.edges[:at] + graph.edges[at + 1 :])


def insert_on_edge(
    graph: Graph,
    edge: EdgeLike,
    layer: str,
    id: str | None = None,
    params: Mapping[str, Any] | None = None,
    input_port: str = "",
    output_port: str = "",
) -> Graph:
    """A new node in the middle of an edge; the argument order of the target stays as it was."""
    old = _edge(edge)
    at = _index(graph, old)
    if at is None:
        raise LaminaError(f"There is no edge from {old.source} to {old.target}.", place=old.target)
    name = fresh_id(graph, layer) if id is None else id
    grown = add_node(graph, layer, name, params)
    first = _edge([_end(old.source, old.source_port), _end(name, input_port)])
    second = _edge([_end(name, output_port), _end(old.target, old.target_port)])
    nodes = list(graph.nodes)
    place = next(i for i, node in enumerate(nodes) if node.id == old.source) + 1
    nodes.insert(place, grown.nodes[-1])
    return _graph(tuple(nodes), (*graph.edges[:at], first, second, *graph.edges[at + 1 :]))


def set_params(
    graph: Graph, id: str, params: Mapping[str, Any], remove: Sequence[str] = ()
) -> Graph:
    """With these settings of a node changed or added, and those named in `remove` back at their
    defaults.
    """
    node = _find(graph, id)
    merged = {key: value for key, value in {**node.params, **params}.items() if key not in remove}
    return _with_node(graph, _node(node.id, node.layer, merged))


def set_layer(graph: Graph, id: str, layer: str, params: Mapping[str, Any] | None = None) -> Graph:
    """With the node turned into another layer type; `params` None keeps its settings."""
    node = _find(graph, id)
    return _with_node(graph, _node(id, layer, node.params if params is None else params))


def rename(graph: Graph, id: str, new: str) -> Graph:
    """With the node called `new`, in its edges as well."""
    node = _find(graph, id)
    if new == id:
        return graph
    if new in graph.ids():
        raise LaminaError(
            f"There is a node {new!r} already.", place=id, remedy="Choose another name."
        )
    fresh = _node(new, node.layer, node.params)
    nodes = tuple(fresh if other.id == id else other for other in graph.nodes)
    return _graph(nodes, tuple(_renamed(edge, {id: new}) for edge in graph.edges))


def duplicate(graph: Graph, ids: Sequence[str]) -> Graph:
    """With copies of these nodes and of the edges among them, under fresh names."""
    _known(graph, set(ids))
    chosen = set(ids)
    nodes = [node for node in graph.nodes if node.id in chosen]
    edges = [edge for edge in graph.edges if edge.source in chosen and edge.target in chosen]
    return paste(graph, nodes, edges)


def paste(graph: Graph, nodes: Sequence[Any], edges: Sequence[Any] = ()) -> Graph:
    """With these nodes (perhaps from another graph) and edges among them; names that are taken are
    changed.
    """
    added = _parsed(nodes, edges)
    taken = set(graph.ids())
    names: dict[str, str] = {}
    for node in added.nodes:
        names[node.id] = free_name(node.id, taken)
        taken.add(names[node.id])
    fresh = tuple(
        node if names[node.id] == node.id else _node(names[node.id], node.layer, node.params)
        for node in added.nodes
    )
    return _graph(
        graph.nodes + fresh, graph.edges + tuple(_renamed(edge, names) for edge in added.edges)
    )


def replace(graph: Graph, nodes: Sequence[Any], edges: Sequence[Any] = ()) -> Graph:
    """The whole graph anew; nodes that did not change are kept as the same objects."""
    fresh = _parsed(nodes, edges)
    old = {node.id: node for node in graph.nodes}
    kept = tuple(old[node.id] if old.get(node.id) == node else node for node in fresh.nodes)
    return _graph(kept, fresh.edges)


def batch(graph: Graph, edits: Sequence[Sequence[Any]]) -> Graph:
    """Several edits `[operation, arguments]` as one."""
    for entry in edits:
        if not isinstance(entry, list | tuple) or len(entry) != 2:
            raise LaminaError("An edit is a pair of an operation and its arguments.", code="edit")
        graph = apply(graph, entry[0], entry[1])
    return graph


OPERATIONS: dict[str, Callable[..., Graph]] = {
    function.__name__: function
    for function in (
        add_node,
        remove,
        connect,
        disconnect,
        insert_on_edge,
        set_params,
        set_layer,
        rename,
        duplicate,
        paste,
        replace,
        batch,
    )
}
_SIGNATURES = {name: inspect.signature(function) for name, function in OPERATIONS.items()}


def apply(graph: Graph, operation: str, arguments: Mapping[str, Any]) -> Graph:
    """Carry out an operation by its name; LaminaError where it, an argument or its result cannot
    be.
    """
    function = OPERATIONS.get(operation) if isinstance(operation, str) else None
    if function is None:
        raise LaminaError(
            f"There is no edit {str(operation)[:40]!r}.",
            remedy=f"Edits are {', '.join(OPERATIONS)}.",
            code="edit",
        )
    try:
        bound = _SIGNATURES[operation].bind(graph, **arguments)
    except TypeError as error:
        raise LaminaError(f"The edit {operation} is incomplete: {error}.", code="edit") from error
    for name, value in bound.arguments.items():
        _check_argument(operation, name, value)
    return function(*bound.args, **bound.kwargs)


_TEXTS = {"layer", "source", "target", "source_port", "target_port", "new", "input_port"}
_LISTS = {"ids", "nodes", "edges", "edits"}


def _check_argument(operation: str, name: str, value: Any) -> None:
    """Arguments come from the browser: refuse wrong types in words before they surface as a
    TypeError.
    """
    good = True
    if name in _TEXTS or name == "output_port" or (name == "id" and value is not None):
        good = isinstance(value, str)
    elif name in _LISTS or (name == "remove" and operation == "set_params"):
        good = isinstance(value, list | tuple)
        if good and name in ("ids", "remove"):
            good = all(isinstance(item, str) for item in value)
    elif name == "params" and value is not None:
        good = isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
    elif name == "edge":
        good = isinstance(value, Edge) or (
            isinstance(value, list | tuple)
            and len(value) == 2
            and all(isinstance(end, str) for end in value)
        )
    if not good:
        raise LaminaError(f"The edit {operation} was given a wrong {name}.", code="edit")


def _end(node: str, port: str) -> str:
    return f"{node}.{port}" if port else node


def _edge(edge: EdgeLike) -> Edge:
    if isinstance(edge, Edge):
        return edge
    try:
        return Edge.model_validate(list(edge))
    except ValidationError as error:
        raise LaminaError(_reason(error), place="edge", code="edit") from error


def _node(id: str, layer: str, params: Mapping[str, Any]) -> Node:
    if not NAME.fullmatch(id):
        raise LaminaError(
            f"{id[:70]!r} is no name for a node.",
            place=id[:70],
            remedy="Use letters, digits and _, a letter first, at most 64.",
            code="name",
        )
    try:
        return Node(id=id, layer=layer, params=dict(params))
    except ValidationError as error:
        raise LaminaError(_reason(error), place=id, code="edit") from error


def _parsed(nodes: Sequence[Any], edges: Sequence[Any]) -> Graph:
    try:
        return Graph(nodes=tuple(nodes), edges=tuple(edges))
    except ValidationError as error:
        raise LaminaError(_reason(error), code="edit") from error


def _graph(nodes: tuple[Node, ...], edges: tuple[Edge, ...]) -> Graph:
    """Parts that were validated already, so they are not validated again: a 500-node edit stays
    under a millisecond.
    """
    return Graph.model_construct(nodes=nodes, edges=edges)


def _reason(error: ValidationError) -> str:
    found = error.errors(include_url=False)
    where, said = wording.place(found[0]), " ".join(wording.sentence(found)).strip()
    return f"{where}: {said}" if where else said


def _index(graph: Graph, edge: Edge) -> int | None:
    """Where that very edge is; most are told apart by their target alone, which is quick."""
    same = (at for at, other in enumerate(graph.edges) if other.target == edge.target)
    return next((at for at in same if graph.edges[at] == edge), None)


def _find(graph: Graph, id: str) -> Node:
    for node in graph.nodes:
        if node.id == id:
            return node
    raise LaminaError(f"There is no node {id!r}.", place=id, code="no_node")


def _known(graph: Graph, ids: set[str]) -> None:
    missing = ids - graph.ids()
    if missing:
        raise LaminaError(f"There is no node {min(missing)!r}.", place=min(missing), code="no_node")


def _with_node(graph: Graph, fresh: Node) -> Graph:
    return _graph(
        tuple(fresh if node.id == fresh.id else node for node in graph.nodes), graph.edges
    )


def _renamed(edge: Edge, names: Mapping[str, str]) -> Edge:
    if edge.source not in names and edge.target not in names:
        return edge
    return Edge(
        source=names.get(edge.source, edge.source),
        target=names.get(edge.target, edge.target),
        source_port=edge.source_port,
        target_port=edge.target_port,
    )


def _reached_from(graph: Graph, start: str) -> set[str]:
    after: dict[str, list[str]] = {}
    for edge in graph.edges:
        after.setdefault(edge.source, []).append(edge.target)
    seen: set[str] = set()
    stack = [start]
    while stack:
        for name in after.get(stack.pop(), ()):
            if name not in seen:
                seen.add(name)
                stack.append(name)
    return seen
