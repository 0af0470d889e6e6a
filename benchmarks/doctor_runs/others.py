"""Projects of the sets "third" and "fourth": recurrent, residual, attention, wide-and-deep."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from builder import data, templates
from builder.graph.spec import Graph
from builder.project import Data, Project
from builder.templates.base import Sketch
from doctor_runs.projects import project, replace_recipe
from doctor_runs.tables import bundled, digits, made_up, table, waves

EPOCHS = {
    "lstm-series": 16,
    "cnn-residual": 5,
    "transformer-text": 5,
    "cnn-text": 4,
    "bag-text": 8,
    "wide-and-deep": 15,
}


def ready(name: str, kept: Data, n: int, **recipe: Any) -> Project:
    """A template on that data, with fewer epochs where it takes long."""
    fields: dict[str, Any] = {"seed": n, **recipe}
    if name in EPOCHS:
        fields = {"epochs": EPOCHS[name], **fields}
    return replace_recipe(templates.make(name, kept), fields)


def recurrent(folder: Path, n: int) -> Project:
    """A template's LSTM, or a GRU over all 60 steps, which a plain RNN does not learn."""
    del folder
    return ready("lstm-series", waves(n), n) if n % 3 == 0 else steps_read(n, "GRU")


def steps_read(n: int, kind: str, **params: Any) -> Project:
    """Series read step by step."""

    def make(name: str, outputs: int) -> Graph:
        sketch = Sketch()
        sketch.add(name, "Input")
        sketch.add("turn", "Permute", dims=[0, 2, 1])
        sketch.add("reader", kind, hidden_size=(32, 48)[n % 2], output="last", **params)
        sketch.add("head", "Linear", out_features=outputs)
        sketch.add("output", "Output")
        return sketch.graph()

    return project(waves(n), make, epochs=16, seed=n, optimizer={"name": "AdamW", "lr": 5e-3})


def residual(folder: Path, n: int) -> Project:
    """Images through blocks with shortcuts, or through a deep plain network that normalises."""
    del folder
    if n % 2:
        return ready("cnn-residual", digits(), n)

    def make(name: str, outputs: int) -> Graph:
        sketch = Sketch()
        sketch.add(name, "Input")
        for number, units in enumerate((12, 24, 24), start=1):
            sketch.add(f"c{number}", "Conv2d", out_channels=units, kernel_size=3, padding=1)
            sketch.add(f"n{number}", "BatchNorm2d")
            sketch.add(f"r{number}", "ReLU")
        sketch.add("flat", "Flatten")
        sketch.add("head", "Linear", out_features=outputs)
        sketch.add("output", "Output")
        return sketch.graph()

    return project(digits(), make, epochs=6, seed=n, optimizer={"name": "Adam", "lr": 1e-3})


def texts(folder: Path, n: int) -> Project:
    """Attention, convolutions or a bag of words over generated reviews."""
    del folder
    return ready(("transformer-text", "bag-text", "cnn-text")[n % 3], made_up("reviews", n), n)


def customers(folder: Path, n: int) -> Project:
    """Two paths over numbers and categories."""
    del folder
    return ready("wide-and-deep", made_up("customers", n), n)


def numbers(folder: Path, n: int) -> Project:
    """A number to predict."""
    kept = bundled("diabetes") if n % 2 else table(folder, "hills", n, 700, 6, 1)
    return ready("mlp-regression", kept, n)


def measured(folder: Path, n: int) -> Project:
    """Classes of measurements."""
    kept = (bundled("breast_cancer"), bundled("wine"), table(folder, "checks", n, 900, 8, 4))[n % 3]
    return ready("mlp-classification", kept, n)


KINDS: tuple[Callable[[Path, int], Project], ...] = (
    recurrent,
    residual,
    texts,
    customers,
    numbers,
    measured,
)


def any_other(folder: Path, n: int, kinds: tuple[Callable[[Path, int], Project], ...]) -> Project:
    """One kind after another."""
    return kinds[n % len(kinds)](folder, n // len(kinds))


def target_of(made: Project) -> Any:
    """What the project's data says of its target."""
    found = data.specs(made).target
    assert found is not None
    return found
