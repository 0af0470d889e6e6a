"""Whether a run has steps enough, and how many epochs give them."""

import pytest

from builder.project import EarlyStopping, Recipe, Schedule
from builder.train import length
from builder.train.recipe import short


@pytest.mark.parametrize(
    ("steps", "epochs"), [(4, 250), (1, 1000), (3, 300), (16, 60), (45, 25), (300, 4), (5000, 1)]
)
def test_small_data_is_given_about_a_thousand_steps_in_round_epochs(
    steps: int, epochs: int
) -> None:
    assert length.enough_epochs(steps) == epochs


def test_a_very_short_run_is_told_with_the_setting_that_mends_it() -> None:
    assert "40 steps" in short(Recipe(), 126)
    assert "recipe.epochs=250" in short(Recipe(), 126)
    assert short(Recipe(epochs=250), 126) == ""
    assert short(Recipe(), 2_000) == "", "320 steps"


def test_an_early_end_that_was_asked_for_and_a_cycle_of_a_high_rate_are_not_blamed() -> None:
    stopping = EarlyStopping(patience=3)
    assert length.more_epochs(Recipe(early_stopping=stopping), 126) is None
    cycle = Recipe(epochs=40, schedule=Schedule(name="onecycle"))
    assert length.more_epochs(cycle, 105) is None, "what the templates give to so few rows"
    assert length.more_epochs(cycle.model_copy(update={"epochs": 10}), 105) == 250


def test_only_a_recipe_that_nobody_has_touched_is_fitted_and_fitted_again_to_other_data() -> None:
    small = length.fitted(Recipe(), 126)
    assert small == Recipe(epochs=250)
    assert length.fitted(small, 60_000, before=126) == Recipe()
    chosen = Recipe(epochs=40)
    assert length.fitted(chosen, 126) == chosen
    slow = Recipe(seed=3)
    assert length.fitted(slow, 126) == slow
