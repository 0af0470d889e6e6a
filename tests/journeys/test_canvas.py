"""The canvas in a real browser: draw, err, repair, undo; a second tab, a reload, a burst."""

import json
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import steps
from tests.journeys.conftest import Server

pytestmark = pytest.mark.journey

CREATE = """
import sys
from builder import workspace
from builder.project import loads
print(workspace.create(loads(sys.argv[1])))
"""
READ = """
import sys
from builder import workspace
graph = workspace.open_project(sys.argv[1]).graph
print({node.id: dict(node.params) for node in graph.nodes})
"""
GAN = """
from builder import templates, workspace
print(workspace.create(templates.make("gan")))
"""
EMPTY = '{"lamina": 1, "name": "drawn"}'
CHAIN = """{"lamina": 1, "name": "chain", "graphs": {"model": {
 "nodes": [{"id": "image", "layer": "Input", "params": {"shape": [3, 16, 16]}},
           {"id": "conv1", "layer": "Conv2d", "params": {"out_channels": 8, "kernel_size": 3}},
           {"id": "flat", "layer": "Flatten"},
           {"id": "head", "layer": "Linear", "params": {"out_features": 4}},
           {"id": "out", "layer": "Output"}],
 "edges": [["image", "conv1"], ["conv1", "flat"], ["flat", "head"], ["head", "out"]]}}}"""


def open_new(page: Page, server: Server, project: str) -> str:
    made = server.python(CREATE, project).strip()
    page.goto(f"{server.address}/build?project={made}")
    steps.testid(page, "editor").wait_for(timeout=60_000)
    expect(page.locator(".lm-until")).to_be_hidden()
    return made


def add(page: Page, layer: str, x: float, y: float) -> None:
    steps.testid(page, "palette-search").fill(layer)
    steps.drag(page, steps.testid(page, f"palette-{layer}"), steps.testid(page, "canvas"), x, y)
    steps.testid(page, "palette-search").fill("")


def connect(page: Page, source: str, target: str) -> None:
    steps.testid(page, f"node-{source}").hover()
    goal = steps.testid(page, f"node-{target}")
    steps.drag(page, steps.testid(page, f"port-out-{source}"), goal, 150, 24)


def saved(page: Page) -> None:
    expect(steps.testid(page, "saved")).to_contain_text("Saved")


def test_draw_err_repair_undo_and_find_it_again_after_a_reload(page: Page, server: Server) -> None:
    project = open_new(page, server, EMPTY)
    steps.testid(page, "add-input").click()
    steps.testid(page, "node-input1").wait_for()
    steps.testid(page, "repair-primary").click()  # pictures for now
    expect(steps.testid(page, "node-input1")).to_contain_text("3×32×32")
    add(page, "Linear", 330, 260)
    steps.testid(page, "node-linear1").wait_for()
    connect(page, "input1", "linear1")
    page.locator('[data-testid="edge-input1-linear1"]').wait_for(state="attached")
    expect(steps.testid(page, "node-linear1")).to_contain_text("cannot read this shape")
    expect(steps.testid(page, "fault-card")).to_contain_text("linear1")
    expect(steps.testid(page, "train")).to_be_disabled()
    steps.testid(page, "repair-primary").click()
    steps.testid(page, "node-flat1").wait_for()
    steps.testid(page, "node-linear1").click()
    page.keyboard.press("/")
    page.keyboard.type("Output")
    page.keyboard.press("Enter")
    steps.testid(page, "node-out1").wait_for()
    expect(steps.testid(page, "train")).to_be_enabled()
    page.keyboard.press("Control+z")
    expect(page.locator('[data-testid="node-out1"]')).to_have_count(0)
    steps.testid(page, "redo").click()
    steps.testid(page, "node-out1").wait_for()
    saved(page)
    page.reload()
    for name in ("input1", "flat1", "linear1", "out1"):
        steps.testid(page, f"node-{name}").wait_for(timeout=60_000)
    assert "flat1" in server.python(READ, project)
    steps.testid(page, "undo").click()
    expect(page.locator('[data-testid="node-out1"]')).to_have_count(0)


def test_drop_on_an_edge_inserts_and_the_source_follows(page: Page, server: Server) -> None:
    open_new(page, server, CHAIN)
    steps.testid(page, "node-conv1").wait_for()
    below = steps.testid(page, "node-head")
    stage, box = steps.testid(page, "canvas").bounding_box(), below.bounding_box()
    assert stage
    assert box
    x, y = box["x"] + box["width"] / 2 - stage["x"], box["y"] - stage["y"] - 10
    add(page, "Linear", x, y)
    steps.testid(page, "node-linear1").click()
    lit = page.locator(".ln.lit")
    expect(lit.first).to_contain_text("self.linear1 = nn.Linear(")
    page.locator(".ln[data-node=conv1]").first.click()
    expect(steps.testid(page, "inspector")).to_contain_text("Conv2d")


def test_edits_of_two_tabs_both_stand_and_those_of_one_node_are_told(
    page: Page, server: Server
) -> None:
    project = open_new(page, server, CHAIN)
    other = page.context.new_page()
    other.goto(f"{server.address}/build?project={project}")
    steps.testid(other, "node-head").click(timeout=60_000)
    other.route("**/state?since=*", lambda route: route.abort())  # it has not heard yet
    steps.testid(page, "node-conv1").click()
    steps.testid(page, "field-out_channels").fill("12")
    page.keyboard.press("Enter")
    saved(page)
    expect(steps.testid(page, "node-conv1")).to_contain_text("12×14×14")
    steps.testid(other, "field-out_features").fill("7")  # another node: both stand
    other.keyboard.press("Enter")
    expect(steps.testid(other, "node-conv1")).to_contain_text("12×14×14")
    expect(steps.testid(other, "node-head")).to_contain_text("→ 7")
    expect(steps.testid(other, "notice")).to_have_count(0)
    expect(steps.testid(page, "node-head")).to_contain_text("→ 7")
    steps.testid(page, "node-head").click()
    steps.testid(page, "field-out_features").fill("5")
    page.keyboard.press("Enter")
    expect(steps.testid(page, "node-head")).to_contain_text("→ 5")
    saved(page)
    steps.testid(other, "field-out_features").fill("6")  # the same one
    other.keyboard.press("Enter")
    expect(steps.testid(other, "notice")).to_contain_text("another tab")
    expect(steps.testid(other, "node-head")).to_contain_text("→ 5")
    steps.testid(other, "again").click()
    expect(steps.testid(other, "node-head")).to_contain_text("→ 6")
    expect(steps.testid(page, "node-head")).to_contain_text("→ 6")
    other.close()


def test_leaving_the_page_in_a_burst_of_edits_loses_none(page: Page, server: Server) -> None:
    project = open_new(page, server, CHAIN)
    steps.testid(page, "node-head").click()
    more = page.get_by_label("More out_features")
    for _ in range(20):
        more.click()
    page.locator('[data-testid="stTopNavLink"]', has_text="Runs").click()
    page.wait_for_url("**/runs**")
    page.locator('[data-testid="stTopNavLink"]', has_text="Build").click()
    expect(steps.testid(page, "node-head")).to_contain_text("→ 24", timeout=60_000)
    saved(page)
    assert server.reads(lambda text: "'out_features': 24" in text, READ, project)


def test_every_graph_is_reached_and_undo_turns_to_what_it_changed(
    page: Page, server: Server
) -> None:
    made = server.python(GAN).strip()
    page.goto(f"{server.address}/build?project={made}")
    steps.testid(page, "node-dense").wait_for(timeout=60_000)
    steps.testid(page, "graph-tab-discriminator").click()
    expect(steps.testid(page, "node-score")).to_contain_text("→ 1")
    steps.testid(page, "node-score").click()
    expect(page.locator(".ln.lit").first).to_contain_text("self.score")
    steps.testid(page, "field-out_features").fill("3")
    page.keyboard.press("Enter")
    expect(steps.testid(page, "to-repair")).to_contain_text("1 to repair")
    steps.testid(page, "graph-tab-generator").click()
    steps.testid(page, "node-dense").wait_for()
    expect(steps.testid(page, "graph-tab-discriminator").locator(".pill")).to_contain_text("1")
    expect(steps.testid(page, "train")).to_be_disabled()
    steps.testid(page, "undo").click()
    expect(steps.testid(page, "node-score")).to_contain_text("→ 1")
    page.wait_for_url("**graph=discriminator**")
    page.reload()
    steps.testid(page, "node-score").wait_for(timeout=60_000)
    steps.testid(page, "graph-more").click()
    expect(steps.testid(page, "graph-delete")).to_be_disabled()
    expect(steps.testid(page, "graph-delete")).to_contain_text("needs a graph of this name")


def test_group_open_in_place_and_edit_inside(page: Page, server: Server) -> None:
    open_new(page, server, CHAIN)
    steps.testid(page, "node-conv1").click()
    steps.testid(page, "node-flat").click(modifiers=["Shift"])
    page.keyboard.press("Control+g")
    steps.testid(page, "node-block1").wait_for()
    steps.testid(page, "node-block1").dblclick()
    steps.testid(page, "frame-block1").wait_for()
    steps.testid(page, "node-block1/conv1").click()
    steps.testid(page, "field-out_channels").fill("6")
    page.keyboard.press("Enter")
    expect(steps.testid(page, "node-block1/conv1")).to_contain_text("→ 6×14×14")
    expect(steps.testid(page, "node-head")).to_contain_text("1176 → 4")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    steps.testid(page, "node-conv1").wait_for()


def test_a_module_goes_to_another_project_by_the_clipboard(page: Page, server: Server) -> None:
    open_new(page, server, CHAIN)
    steps.testid(page, "node-conv1").click()
    steps.testid(page, "node-flat").click(modifiers=["Shift"])
    page.keyboard.press("Control+g")
    expect(steps.testid(page, "node-block1")).to_contain_text("→ 1568")
    page.keyboard.press("Control+c")
    other = open_new(page, server, EMPTY)
    steps.testid(page, "canvas").click(position={"x": 40, "y": 600})
    page.keyboard.press("Control+v")
    steps.testid(page, "node-block1").dblclick()
    steps.testid(page, "node-block1/conv1").wait_for()
    saved(page)
    page.keyboard.press("Control+z")
    expect(steps.testid(page, "empty-canvas")).to_be_visible()
    saved(page)
    assert server.reads(lambda text: text.strip() == "{}", READ, other)


def test_a_region_is_selected_and_a_click_in_it_takes_one(page: Page, server: Server) -> None:
    open_new(page, server, CHAIN)
    first = steps.testid(page, "node-image").bounding_box()
    last = steps.testid(page, "node-flat").bounding_box()
    assert first
    assert last
    page.keyboard.down("Shift")
    page.mouse.move(first["x"] - 30, first["y"] - 8)
    page.mouse.down()
    page.mouse.move(first["x"] + 60, first["y"] + 60)
    page.mouse.move(last["x"] + last["width"] + 30, last["y"] + last["height"] + 4)
    page.mouse.up()
    page.keyboard.up("Shift")
    expect(steps.testid(page, "inspector")).to_contain_text("3 layers")
    steps.testid(page, "node-conv1").click(position={"x": 40, "y": 10})
    expect(steps.testid(page, "inspector")).to_contain_text("Conv2d")


def test_a_missing_input_is_offered_where_it_is_missing(page: Page, server: Server) -> None:
    open_new(page, server, EMPTY)
    add(page, "LSTM", 300, 150)
    add(page, "Output", 300, 420)
    connect(page, "lstm1", "out1")
    steps.testid(page, "to-repair").click()
    expect(steps.testid(page, "fault-card")).to_contain_text("Add an Input before lstm1")
    page.keyboard.press("r")
    expect(page.locator('[data-testid^="node-"]')).to_have_count(3)


def test_a_module_is_not_pasted_into_itself(page: Page, server: Server) -> None:
    project = open_new(page, server, CHAIN)
    steps.testid(page, "node-conv1").click()
    steps.testid(page, "node-flat").click(modifiers=["Shift"])
    page.keyboard.press("Control+g")
    expect(steps.testid(page, "node-block1")).to_contain_text("→ 1568")
    page.keyboard.press("Control+c")
    page.goto(f"{server.address}/build?project={project}&inside=block1")
    steps.testid(page, "node-conv1").wait_for(timeout=60_000)
    page.keyboard.press("Control+v")
    expect(steps.testid(page, "notice")).to_contain_text("Block cannot contain itself")
    expect(page.locator('[data-testid="node-block1"]')).to_have_count(0)


def test_fit_shows_all_of_a_long_chain_as_blocks(page: Page, server: Server) -> None:
    ids = ["x", *(f"l{number}" for number in range(300)), "out"]
    kinds = {"x": "Input", "out": "Output"}
    nodes = [{"id": name, "layer": kinds.get(name, "ReLU")} for name in ids]
    graph = {"nodes": nodes, "edges": [list(pair) for pair in pairwise(ids)]}
    open_new(page, server, json.dumps({"lamina": 1, "name": "long", "graphs": {"model": graph}}))
    steps.testid(page, "fit").click()
    expect(page.locator(".node:empty")).to_have_count(len(ids))
    box = steps.testid(page, "canvas").bounding_box()
    ends = [steps.testid(page, f"node-{name}").bounding_box() for name in ("x", "out")]
    assert box is not None
    assert all(end is not None and box["y"] < end["y"] < box["y"] + box["height"] for end in ends)
