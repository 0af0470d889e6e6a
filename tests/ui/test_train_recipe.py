"""The recipe's form: every field has its place and its words; mistakes stand at their fields."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from streamlit.testing.v1 import AppTest

from builder import runs, templates, workspace
from builder.project import Optimizer, Project, Recipe, Schedule
from builder.ui.recipe import arguments
from builder.ui.recipe.declared import ARGUMENTS, GROUPS
from builder.ui.screens import train_find, train_fork, train_recipe
from tests.ui.apptest import open_page, text_of

FIELDS = [field for group in GROUPS for field in group.fields]


def paths(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """Every field of a recipe; parts of a part by dotted names."""
    for name, field in model.model_fields.items():
        kinds = [field.annotation, *get_args(field.annotation)]
        inner = [k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)]
        own = (Optimizer, Schedule)  # drawn from torch's own arguments
        if inner and not issubclass(inner[0], own):
            yield from paths(inner[0], f"{before}{name}.")
        else:
            yield f"{before}{name}"


def test_every_field_of_a_recipe_has_its_place() -> None:
    declared = {field.path for field in FIELDS} - {"compile"}
    assert declared == set(paths(Recipe)) - {"compile"}
    assert "compile" in {field.path for field in FIELDS}


def test_every_field_says_what_it_does_and_why_its_default_is_so() -> None:
    for field in FIELDS:
        assert field.help.endswith("."), field.path
        assert field.why.endswith("."), field.path


def test_every_argument_of_every_optimiser_has_words() -> None:
    from builder.train import optim

    known = {name for kind in optim.names() for name in optim.arguments(kind)}
    assert known <= set(ARGUMENTS)


@pytest.mark.parametrize(
    ("typed", "value"),
    [("0.9, 0.999", [0.9, 0.999]), ("5", 5), ("true", True), ("strong_wolfe", "strong_wolfe")],
)
def test_what_is_typed_is_read_as_it_is_meant(typed: str, value: Any) -> None:
    assert arguments.read(typed) == value


def test_a_list_means_the_same_as_torchs_tuple_and_true_is_no_one() -> None:
    assert arguments.same([0.9, 0.999], (0.9, 0.999))
    assert not arguments.same(True, 1)


@pytest.fixture(scope="module")
def made() -> Project:
    return templates.make("mlp-classification")


def opened(made: Project, **recipe: Any) -> tuple[AppTest, str]:
    changed = Recipe.model_validate({**made.recipe.model_dump(), **recipe})
    name = workspace.create(made.model_copy(update={"recipe": changed}))
    return open_page("train", project=name), name


def wrong(app: AppTest) -> str:
    return " ".join(
        element.proto.body for element in app.get("html") if "field-wrong" in element.proto.body
    )


def test_mistakes_stand_at_their_fields_with_what_to_do_and_nothing_is_saved(made: Project) -> None:
    app, name = opened(made)
    number = {field.label: field for field in app.number_input}
    number["Batch size"].set_value(0).run()
    assert not app.exception
    assert "It must be at least 1; found 0." in wrong(app)
    assert "leave it empty" in wrong(app)
    number["Batch size"].set_value(32)
    number["Learning rate"].set_value(-1.0).run()
    assert "It must be above 0; found -1.0." in wrong(app)
    assert app.button(key="train_start").disabled
    assert workspace.open_project(name).recipe == made.recipe


def test_every_mistake_stands_at_its_field_and_the_start_can_be_tried_again(made: Project) -> None:
    app, _ = opened(made)
    number = {field.label: field for field in app.number_input}
    number["Epochs"].set_value(0)
    number["Learning rate"].set_value(-3.0)
    app.button(key="train_start").click().run()  # before the page could hold it
    assert not app.exception
    assert "It must be at least 1; found 0." in wrong(app)
    assert "It must be above 0; found -3.0. Type a number above 0" in wrong(app)
    assert "train_starting" not in {button.key for button in app.button}
    start = app.button(key="train_start")
    assert start.disabled
    assert "Mend Epochs and Learning rate first" in start.help
    number = {field.label: field for field in app.number_input}
    number["Epochs"].set_value(3)
    number["Learning rate"].set_value(0.01).run()
    assert not app.button(key="train_start").disabled


def test_a_fork_cannot_be_started_while_a_field_holds_what_cannot_be_used(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = [("auto", "automatic"), ("cpu", "Processor")]  # the load changes from look to look
    monkeypatch.setattr(train_recipe, "devices", lambda: still)
    recipe = made.recipe.model_copy(update={"epochs": 1})
    name = workspace.create(made.model_copy(update={"recipe": recipe}))
    run = runs.start(workspace.open_project(name), project_id=name, detach=False)
    app = open_page("train", project=name, run=run.id)
    app.session_state[train_fork.ASKED] = (run.id, "last")
    app.run()
    rate = next(field for field in app.number_input if field.label == "Learning rate")
    rate.set_value(-3.0).run()
    assert "It must be above 0; found -3.0." in wrong(app)
    start = app.button(key="fork_start")
    assert start.disabled
    assert "Mend Learning rate first" in start.help
    rate.set_value(0.002).run()
    assert not app.button(key="fork_start").disabled


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (0, "at least 1; found 0"),
        (-1, "at least 1; found -1"),
        (1e9, "at most 1000000"),
        (2.5, "whole number"),
    ],
)
def test_what_cannot_be_a_number_of_epochs_is_told_and_holds_the_start(
    made: Project, typed: float, said: str
) -> None:
    app, name = opened(made)
    next(field for field in app.number_input if field.label == "Epochs").set_value(typed).run()
    assert said in wrong(app).replace(",", "")
    assert app.button(key="train_start").disabled
    assert workspace.open_project(name).recipe == made.recipe
    next(field for field in app.number_input if field.label == "Epochs").set_value(7.0).run()
    assert wrong(app) == ""
    assert not app.button(key="train_start").disabled
    assert repr(workspace.open_project(name).recipe.epochs) == "7"


def test_a_batch_larger_than_the_rows_is_the_rows_there_are(made: Project) -> None:
    app, _ = opened(made, batch_size=99_999_999, device="cuda:7")  # refused: nothing is resolved
    assert not app.exception
    said = text_of(app)
    assert "all there are to train on" in said
    memory = said.partition("Memory</span>")[2].partition("at this batch size")[0]
    assert memory.strip().endswith("MB")
    assert "," not in memory, "thousands of megabytes for a table of a few rows"


def test_a_device_that_is_not_there_is_refused_before_the_start(made: Project) -> None:
    app, _ = opened(made, device="cuda:7")
    assert not app.exception
    assert "cuda:7 is not there" in wrong(app)
    assert "Choose auto or cpu" in wrong(app)


def test_a_checkpoint_that_is_not_there_is_told_at_the_field_after_the_start(made: Project) -> None:
    app, name = opened(made, start_from="/nowhere/weights.safetensors")
    app.button(key="train_start").click().run()
    assert not app.exception
    assert "neither a run nor a file" in wrong(app)
    from builder import runs

    assert runs.list_runs(name) == []


def test_a_finding_is_worded_as_it_can_be_typed() -> None:
    words = [train_find.worded(value) for value in (0.003, 1e-5, 0.03, 64)]
    assert words == ["3e-3", "1e-5", "0.03", "64"]
    assert [float(word) for word in words] == [0.003, 1e-5, 0.03, 64]


def test_a_fork_names_only_what_differs(made: Project) -> None:
    same = train_fork.overrides(made, made.recipe, made.data.augment)
    assert same == {}
    other = made.recipe.model_copy(update={"epochs": 50, "clip_norm": 1.0})
    found = train_fork.overrides(made, other, made.data.augment)
    assert found == {"recipe.epochs": 50, "recipe.clip_norm": 1.0}


def test_a_fork_of_a_run_that_is_done_goes_on_for_as_long_again() -> None:
    held = Recipe(epochs=10)
    assert train_fork.begun(held, 10).epochs == 20
    assert train_fork.begun(held, 3).epochs == 10


@pytest.mark.parametrize("full", [True, False])
def test_a_fork_claims_to_go_on_like_its_parent_only_from_a_whole_state(
    full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(train_fork.parts, "html", lambda words, *_: said.append(words))
    kept = SimpleNamespace(name="best", epoch=2, step=40)
    train_fork._summary(kept, [], full=full)
    assert ("would go on like its parent" in " ".join(said)) is full
    assert ("holds weights only: the optimiser" in " ".join(said)) is not full


def test_a_very_short_run_is_told_before_the_start_and_made_long_enough_at_one_press(
    made: Project,
) -> None:
    app, name = opened(made, epochs=2, schedule={"name": "constant"}, early_stopping=None)
    assert "steps in all" in text_of(app)
    press = app.button(key="train_longer")
    press.click().run()
    assert not app.exception
    epochs = workspace.open_project(name).recipe.epochs
    assert press.label == f"Make it {epochs:,} epochs"
    assert {field.label: field for field in app.number_input}["Epochs"].value == epochs
    assert "steps in all" not in text_of(app)


def test_data_chosen_for_an_untouched_recipe_bring_epochs_that_fit_them() -> None:
    from builder.project import Data
    from builder.ui.dataset import heads

    iris = Data(source="sklearn", options={"name": "iris"}, target="target")
    digits = iris.model_copy(update={"options": {"name": "digits"}})
    found = heads.with_data(Project(name="p"), iris)
    assert found.recipe.epochs == 250
    assert heads.with_data(found, digits).recipe == Recipe()
    own = found.model_copy(update={"recipe": Recipe(epochs=7)})
    assert heads.with_data(own, digits).recipe.epochs == 7


def test_where_each_graph_has_an_optimiser_of_its_own_those_stand_first_and_alone() -> None:
    """The recipe's own would train nothing; the parameters are those of all graphs."""
    made = templates.make("gan")
    app = open_page("train", project=workspace.create(made))
    assert not app.exception
    rates = [field.value for field in app.number_input if field.label == "Learning rate"]
    assert rates == [one.lr for one in made.recipe.optimizers.values()]
    assert app.toggle[0].label == "An optimiser of its own for generator"
    assert re.search(r"of generator.*of discriminator", text_of(app), re.DOTALL)
    app.toggle[0].set_value(False).run()
    rates = [field.value for field in app.number_input if field.label == "Learning rate"]
    assert rates == [made.recipe.optimizers["discriminator"].lr, made.recipe.optimizer.lr]
