"""Predict raw input with this folder and torch alone: `python predict.py FILE…` (see README.md)."""

import argparse
import json
import sys
from pathlib import Path

import model as network  # type: ignore[import-not-found]

from builder.data.runtime import Preparation, ground
from builder.export.portable import files, output, weights
from builder.export.portable.predictor import Predictor

HERE = Path(__file__).resolve().parent


def load(folder: Path = HERE, invert: bool = False) -> Predictor:
    """The network of the folder, ready to predict records (column → raw value).

    `invert` has it read every image as its negative.
    """
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    settings = json.loads((folder / "preparation.json").read_text(encoding="utf-8"))
    if invert:
        settings = ground.inverting(settings)
    model = getattr(network, facts["class"])()
    model.load_state_dict(weights.read(folder / "weights.safetensors"))
    return Predictor(model, Preparation.from_dict(settings), facts)


def main() -> int:
    """Read the arguments, predict, print or write; 1 where the input is wrong."""
    parser = argparse.ArgumentParser(description="Predict with the exported network.")
    parser.add_argument(
        "input", nargs="+", help="a table (CSV, TSV, JSON), images, .ts series, or a text"
    )
    parser.add_argument("-o", "--output", help="write a CSV with the predictions to this file")
    parser.add_argument("--json", action="store_true", help="print the predictions as JSON")
    parser.add_argument(
        "--invert", action="store_true", help="read images as negatives: light for dark"
    )
    chosen = parser.parse_args()
    predictor = load(invert=chosen.invert)
    try:
        records = files.records(chosen.input, predictor.preparation.settings)
        rows = predictor.predict(records)
        for note in predictor.notes(records):
            print(f"Note: {note}", file=sys.stderr)
        if chosen.json:
            print(json.dumps(rows, ensure_ascii=False, indent=1))
            return 0
        text = files.csv_text(files.flat(records, rows))
        if chosen.output:
            output.write(chosen.output, text.encode("utf-8"))
    except ValueError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    if chosen.output:
        count = "1 prediction is" if len(rows) == 1 else f"{len(rows)} predictions are"
        print(f"{count} in {chosen.output}.")
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
