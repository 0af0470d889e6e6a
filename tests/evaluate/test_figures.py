"""Figures equal scikit-learn's on random data, and hold at the edges."""

import numpy as np
import pytest
from sklearn import metrics as sk

from builder.cli import evidence
from builder.evaluate import ClassificationSplit, RegressionSplit, intervals


def random_split(classes: int, rows: int = 400, seed: int = 0) -> ClassificationSplit:
    generator = np.random.default_rng(seed)
    target = generator.integers(0, classes, rows)
    logits = generator.normal(size=(rows, classes)).round(1)
    logits[np.arange(rows), target] += 1
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return ClassificationSplit(target, probabilities, tuple(f"c{i}" for i in range(classes)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_classification_figures_equal_scikit_learn(classes, seed):
    split = random_split(classes, seed=seed)
    target, answer, p = split.targets, split.predictions, split.probabilities
    average = "binary" if classes == 2 else "macro"
    expected = {
        "accuracy": sk.accuracy_score(target, answer),
        "balanced_accuracy": sk.balanced_accuracy_score(target, answer),
        "precision": sk.precision_score(target, answer, average=average),
        "recall": sk.recall_score(target, answer, average=average),
        "f1": sk.f1_score(target, answer, average=average),
        "f1_macro": sk.f1_score(target, answer, average="macro"),
        "log_loss": sk.log_loss(target, p),
        "roc_auc": sk.roc_auc_score(target, p[:, 1] if classes == 2 else p, multi_class="ovr"),
    }
    if classes > 3:
        expected["top_3_accuracy"] = sk.top_k_accuracy_score(target, p, k=3)
    for name, value in expected.items():
        assert split.metrics[name] == pytest.approx(value, abs=1e-9), name
    assert split.confusion_matrix == sk.confusion_matrix(target, answer).tolist()


@pytest.mark.parametrize("classes", [2, 5])
def test_per_class_figures_and_curves_equal_scikit_learn(classes):
    split = random_split(classes)
    precision, recall, f1, rows = sk.precision_recall_fscore_support(
        split.targets, split.predictions
    )
    for code, figures in enumerate(split.per_class()):
        truth, score = split.targets == code, split.probabilities[:, code]
        assert figures.precision == pytest.approx(precision[code])
        assert figures.recall == pytest.approx(recall[code])
        assert figures.f1 == pytest.approx(f1[code])
        assert figures.rows == rows[code]
        assert figures.roc_auc == pytest.approx(sk.roc_auc_score(truth, score))
        assert figures.average_precision == pytest.approx(sk.average_precision_score(truth, score))
        x, y, _ = sk.roc_curve(truth, score, drop_intermediate=False)
        curve = split.roc(code)
        np.testing.assert_allclose(curve.x, x)
        np.testing.assert_allclose(curve.y, y)


def test_a_class_that_never_occurs_counts_as_scikit_learn_counts_it():
    p = np.array([[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.7, 0.2, 0.1]])
    split = ClassificationSplit(np.array([0, 1, 1]), p, ("a", "b", "never"))
    assert split.metrics["f1"] == pytest.approx(sk.f1_score([0, 1, 1], [0, 1, 0], average="macro"))
    assert split.metrics["balanced_accuracy"] == pytest.approx(0.75)
    assert np.isnan(split.metrics["roc_auc"])
    assert split.to_dict()["roc_auc"] is None


def test_thresholds_move_every_figure_as_scikit_learn_says():
    split = random_split(2)
    for value in (0.0, 0.2, 0.5, 0.9, 1.01):
        answers = (split.probabilities[:, 1] >= value).astype(int)
        at = split.threshold(value)
        assert at.figures["accuracy"] == pytest.approx(sk.accuracy_score(split.targets, answers))
        assert at.figures["precision"] == pytest.approx(
            sk.precision_score(split.targets, answers, zero_division=0)
        )
        assert at.figures["recall"] == pytest.approx(sk.recall_score(split.targets, answers))
        assert at.matrix == sk.confusion_matrix(split.targets, answers, labels=[0, 1]).tolist()


def test_answering_only_when_sure_gives_share_and_accuracy_of_those_rows():
    split = random_split(4)
    thresholds, share, accuracy = split.coverage
    for at in (0, 40, 60, 90):
        taken = split.confidence >= thresholds[at] - 1e-12
        assert share[at] == pytest.approx(taken.mean())
        if taken.any():
            assert accuracy[at] == pytest.approx(split.right[taken].mean())
    assert split.sure(0.0) == (split.rows, pytest.approx(split.metrics["accuracy"]))


def test_calibration_error_is_the_gap_weighted_by_rows():
    sure = np.array([0.95, 0.95, 0.65, 0.65])
    p = np.stack([sure, 1 - sure], 1)
    split = ClassificationSplit(np.array([0, 0, 0, 1]), p, ("a", "b"))
    assert split.metrics["calibration_error"] == pytest.approx((0.05 * 2 + 0.15 * 2) / 4)
    assert split.calibration.rows.sum() == 4


def test_cells_and_mistakes_open_their_rows_surest_first():
    split = random_split(3)
    for true in range(3):
        for predicted in range(3):
            rows = split.cell(true, predicted)
            assert len(rows) == split.confusion_matrix[true][predicted]
            assert (np.diff(split.confidence[rows]) <= 0).all()
    wrong = split.mistakes(10_000)
    assert set(wrong) == set(np.flatnonzero(split.targets != split.predictions))
    assert (np.diff(split.confidence[wrong]) <= 0).all()
    assert set(split.of_class(1)) == set(np.flatnonzero(split.targets == 1))


@pytest.mark.parametrize("seed", range(3))
def test_regression_figures_equal_scikit_learn(seed):
    generator = np.random.default_rng(seed)
    target = generator.normal(size=300) * 50 + 1000
    answer = target + generator.normal(size=300) * 20
    split = RegressionSplit(target, answer, guess=990.0)
    assert split.metrics["r2"] == pytest.approx(sk.r2_score(target, answer))
    assert split.metrics["mae"] == pytest.approx(sk.mean_absolute_error(target, answer))
    assert split.metrics["rmse"] == pytest.approx(sk.root_mean_squared_error(target, answer))
    for name in ("r2", "mae", "rmse"):
        low, high = split.intervals[name]
        assert low < split.metrics[name] < high
    assert split.to_beat == pytest.approx(np.sqrt(((target - 990) ** 2).mean()))
    worst = split.mistakes(5)
    assert np.abs(split.residuals)[worst].min() >= np.sort(np.abs(split.residuals))[-5]


def test_wilson_equals_the_published_example_and_stays_in_zero_to_one():
    low, high = intervals.wilson(81, 263)  # Newcombe 1998, table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert intervals.wilson(0, 20)[0] == 0.0
    assert intervals.wilson(20, 20)[1] == 1.0
    assert intervals.wilson(0, 0) == (0.0, 1.0)


def test_intervals_cover_the_truth_about_95_times_in_100():
    generator = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        right = int(generator.binomial(120, 0.8))
        low, high = intervals.wilson(right, 120)
        hits += low <= 0.8 <= high
    assert 182 <= hits <= 200


def test_empty_and_single_row_splits_give_no_nonsense():
    empty = ClassificationSplit(np.zeros(0, np.int64), np.zeros((0, 2)), ("a", "b"))
    assert empty.metrics == {}
    assert empty.confusion_matrix == [[0, 0], [0, 0]]
    one = RegressionSplit(np.array([3.0]), np.array([2.0]))
    assert one.metrics["mae"] == 1.0
    assert np.isnan(one.metrics["r2"])
    assert one.to_dict()["r2"] is None


def test_the_guess_to_beat_is_the_training_splits_most_frequent_class():
    p = np.full((4, 2), 0.5)
    split = ClassificationSplit(np.array([0, 1, 1, 1]), p, ("a", "b"), guess=1)
    assert split.to_beat == 0.75


def test_a_perfect_score_gets_no_interval_from_draws_that_are_all_alike():
    target = np.arange(8) % 2
    split = ClassificationSplit(target, np.eye(2)[target], ("a", "b"))
    assert split.metrics["f1"] == 1.0
    assert np.isnan(split.intervals["f1"]).all()
    assert split.to_dict()["intervals"]["f1"] == [None, None]
    low, high = split.intervals["accuracy"]  # Wilson's needs no draws
    assert (round(low, 3), high) == (0.676, 1.0)
    exact = RegressionSplit(np.arange(5.0), np.arange(5.0))
    assert np.isnan(exact.intervals["rmse"]).all()


def test_of_two_classes_the_report_names_the_one_that_the_figures_are_of():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    report = ClassificationSplit(np.array([0, 1, 1]), probabilities, ("ja", "nein")).to_dict()
    assert report["positive"] == "nein"
    assert report["recall"] == report["per_class"][1]["recall"] == 0.5
    three = ClassificationSplit(np.array([0, 1, 2]), np.eye(3), ("a", "b", "c")).to_dict()
    assert "positive" not in three
    words = evidence._evaluation_text({"test": report})
    assert words.endswith(
        "Precision, recall and F1 are those of 'nein', the second of two classes."
    )
    assert "those of" not in evidence._evaluation_text({"test": three})


def test_where_no_row_is_answered_with_the_positive_class_there_is_no_precision():
    split = random_split(2)
    surest = float(split.probabilities[:, 1].max())
    assert split.threshold(surest).answered >= 1
    assert split.threshold(min(1.0, surest + 1e-6)).answered == 0
