"""What the gallery shows of each template: its real graph and size.

They come with the package (gallery.json), so that the first page is whole at once. After a change
of a template, `python -m builder.ui.gallery` writes them anew; until then they are made once in the
background and kept.
"""

import base64
import hashlib
import io
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder import project as projects
from builder import templates
from builder.errors import LaminaError
from builder.graph.spec import Graph
from builder.home import home
from builder.ui import places

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Card:
    """A template as the gallery shows it. `graph` and `parameters` are None until they are
    known.
    """

    name: str
    title: str
    help: str
    kind: str
    data: str
    graph: dict[str, Any] | None = None
    parameters: int | None = None

    def drawn(self) -> Graph | None:
        """The graph, where it is known."""
        return None if self.graph is None else Graph.model_validate(self.graph)


SHIPPED = places.UI / "gallery.json"
_lock = threading.Lock()


def cards() -> list[Card]:
    """All templates in the gallery's order, with what is known of them by now. Quick."""
    kept = {**_shipped(), **_kept()}
    found = []
    for name, template in templates.templates().items():
        data = template.data()
        known = kept.get(name, {})
        found.append(
            Card(
                name=name,
                title=template.title,
                help=template.help,
                kind=template.data_kind,
                data=_data_name(data),
                graph=known.get("graph"),
                parameters=known.get("parameters"),
            )
        )
    return found


def complete() -> bool:
    """Whether every card has its graph, as its template makes it today (or is known to have
    none).
    """
    return _current() or set(templates.templates()) <= set(_kept())


def samples() -> list[str]:
    """One image per class of the first project's data, as data addresses; empty until they are
    known.
    """
    found = {**_shipped(), **_kept()}.get("", {}).get("samples", [])
    return [str(item) for item in found]


def fill() -> None:
    """Make what is missing: builds every template on its own data. Takes seconds; called in the
    background.
    """
    if _current():
        return
    with _lock:
        kept = _kept()
        for name in [name for name in templates.templates() if name not in kept]:
            try:
                kept[name] = _measured(name)
            except Exception:  # a picture is missing then, and the others are still drawn
                logging.getLogger("lamina").exception("The template %s cannot be drawn", name)
                continue
            _keep(kept)
        if "" not in kept:
            kept[""] = {"samples": list(_samples())}
            _keep(kept)


def _measured(name: str) -> dict[str, Any]:
    from builder import compile as compiler
    from builder import data

    try:
        project = templates.make(name)
        spec = data.specs(project)
        check = compiler.check(project.graph, spec.inputs, modules=project.modules)
    except LaminaError as error:
        logging.getLogger("lamina").warning("The template %s cannot be drawn: %s", name, error)
        return {}
    return {
        "graph": project.graph.model_dump(mode="json"),
        "parameters": check.parameters,
    }


def _samples() -> Iterator[str]:
    from builder import data

    prepared = data.prepare(templates.make("cnn"))
    target = prepared.tensors("train")["target"].tolist()
    count = len(prepared.spec.target.classes) if prepared.spec.target else 0
    images = prepared.tensors("train")["image"]
    for code in range(min(count, 10)):
        yield (
            "data:image/png;base64,"
            + base64.b64encode(_smooth(images[target.index(code)])).decode()
        )


def _smooth(x_CHW: "Tensor") -> bytes:
    """A PNG of 60 × 60 pixels; eight by eight pixels are easier to read without their edges."""
    from PIL import Image

    image = Image.fromarray(x_CHW[0].numpy()).resize((60, 60), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _data_name(data: projects.Data) -> str:
    name = str(data.options.get("name") or data.source).replace("_", " ")
    return name[:1].upper() + name[1:]


def _version() -> str:
    """Changes with the templates' own text, so that what was kept for an older one is not shown."""
    digest = hashlib.sha256()
    for path in sorted(Path(templates.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _file() -> Path:
    return home() / f"gallery-{_version()}.json"


def _current() -> bool:
    """Whether what came with the package is of today's templates."""
    return _shipped().get("", {}).get("version") == _version()


def _shipped() -> dict[str, dict[str, Any]]:
    return _load(SHIPPED)


def _kept() -> dict[str, dict[str, Any]]:
    return _load(_file())


def _load(path: Path) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep(kept: dict[str, dict[str, Any]]) -> None:
    aside = _file().with_suffix(".tmp")
    aside.write_text(json.dumps(kept), encoding="utf-8")
    aside.replace(_file())


def made() -> dict[str, dict[str, Any]]:
    """What belongs into gallery.json today. Takes seconds."""
    return {
        **{name: _measured(name) for name in templates.templates()},
        "": {"version": _version(), "samples": list(_samples())},
    }


def ship() -> None:
    """Write gallery.json anew."""
    lines = [f"{json.dumps(name)}: {json.dumps(item)}" for name, item in made().items()]
    SHIPPED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    ship()
