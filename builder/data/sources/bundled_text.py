"""A long text that comes with Python: on every machine, without a network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from builder.data import pieces
from builder.data.base import Raw, Source
from builder.data.options import Option
from builder.errors import LaminaError
from builder.progress import Progress, silent

TEXTS = {"python_reference": "Python's language reference, about 465,000 characters of prose"}


class BundledText(Source):
    """What `help()` tells of Python's statements and types, read from beginning to end."""

    kind: ClassVar[str] = "bundled_text"
    title: ClassVar[str] = "A text that comes with Python"
    help: ClassVar[str] = "Python's own language reference, to try out a network that writes."
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "name",
            "choice",
            "Text",
            default="python_reference",
            choices=tuple(TEXTS),
            help="; ".join(f"{name}: {text}" for name, text in TEXTS.items()),
        ),
        pieces.CONTEXT,
        *pieces.SHARES,
    )

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:  # noqa: ARG002
        """Python's own file, so that another Python's text counts as another text."""
        return (_path(),)

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:  # noqa: ARG002
        """The whole text. Raises LaminaError for a name that is not among `TEXTS`."""
        name = options.get("name") or "python_reference"
        if name not in TEXTS:
            raise LaminaError(
                f"There is no text called {name!r}.",
                place="data.options.name",
                remedy=f"Take one of {', '.join(TEXTS)}.",
            )
        _path()
        from pydoc_data import topics

        text = "\n\n".join(topics.topics[topic].strip() for topic in sorted(topics.topics))
        found = pieces.raw(text, options, str(name))
        return Raw(
            frame=found.frame,
            media=found.media,
            given=found.given,
            options={"name": name, **found.options},
            notes=found.notes,
        )


def _path() -> Path:
    """Where the text lies. Raises LaminaError for a Python that was installed without it."""
    import importlib.util

    spec = importlib.util.find_spec("pydoc_data.topics")
    if spec is None or spec.origin is None:
        raise LaminaError(
            "This Python came without its documentation.",
            place="data.source",
            remedy="Bring a text file of your own: the source 'One long text' reads it.",
        )
    return Path(spec.origin)
