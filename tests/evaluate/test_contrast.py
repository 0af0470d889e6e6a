"""One run against another on the same rows, a slice against the rest: known answers."""

import numpy as np
import pytest

from builder.errors import LaminaError
from builder.evaluate import ClassificationSplit, RegressionSplit, against_rest, compare
from builder.evaluate.contrast import mcnemar


def classified(target, answers, classes: int = 2, sure: float = 0.8) -> ClassificationSplit:
    p = np.full((len(target), classes), (1 - sure) / (classes - 1))
    p[np.arange(len(target)), answers] = sure
    return ClassificationSplit(np.asarray(target), p, tuple(f"c{at}" for at in range(classes)))


def test_mcnemars_exact_test_equals_the_binomial_by_hand():
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(3, 3) == 1.0
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 1024)
    assert mcnemar(1, 9) == mcnemar(9, 1)


def test_many_disagreements_are_judged_by_the_normal_distribution():
    assert mcnemar(600, 500) == pytest.approx(0.00284, abs=2e-4)
    assert mcnemar(550, 551) == pytest.approx(1.0)
    assert mcnemar(499, 500) == pytest.approx(mcnemar(501, 502), abs=0.03)  # both ways agree


@pytest.mark.parametrize("classes", [2, 4])
def test_a_run_against_itself_differs_in_nothing(classes):
    draw = np.random.default_rng(0)
    target, answers = draw.integers(0, classes, (2, 200))
    split = classified(target, answers, classes)
    found = compare(split, split)
    assert [one.gap for one in found.differences] == [0.0, 0.0, 0.0]
    assert not any(one.sure for one in found.differences)
    assert found.p_value == 1.0
    assert len(found.only_here) == len(found.only_there) == 0


def test_the_rows_that_one_run_alone_gets_right_are_named():
    target = np.zeros(6, int)
    here = classified(target, [0, 0, 1, 1, 0, 0])
    there = classified(target, [1, 0, 0, 1, 0, 1])
    found = compare(here, there)
    assert sorted(found.only_here) == [0, 5]
    assert found.only_there.tolist() == [2]
    assert found.p_value == 1.0
    assert found.differences[0].gap == pytest.approx(1 / 6)


@pytest.mark.parametrize("classes", [2, 5])
def test_a_clear_gain_is_told_from_luck(classes):
    draw = np.random.default_rng(1)
    target = draw.integers(0, classes, 500)
    better = np.where(draw.random(500) < 0.9, target, (target + 1) % classes)
    worse = np.where(draw.random(500) < 0.7, target, (target + 1) % classes)
    found = compare(classified(target, better, classes), classified(target, worse, classes))
    assert found.p_value < 1e-6
    accuracy, f1, loss = found.differences
    assert [one.name for one in found.differences] == [
        "accuracy", "f1" if classes == 2 else "f1_macro", "log_loss",
    ]  # fmt: skip
    for one in (accuracy, f1):
        assert one.sure
        assert one.interval[0] < one.gap < one.interval[1]
    assert loss.gap < 0
    assert loss.sure


def test_the_paired_interval_of_accuracy_is_as_wide_as_theory_says():
    draw = np.random.default_rng(2)
    target = np.zeros(2000, int)
    here, there = (classified(target, (draw.random(2000) < 0.2).astype(int)) for _ in range(2))
    low, high = compare(here, there).differences[0].interval
    each = here.right * 1.0 - there.right
    assert high - low == pytest.approx(2 * 1.96 * each.std() / np.sqrt(2000), rel=0.12)


def test_numbers_are_compared_row_by_row():
    draw = np.random.default_rng(3)
    target = draw.normal(size=400) * 10
    noise = draw.normal(size=400)
    here, there = (RegressionSplit(target, target + noise * by) for by in (1.0, 1.5))
    found = compare(here, there)
    r2, mae, rmse = found.differences
    assert r2.gap > 0
    assert mae.gap < 0
    assert rmse.gap < 0
    assert all(one.sure for one in found.differences)
    for one in found.differences:
        assert one.interval[0] < one.gap < one.interval[1]
    assert len(found.only_here) == 400  # each is nearer by a half of its noise
    assert found.only_here[0] == np.abs(noise).argmax()


def test_runs_on_other_rows_or_classes_are_refused():
    target = np.array([0, 1, 1, 0])
    split = classified(target, target)
    with pytest.raises(LaminaError, match="different rows"):
        compare(split, classified(target[::-1][:3], target[:3]))
    with pytest.raises(LaminaError, match="different things"):
        compare(split, classified(target, target, classes=3))
    with pytest.raises(LaminaError, match="different things"):
        compare(split, RegressionSplit(target * 1.0, target * 1.0))


def test_a_slice_against_the_rest_equals_newcombes_published_example():
    # Newcombe 1998, table II: 56/70 against 48/80 gives 0.2000 (0.0524, 0.3339)
    right = np.r_[np.ones(56), np.zeros(14), np.ones(48), np.zeros(32)].astype(int)
    split = classified(np.ones(150, int), right)
    found = against_rest(split, np.arange(70))
    assert (found.here, found.there) == (0.8, 0.6)
    assert [round(end, 4) for end in found.interval] == [0.0524, 0.3339]
    assert found.sure


def test_a_slice_of_numbers_is_judged_by_its_mean_absolute_error():
    target = np.zeros(200)
    answers = np.r_[np.tile([5.0, 7.0], 20), np.tile([1.0, 2.0], 80)]
    found = against_rest(RegressionSplit(target, answers), np.arange(40))
    assert (found.name, found.here, found.there) == ("mae", 6.0, 1.5)
    half = 1.96 * np.sqrt(40 / 39 / 40 + 0.25 * 160 / 159 / 160)
    assert found.interval[0] == pytest.approx(4.5 - half, abs=1e-4)


def test_a_slice_of_everything_has_no_rest_to_be_judged_against():
    split = classified(np.zeros(4, int), np.zeros(4, int))
    found = against_rest(split, np.arange(4))
    assert found.here == 1.0
    assert np.isnan(found.there)
    assert not found.sure
    one = RegressionSplit(np.zeros(3), np.ones(3))
    assert not against_rest(one, np.array([0])).sure
