"""What may be varied, and how it is refused."""

import pytest

from builder.errors import LaminaError
from builder.project import Project
from builder.sweeps import fields, grid, space
from builder.sweeps.space import Parameter
from builder.sweeps.text import parse


def fit(project: Project, *texts: str) -> tuple[Parameter, ...]:
    return space.fit([parse(text) for text in texts], project)


def test_a_range_of_a_whole_number_field_gives_whole_numbers(project: Project) -> None:
    (one,) = fit(project, "graphs.model.fc1.out_features=16..64:step=16")
    assert one.every() == (16, 32, 48, 64)
    (one,) = fit(project, "recipe.epochs=2..4")
    assert one.every() == (2, 3, 4)


def test_between_0_and_1_a_field_of_real_numbers_is_a_range_not_two_integers(
    project: Project,
) -> None:
    (one,) = fit(project, "recipe.optimizer.lr=1e-3..1")
    assert not one.integer
    (one,) = fit(project, "graphs.model.drop*.p=0..1")
    assert not one.integer
    assert one.every() is None


def test_a_range_may_be_spread_into_values(project: Project) -> None:
    (one,) = fit(project, "recipe.optimizer.lr=1e-4..1e-2:log:n=3")
    assert one.values == (0.0001, 0.001, 0.01)
    (one,) = fit(project, "recipe.label_smoothing=0..0.2:step=0.05")
    assert one.every() == (0.0, 0.05, 0.1, 0.15, 0.2)


def test_values_may_be_lists_words_and_nothing(project: Project) -> None:
    (one,) = fit(project, "recipe.optimizer.betas=[0.9,0.99],[0.8,0.9]")
    assert one.values == ([0.9, 0.99], [0.8, 0.9])
    (one,) = fit(project, "recipe.clip_norm=null,1,5")
    assert one.values == (None, 1, 5)
    (one,) = fit(project, "graphs.model.relu1.layer=ReLU,GELU,Tanh")
    assert one.values == ("ReLU", "GELU", "Tanh")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("recipe.optimizer.lr", "recipe.optimizer.lr", "names no values"),
        ("recipe.optimizer.lrr=0..1", "recipe.optimizer.lrr", "AdamW has no argument 'lrr'"),
        ("recipe.optimzer.lr=0..1", "recipe.optimzer.lr", "Did you mean optimizer"),
        ("receipt.lr=0..1", "receipt.lr", "no such field"),
        ("graphs.model.fc9.out_features=1,2", "graphs.model.fc9.out_features", "Did you mean fc1"),
        ("graphs.main.fc1.out_features=1,2", "graphs.main.fc1.out_features", "There are: model"),
        ("graphs.model.fc1.in_features=1,2", "graphs.model.fc1.in_features", "follows from"),
        ("graphs.model.fc1.p=0..1", "graphs.model.fc1.p", "has no setting 'p'"),
        ("recipe.epochs=5..2", "recipe.epochs", "upside down: 5 is above 2. Write 2..5"),
        ("recipe.epochs=0..2", "recipe.epochs", "at least 1; found 0"),
        ("recipe.epochs=1.5..3", "recipe.epochs", "whole numbers"),
        ("recipe.epochs=3..3", "recipe.epochs", "one value"),
        ("recipe.epochs=3,3", "recipe.epochs", "twice"),
        ("recipe.epochs=1..9:step=20", "recipe.epochs", "step"),
        ("recipe.optimizer.lr=0..1:log", "recipe.optimizer.lr", "begins above 0"),
        ("recipe.optimizer.lr=a..1", "recipe.optimizer.lr", "'a' is no number"),
        ("recipe.optimizer.lr=0.1..1:lin", "recipe.optimizer.lr", "no option of a range"),
        ("recipe.optimizer.lr=0.1..1:n=1", "recipe.optimizer.lr", "At least 2"),
        ("recipe.optimizer=1,2", "recipe.optimizer", "group of fields"),
        ("recipe.optimizer.name=AdamW,Adamm", "recipe.optimizer.name", "no optimiser 'Adamm'"),
        ("recipe.schedule.name=cosine,foo", "recipe.schedule.name", "no schedule 'foo'"),
        ("recipe.precision=0..1", "recipe.precision", "no range"),
        ("recipe.monitor=train_loss,validation_loss", "recipe.monitor", "cannot be varied"),
        ("graphs.model.drop1.p=0..1.5", "graphs.model.drop1.p", "between 0 and 1"),
        ("graphs.model.relu1.layer=ReLU,Sil", "graphs.model.relu1.layer", "no layer type 'Sil'"),
        ("without=,image", "node 'image'", "nothing trains without it"),
        ("recipe.epochs=1,2 if recipe.seed=1", "recipe.epochs", "which is not varied"),
        ("recipe.epochs=1,2 if", "recipe.epochs", "whole number; found '2 if'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(
    project: Project, text: str, place: str, words: str
) -> None:
    with pytest.raises(LaminaError) as refused:
        fit(project, text)
    assert refused.value.place == place
    assert words in str(refused.value)


def test_conditions_may_not_go_in_a_circle(project: Project) -> None:
    with pytest.raises(LaminaError, match="back to itself"):
        fit(
            project,
            "recipe.epochs=1,2 if recipe.seed=1",
            "recipe.seed=1,2 if recipe.epochs=1",
        )


def test_a_parameter_counts_only_where_its_condition_holds(project: Project) -> None:
    parameters = fit(
        project,
        "recipe.optimizer.momentum=0..0.9:n=2 if recipe.optimizer.name=SGD",
        "recipe.optimizer.name=SGD,AdamW",
    )
    assert grid.grid(parameters) == [
        {"recipe.optimizer.name": "SGD", "recipe.optimizer.momentum": 0.0},
        {"recipe.optimizer.name": "SGD", "recipe.optimizer.momentum": 0.9},
        {"recipe.optimizer.name": "AdamW"},
    ]


def test_a_grid_needs_values_and_has_an_end(project: Project) -> None:
    with pytest.raises(LaminaError, match="n=5 for five values"):
        grid.grid(fit(project, "recipe.optimizer.lr=1e-4..1e-1:log"))
    large = fit(project, "recipe.epochs=1..200", "graphs.model.fc1.out_features=1..100")
    with pytest.raises(LaminaError, match=r"more than 10,000 combinations \(200 × 100\)"):
        grid.grid(large)
    assert grid.finite(large) is None


def test_settings_change_all_nodes_that_match(project: Project) -> None:
    changed = fields.apply(
        project,
        {
            "graphs.model.drop*.p": 0.4,
            "recipe.optimizer.lr": 0.01,
            "graphs.model.relu1.layer": "LeakyReLU",
            "without": "drop2",
        },
    )
    assert changed.recipe.optimizer.lr == 0.01
    assert changed.graph.node("drop1").params == {"p": 0.4}
    assert changed.graph.node("relu1").layer == "LeakyReLU"
    assert "drop2" not in changed.graph.ids()
    assert [edge.source for edge in changed.graph.into("head")] == ["drop1"]
    assert project.graph.node("drop1").params == {"p": 0.1}
