"""Whatever a hand-written file or a quick hand gives, the verdict is an answer, never a crash."""

import json
import sys
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder import layers
from builder.compile import check, fix
from builder.graph import edit
from builder.graph.spec import Graph

sys.path.insert(0, str(Path(__file__).parent))
from zoo import CODES, IMAGE, SERIES, TABLE, TOKENS

SPECS = {spec.name: spec for spec in (CODES, IMAGE, SERIES, TABLE, TOKENS)}
NAMES = [*layers.catalogue(), "Nothing", "Block"]
MODULES = {
    "Block": Graph.model_validate(
        {
            "nodes": [{"id": "x", "layer": "Input"}, {"id": "c", "layer": "Conv2d"}],
            "edges": [["x", "c"]],
        }
    )
}
JUNK = (
    st.integers(-3, 40)
    | st.sampled_from(
        [None, True, False, 0.5, -1.0, 1e9, "same", "last", "", [], [0], [1, 2], [-1]]
    )
    | st.lists(st.integers(-2, 9), max_size=4)
)


@st.composite
def wild_graphs(draw):
    count = draw(st.integers(1, 8))
    nodes = [
        {"id": name, "layer": "Input", "params": {}}
        for name in draw(st.sets(st.sampled_from(sorted(SPECS)), max_size=2))
    ]
    for number in range(count):
        name = draw(st.sampled_from(NAMES))
        layer = layers.catalogue().get(name)
        params = {}
        if layer is not None:
            params = {
                k: list(v) if isinstance(v, tuple) else v for k, v in layers.defaults(layer).items()
            }
            for param in layer.params:
                if draw(st.integers(0, 5)) == 0:
                    params[param.name] = draw(JUNK)
        if draw(st.integers(0, 15)) == 0:
            params["wrong"] = draw(JUNK)
        nodes.append({"id": f"n{number}", "layer": name, "params": params})
    names = [node["id"] for node in nodes]
    edges = [[a, b] for a, b in pairwise(names)]
    for _ in range(draw(st.integers(0, 4))):
        port = draw(st.sampled_from(["", ".a", ".out2", ".key"]))
        edges.append([draw(st.sampled_from(names)), draw(st.sampled_from(names)) + port])
    return Graph.model_validate({"nodes": nodes, "edges": edges})


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(wild_graphs(), st.sampled_from([None, (1,), (10,)]))
def test_any_graph_gets_a_verdict_and_every_repair_that_is_offered_can_be_carried_out(
    graph, expected
):
    verdict = check(graph, SPECS, modules=MODULES, output_shape=expected)
    json.dumps(verdict.to_dict())
    for issue in verdict.issues:
        for repair in issue.fixes:
            changed = graph
            for operation, arguments in repair.edits:
                changed = edit.apply(changed, operation, arguments)
            json.dumps(repair.edits)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(wild_graphs())
def test_fix_ends_and_leaves_fewer_or_no_errors(graph):
    before = check(graph, SPECS, modules=MODULES)
    mended, done = fix(graph, SPECS, modules=MODULES)
    after = check(mended, SPECS, modules=MODULES)
    assert after.ok or not any(issue.fixes for issue in after.errors) or len(done) == 200
    if before.ok:
        assert done == ()
