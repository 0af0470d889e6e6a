"""Classification and regression: their losses are torch's, their predictions in people's units."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from builder import tasks
from builder.data.specs import InputSpec, TargetSpec
from builder.errors import LaminaError
from builder.project import Recipe, TaskChoice
from builder.tasks.classification import class_weights
from builder.tasks.losses import CLASS_LOSSES
from builder.train import fit
from builder.train.plan import Epoch, Plan

INPUTS = {"table": InputSpec(name="table", form="vector", shape=(3,), stored="float32")}
THREE = TargetSpec(name="y", kind="class", classes=("a", "b", "c"), counts=(10, 20, 70))
TWO = TargetSpec(name="y", kind="class", classes=("no", "yes"), counts=(50, 50))
PRICE = TargetSpec(name="price", kind="number", mean=100.0, std=20.0)


class Net(nn.Module):
    def __init__(self, out: int) -> None:
        super().__init__()
        self.head = nn.Linear(3, out)

    def forward(self, table: Tensor) -> Tensor:
        return self.head(table)


def make(
    target: TargetSpec | None, recipe: dict[str, Any] | None = None, **choice: Any
) -> tasks.Task:
    kind = "regression" if target is PRICE else "classification"
    chosen = TaskChoice.model_validate({"kind": kind, **choice})
    return tasks.make(tasks.Context(chosen, Recipe.model_validate(recipe or {}), INPUTS, target))


def loss_of(task: tasks.Task, model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    return task.phases()[0].loss({"model": model}, batch, torch.Generator()).loss


@pytest.fixture
def batch() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(8, 3, generator=generator)
    return {"table": table, "target": torch.randint(3, (8,), generator=generator)}


def test_classification_is_cross_entropy_with_weights_and_smoothing(
    batch: dict[str, Tensor],
) -> None:
    recipe = {"class_weights": {"b": 3.0}, "label_smoothing": 0.1}
    model = Net(3)
    wanted = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 3.0, 1.0]), label_smoothing=0.1)
    given = loss_of(make(THREE, recipe), model, batch)
    torch.testing.assert_close(given, wanted(model(batch["table"]), batch["target"]))


def test_balanced_weights_are_scikit_learns() -> None:
    from sklearn.utils.class_weight import compute_class_weight

    context = make(THREE, {"class_weights": "balanced"}).context
    y = [0] * 10 + [1] * 20 + [2] * 70
    wanted = compute_class_weight("balanced", classes=np.arange(3), y=y)
    given = class_weights(context)
    assert given is not None
    assert given.tolist() == pytest.approx(list(wanted))


def test_two_logits_under_cross_entropy_are_binary_cross_entropy_of_their_difference() -> None:
    x = torch.randn(6, 3)
    y = torch.tensor([0, 1, 1, 0, 1, 0])
    model = Net(2)
    given = loss_of(make(TWO, loss="BCEWithLogitsLoss"), model, {"table": x, "target": y})
    logits = model(x)
    wanted = nn.BCEWithLogitsLoss()(logits[:, 1] - logits[:, 0], y.float())
    torch.testing.assert_close(given, wanted)


def test_the_likelihood_of_logits_and_of_log_probabilities_is_one_loss() -> None:
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    target = torch.tensor([0, 1, 2, 2, 1, 0])
    settings: dict[str, Any] = {"weight": None, "label_smoothing": 0.0}
    wanted = CLASS_LOSSES["CrossEntropyLoss"](logits, target, **settings)
    for output in (logits, logits.log_softmax(1)):
        assert torch.allclose(CLASS_LOSSES["NLLLoss"](output, target, **settings), wanted)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("MSELoss", {}),
        ("L1Loss", {}),
        ("HuberLoss", {"delta": 0.5}),
        ("SmoothL1Loss", {"beta": 2.0}),
    ],
)
def test_regression_losses_are_torchs_in_standard_deviations(
    name: str, options: dict[str, float]
) -> None:
    model = Net(1)
    x, y = torch.randn(5, 3), torch.tensor([80.0, 100.0, 120.0, 90.0, 300.0])
    given = loss_of(make(PRICE, loss=name, options=options), model, {"table": x, "target": y})
    wanted = getattr(nn, name)(**options)(model(x)[:, 0], (y - 100) / 20)
    torch.testing.assert_close(given, wanted)


def test_regression_does_not_broadcast_over_the_batch() -> None:
    model = Net(1)
    nn.init.zeros_(model.head.weight)
    nn.init.zeros_(model.head.bias)
    batch = {"table": torch.randn(4, 3), "target": torch.tensor([120.0, 80.0, 120.0, 80.0])}
    assert loss_of(make(PRICE), model, batch).item() == pytest.approx(1.0)


def test_predictions_are_in_the_targets_own_unit() -> None:
    predictions = make(PRICE).predict({"output": torch.tensor([[0.0], [1.5]])})
    assert predictions["prediction"].tolist() == [100.0, 130.0]


def test_probabilities_add_up_and_agree_with_the_predicted_class() -> None:
    predictions = make(THREE).predict({"output": torch.tensor([[0.0, 2.0, 1.0]])})
    assert predictions["probabilities"].sum().item() == pytest.approx(1.0)
    assert predictions["prediction"].tolist() == [1]


@pytest.mark.parametrize(
    ("target", "kind", "words"),
    [
        (None, "classification", "needs a target"),
        (PRICE, "classification", "Choose regression"),
        (THREE, "regression", "Choose classification"),
        (
            TargetSpec(name="y", kind="class", classes=("a",), counts=(9,)),
            "classification",
            "one class only",
        ),
        (
            TargetSpec(name="y", kind="class", classes=("a", "b"), counts=(9, 0)),
            "classification",
            "training split",
        ),
        (TargetSpec(name="y", kind="number", std=0.0), "regression", "nothing to learn"),
    ],
)
def test_data_that_does_not_fit_is_refused_with_a_remedy(
    target: TargetSpec | None, kind: str, words: str
) -> None:
    with pytest.raises(LaminaError, match=words):
        tasks.make(tasks.Context(TaskChoice(kind=kind), Recipe(), INPUTS, target))


@pytest.mark.parametrize(
    ("target", "recipe", "choice", "words"),
    [
        (THREE, {}, {"loss": "MSELoss"}, "Choose one of: CrossEntropyLoss"),
        (PRICE, {}, {"loss": "CrossEntropyLoss"}, "Choose one of: MSELoss"),
        (THREE, {}, {"loss": "BCEWithLogitsLoss"}, "two classes"),
        (PRICE, {}, {"loss": "HuberLoss", "options": {"beta": 1}}, "It knows: delta"),
        (PRICE, {}, {"loss": "HuberLoss", "options": {"delta": -1}}, "above 0"),
        (THREE, {}, {"options": {"delta": 1}}, "It has no options"),
        (THREE, {"class_weights": {"d": 1.0}}, {}, "no class 'd'"),
        (THREE, {"class_weights": {"a": 0.0}}, {}, "not above 0"),
        (THREE, {"class_weights": {"a": 1e308}}, {}, "from 1e-06 to 1,000,000"),
        (THREE, {"class_weights": {"a": 1e-320}}, {}, "beyond what a loss"),
    ],
)
def test_settings_that_do_not_fit_are_refused_with_those_that_do(
    target: TargetSpec, recipe: dict[str, Any], choice: dict[str, Any], words: str
) -> None:
    with pytest.raises(LaminaError, match=words):
        make(target, recipe, **choice)


def test_an_unknown_task_names_those_there_are() -> None:
    with pytest.raises(LaminaError, match="classification, gan, language_model, regression"):
        tasks.get("clasification")


def test_the_example_of_the_docs_trains() -> None:
    page = Path(tasks.__file__).parents[2] / "docs" / "add-a-task.md"
    code = page.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    scope: dict[str, Any] = {"__name__": "autoencoder"}
    exec(compile(code, "autoencoder.py", "exec"), scope)
    kind = scope["Autoencoder"]
    recipe = Recipe(epochs=2, batch_size=4, threads=1, device="cpu")
    context = tasks.Context(TaskChoice(kind="autoencoder"), recipe, INPUTS, None)
    assert kind.unfit(context) is None
    task = kind(context)
    assert task.output_shape() == (3,)
    rows = torch.randn(12, 3, generator=torch.Generator().manual_seed(0))
    data = {"train": {"table": rows}, "validation": {"table": rows[:4]}}
    events = list(fit(Plan(recipe, task, {"model": Net(3)}, data)))
    epochs = [event.figures for event in events if isinstance(event, Epoch)]
    assert epochs[1]["validation_loss"] < epochs[0]["validation_loss"]
