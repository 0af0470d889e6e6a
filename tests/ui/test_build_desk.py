"""An open canvas on the server: nothing is lost, nothing silently overwritten."""

import itertools
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from builder import data as data_package
from builder import templates, workspace
from builder.errors import LaminaError
from builder.project import Data, Project, Recipe
from builder.ui.canvas import desk as desks
from builder.ui.canvas import facts
from builder.ui.canvas.desk import Desk, Stale

CHAIN = [
    {"id": "image", "layer": "Input", "params": {"shape": [3, 8, 8]}},
    {"id": "conv1", "layer": "Conv2d", "params": {"out_channels": 4, "kernel_size": 3}},
    {"id": "relu1", "layer": "ReLU"},
    {"id": "flat", "layer": "Flatten"},
    {"id": "head", "layer": "Linear", "params": {"out_features": 2}},
    {"id": "out", "layer": "Output"},
]


def graph_of(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    edges = [[a["id"], b["id"]] for a, b in itertools.pairwise(nodes)]
    return {"nodes": nodes, "edges": edges}


BLOCK = graph_of(
    [
        {"id": "x", "layer": "Input"},
        {"id": "fc", "layer": "Linear", "params": {"out_features": 4}},
        {"id": "y", "layer": "Output"},
    ]
)


@pytest.fixture
def project_id() -> str:
    graphs = {"model": graph_of(CHAIN)}
    return workspace.create(Project.model_validate({"name": "p", "graphs": graphs}))


@pytest.fixture
def desk(project_id: str) -> Iterator[Desk]:
    opened = desks.desk(project_id)
    yield opened
    opened.flush()


def step(operation: str, graph: str = "model", **arguments: Any) -> dict[str, Any]:
    return {"graph": graph, "label": operation, "steps": [[operation, arguments]]}


def channels(desk: Desk, value: int) -> dict[str, Any]:
    return step("set_params", id="conv1", params={"out_channels": value})


def node_ids(project: Project) -> list[str]:
    return [node.id for node in project.graph.nodes]


def test_what_is_sent_again_after_a_lost_answer_is_not_done_twice(project_id: str) -> None:
    """The first server was killed after two of three edits, or before it could answer."""
    first = Desk(project_id)
    base = first.state()["revision"]
    grown = [step("add_node", layer="ReLU", id=name) for name in ("a", "b", "c")]
    first.edit(base, grown[:2], "k1")
    first.flush()
    second = Desk(project_id)
    second.edit(base, grown, "k1")
    names = [node["id"] for node in second.state()["document"]["graphs"]["model"]["nodes"]]
    assert names[-3:] == ["a", "b", "c"]
    assert second.state()["revision"] == base + 3
    second.undo(base + 3, "k2")
    second.undo(base + 3, "k2")
    assert second.state()["revision"] == base + 4
    with pytest.raises(Stale):
        second.edit(base, grown[:1], "k3")
    second.flush()


def test_an_edit_gives_new_shapes_and_is_saved_into_the_project_file(
    desk: Desk, project_id: str
) -> None:
    desk.edit(desk.state()["revision"], [channels(desk, 7)])
    state = desk.state()
    assert state["checks"]["model"]["nodes"]["conv1"]["outputs"] == [[7, 6, 6]]
    assert state["undo"]
    assert not state["redo"]
    desk.flush()
    saved = workspace.open_project(project_id)
    assert saved.graph.node("conv1").params["out_channels"] == 7


def test_the_later_writer_is_refused_and_changes_nothing(desk: Desk) -> None:
    base = desk.state()["revision"]
    desk.edit(base, [channels(desk, 5)])
    with pytest.raises(Stale):
        desk.edit(base, [channels(desk, 9)])
    assert desk.state()["checks"]["model"]["nodes"]["conv1"]["outputs"] == [[5, 6, 6]]


def test_all_steps_of_an_edit_are_undone_together(desk: Desk) -> None:
    before = desk.state()["document"]
    edit = {
        "graph": "model",
        "steps": [
            ["insert_on_edge", {"edge": ["conv1", "relu1"], "layer": "BatchNorm2d", "id": "bn1"}],
            ["set_params", {"id": "head", "params": {"out_features": 3}}],
            ["move", {"positions": {"image": {"x": 1, "y": 2}}}],
        ],
    }
    desk.edit(desk.state()["revision"], [edit])
    changed = desk.state()["document"]
    assert changed["positions"] == {"model": {"image": {"x": 1, "y": 2}}}
    assert "bn1" in {node["id"] for node in changed["graphs"]["model"]["nodes"]}
    desk.undo(desk.state()["revision"])
    assert desk.state()["document"] == before
    desk.redo(desk.state()["revision"])
    assert desk.state()["document"] == changed


def test_a_place_is_given_back_to_the_layout(desk: Desk) -> None:
    desk.edit(desk.state()["revision"], [step("move", positions={"relu1": {"x": 9, "y": 9}})])
    desk.edit(desk.state()["revision"], [step("move", positions={"relu1": None})])
    assert "relu1" not in desk.state()["document"]["positions"].get("model", {})


def test_undo_outlives_a_restart_of_the_server(desk: Desk, project_id: str) -> None:
    desk.edit(desk.state()["revision"], [step("remove", ids=["relu1"], heal=True)])
    desk.flush()
    again = Desk(project_id)
    assert again.state()["undo"]
    again.undo(again.state()["revision"])
    again.flush()
    assert "relu1" in node_ids(workspace.open_project(project_id))


def test_what_cannot_be_is_refused_in_words_and_what_went_before_is_kept(
    desk: Desk, project_id: str
) -> None:
    base = desk.state()["revision"]
    with pytest.raises(LaminaError, match="circle"):
        desk.edit(base, [channels(desk, 6), step("connect", source="head", target="conv1")])
    desk.flush()
    assert workspace.open_project(project_id).graph.node("conv1").params["out_channels"] == 6


@pytest.mark.parametrize(
    "edit",
    [
        {},
        {"graph": "model", "steps": []},
        {"graph": "model", "steps": [["remove"]]},
        {"graph": "model", "steps": [["remove", {"ids": "image"}]]},
        {"graph": "model", "steps": [["no_such_edit", {}]]},
        {"graph": "elsewhere", "steps": [["remove", {"ids": ["image"]}]]},
        {"graph": 3, "steps": [["remove", {"ids": ["image"]}]]},
        {"graph": "model", "steps": [["move", {"positions": {"image": {"x": "left", "y": 0}}}]]},
    ],
)
def test_a_malformed_edit_is_refused_and_changes_nothing(desk: Desk, edit: dict[str, Any]) -> None:
    before = desk.state()
    with pytest.raises(LaminaError):
        desk.edit(before["revision"], [edit])
    assert desk.state()["document"] == before["document"]


def test_an_error_comes_with_a_repair_that_can_be_sent_back(desk: Desk) -> None:
    desk.edit(desk.state()["revision"], [step("remove", ids=["flat"], heal=True)])
    (issue,) = [i for i in desk.state()["checks"]["model"]["issues"] if i["severity"] == "error"]
    assert issue["node"] == "head"
    steps = issue["fixes"][0]["edits"]
    desk.edit(desk.state()["revision"], [{"graph": "model", "steps": steps}])
    assert desk.state()["checks"]["model"]["ok"]


def test_the_source_is_that_of_the_graph_or_of_its_repair_and_says_which(desk: Desk) -> None:
    source = desk.source()
    assert not source["repaired"]
    line = next(n for n, node in source["lines"].items() if node == "conv1")
    assert "nn.Conv2d(3, 4, 3)" in source["text"].splitlines()[int(line) - 1]
    desk.edit(desk.state()["revision"], [step("remove", ids=["flat"], heal=True)])
    assert desk.source()["repaired"]
    assert "nn.Flatten()" in desk.source()["text"]


def test_an_empty_canvas_has_no_source_and_says_why() -> None:
    empty = workspace.create(Project(name="empty"))
    opened = desks.desk(empty)
    assert opened.state()["document"]["graphs"]["model"] == {"nodes": [], "edges": []}
    assert opened.source()["text"] == ""
    assert opened.source()["trouble"]
    assert opened.state()["checks"]["model"]["issues"] == []  # a hint greets, no errors


def test_what_another_page_saves_is_taken_in_and_not_overwritten(
    desk: Desk, project_id: str
) -> None:
    before = desk.stamp()
    saved = workspace.open_project(project_id)
    other = saved.model_copy(update={"recipe": Recipe(batch_size=16), "name": "renamed"})
    workspace.save_project(project_id, other)
    assert desk.state()["batch"] == 16
    assert desk.state()["name"] == "renamed"
    desk.edit(desk.state()["revision"], [channels(desk, 8)])
    desk.flush()
    kept = workspace.open_project(project_id)
    assert (kept.recipe.batch_size, kept.name) == (16, "renamed")
    assert desk.stamp() != before


def test_a_graph_changed_in_the_file_becomes_an_edit_that_can_be_undone(
    desk: Desk, project_id: str
) -> None:
    changed = Project.model_validate(
        {"name": "p", "graphs": {"model": graph_of(CHAIN[:2] + CHAIN[3:])}}
    )
    workspace.save_project(project_id, changed)
    ids = [node["id"] for node in desk.state()["document"]["graphs"]["model"]["nodes"]]
    assert ids == node_ids(changed)
    desk.undo(desk.state()["revision"])
    ids = [node["id"] for node in desk.state()["document"]["graphs"]["model"]["nodes"]]
    assert "relu1" in ids


def test_data_decides_the_input_and_the_number_of_answers() -> None:
    nodes = [CHAIN[0] | {"params": {}}, CHAIN[3], CHAIN[4], CHAIN[5]]
    project = Project.model_validate({"name": "iris", "graphs": {"model": graph_of(nodes)}})
    data = Data(source="sklearn", options={"name": "iris"}, target="target")
    opened = Desk(workspace.create(project.model_copy(update={"data": data})))
    opened.facts.wait(60)
    check = opened.state()["checks"]["model"]
    assert check["nodes"]["image"]["outputs"] == [[4]]
    assert [issue["node"] for issue in check["issues"] if issue["severity"] == "error"] == ["out"]


@pytest.mark.parametrize(
    ("template", "graph", "node", "shape"),
    [("gan", "discriminator", "image", [1, 8, 8]), ("language-model", "model", "text", [64])],
)
def test_nothing_is_complained_of_while_the_data_is_still_being_read(
    monkeypatch: pytest.MonkeyPatch, template: str, graph: str, node: str, shape: list[int]
) -> None:
    """A network that reads codes would not fit the image that stands for what is not known yet."""
    project_id = workspace.create(templates.make(template))
    gate = threading.Event()
    real = data_package.specs

    def slow(project: Project) -> Any:
        assert gate.wait(60)
        return real(project)

    monkeypatch.setattr(data_package, "specs", slow)
    monkeypatch.setattr(facts, "PATIENCE", 0.01)
    opened = Desk(project_id)
    state = opened.state()
    assert state["busy"]
    assert state["checks"][graph]["issues"] == []
    gate.set()
    opened.facts.wait(60)
    assert opened.state()["checks"][graph]["nodes"][node]["outputs"] == [shape]


def test_data_that_cannot_be_read_is_said_and_editing_goes_on(desk: Desk, project_id: str) -> None:
    broken = Data(source="csv", options={"path": "/no/such/file.csv"}, target="y")
    saved = workspace.open_project(project_id)
    workspace.save_project(project_id, saved.model_copy(update={"data": broken}))
    desk.state()
    desk.facts.wait(60)
    assert desk.state()["trouble"].startswith("Data:")
    desk.edit(desk.state()["revision"], [channels(desk, 5)])
    assert desk.state()["undo"]


def test_a_layer_whose_settings_decide_its_outputs_shows_as_many_ports() -> None:
    settings = {"split_size_or_sections": [1, 1, 1]}
    nodes = [CHAIN[0], {"id": "split1", "layer": "Split", "params": settings}]
    project = Project.model_validate({"name": "s", "graphs": {"model": graph_of(nodes)}})
    ports = desks.desk(workspace.create(project)).state()["checks"]["model"]["ports"]
    assert len(ports["split1"]) == 3


def test_there_is_no_desk_for_a_project_that_is_gone(project_id: str) -> None:
    desks.desk(project_id).flush()
    workspace.delete(project_id)
    with pytest.raises(LaminaError, match="no such project"):
        desks.desk(project_id)
    with pytest.raises(LaminaError):
        desks.desk("../elsewhere")


def test_an_error_inside_a_module_is_found_and_repaired_there() -> None:
    block = [
        {"id": "x", "layer": "Input"},
        {"id": "fc", "layer": "Linear", "params": {"out_features": 4}},
        {"id": "y", "layer": "Output"},
    ]
    outer = [CHAIN[0], {"id": "block1", "layer": "Block"}, CHAIN[5]]
    given = {
        "name": "m",
        "graphs": {"model": graph_of(outer)},
        "modules": {"Block": graph_of(block)},
    }
    opened = desks.desk(workspace.create(Project.model_validate(given)))
    check = opened.state()["checks"]["model"]
    (issue,) = [i for i in check["issues"] if i["severity"] == "error"]
    assert issue["node"] == "block1/fc"
    assert issue["graph"] == "modules.Block"
    assert check["nodes"]["block1/fc"]["inputs"] == [[3, 8, 8]]
    assert check["nodes"]["block1"]["assumed"]
    assert check["nodes"]["block1"]["outputs"] == check["nodes"]["out"]["inputs"] != []
    source = opened.source()
    assert source["repaired"]
    assert "self.fc" in source["text"]
    edit = {"graph": issue["graph"], "steps": issue["fixes"][0]["edits"]}
    opened.edit(opened.state()["revision"], [edit])
    assert opened.state()["checks"]["model"]["ok"]
    opened.flush()


def test_the_first_repair_of_a_module_mends_every_use_of_it() -> None:
    block = {
        "nodes": [
            {"id": "x", "layer": "Input"},
            {"id": "c", "layer": "Conv2d", "params": {"out_channels": 3, "kernel_size": 3}},
            {"id": "add", "layer": "Add"},
            {"id": "y", "layer": "Output"},
        ],
        "edges": [["x", "c"], ["c", "add"], ["x", "add"], ["add", "y"]],
    }
    uses = [{"id": f"block{number}", "layer": "Block"} for number in (1, 2)]
    given = {
        "name": "m",
        "graphs": {"model": graph_of([CHAIN[0], *uses, CHAIN[5]])},
        "modules": {"Block": block},
    }
    opened = desks.desk(workspace.create(Project.model_validate(given)))
    (issue,) = [i for i in opened.state()["checks"]["model"]["issues"] if i["severity"] == "error"]
    edit = {"graph": issue["graph"], "steps": issue["fixes"][0]["edits"]}
    opened.edit(opened.state()["revision"], [edit])
    assert opened.state()["checks"]["model"]["ok"]
    opened.flush()


def test_a_module_is_not_called_like_a_layer_type(desk: Desk) -> None:
    base = desk.state()["revision"]
    with pytest.raises(LaminaError, match="layer type already"):
        desk.edit(base, [step("group", ids=["conv1", "relu1"], name="Linear")])
    desk.edit(base, [step("group", ids=["conv1", "relu1"], name="Block")])
    with pytest.raises(LaminaError, match="layer type already"):
        desk.edit(base + 1, [step("rename_module", name="Block", new="ReLU")])
    desk.edit(base + 1, [step("rename_module", name="Block", new="Stem")])
    assert list(desk.state()["document"]["modules"]) == ["Stem"]


def test_a_pasted_module_comes_along_but_not_under_the_name_of_a_layer_type(desk: Desk) -> None:
    base = desk.state()["revision"]
    node = ["add_node", {"layer": "Block", "id": "block1", "params": {}}]
    for name, fits in (("Linear", False), ("Block", True)):
        edit = {
            "graph": "model",
            "label": "paste",
            "steps": [["modules", {"modules": {name: BLOCK}}], node],
        }
        if not fits:
            with pytest.raises(LaminaError, match="layer type already"):
                desk.edit(base, [edit])
            continue
        desk.edit(base, [edit])
    assert list(desk.state()["document"]["modules"]) == ["Block"]
    desk.undo(base + 1)
    assert desk.state()["document"]["modules"] == {}


def two_graphs() -> Desk:
    opened = desks.desk(workspace.create(templates.make("gan")))
    opened.facts.wait(60)
    return opened


def test_each_graph_has_its_own_verdict_and_the_task_says_which_there_must_be() -> None:
    opened = two_graphs()
    state = opened.state()
    assert state["checks"]["generator"]["nodes"]["noise"]["outputs"] == [[16]]
    assert state["checks"]["discriminator"]["nodes"]["output"]["inputs"] == [[1]]
    assert set(state["wants"]["held"]) == {"generator", "discriminator"}
    assert "exactly" in state["wants"]["closed"]
    assert state["wants"]["idle"] == []
    opened.edit(
        state["revision"],
        [step("set_params", "discriminator", id="score", params={"out_features": 3})],
    )
    after = opened.state()
    assert not after["checks"]["discriminator"]["ok"]
    assert after["checks"]["generator"] is state["checks"]["generator"]
    assert opened.source()["repaired"]
    opened.flush()


def test_a_further_graph_is_added_renamed_undone_and_told_to_be_untrained() -> None:
    data = Data(source="sklearn", options={"name": "iris"}, target="target")
    project = Project.model_validate({"name": "i", "graphs": {"model": graph_of(CHAIN)}})
    opened = desks.desk(workspace.create(project.model_copy(update={"data": data})))
    base = opened.state()["revision"]
    opened.edit(base, [step("add_graph", "net", name="net", nodes=[], edges=[], module=False)])
    opened.edit(base + 1, [step("rename_graph", "net", name="net", new="teacher")])
    opened.state()
    opened.facts.wait(60)
    state = opened.state()
    assert list(state["document"]["graphs"]) == ["model", "teacher"]
    assert state["wants"] == {"held": {}, "idle": ["teacher"], "closed": ""}
    assert opened.source()["text"]
    opened.undo(base + 2)
    assert list(opened.state()["document"]["graphs"]) == ["model", "net"]
    opened.flush()


def test_a_module_that_nothing_uses_is_checked_by_itself() -> None:
    given = {"name": "m", "graphs": {"model": graph_of(CHAIN)}, "modules": {"Block": BLOCK}}
    opened = desks.desk(workspace.create(Project.model_validate(given)))
    check = opened.state()["checks"]["modules.Block"]
    assert check["issues"] == []
    assert check["ok"]
    opened.flush()


def test_a_swapped_node_takes_its_edges_and_its_place_along_and_is_undone_in_one_step(
    desk: Desk,
) -> None:
    desk.edit(desk.state()["revision"], [step("move", positions={"conv1": {"x": 7, "y": 9}})])
    before = desk.state()["document"]
    steps = [
        ["set_layer", {"id": "conv1", "layer": "Sigmoid", "params": {}}],
        ["rename", {"id": "conv1", "new": "sigmoid1"}],
    ]
    swap = {"graph": "model", "label": "swap", "steps": steps}
    desk.edit(desk.state()["revision"], [swap])
    document = desk.state()["document"]
    assert ["image", "sigmoid1"] in document["graphs"]["model"]["edges"]
    assert document["positions"]["model"] == {"sigmoid1": {"x": 7, "y": 9}}
    desk.undo(desk.state()["revision"])
    assert desk.state()["document"] == before


def test_the_canvas_knows_which_nodes_the_recipe_means(desk: Desk, project_id: str) -> None:
    desk.flush()
    project = workspace.open_project(project_id)
    recipe = project.recipe.model_copy(update={"freeze": ("conv1",), "rates": {"head*": 0.1}})
    workspace.save_project(project_id, project.model_copy(update={"recipe": recipe}))
    assert desk.state()["patterns"] == ["conv1", "head*"]


def test_the_canvas_knows_whether_there_is_data_to_learn_from(desk: Desk) -> None:
    assert desk.state()["data"] is False
    project = workspace.open_project(desk.project_id)
    some = Data(source="sklearn", options={"name": "digits"})
    workspace.save_project(desk.project_id, project.model_copy(update={"data": some}))
    assert desk.state()["data"] is True
