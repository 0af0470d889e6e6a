"""Every metric equals scikit-learn's on random data, and says NaN where it is not defined."""

import math

import numpy as np
import pytest
import torch
from sklearn import metrics as sk

from builder import metrics
from builder.data.specs import TargetSpec
from builder.errors import LaminaError


def spec(k: int) -> TargetSpec:
    return TargetSpec(name="y", kind="class", classes=tuple("abcdefgh"[:k]))


NUMBER = TargetSpec(name="y", kind="number")


def draw(
    k: int, rows: int, seed: int, *, ties: bool = False
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(rows, k, generator=generator)
    p = (logits.round() if ties else logits * 2).softmax(1)
    target = torch.randint(k, (rows,), generator=generator)
    return {"probabilities": p, "prediction": p.argmax(1)}, target


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("k", [2, 3, 7])
def test_class_metrics_equal_scikit_learn(k: int, seed: int) -> None:
    predictions, target = draw(k, 97, seed, ties=seed % 2 == 1)
    ours = metrics.compute(metrics.names(spec(k)), predictions, target, spec(k))
    p, hard, y = (
        t.numpy() for t in (predictions["probabilities"], predictions["prediction"], target)
    )
    average = "binary" if k == 2 else "macro"
    theirs = {
        "accuracy": sk.accuracy_score(y, hard),
        "balanced_accuracy": sk.balanced_accuracy_score(y, hard),
        "precision": sk.precision_score(y, hard, average=average, zero_division=0),
        "recall": sk.recall_score(y, hard, average=average, zero_division=0),
        "f1": sk.f1_score(y, hard, average=average, zero_division=0),
        "log_loss": sk.log_loss(y, _rows_sum_to_one(p), labels=range(k)),
        "roc_auc": sk.roc_auc_score(
            y, p[:, 1] if k == 2 else p.astype(np.float64), multi_class="ovr"
        ),
    }
    assert ours == pytest.approx(theirs, rel=2e-6)
    assert set(ours) == set(theirs)


def _rows_sum_to_one(p: np.ndarray) -> np.ndarray:
    return p.astype(np.float64) / p.astype(np.float64).sum(1, keepdims=True)


@pytest.mark.parametrize("seed", range(3))
def test_number_metrics_equal_scikit_learn(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    target = torch.randn(50, generator=generator) * 30 + 1000
    prediction = target + torch.randn(50, generator=generator) * 10
    ours = metrics.compute(metrics.names(NUMBER), {"prediction": prediction}, target, NUMBER)
    y, p = target.double().numpy(), prediction.double().numpy()
    assert ours == pytest.approx(
        {
            "r2": sk.r2_score(y, p),
            "mae": sk.mean_absolute_error(y, p),
            "mse": sk.mean_squared_error(y, p),
            "rmse": sk.root_mean_squared_error(y, p),
        },
        rel=1e-9,
    )


def test_macro_figures_leave_out_classes_that_do_not_occur_as_scikit_learn_does() -> None:
    predictions = {"prediction": torch.tensor([0, 1, 1, 0]), "probabilities": torch.eye(4)}
    target = torch.tensor([0, 1, 0, 0])
    ours = metrics.compute(
        ["f1", "precision", "recall", "balanced_accuracy"], predictions, target, spec(4)
    )
    y, p = target.numpy(), predictions["prediction"].numpy()
    assert ours["f1"] == pytest.approx(sk.f1_score(y, p, average="macro"))
    assert ours["precision"] == pytest.approx(sk.precision_score(y, p, average="macro"))
    assert ours["recall"] == pytest.approx(sk.recall_score(y, p, average="macro"))
    assert ours["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(y, p))


def test_area_under_the_curve_is_nan_where_a_class_is_missing() -> None:
    predictions, target = draw(2, 10, 0)
    assert math.isnan(metrics.compute(["roc_auc"], predictions, target * 0, spec(2))["roc_auc"])


def test_no_rows_give_nan_and_not_an_error() -> None:
    predictions, target = draw(3, 5, 0)
    empty = {name: value[:0] for name, value in predictions.items()}
    figures = metrics.compute(metrics.names(spec(3)), empty, target[:0], spec(3))
    assert figures
    assert all(math.isnan(value) for value in figures.values())


def test_a_wholly_certain_mistake_gives_a_finite_log_loss() -> None:
    predictions = {"probabilities": torch.tensor([[1.0, 0.0]]), "prediction": torch.tensor([0])}
    value = metrics.compute(["log_loss"], predictions, torch.tensor([1]), spec(2))["log_loss"]
    assert 10 < value < 40


def test_unknown_or_unfit_metrics_are_refused_with_those_that_fit() -> None:
    with pytest.raises(LaminaError, match="no metric 'acuracy'"):
        metrics.get("acuracy")
    with pytest.raises(LaminaError, match=r"does not fit.*accuracy"):
        metrics.check(["mae"], "class")


def test_direction_of_a_figure_is_known_with_and_without_its_split() -> None:
    assert metrics.higher_is_better("validation_accuracy")
    assert metrics.higher_is_better("r2")
    assert not metrics.higher_is_better("validation_loss")
    assert not metrics.higher_is_better("rmse")
