"""From source to live modules: the text is written under its hash and imported from there.

So `inspect` and tracebacks work, and equal text is compiled once. Only source that `generate` wrote
may come here: it is executed.
"""

import hashlib
import importlib.util
import inspect
import os
import sys
import tempfile
import traceback
from pathlib import Path
from types import ModuleType

from torch import nn

from builder.compile import names
from builder.compile.types import Source
from builder.errors import LaminaError
from builder.home import room


def load_module(source: str | Path) -> dict[str, type[nn.Module]]:
    """The module classes of a source text or file, by name.

    A text is written to LAMINA_HOME/modules/<digest>.py first. Raises LaminaError where the source
    cannot be run.
    """
    if isinstance(source, Path):
        source = source.read_text(encoding="utf-8")
    module = _imported(source)
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, nn.Module) and value is not nn.Module
    }


def build(source_text: str, graph: str = "model") -> nn.Module:
    """A new model of that graph, with torch's own initial weights.

    Raises LaminaError where the source holds no such graph.
    """
    classes = load_module(source_text)
    name = names.graph_class(graph)
    if name not in classes:
        raise LaminaError(
            f"The source has no class {name} for the graph {graph!r}.",
            remedy=f"It has {', '.join(classes)}.",
        )
    return classes[name]()


def inputs_of(model: nn.Module) -> tuple[str, ...]:
    """The Input nodes of a built model, in the order of forward's arguments."""
    return tuple(names.node_of(name) for name in inspect.signature(model.forward).parameters)


def node_of(error: BaseException, source: Source) -> str | None:
    """The node where an error arose inside generated source: the innermost line known; None where
    there is none.
    """
    digest = source.digest
    found: str | None = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if Path(frame.f_code.co_filename).stem == f"lamina_{digest}":
            found = source.lines.get(line, found)
    return found


def _imported(text: str) -> ModuleType:
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    name = f"lamina_{digest}"
    known = sys.modules.get(name)
    if known is not None:
        return known
    path = room("modules") / f"{name}.py"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        _write(path, text)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LaminaError("The model's source cannot be imported.", place=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise LaminaError(f"The model's source cannot be run: {error}.", place=str(path)) from error
    return module


def _write(path: Path, text: str) -> None:
    handle, aside = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(aside, path)
