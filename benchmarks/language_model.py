"""Nats per character of the template language-model on the last tenth of tiny Shakespeare.

    LAMINA_TEST_DATA=… python benchmarks/language_model.py        # 3,840 steps, minutes

Nothing is set: the template's own recipe and the text's own shares (89 % train, 10,000 characters
that tell the best epoch, the last 10 % test). Leaves with 1 where the test part has more than 1.60,
or where the doctor found something in a run that is sound.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

TARGET = 1.60
TEXT = "text_tiny_shakespeare/input.txt"


def main() -> int:
    """Train, measure, print; 1 where the target is missed."""
    from builder import runs, templates
    from builder.evaluate import evaluate_run, make
    from builder.project import Data

    with tempfile.TemporaryDirectory() as home:
        os.environ["LAMINA_HOME"] = home
        path = Path(os.environ["LAMINA_TEST_DATA"]) / TEXT
        data = Data(source="long_text", options={"path": str(path)})
        run = runs.start(templates.make("language-model", data), detach=False)
        splits = evaluate_run(run).measured
        nats = {name: split.metrics["nats_per_token"] for name, split in splits.items()}
        sample = make(run, {"prompt": "ROMEO:", "length": 200}, seed=1)
        said = sample.values["text"] if sample is not None else ""
        alarms = [[one["epoch"], one["state"], one["message"]] for one in run.symptoms()]
        found = {
            "nats_per_character": nats,
            "rows": run.spec.sizes,
            "seconds": round(run.status.seconds, 1),
            "epochs": [round(row["validation_loss"], 3) for row in run.epochs()],
            "written_while_training": len(run.generated()),
            "alarms": alarms,
            "sample": said,
        }
    print(json.dumps(found, indent=1))
    return 0 if nats["test"] <= TARGET and not alarms else 1


if __name__ == "__main__":
    sys.exit(main())
