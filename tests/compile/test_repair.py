import sys
from pathlib import Path

import pytest

from builder.compile import check, fix
from builder.compile.check import MOST_REPAIRS
from builder.graph import edit

sys.path.insert(0, str(Path(__file__).parent))
from zoo import IMAGE, ZOO, residual

IDS = [broken.name for broken in ZOO]


def checked(broken, graph):
    return check(graph, broken.specs, modules=broken.modules, output_shape=broken.expected)


@pytest.mark.parametrize("broken", ZOO, ids=IDS)
def test_one_mistake_gives_one_error_with_the_right_name_and_at_least_one_repair(broken):
    verdict = checked(broken, broken.graph)
    assert [(i.code, i.node) for i in verdict.errors][:1] == [(broken.code, broken.node)]
    if broken.name != "nothing at all":
        assert len(verdict.errors) == 1, [(i.node, i.message) for i in verdict.errors]
    issue = verdict.errors[0]
    assert issue.fixes
    assert broken.best in issue.fixes[0].label
    assert issue.message.endswith((".", "?"))
    assert issue.title
    for repair in issue.fixes:
        assert repair.label
        assert repair.why.endswith(".")
        assert repair.price


@pytest.mark.parametrize("broken", ZOO, ids=IDS)
def test_every_repair_removes_its_issue(broken):
    before = checked(broken, broken.graph).errors[0]
    for repair in before.fixes:
        graph = broken.graph
        for operation, arguments in repair.edits:
            graph = edit.apply(graph, operation, arguments)
        after = checked(broken, graph)
        same = [(i.code, i.node, i.message) for i in after.errors]
        assert (before.code, before.node, before.message) not in same, repair.label


@pytest.mark.parametrize("broken", ZOO, ids=IDS)
def test_fix_mends_the_whole_graph(broken):
    graph, done = fix(
        broken.graph, broken.specs, modules=broken.modules, output_shape=broken.expected
    )
    assert done
    assert checked(broken, graph).ok, checked(broken, graph).errors


def test_what_follows_an_error_is_assumed_as_if_the_best_repair_were_made():
    halved = residual({"out_channels": 32, "kernel_size": 3, "stride": 2, "padding": 1})
    verdict = check(halved, {"image": IMAGE}, output_shape=(10,))
    assert verdict.nodes["add1"].inputs == ((32, 16, 16), (16, 32, 32))
    assert verdict.nodes["add1"].outputs == ((32, 16, 16),)
    assert verdict.nodes["add1"].assumed
    assert verdict.nodes["head"].inputs == ((32,),)
    assert verdict.nodes["head"].assumed
    assert not verdict.nodes["conv2"].assumed
    issue = verdict.errors[0]
    assert issue.title == "add1 cannot add these two"
    assert issue.table == (("from bn2", (32, 16, 16)), ("from relu1", (16, 32, 32)))
    assert issue.axes == ("channels", "height", "width")
    assert issue.differing == (0, 1, 2)
    assert "halved the picture and doubled the channels" in issue.message
    best = issue.fixes[0]
    assert (best.label, best.price) == ("Project the shortcut", "+544 parameters")
    assert len(issue.fixes) > 1


def test_two_mistakes_give_two_errors_and_both_are_repaired():
    graph = residual({"out_channels": 32, "kernel_size": 3, "stride": 2, "padding": 1})
    graph = edit.set_params(graph, "head", {"out_features": 7})
    verdict = check(graph, {"image": IMAGE}, output_shape=(10,))
    assert [i.node for i in verdict.errors] == ["add1", "out"]
    assert all(i.fixes for i in verdict.errors)
    mended, done = fix(graph, {"image": IMAGE}, output_shape=(10,))
    assert len(done) == 2
    assert check(mended, {"image": IMAGE}, output_shape=(10,)).ok


def test_a_dead_branch_is_a_warning_with_a_repair():
    graph = residual({"out_channels": 16, "kernel_size": 3, "padding": 1})
    graph = edit.connect(edit.add_node(graph, "Tanh"), "conv1", "tanh1")
    verdict = check(graph, {"image": IMAGE}, output_shape=(10,))
    assert verdict.ok
    (issue,) = verdict.issues
    assert (issue.code, issue.node, issue.severity) == ("dead", "tanh1", "warning")
    mended = edit.apply(graph, *issue.fixes[0].edits[0])
    assert check(mended, {"image": IMAGE}, output_shape=(10,)).issues == ()


def test_repairs_are_tried_for_the_first_of_hundreds_of_mistakes_only():
    graph = residual({"out_channels": 16, "kernel_size": 3, "padding": 1})
    for _ in range(200):
        graph = edit.add_node(graph, "Linear")
    verdict = check(graph, {"image": IMAGE}, output_shape=(10,))
    assert len(verdict.errors) >= 200
    assert 0 < sum(bool(issue.fixes) for issue in verdict.errors) <= MOST_REPAIRS
