import ast
import os
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from builder import layers
from builder.compile import build, check, fix, generate, inputs_of, load_module, names, node_of
from builder.compile.plan import plan_of, walk
from builder.compile.repair import input_values
from builder.errors import LaminaError
from builder.graph import edit
from builder.graph.spec import Graph
from builder.layers.base import Call

sys.path.insert(0, str(Path(__file__).parent))
from examples import EXAMPLES
from zoo import CODES, IMAGE, SERIES, TABLE, TOKENS, ZOO, graph

GOLDEN = Path(__file__).parent / "golden"


def source_of(name):
    model, inputs, modules = EXAMPLES[name]
    return generate({"model": model}, {spec.name: spec for spec in inputs}, modules)


def sample(specs, batch=2):
    torch.manual_seed(0)
    return {
        spec.name: torch.randint(0, spec.cardinality, (batch, *spec.shape))
        if spec.dtype == "int"
        else torch.randn(batch, *spec.shape)
        for spec in specs
    }


@pytest.mark.parametrize("name", EXAMPLES)
def test_source_is_what_the_golden_file_holds(name):
    """Rewrite on purpose with LAMINA_GOLDEN=rewrite, and read the difference."""
    text = source_of(name).text
    path = GOLDEN / f"{name}.py.txt"
    if os.environ.get("LAMINA_GOLDEN") == "rewrite":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EXAMPLES)
def test_source_runs_and_gives_the_inferred_shapes(name):
    model_graph, specs, modules = EXAMPLES[name]
    source = source_of(name)
    model = build(source.text).eval()
    assert inputs_of(model) == tuple(spec.name for spec in specs)
    batch = sample(specs)
    out = model(*(batch[key] for key in inputs_of(model)))
    verdict = check(model_graph, {spec.name: spec for spec in specs}, modules=modules)
    assert sum(p.numel() for p in model.parameters()) == verdict.parameters
    ends = [node.id for node in model_graph.nodes if node.layer == "Output"]
    found = out if isinstance(out, dict) else {ends[0]: out}
    assert list(found) == ends
    for end, tensor in found.items():
        assert tuple(tensor.shape[1:]) == verdict.nodes[end].outputs[0]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_line_that_belongs_to_a_node_is_mapped_to_it(name):
    source = source_of(name)
    lines = source.text.splitlines()
    for number, node in source.lines.items():
        attribute = names.attribute(node.rpartition("/")[2])
        line = lines[number - 1]
        if line.startswith("        self."):
            assert line.startswith(f"        self.{attribute} = ")
    model_graph, _, modules = EXAMPLES[name]
    if not modules:
        told = set(source.lines.values())
        silent = {n.id for n in model_graph.nodes if n.layer in ("Input", "Output")}
        assert model_graph.ids() - silent <= told


@pytest.mark.parametrize("name", EXAMPLES)
def test_lines_are_short_and_the_text_is_stable(name):
    source = source_of(name)
    assert source_of(name).digest == source.digest
    code = [line.split("  # ")[0] for line in source.text.splitlines() if '"""' not in line]
    assert max(map(len, code)) <= 100


def test_an_error_inside_the_model_names_its_node():
    source = source_of("residual")
    model = build(source.text)
    with pytest.raises(RuntimeError) as caught:
        model(torch.zeros(1, 5, 8, 8))
    assert node_of(caught.value, source) == "conv1"
    source = source_of("modules")
    model = build(source.text)
    model.second.bn = nn.BatchNorm2d(3)
    with pytest.raises(RuntimeError) as caught:
        model(torch.zeros(2, 3, 8, 8))
    assert node_of(caught.value, source) == "second/bn"
    assert node_of(ValueError("elsewhere"), source) is None


def test_generating_a_broken_graph_is_refused_with_the_first_error():
    for broken in ZOO:
        if broken.code == "output_size":
            continue
        with pytest.raises(LaminaError) as caught:
            generate({"model": broken.graph}, broken.specs, broken.modules)
        assert caught.value.place.startswith("model")


def test_several_graphs_become_several_classes():
    both = {"generator": EXAMPLES["mlp"][0], "critic": EXAMPLES["mlp"][0]}
    source = generate(both, {"table": TABLE})
    assert {"Generator", "Critic"} <= set(load_module(source.text))
    assert isinstance(build(source.text, "critic"), nn.Module)
    assert "generator/hidden" in source.lines.values()
    with pytest.raises(LaminaError, match="no class"):
        build(source.text, "model")
    with pytest.raises(LaminaError, match="both be the class"):
        generate({"a_b": EXAMPLES["mlp"][0], "aB": EXAMPLES["mlp"][0]}, {"table": TABLE})


def test_equal_source_is_imported_once_from_its_own_file(lamina_home):
    text = source_of("mlp").text
    first, second = type(build(text)), type(build(text))
    assert first is second
    path = Path(sys.modules[first.__module__].__file__)
    assert path.read_text(encoding="utf-8") == text
    assert set(load_module(path)) == {"Model"}


def test_reserved_names_hold_everything_a_module_has():
    own = {name for name in dir(nn.Module()) if not name.startswith("_")}
    assert own <= names.RESERVED
    for name in ("class", "class_", "forward", "x", "conv1", "training__"):
        assert names.node_of(names.attribute(name)) == name
    assert len({names.attribute(n) for n in ("class", "class_", "class__")}) == 3


@pytest.mark.parametrize(
    "evil",
    [
        {"kernel_size": "3); import os; os.system('x'"},
        {"padding_mode": 'zeros"); import os #'},
        {"padding": "same'); boom("},
        {"out_channels": "__import__('os')"},
        {"kernel_size": ["1", "2"]},
        {"bias": "False"},
        {"): pass": 1},
    ],
)
def test_no_text_of_a_setting_reaches_the_source_unchecked(evil):
    params = {"out_channels": 4, "kernel_size": 3, **evil}
    model = graph("image Input", ("conv Conv2d", params), "out Output")
    assert not check(model, {"image": IMAGE}).ok
    with pytest.raises(LaminaError):
        generate({"model": model}, {"image": IMAGE})


def test_source_has_only_torch_imports_and_no_calls_to_anything_else():
    for name in EXAMPLES:
        tree = ast.parse(source_of(name).text)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert [alias.name for alias in node.names] == ["torch"]
            if isinstance(node, ast.ImportFrom):
                assert node.module == "torch"


STEPS = sorted(
    layer.name
    for layer in layers.catalogue().values()
    if layer.family != "io" and len(layer.inputs) == 1 and not layer.inputs[0].many
)
INPUTS = {"image": IMAGE, "table": TABLE, "text": TOKENS, "codes": CODES, "series": SERIES}


@st.composite
def repaired_graphs(draw):
    """A random chain with random joins; the test mends it by `fix` where that goes."""
    spec = INPUTS[draw(st.sampled_from(sorted(INPUTS)))]
    result = edit.add_node(Graph(), "Input", spec.name)
    made = [spec.name]
    for _ in range(draw(st.integers(1, 7))):
        if len(made) > 2 and draw(st.integers(0, 3)) == 0:
            kind = draw(st.sampled_from(["Add", "Concat", "Multiply"]))
            ends = draw(st.lists(st.sampled_from(made), min_size=2, max_size=2, unique=True))
            params = {}
        else:
            kind = draw(st.sampled_from(STEPS))
            ends = [draw(st.sampled_from(made[-2:]))]
            params = layers.defaults(layers.get(kind))
            params = {k: list(v) if isinstance(v, tuple) else v for k, v in params.items()}
        name = edit.fresh_id(result, kind)
        result = edit.add_node(result, kind, name, params)
        for end in ends:
            result = edit.connect(result, end, name)
        made.append(name)
    result = edit.connect(edit.add_node(result, "Output", "answer"), made[-1], "answer")
    return spec, result


def interpreted(model, plan, specs, batch):
    """The graph computed node by node, without the generated forward."""
    walked = walk(plan, input_values(plan.graph, {spec.name: spec for spec in specs}))
    held: dict = {}
    for step in plan.steps:
        name, layer = step.node.id, step.bound.layer
        if layer.name == "Input":
            held[name] = (batch[name],)
            continue
        tensors = [held[source][index] for source, index in step.wires]
        args = [f"v{i}" for i in range(len(tensors))]
        scope = {"torch": torch, "nn": torch.nn, "self": model, **dict(zip(args, tensors))}
        exec(layer.helper, scope)
        call = Call(
            names.attribute(name), walked.results[name].params, [t.shape[1:] for t in tensors], args
        )
        out = eval(layer.call(call), scope)
        held[name] = out if isinstance(out, tuple | list) else (out,)
        assert [tuple(t.shape[1:]) for t in held[name]] == [
            v.shape for v in walked.outputs[name]
        ], name
    return held


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(repaired_graphs())
def test_inferred_shapes_are_real_and_the_source_computes_what_the_graph_computes(case):
    spec, broken = case
    specs = {spec.name: spec}
    whole, _ = fix(broken, specs)
    verdict = check(whole, specs)
    if not verdict.ok or verdict.macs > 3e8 or verdict.parameters > 3e7:
        return
    source = generate({"model": whole}, specs)
    model = build(source.text).eval()
    batch = sample([spec])
    with torch.no_grad():
        torch.manual_seed(1)
        whole_out = model(batch[spec.name])
        held = interpreted(model, plan_of(whole, {}), [spec], batch)
    torch.testing.assert_close(whole_out, held["answer"][0], equal_nan=True)
    assert sum(p.numel() for p in model.parameters()) == verdict.parameters


def test_codes_joined_with_numbers_are_numbers() -> None:
    made = Graph.model_validate(
        {
            "nodes": [
                {"id": "codes", "layer": "Input"},
                {"id": "embed", "layer": "Embedding", "params": {"embedding_dim": 4}},
                {"id": "flat", "layer": "Flatten"},
                {"id": "join", "layer": "Concat"},
                {"id": "head", "layer": "Linear", "params": {"out_features": 2}},
                {"id": "answer", "layer": "Output"},
            ],
            "edges": [
                ["codes", "join"],
                ["codes", "embed"],
                ["embed", "flat"],
                ["flat", "join"],
                ["join", "head"],
                ["head", "answer"],
            ],
        }
    )
    specs = {CODES.name: CODES}
    assert check(made, specs).ok
    model = build(generate({"model": made}, specs).text)
    assert model(torch.zeros(3, *CODES.shape, dtype=torch.int64)).shape == (3, 2)


@pytest.mark.parametrize("ways", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("output", ["all", "last"])
@pytest.mark.parametrize("layer", ["RNN", "GRU", "LSTM"])
def test_ports_of_a_recurrent_layer_are_its_steps_and_last_states(layer, output, ways):
    ports = ("out", "h", "c") if layer == "LSTM" else ("out", "h")
    params = {"hidden_size": 3, "num_layers": 2, "bidirectional": ways, "output": output}
    x = torch.randn(4, 6, 5, generator=torch.Generator().manual_seed(0))
    alone = {}
    for chosen in [*((port,) for port in ports), ports]:
        model = build(
            generate(
                {
                    "model": Graph.model_validate(
                        {
                            "nodes": [
                                {"id": "x", "layer": "Input", "params": {"shape": [6, 5]}},
                                {"id": "r", "layer": layer, "params": params},
                                *({"id": f"end_{port}", "layer": "Output"} for port in chosen),
                            ],
                            "edges": [["x", "r"], *([f"r.{p}", f"end_{p}"] for p in chosen)],
                        }
                    )
                },
                {},
            ).text
        )
        torch.manual_seed(1)
        for parameter in model.parameters():
            nn.init.uniform_(parameter)
        found = model(x)
        steps, states = model.r(x)
        states = states if layer == "LSTM" else (states,)
        width = 2 if ways else 1
        ends = [torch.cat(list(state[-width:]), dim=1) for state in states]
        wanted = dict(zip(ports, [ends[0] if output == "last" else steps, *ends], strict=True))
        alone = found if isinstance(found, dict) else {f"end_{chosen[0]}": found}
        for port in chosen:
            torch.testing.assert_close(alone[f"end_{port}"], wanted[port])
    assert len(alone) == len(ports)
