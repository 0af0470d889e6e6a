"""The two components that the front end's one bundle holds, as functions for Streamlit pages."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

from builder import layers
from builder.graph.spec import Graph
from builder.ui import frontends

Mode = Literal["updates", "gradients", "activations", "time", "pick"]


def editor(
    key: str,
    *,
    project_id: str,
    name: str,
    token: str,
    on_go: Callable[[], None] | None = None,
) -> str | None:
    """Show the editor; it fills the window below the navigation and edits through its own routes.

    Gives the page that the user asked for ("train", "data", "home"), or "ablate:<node>", else
    None; `on_go` is called before.
    """
    result = frontends.mount("canvas", frontends.bundle("canvas"), "editor")(
        key=key,
        data={"kind": "editor", "project": project_id, "name": name, "token": token},
        on_go_change=on_go or _nothing,
    )
    asked = getattr(result, "go", None)
    return asked if isinstance(asked, str) else None


def graph_strip(
    key: str,
    graph: Graph,
    infos: Mapping[str, Any] | None = None,
    health: Sequence[Mapping[str, Any]] = (),
    *,
    mode: Mode = "updates",
    selected: str | None = None,
    pickable: Collection[str] | None = None,
    title: str = "",
    caption: str = "",
    follow: str | None = None,
    graphs: Mapping[str, Graph] | None = None,
    on_pick: Callable[[], None] | None = None,
) -> str | None:
    """Show a network as one strip from left to right; gives the picked node, else `selected`.

    `infos` are the nodes' `NodeInfo` by id (hovering shows their shapes); `health` the rows of
    `Run.health()`, shown as a glow, a sign and a figure. `mode` "pick" is the small strip without
    figures, in which the `pickable` nodes (default: all) can be chosen; the other modes are the
    first view of the health strip. `follow` names a
    run whose live view's news then replace `health` as they come. Where there are several `graphs`
    by name, `graph` among them, the health strip turns from one to the other; rows of the others
    are called "<graph>/<node>".
    """
    several = graphs if graphs and len(graphs) > 1 else {}
    result = frontends.mount("canvas", frontends.bundle("canvas"))(
        key=key,
        data={
            "kind": "strip",
            "id": key,
            "graph": graph.model_dump(mode="json"),
            "graphs": {name: other.model_dump(mode="json") for name, other in several.items()},
            "main": next((name for name, other in several.items() if other == graph), ""),
            "layers": {
                node.layer: _face(node.layer)
                for other in (graph, *several.values())
                for node in other.nodes
            },
            "shapes": _shapes(infos or {}),
            "health": {str(row["node"]): dict(row) for row in health},
            "mode": mode,
            "selected": selected,
            "pickable": sorted(pickable) if pickable is not None else None,
            "title": title,
            "caption": caption,
            "follow": follow,
        },
        default={"picked": selected},
        on_picked_change=on_pick or _nothing,
        width="stretch",
        height="content",
    )
    picked = getattr(result, "picked", None)
    return picked if isinstance(picked, str) and picked in graph.ids() else selected


def _nothing() -> None:
    """Streamlit makes a trigger or state known to the page only where it has a callback."""


def _face(name: str) -> dict[str, Any]:
    layer = layers.catalogue().get(name)
    if layer is None:
        return {"family": "io", "lamina": False, "module": True}
    return {"family": layer.family, "lamina": layer.lamina}


def _shapes(infos: Mapping[str, Any]) -> dict[str, list[list[int]]]:
    return {name: [list(shape) for shape in info.outputs] for name, info in infos.items()}
