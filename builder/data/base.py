"""What a data source declares and what it gives: raw rows in memory, before any preparation."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from builder.data.options import Option
from builder.data.specs import InputSpec
from builder.progress import Progress, silent

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from builder.data.columns import Profile

Form = Literal["vector", "codes", "image", "tokens", "series"]
SPLITS: tuple[str, str, str] = ("train", "validation", "test")
"""The codes of `Raw.given` are positions in this tuple."""


@dataclass(frozen=True)
class Remedy:
    """One button beside a finding: what it says, and what it changes in project.data.

    `edits` is a part of `data` that is laid over it, {"columns": {"id": {"role": "ignore"}}}, by
    `builder.data.edit`; objects are merged, everything else is replaced, None takes a key away.
    """

    label: str
    edits: Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """Something about the data that a person should know, in words, with what can be done."""

    code: str
    severity: Literal["error", "warning", "note"]
    title: str
    sentence: str
    columns: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True)
class Media:
    """A column that holds more than a cell. `values[row]` is decoded when it is asked for:

    image: uint8 array [H, W] or [H, W, C] or an encoded file's bytes · tokens: str · series:
    float32 array [C, T] (T may differ by row). `facts` is plain JSON for the overview ({"sizes":
    {"28×28": 60000}, "channels": 1}).
    """

    form: Literal["image", "tokens", "series"]
    values: Sequence[Any]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """What a source read. All rows of all splits are in one frame, train first.

    `frame` has one line per row (maybe no columns but the target); cells are strings, numbers,
    booleans, dates or missing. `media` are further columns, named as the Input nodes of a template
    ("image", "text", "series"). `given` is the data's own split, one code (position in SPLITS) per
    row, or None.
    """

    frame: "pd.DataFrame"
    media: Mapping[str, Media] = field(default_factory=dict)
    given: "np.ndarray[Any, np.dtype[np.int8]] | None" = None
    target: str | None = None  # the column that the source itself knows to be the target
    # The target's classes in their own order, where the source knows it.
    classes: tuple[str, ...] = ()
    problem: Literal["classification", "regression"] | None = None  # where the source knows it
    # Options as guessed (separator, encoding, header); option → what this data allows (sheets).
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # what reading did by itself, in sentences
    findings: tuple[Finding, ...] = ()
    # Column → how its cells are read: {"decimal": ","}, {"unit": "lbs"}, {"formats": ["%d/%m/%Y"]},
    # {"missing": ["-"]}, {"written": "duration"}; the fitted preparation carries it.
    reading: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Column of numbers → row → a cell that is a number with the sign of a limit ("<0.1"), blank in
    # the frame.
    limits: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    headerless: bool = False  # the columns are named by position: #0, #1, …
    # What the file calls its columns (#0, #1, … without a header) → what they are called, in the
    # file's order and a column of texts among them; empty where no table was read.
    named: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows, over all splits."""
        return len(self.frame)

    @cached_property
    def profiles(self) -> "dict[str, Profile]":
        """What the cells of each column show, worked out once: nobody writes into the frame."""
        from builder.data import columns

        return columns.profile(self.frame)


class Source(ABC):
    """One kind of data; one file in builder/data/sources, found by scan. Sources hold no state.

    Promises, held by tests/data/test_sources.py: `read` gives the same rows for the same options
    and files; a user's mistake is a LaminaError with the file (and line) as its place; nothing is
    written outside LAMINA_HOME; memory stays bounded for hostile files; options that were guessed
    stand in `Raw.options`.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    help: ClassVar[str]
    params: ClassVar[tuple[Option, ...]] = ()

    @classmethod
    def unfit(cls, path: Path) -> str | None:
        """Why this source does not read that file or folder, in a sentence; None where it does (by
        name and head)."""
        return f"{cls.title} reads no files, so not {path.name}."

    @abstractmethod
    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:
        """The files (or folders) that the rows come from; their content decides the cache's key.

        Raises LaminaError for a path that is missing or does not exist.
        """

    @abstractmethod
    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:
        """All rows, in memory or decoded on demand. Raises LaminaError for what cannot be read."""


@dataclass(frozen=True)
class Fitted:
    """An Input's preparation, fitted on training rows: what the runtime needs (JSON), and the
    model's view of it."""

    settings: Mapping[str, Any]
    spec: InputSpec
    notes: tuple[str, ...] = ()
