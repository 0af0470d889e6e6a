"""The Build page and the canvas's routes: who may ask, what is answered, what the page shows."""

import asyncio
import json
from typing import Any

import pytest
from starlette.applications import Starlette

from builder import layers, templates, workspace
from builder.graph.spec import Graph
from builder.project import Project
from builder.ui import canvas, frontends, routes
from builder.ui.canvas import desk, wire
from builder.ui.canvas.routes import ROUTES
from tests.ui.apptest import open_page, text_of

OWN = "127.0.0.1:8501"


def ask(method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
    """Status and JSON of one request from Lamina's own page, or with other headers."""
    sent = {"host": OWN, "origin": f"http://{OWN}", "x-lamina-token": routes.token()}
    sent |= headers or {}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    target, _, query = path.partition("?")
    answer: dict[str, Any] = {"status": 0, "body": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": data, "more_body": False}

    async def send(message: Any) -> None:
        answer["status"] = message.get("status", answer["status"])
        answer["body"] += message.get("body", b"")

    scope = {
        "type": "http",
        "method": method,
        "path": f"/lamina/api/build/{target}",
        "raw_path": b"",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "server": ("127.0.0.1", 8501),
        "scheme": "http",
    }
    asyncio.run(Starlette(routes=ROUTES)(scope, receive, send))
    text = answer["body"]
    return answer["status"], json.loads(text) if text else None


@pytest.fixture
def project_id() -> str:
    graph = {
        "nodes": [
            {"id": "table", "layer": "Input", "params": {"shape": [4]}},
            {"id": "head", "layer": "Linear", "params": {"out_features": 3}},
            {"id": "out", "layer": "Output"},
        ],
        "edges": [["table", "head"], ["head", "out"]],
    }
    return workspace.create(Project.model_validate({"name": "p", "graphs": {"model": graph}}))


def edit(value: Any) -> dict[str, Any]:
    arguments = {"id": "head", "params": {"out_features": value}}
    return {"graph": "model", "label": "set", "steps": [["set_params", arguments]]}


def test_an_edit_is_answered_with_the_new_revision_and_shapes(project_id: str) -> None:
    _, first = ask("GET", f"{project_id}/state")
    base = first["state"]["revision"]
    status, body = ask("POST", f"{project_id}/edit", {"base": base, "edits": [edit(5)]})
    assert status == 200
    assert body["state"]["revision"] == base + 1
    assert body["state"]["checks"]["model"]["nodes"]["head"]["outputs"] == [[5]]


def test_a_stale_edit_is_answered_with_what_is_there_now(project_id: str) -> None:
    base = ask("GET", f"{project_id}/state")[1]["state"]["revision"]
    ask("POST", f"{project_id}/edit", {"base": base, "edits": [edit(5)]})
    status, body = ask("POST", f"{project_id}/edit", {"base": base, "edits": [edit(9)]})
    assert status == 409
    assert body["stale"]
    assert body["state"]["checks"]["model"]["nodes"]["head"]["outputs"] == [[5]]


def test_undo_and_redo_by_route(project_id: str) -> None:
    base = ask("GET", f"{project_id}/state")[1]["state"]["revision"]
    _, body = ask("POST", f"{project_id}/edit", {"base": base, "edits": [edit(5)]})
    _, body = ask("POST", f"{project_id}/undo", {"base": body["state"]["revision"]})
    assert body["state"]["checks"]["model"]["nodes"]["head"]["outputs"] == [[3]]
    assert body["state"]["redo"]
    _, body = ask("POST", f"{project_id}/redo", {"base": body["state"]["revision"]})
    assert body["state"]["checks"]["model"]["nodes"]["head"]["outputs"] == [[5]]
    assert ask("POST", f"{project_id}/redo", {"base": body["state"]["revision"]})[0] == 200


def test_nothing_is_sent_where_nothing_changed(project_id: str) -> None:
    stamp = ask("GET", f"{project_id}/state")[1]["state"]["stamp"]
    assert ask("GET", f"{project_id}/state?since={stamp}") == (204, None)
    assert ask("GET", f"{project_id}/state?since=old")[0] == 200


def test_a_foreign_page_can_neither_ask_nor_edit(project_id: str) -> None:
    body = {"base": 0, "edits": [edit(5)]}
    for headers in (
        {"origin": "http://elsewhere.example"},
        {"x-lamina-token": "guess"},
        {"host": "elsewhere.example"},
        {"sec-fetch-site": "cross-site"},
    ):
        assert ask("POST", f"{project_id}/edit", body, headers)[0] == 403
        assert ask("GET", f"{project_id}/state", headers=headers)[0] == 403
    assert workspace.open_project(project_id).graph.node("head").params["out_features"] == 3


@pytest.mark.parametrize(
    "body",
    [b"", b"no json", b"[]", b"[" * 100_000, {"edits": []}, {"base": True, "edits": []},
     {"base": 0}, {"base": 0, "edits": "x"}, {"base": 0, "edits": [1]}, {"base": 0, "edits": [{}]}],
)  # fmt: skip
def test_a_malformed_request_is_refused_in_words(project_id: str, body: Any) -> None:
    status, answer = ask("POST", f"{project_id}/edit", body)
    assert status == 422
    assert answer["failure"]["fact"]


def test_a_wrong_value_is_shown_as_an_error_at_its_node_not_refused(project_id: str) -> None:
    base = ask("GET", f"{project_id}/state")[1]["state"]["revision"]
    status, body = ask("POST", f"{project_id}/edit", {"base": base, "edits": [edit(-4)]})
    assert status == 200
    (issue,) = body["state"]["checks"]["model"]["issues"]
    assert (issue["node"], issue["severity"]) == ("head", "error")


def test_an_unknown_project_is_refused_in_words() -> None:
    status, body = ask("GET", "nowhere/state")
    assert status == 422
    assert "no such project" in body["failure"]["fact"]


def test_the_catalogue_gives_each_layer_with_its_fields_as_json(project_id: str) -> None:
    status, body = ask("GET", f"{project_id}/catalogue")
    assert status == 200
    assert set(body["layers"]) == set(layers.catalogue())
    assert [family["key"] for family in body["families"]] == list(layers.FAMILIES)
    conv = {param["name"]: param for param in body["layers"]["Conv2d"]["params"]}
    assert conv["in_channels"]["inferred"]
    assert conv["out_channels"]["required"]
    assert conv["stride"]["default"] == 1


def test_each_template_is_drawn_with_shapes_and_its_source() -> None:
    for name in templates.templates():
        opened = desk.desk(workspace.create(templates.make(name)))
        state = opened.state()
        assert set(state["document"]["graphs"]) == set(state["checks"])
        json.dumps(state, allow_nan=False)
        opened.flush()


def test_the_page_hands_project_and_token_to_the_canvas(
    project_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frontends, "bundle", lambda _: "canvas-test.js")
    app = open_page("build", project=project_id)
    assert not app.exception
    given = [json.loads(element.proto.json or "null") for element in app.get("bidi_component")]
    (data,) = [item for item in given if isinstance(item, dict) and item.get("kind") == "editor"]
    assert data["project"] == project_id
    assert data["token"] == routes.token()


def test_the_page_says_what_to_do_where_the_canvas_is_not_built(
    project_id: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(frontends, "UI", tmp_path)
    app = open_page("build", project=project_id)
    assert not app.exception
    assert "make install" in text_of(app)


def test_the_page_without_a_project_leads_home() -> None:
    app = open_page("build")
    assert not app.exception
    assert "Go to Home" in [button.label for button in app.button]


def test_the_strip_describes_the_network_to_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    class Result:
        picked = "head"

    def mount(name: str, file: str) -> Any:
        assert (name, file) == ("canvas", "canvas-test.js")
        return lambda **arguments: given.update(arguments) or Result()

    monkeypatch.setattr(frontends, "bundle", lambda _: "canvas-test.js")
    monkeypatch.setattr(frontends, "mount", mount)
    graph = Graph.model_validate(
        {"nodes": [{"id": "x", "layer": "Input"}, {"id": "head", "layer": "Linear"}],
         "edges": [["x", "head"]]}
    )  # fmt: skip
    health = [{"node": "head", "update_ratio": 0.02}]
    assert canvas.graph_strip("s", graph, health=health, mode="pick", selected="x") == "head"
    data = given["data"]
    assert data["layers"]["Linear"] == {"family": "linear", "lamina": False}
    assert data["health"]["head"]["update_ratio"] == 0.02
    json.dumps(data)


def test_the_strip_turns_between_several_graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(frontends, "bundle", lambda _: "canvas-test.js")
    monkeypatch.setattr(frontends, "mount", lambda *_: lambda **all: given.update(all))
    project = templates.make("gan")
    canvas.graph_strip("s", project.graph, graphs=project.graphs)
    assert set(given["data"]["graphs"]) == {"generator", "discriminator"}
    assert given["data"]["main"] == "generator"
    assert "LeakyReLU" in given["data"]["layers"]
    canvas.graph_strip("s", project.graph, graphs={"model": project.graph})
    assert given["data"]["graphs"] == {}


def test_a_picked_node_that_is_gone_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    class Result:
        picked = "gone"

    monkeypatch.setattr(frontends, "bundle", lambda _: "canvas-test.js")
    monkeypatch.setattr(frontends, "mount", lambda *_: lambda **_: Result())
    assert canvas.graph_strip("s", Graph(), selected=None) is None


def test_the_palette_has_help_for_every_layer_and_field() -> None:
    for face in wire.catalogue()["layers"].values():
        assert face["help"], face["name"]
        for param in face["params"]:
            assert param["help"], f"{face['name']}.{param['name']}"
