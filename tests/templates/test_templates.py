"""Every template gives a network that fits the data it says it fits, whatever the sizes."""

import pytest

from builder import layers, lint, tasks, templates
from builder.compile import check
from builder.data import specs
from builder.data.specs import InputSpec, PreparedSpec, TargetSpec
from builder.errors import LaminaError
from builder.project import Data, Project, dumps, loads

CLASSES = tuple("abcde")
TABLE = InputSpec(
    name="table", form="vector", shape=(7,), stored="float32", features=("age", "city=Rome")
)


def spec_of(*inputs, kind="class", rows=1000, classes=CLASSES):
    target = TargetSpec(name="target", kind=kind, classes=classes if kind == "class" else ())
    named = {item.name: item for item in inputs}
    return PreparedSpec(key="k", inputs=named, target=target, sizes={"train": rows})


def image(channels, side, wide=None):
    return InputSpec(
        name="image", form="image", shape=(channels, side, wide or side), stored="uint8"
    )


def series(channels, steps):
    return InputSpec(name="series", form="series", shape=(channels, steps), stored="float32")


def tokens(length, words=500):
    return InputSpec(name="text", form="tokens", shape=(length,), stored="int64", cardinality=words)


WIDE = (
    InputSpec(
        name="everything",
        form="vector",
        shape=(9,),
        stored="float32",
        features=("age", "city=Rome"),
    ),
    InputSpec(name="numbers", form="vector", shape=(4,), stored="float32", features=("age",)),
    InputSpec(name="categories", form="codes", shape=(3,), stored="int64", cardinality=20),
)
CASES = [
    *[
        ("cnn", spec_of(image(c, s)))
        for c, s in [(1, 4), (1, 8), (1, 28), (3, 32), (3, 96), (3, 224)]
    ],
    ("cnn", spec_of(image(1, 8, 64))),
    *[("cnn-residual", spec_of(image(c, s))) for c, s in [(1, 8), (3, 32), (3, 64), (3, 224)]],
    ("cnn-residual", spec_of(image(3, 40, 100), rows=20_000)),
    *[("cnn-series", spec_of(series(c, t))) for c, t in [(1, 4), (1, 24), (1, 150), (6, 1000)]],
    *[("lstm-series", spec_of(series(c, t))) for c, t in [(1, 4), (1, 24), (1, 150), (6, 1000)]],
    *[("cnn-text", spec_of(tokens(t))) for t in (5, 20, 400)],
    *[("transformer-text", spec_of(tokens(t))) for t in (1, 20, 400)],
    *[("bag-text", spec_of(tokens(t))) for t in (1, 20, 400)],
    ("mlp-classification", spec_of(TABLE)),
    ("mlp-classification", spec_of(TABLE, classes=("no", "yes"), rows=30_000)),
    ("mlp-regression", spec_of(TABLE, kind="number")),
    ("wide-and-deep", spec_of(*WIDE)),
    ("wide-and-deep", spec_of(*WIDE, kind="number")),
]


@pytest.mark.parametrize(
    ("name", "spec"),
    CASES,
    ids=lambda value: (
        value
        if isinstance(value, str)
        else "-".join(str(list(i.shape)) for i in value.inputs.values())
    ),
)
def test_the_network_fits_the_data_without_errors_or_warnings(name, spec):
    template = templates.get(name)
    assert template.unfit(spec) is None
    project = template.build(spec, Data(source="x"))
    outputs = len(spec.target.classes) if spec.target.kind == "class" else 1
    found = check(project.graph, spec.inputs, output_shape=(outputs,))
    assert [issue.message for issue in found.issues] == []
    assert project.task.kind == ("classification" if outputs > 1 else "regression")


@pytest.mark.parametrize(
    ("name", "spec"), CASES[::3], ids=lambda v: v if isinstance(v, str) else ""
)
def test_the_project_survives_its_file(name, spec):
    project = templates.get(name).build(spec, Data(source="x"))
    assert loads(dumps(project)) == project


def test_each_template_is_whole():
    assert set(templates.templates()) == {
        "mlp-classification",
        "mlp-regression",
        "cnn",
        "cnn-residual",
        "lstm-series",
        "cnn-series",
        "cnn-text",
        "transformer-text",
        "bag-text",
        "wide-and-deep",
        "language-model",
        "gan",
    }
    for template in templates.templates().values():
        assert template.title
        assert template.help.endswith(".")
        assert template.data_kind in ("table", "image", "series", "text")
        assert template.data().source in ("sklearn", "generated", "bundled_text")


def test_the_layers_are_in_the_catalogue_under_torchs_names():
    known = set(layers.catalogue())
    for name, spec in CASES:
        used = {node.layer for node in templates.get(name).build(spec, Data()).graph.nodes}
        assert used <= known


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        (spec_of(TABLE), "mlp-classification"),
        (spec_of(TABLE, kind="number"), "mlp-regression"),
        (spec_of(image(1, 28)), "cnn"),
        (spec_of(image(3, 32)), "cnn-residual"),
        (spec_of(series(1, 100)), "cnn-series"),
        (spec_of(tokens(30)), "bag-text"),
    ],
    ids=["class", "number", "grey", "colour", "series", "text"],
)
def test_the_suggested_network_suits_the_kind_of_data(spec, name):
    assert templates.suggest(spec) == name


def test_the_discriminator_of_a_gan_leaves_out_a_part_of_what_it_knows():
    """Else it learns few images by heart, and what is made grows worse before the end."""
    graph = templates.get("gan").build(spec_of(image(1, 8)), Data()).graphs["discriminator"]
    (before,) = [edge.source for edge in graph.edges if edge.target == "score"]
    assert graph.node(before).layer == "Dropout"


def test_whatever_does_not_fit_says_why_with_a_remedy():
    reasons = templates.fitting(spec_of(series(1, 100)))
    assert reasons["cnn-series"] is None
    assert reasons["cnn"] == (
        "It needs images; this data gives series. Choose a template for that kind of data."
    )
    numbers = templates.fitting(spec_of(TABLE, kind="number"))
    assert "mlp-regression" in (numbers["mlp-classification"] or "")


def test_an_unknown_name_is_answered_with_near_ones():
    with pytest.raises(LaminaError, match="Did you mean cnn"):
        templates.make("cn")


def test_data_without_a_target_is_refused():
    spec = PreparedSpec(key="k", inputs={"table": TABLE}, target=None, sizes={"train": 10})
    with pytest.raises(LaminaError, match="No template fits"):
        templates.suggest(spec)


@pytest.mark.parametrize(
    ("rows", "batch"), [(100, 32), (1_999, 32), (2_000, 64), (5_000, 256), (30_000, 256)]
)
def test_the_batch_follows_from_the_rows(rows, batch):
    project = templates.get("mlp-classification").build(spec_of(TABLE, rows=rows), Data())
    assert project.recipe.batch_size == batch


def test_photographs_are_mirrored_and_digits_are_not():
    def kinds(channels):
        project = templates.get("cnn-residual").build(spec_of(image(channels, 32)), Data())
        return {step.kind for step in project.data.augment}

    assert "flip" in kinds(3)
    assert "flip" not in kinds(1)


def test_the_templates_own_data_makes_a_project_that_checks():
    for name in ("mlp-classification", "mlp-regression", "cnn"):
        project = templates.make(name)
        assert isinstance(project, Project)
        assert project.graph.nodes[0].layer == "Input"


@pytest.mark.parametrize("name", templates.templates())
def test_no_template_has_an_issue_or_a_finding_on_its_own_data(name):
    project = templates.make(name)
    spec = specs(project)
    shapes = tasks.output_shapes(project, spec)
    for graph_name, graph in project.graphs.items():
        shape = shapes[graph_name]
        assert shape is not None
        found = check(graph, spec.inputs, modules=project.modules, output_shape=shape)
        findings = lint.run(
            graph, found, project.task.kind, output_shape=shape, modules=project.modules
        )
        assert [issue.message for issue in (*found.issues, *findings)] == []


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("cnn", "Digits CNN"),
        ("gan", "Digits GAN"),
        ("mlp-classification", "Breast cancer MLP"),
        ("language-model", "Small GPT on the Python reference"),
    ],
)
def test_a_project_on_a_templates_own_data_is_called_after_both(name, title):
    assert templates.make(name).name == title


def test_projects_of_all_templates_can_be_told_apart_by_their_names():
    found = [templates._title(item, item.data()) for item in templates.templates().values()]
    assert len(set(found)) == len(found)


def test_a_target_without_a_head_is_called_by_its_number():
    table = InputSpec(
        name="table", form="vector", shape=(1,), stored="float32", features=("#0",), origins=("#0",)
    )
    target = TargetSpec(name="#1", kind="number")
    spec = PreparedSpec(key="k", inputs={"table": table}, target=target, sizes={})
    reason = templates.templates()["mlp-classification"].unfit(spec)
    assert reason == "The target column 2 is a number. Take mlp-regression instead."
