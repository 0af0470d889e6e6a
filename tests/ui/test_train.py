"""The Train page: a recipe that is checked field by field, and a run that is found again."""

import pytest

from builder import templates, workspace
from builder.ui.screens import train
from tests.ui.apptest import open_page, text_of


@pytest.fixture
def project_id() -> str:
    return workspace.create(templates.make("mlp-classification"))


def test_the_recipe_is_shown_with_what_the_run_will_cost(project_id: str) -> None:
    app = open_page("train", project=project_id)
    assert not app.exception
    labels = [field.label for field in app.number_input]
    assert {"Epochs", "Learning rate", "Seed"} <= set(labels)
    assert "Parameters" in text_of(app)


def test_a_changed_field_is_saved_into_the_project(project_id: str) -> None:
    app = open_page("train", project=project_id)
    next(field for field in app.number_input if field.label == "Epochs").set_value(3).run()
    assert not app.exception
    assert workspace.open_project(project_id).recipe.epochs == 3


def test_a_learning_rate_below_zero_is_refused_in_words_and_not_saved(project_id: str) -> None:
    before = workspace.open_project(project_id).recipe
    app = open_page("train", project=project_id)
    rate = next(field for field in app.number_input if field.label == "Learning rate")
    rate.set_value(-3.0).run()
    assert not app.exception
    assert "It must be above 0; found -3.0." in text_of(app)
    assert workspace.open_project(project_id).recipe == before


def test_without_a_project_the_page_leads_home() -> None:
    app = open_page("train")
    assert not app.exception
    assert "Go to Home" in [button.label for button in app.button]


def test_a_smoothed_loss_says_the_least_that_it_can_be() -> None:
    import torch
    from torch.nn import functional

    assert train.smoothed(0.0, 10) is None
    note = train.smoothed(0.1, 10)
    assert note is not None
    logits = torch.full((1, 10), 0.01).log()
    logits[0, 3] = torch.tensor(0.91).log()
    least = functional.cross_entropy(logits, torch.tensor([3]), label_smoothing=0.1)
    assert note[0] == "label smoothing 0.1"
    assert f"a loss of {least:.2f}" in note[1]
