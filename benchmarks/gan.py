"""What the template gan reaches: its Fréchet distance over the epochs, and how many of its images a
judge recognises.

    python benchmarks/gan.py                              # scikit-learn's digits
    LAMINA_TEST_DATA=… python benchmarks/gan.py --only mnist --set recipe.epochs=20

Prints, beside the figures of the made images, those of the real test images (what a perfect
generator would get) and of noise (what a useless one would get), what the whole run cost, and what
the doctor said. Leaves with 1 where the distance did not fall to a tenth, where fewer images are
recognised than `--recognised`, or where the doctor found something: the run is sound.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

MADE = 1000
MNIST = "images_mnist_10k_idx/t10k-images-idx3-ubyte.gz"


def main() -> int:
    """Train, measure, print; 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("digits", "mnist"), default="digits")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=JSON")
    parser.add_argument("--recognised", type=float, default=0.8)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["LAMINA_HOME"] = home
        found = measured(chosen.only, dict(item.split("=", 1) for item in chosen.set))
    print(json.dumps(found, indent=1))
    fell = found["course"][-1]["fid"] <= found["course"][0]["fid"] / 10
    enough = found["made"]["recognised"] >= chosen.recognised
    return 0 if fell and enough and not found["alarms"] else 1


def measured(name: str, changes: dict[str, str]) -> dict[str, Any]:
    """Train the template on that data and give the course and the figures on the test rows."""
    from builder import runs, templates
    from builder.cli.beginning import data_from
    from builder.evaluate import evaluate_run

    data = None
    if name == "mnist":
        path = Path(os.environ["LAMINA_TEST_DATA"]) / MNIST
        data = data_from([path], None, None)
    overrides = {field: json.loads(value) for field, value in changes.items()}
    before = time.process_time()
    run = runs.start(templates.make("gan", data), detach=False, overrides=overrides)
    spent = time.process_time() - before
    rows = run.epochs()
    kept = ("epoch", "fid", "recognised", "variety")
    course = [{key: row.get(f"validation_{key}", row.get(key)) for key in kept} for row in rows]
    test = evaluate_run(run, splits=("test",)).measured["test"]
    return {
        "data": name,
        "status": run.status.status,
        "seconds": round(run.status.seconds, 1),
        "cpu_seconds": round(spent, 1),
        "threads": run.project().recipe.threads,
        "best_epoch": next(kept.epoch for kept in run.checkpoints() if kept.best),
        "alarms": [[one["epoch"], one["state"], one["message"]] for one in run.symptoms()],
        "course": course[:: max(1, len(course) // 8)] + course[-1:],
        "test": dict(test.metrics),
        **judged(run),
    }


def judged(run: Any) -> dict[str, Any]:
    """The judge's figures on made, real and random images."""
    import torch

    from builder.evaluate import make
    from builder.metrics.fid import frechet
    from builder.metrics.recognised import SURE
    from builder.tasks.judge import judge

    prepared = run.prepared()
    (name,) = run.spec.inputs
    train, test = prepared.tensors("train"), prepared.tensors("test")
    classes = len(run.spec.target.classes)
    found = judge(train[name], train["target"], classes, torch.device("cpu"))
    made = make(run, {"count": MADE}, seed=1).tensors["images"]
    noise = torch.randint(0, 256, made.shape, dtype=torch.uint8)
    seen = {"made": made, "real": test[name], "noise": noise}
    looks = {key: found.look(x.float() / 255) for key, x in seen.items()}
    own = found.look(train[name].float() / 255)[0].double()
    right = (looks["real"][1].argmax(1) == test["target"]).double().mean()
    figures = {
        key: {
            "recognised": float((p.amax(1) >= SURE).double().mean()),
            "fid": float(frechet(own, features.double())),
        }
        for key, (features, p) in looks.items()
    }
    return {"judge_accuracy": float(right), **figures}


if __name__ == "__main__":
    sys.exit(main())
