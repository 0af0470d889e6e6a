"""What the templates reach on real data, through templates.make, runs.start and evaluate.

    LAMINA_TEST_DATA=… python benchmarks/figures.py                # everything, row after row
    LAMINA_TEST_DATA=… python benchmarks/figures.py --only titanic --json

Each row trains once per seed (of the run, and of the split where the data brings none), takes the
best checkpoint by validation loss and prints the mean on the test rows. Leaves with 1 where a
target is missed.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder import runs, templates
from builder.cli.beginning import data_from
from builder.evaluate import evaluate
from builder.project import Project

ENDED = ("finished", "stopped", "failed")


@dataclass(frozen=True)
class Row:
    """One promise: the template reaches the target on the data, within so many seconds."""

    name: str
    template: str
    target: float
    files: tuple[str, ...] = ()  # below LAMINA_TEST_DATA; none: the template's own data
    test: str | None = None
    column: str | None = None
    metric: str = "accuracy"
    seeds: int = 1
    seconds: float | None = None
    set: tuple[tuple[str, Any], ...] = ()  # what the user chooses beside the template


ROWS = (
    Row("digits", "cnn", 0.99, seeds=3, seconds=30),
    Row("mnist", "cnn", 0.983, ("images_mnist_10k_idx/t10k-images-idx3-ubyte.gz",), seconds=60),
    Row("cifar", "cnn-residual", 0.70, ("images_cifar10_subset/cifar10_subset.zip",), seconds=240),
    Row(
        "titanic",
        "mlp-classification",
        0.81,
        ("tabular_titanic/titanic.csv",),
        column="Survived",
        seeds=10,
    ),
    Row(
        "adult",
        "mlp-classification",
        0.854,
        ("tabular_adult/adult-train.csv",),
        "tabular_adult/adult-test.csv",
        "#14",
        seeds=3,
    ),
    Row(
        "california",
        "mlp-regression",
        0.79,
        ("tabular_california_housing/housing.csv",),
        column="median_house_value",
        metric="r2",
        seeds=3,
    ),
    Row("rt-polarity", "bag-text", 0.755, ("text_rt_polarity/rt_polarity.csv",), seeds=3),
    Row("sms-spam", "bag-text", 0.98, ("text_sms_spam/sms.tsv",), seeds=3),
    Row(
        "gunpoint",
        "cnn-series",
        0.97,
        ("ts_class_GunPoint/GunPoint_TRAIN.ts",),
        "ts_class_GunPoint/GunPoint_TEST.ts",
        seeds=3,
    ),
    Row(
        "gunpoint-lstm",
        "lstm-series",
        0.93,
        ("ts_class_GunPoint/GunPoint_TRAIN.ts",),
        "ts_class_GunPoint/GunPoint_TEST.ts",
        seeds=3,
    ),
    Row(
        "italy",
        "cnn-series",
        0.95,
        ("ts_class_ItalyPowerDemand/ItalyPowerDemand_TRAIN.ts",),
        "ts_class_ItalyPowerDemand/ItalyPowerDemand_TEST.ts",
        seeds=3,
    ),
)


def project_of(row: Row, folder: Path | None) -> Project:
    """The project that `lamina new` would write for the row."""
    if not row.files:
        return templates.make(row.template)
    if folder is None:
        sys.exit("LAMINA_TEST_DATA is not set; it names the folder of real data sets.")
    test = folder / row.test if row.test else None
    chosen = data_from([folder / file for file in row.files], row.column, test)
    return templates.make(row.template, chosen)


def with_seed(project: Project, seed: int, threads: int | None) -> Project:
    """Another seed for the run and for the split."""
    split = project.data.split.model_copy(update={"seed": seed})
    recipe = project.recipe.model_copy(update={"seed": seed, "threads": threads})
    changed = project.data.model_copy(update={"split": split})
    return project.model_copy(update={"data": changed, "recipe": recipe})


def train(project: Project) -> Any:
    """Run to the end. Leaves with the run's own words where it fails."""
    run = runs.start(project, detach=True)
    while run.status.status not in ENDED:
        time.sleep(0.1)
    if run.status.status != "finished":
        sys.exit(f"{project.name}: the run {run.status.status}: {run.status.message}")
    return run


def measure(row: Row, folder: Path | None, seeds: int, threads: int | None) -> dict[str, Any]:
    """Train once per seed; the mean and spread of the metric on the test rows, the mean seconds."""
    project = project_of(row, folder)
    if row.set:
        recipe = project.recipe.model_copy(update=dict(row.set))
        project = project.model_copy(update={"recipe": recipe})
    values, seconds = [], []
    for seed in range(seeds):
        run = train(with_seed(project, seed, threads))
        report = evaluate(run.id, splits=("test",))
        values.append(report.splits["test"].metrics[row.metric])
        seconds.append(run.status.seconds)
        print(f"  {row.name} seed {seed}: {values[-1]:.4f}, {seconds[-1]:.1f} s", file=sys.stderr)
    mean, slowest = statistics.fmean(values), max(seconds)
    in_time = row.seconds is None or slowest <= row.seconds
    return {
        "name": row.name,
        "template": row.template,
        "metric": row.metric,
        "value": mean,
        "spread": statistics.stdev(values) if len(values) > 1 else None,
        "target": row.target,
        "seeds": seeds,
        "seconds": slowest,
        "seconds_allowed": row.seconds,
        "reached": mean >= row.target and in_time,
        "values": values,
    }


def table(found: Sequence[dict[str, Any]]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| what | template | measured on test | target | seeds | seconds (slowest) | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    for item in found:
        spread = f" ± {item['spread']:.4f}" if item["spread"] is not None else ""
        allowed = f" of {item['seconds_allowed']:.0f}" if item["seconds_allowed"] else ""
        lines.append(
            f"| {item['name']} | {item['template']} | {item['metric']} {item['value']:.4f}{spread} "
            f"| ≥ {item['target']} | {item['seeds']} | {item['seconds']:.1f}{allowed} "
            f"| {'yes' if item['reached'] else 'NO'} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure the chosen rows and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", action="append", choices=[row.name for row in ROWS])
    parser.add_argument("--seeds", type=int, help="instead of the number that each row promises")
    parser.add_argument("--threads", type=int, help="threads of PyTorch")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    named = os.environ.get("LAMINA_TEST_DATA")
    folder = Path(named) if named else None
    found = []
    with tempfile.TemporaryDirectory(prefix="lamina-figures-", ignore_cleanup_errors=True) as home:
        os.environ.setdefault("LAMINA_HOME", home)
        for row in ROWS:
            if not chosen.only or row.name in chosen.only:
                found.append(measure(row, folder, chosen.seeds or row.seeds, chosen.threads))
    print(json.dumps(found, indent=1) if chosen.json else table(found))
    sys.exit(0 if all(item["reached"] for item in found) else 1)


if __name__ == "__main__":
    main()
