"""A folder of plain Python that predicts raw input with torch alone."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from builder.data.runtime import naming
from builder.export.base import Bundle, Format

PORTABLE = Path(__file__).resolve().parent.parent / "portable"
RUNTIME = Path(__file__).resolve().parents[2] / "data" / "runtime"
NEIGHBOURS = re.compile(r"^from builder\.export\.portable import ([a-z, ]+)$", re.M)
SHARED = ("output.py", "weights.py")
MODULES = ("predict.py", "predictor.py", "files.py", "separated.py", "ts.py", *SHARED)
MAKERS = {"text": ("write.py", "weights.py"), "images": ("draw.py", *SHARED)}


class Python(Format):
    """For people who go on in code, and for every machine that has torch."""

    name = "python"
    title = "Python folder"
    help = "The network as readable PyTorch with its weights, preparation and a command of its own."
    folder = True

    @classmethod
    def unfit(cls, bundle: Bundle) -> str | None:  # noqa: ARG003
        """Every network has a source."""
        return None

    def write(self, bundle: Bundle, path: Path) -> None:
        """Source, weights, fitted preparation and the modules that apply them, in a new folder."""
        from safetensors.torch import save_file

        path.mkdir()
        _write(path / "model.py", bundle.source)
        tensors = {name: x.detach().contiguous().clone() for name, x in bundle.weights.items()}
        save_file(tensors, path / "weights.safetensors")
        _write(path / "facts.json", bundle.facts_text())
        text = json.dumps(bundle.preparation, ensure_ascii=False, indent=1)
        _write(path / "preparation.json", text + "\n")
        makes = bundle.facts.get("makes")
        for name in MAKERS[makes] if makes else MODULES:
            _write(path / name, standalone((PORTABLE / name).read_text(encoding="utf-8")))
        (path / "preparation").mkdir()
        for module in sorted(RUNTIME.glob("*.py")):
            text = module.read_text(encoding="utf-8")
            _write(path / "preparation" / module.name, standalone(text))
        for name, content in bundle.explanations.items():
            target = path / "explanations" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        _write(path / "requirements.txt", "torch>=2.11\n" if makes else _requirements(bundle))
        _write(path / "README.md", _maker_readme(bundle) if makes else _readme(bundle))


def standalone(source: str) -> str:
    """The module as it stands in the folder: its neighbours imported by their plain names."""
    source = source.replace("from builder.data.runtime", "from preparation")
    source = NEIGHBOURS.sub(
        lambda found: "\n".join(f"import {name}" for name in found[1].split(", ")), source
    )
    source = re.sub(r"from builder\.export\.portable\.(\w+) import", r"from \1 import", source)
    return re.sub(r"  # (?:type: ignore|noqa)[^\n]*", "", source)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _requirements(bundle: Bundle) -> str:
    forms = {part["form"] for part in bundle.preparation["inputs"].values()}
    lines = ["torch>=2.11"]
    if "image" in forms:
        lines.append("pillow  # for JPEG and all other images than PNG, PGM and PPM")
    return "\n".join(lines) + "\n"


EXAMPLES = {
    "image": "python predict.py picture.png",
    "tokens": 'python predict.py "a text to judge"',
    "series": "python predict.py series.csv -o predictions.csv",
    "vector": "python predict.py table.csv -o predictions.csv",
    "codes": "python predict.py table.csv -o predictions.csv",
}


def example(preparation: Mapping[str, Any]) -> str:
    """The command that predicts with an exported folder, for the form of its input."""
    forms = [part["form"] for part in preparation["inputs"].values()]
    return EXAMPLES[forms[0]] if len(set(forms)) == 1 else EXAMPLES["vector"]


def needs(preparation: Mapping[str, Any]) -> str:
    """What an exported folder asks of a machine, to follow "It needs"."""
    if any(part["form"] == "image" for part in preparation["inputs"].values()):
        return "torch for PNG, PGM and PPM, and Pillow besides for JPEG and all other images"
    return "torch and nothing else"


def _readme(bundle: Bundle) -> str:
    facts = bundle.facts
    name = re.sub(r"[`<>\[\]\n\r]", " ", bundle.name)
    target = facts["target"]
    called = naming.called(target, naming.headless(bundle.preparation))
    target = f"`{target}`" if called == target else f"{called} (`{target}` in files)"
    what = f"estimates {target}, a number"
    if facts["task"] == "classification":
        what = f"tells {len(facts['classes'])} classes of {target} apart"
    figures = "\n".join(
        f"- {key.replace('_', ' ')}: {value:.4g}"
        for key, value in bundle.figures.items()
        if isinstance(value, int | float) and key.startswith("validation_")
    )
    kept = ""
    if bundle.explanations:
        kept = "\n| `explanations/` | why it answers so: what somebody kept, as JSON, CSV, PNG |"
    return f"""# {name}

This network {what}. It needs {needs(bundle.preparation)}:

```
{example(bundle.preparation)}
```

| file | what it is |
|---|---|
| `model.py` | the network as plain PyTorch |
| `weights.safetensors` | what it has learnt |
| `preparation/`, `preparation.json` | from raw input to tensors, as fitted on the training rows |
| `facts.json` | classes, target and scale |
| `predict.py` | the command; `predict.load()` gives the predictor to other Python code |{kept}

From Python: `import predict; predict.load().predict([{{...}}])`, one dictionary a row.

Run `{bundle.run}`, checkpoint `{bundle.checkpoint}`.
{figures}
"""


COMMANDS = {
    "text": ("writes", 'python write.py "Once upon" --length 300 --temperature 0.8 --top-p 0.95'),
    "images": ("draws images", "python draw.py -o made.png --count 64"),
}
"""By what a network makes: what it does in words, and the command of its exported folder."""


def _maker_readme(bundle: Bundle) -> str:
    name = re.sub(r"[`<>\[\]\n\r]", " ", bundle.name)
    makes = bundle.facts["makes"]
    does, command = COMMANDS[makes]
    figures = "\n".join(
        f"- {key.replace('_', ' ')}: {value:.4g}"
        for key, value in bundle.figures.items()
        if isinstance(value, int | float) and key.startswith("validation_")
    )
    return f"""# {name}

This network {does}. It needs torch and nothing else:

```
{command}
```

The same seed (`--seed`) gives the same again; `--help` says what else may be chosen.

| file | what it is |
|---|---|
| `model.py` | the network as plain PyTorch |
| `weights.safetensors` | what it has learnt |
| `preparation/`, `preparation.json` | how the training data was made into tensors |
| `facts.json` | what the network takes and gives |
| `{MAKERS[makes][0]}` | the command |

Run `{bundle.run}`, checkpoint `{bundle.checkpoint}`.
{figures}
"""
