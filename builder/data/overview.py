"""What is in data, at a glance: columns, guesses, findings, balance, a preview."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from builder import scan
from builder.data import checks, columns, store, timeline
from builder.data.base import SPLITS, Finding, Raw
from builder.data.cells import plain_cells
from builder.data.check import Check, Facts
from builder.data.columns import Planned, Profile
from builder.data.read import fingerprint, read
from builder.data.rows import arrange, relabelled
from builder.data.runtime import naming
from builder.data.runtime.tables import to_text
from builder.errors import LaminaError
from builder.progress import Progress, silent
from builder.project import Binding, Column, Data, Split

if TYPE_CHECKING:
    import pandas as pd

BINS = 24
TOP = 12
EXAMPLES = 3
MOST_TEXTS = 20_000
SEVERITY = {"error": 0, "warning": 1, "note": 2}
_KEPT = 8
_kept: "OrderedDict[str, Overview]" = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class ColumnView:
    """One column as the Data page shows it. Dates are ISO text in `numbers` and `edges`."""

    name: str
    position: int
    type: str
    role: str
    why: str  # why it is left out, where nobody asked for it
    missing: int
    unique: int
    treatment: Mapping[str, Any]  # missing, scale, encode, log: what preparation will do
    numbers: Mapping[str, float | str] = field(default_factory=dict)  # min, max, mean, median, std
    edges: tuple[float | str, ...] = ()  # of the histogram's bins, one more than counts
    counts: tuple[int, ...] = ()
    top: tuple[tuple[str, int], ...] = ()  # commonest values
    unit: str = ""  # "words" where numbers, edges and counts are of words per cell
    examples: tuple[str, ...] = ()  # of free text


@dataclass(frozen=True)
class MediaView:
    """A column of images, texts or series."""

    name: str
    form: str
    rows: int
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Overview:
    """What `inspect` found."""

    source: str
    rows: int
    columns: tuple[ColumnView, ...]
    media: tuple[MediaView, ...]
    target: str | None
    problem: Literal["classification", "regression"] | None
    balance: tuple[tuple[str, int], ...]  # class → rows, in class order
    sizes: Mapping[str, int]  # rows per split as it would be; empty where it cannot be
    given: bool  # the data comes split
    preview: tuple[Mapping[str, Any], ...]
    findings: tuple[Finding, ...]  # worst first
    notes: tuple[str, ...]
    options: Mapping[str, Any]  # as guessed: separator, encoding, header, …
    choices: Mapping[str, tuple[str, ...]]
    headerless: bool
    named: Mapping[str, str]  # what the file calls its columns → what they are called

    def column(self, name: str) -> ColumnView:
        """The column of that name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        result: dict[str, Any] = asdict(self)
        return result


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check, in order."""
    found = [check() for check in scan.classes(checks, Check)]  # type: ignore[type-abstract]
    return tuple(sorted(found, key=lambda check: check.order))


def inspect(data: Data, limit: int = 100, progress: Progress = silent) -> Overview:
    """What is in the data, with guesses for what the project leaves open; `limit` rows of preview.

    Kept by content, so asking again is quick. Raises LaminaError where the data cannot be read.
    """
    digests = [file["digest"] for file in fingerprint(data)]
    key = store.digest_json([data.model_dump(mode="json", exclude={"augment"}), digests, limit])
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    overview = _inspect(data, limit, progress)
    with _lock:
        _kept[key] = overview
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return overview


def suggest(data: Data) -> Data:
    """The data with the guesses that a project should carry: target, split, inputs for text."""
    raw = read(data)
    profiles = raw.profiles
    changes: dict[str, Any] = {}
    target = data.target
    if target is None:
        target = columns.guess_target(raw, profiles)
        changes["target"] = target
    if raw.given is not None and data.split.kind == "stratified":
        changes["split"] = data.split.model_copy(update={"kind": "given"})
    planned = columns.plan(raw, data, target, profiles)
    if not data.inputs and not raw.media:
        text = columns.only_text(planned, profiles)
        if text is not None:
            changes["inputs"] = {"text": Binding(columns=(text,), form="tokens")}
    return data.model_copy(update=changes)


MANY_ROWS = 5_000
SMALLER = {"validation": 0.1, "test": 0.1}


def share_out(data: Data) -> Data:
    """New data with its split: by time where the rows follow each other in time; and from 5,000
    rows on a tenth each is enough to judge by.

    For data that is just brought in; what a person decides later is never changed by itself.
    """
    if data.split != Split():
        return data
    raw = read(data)
    if raw.rows >= MANY_ROWS:
        data = data.model_copy(update={"split": data.split.model_copy(update=SMALLER)})
    return data.model_copy(update=timeline.by_time(raw, data))


def edit(data: Data, edits: Mapping[str, Any]) -> Data:
    """The data with a remedy's edits laid over it. Raises ValueError where the result is no valid
    data."""
    return Data.model_validate(_laid(data.model_dump(mode="json", exclude_defaults=True), edits))


def _laid(base: Any, over: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(over, Mapping):
        return over
    merged = {key: _laid(base.get(key, {}), value) for key, value in over.items()}
    return {k: v for k, v in {**base, **merged}.items() if v is not None}


def _inspect(data: Data, limit: int, progress: Progress) -> Overview:
    raw = relabelled(read(data, progress), data)
    progress("Looking at the columns", 0, 0)
    profiles = raw.profiles
    target, mistakes = _target(raw, data, profiles)
    problem = _problem(raw, data, target, profiles)
    planned = columns.plan(raw, data, target, profiles)
    codes, more = _codes(raw, data, target, problem)
    facts = Facts(raw, data, profiles, planned, target, problem, codes)
    findings = [*raw.findings, *mistakes, *(f for check in all_checks() for f in check.look(facts))]
    if more is not None and not any(finding.severity == "error" for finding in findings):
        findings.append(more)
    findings.sort(key=lambda finding: SEVERITY[finding.severity])
    return Overview(
        source=data.source,
        rows=raw.rows,
        columns=tuple(
            _view(raw, name, place, planned[name], problem) for place, name in enumerate(profiles)
        ),
        media=tuple(
            MediaView(name, m.form, len(m.values), dict(m.facts)) for name, m in raw.media.items()
        ),
        target=target,
        problem=problem,
        balance=_balance(raw, target, problem),
        sizes=_sizes(codes),
        given=raw.given is not None,
        preview=_preview(raw.frame, limit),
        findings=tuple(_called(finding, raw.headerless) for finding in findings),
        notes=tuple(naming.told(note, raw.headerless) for note in raw.notes),
        options=dict(raw.options),
        choices=dict(raw.choices),
        headerless=raw.headerless,
        named=dict(raw.named),
    )


def _called(finding: Finding, headerless: bool) -> Finding:
    """The finding with columns called as people do; what it edits keeps their names."""
    return replace(
        finding,
        sentence=naming.told(finding.sentence, headerless),
        remedies=tuple(
            replace(remedy, label=naming.told(remedy.label, headerless))
            for remedy in finding.remedies
        ),
    )


def _target(
    raw: Raw, data: Data, profiles: Mapping[str, Profile]
) -> tuple[str | None, list[Finding]]:
    if data.target is None:
        return columns.guess_target(raw, profiles), []
    try:
        return columns.find(data.target, raw.frame, "data.target"), []
    except LaminaError as error:
        return None, [Finding("no_target", "error", "No such target", str(error))]


def _problem(
    raw: Raw, data: Data, target: str | None, profiles: Mapping[str, Profile]
) -> Literal["classification", "regression"] | None:
    if target is None:
        return None
    if raw.problem is not None and target == raw.target:
        return raw.problem
    decided = columns.decisions(data, raw.frame).get(target, Column()).type
    return columns.guess_problem(profiles[target], raw.frame[target], decided)


def _codes(
    raw: Raw, data: Data, target: str | None, problem: str | None
) -> tuple["np.ndarray[Any, np.dtype[np.int8]] | None", Finding | None]:
    """The split as it would be, one code per raw row (-1: left out); a finding where it cannot
    be."""
    try:
        rows = arrange(raw, data.model_copy(update={"target": target}), problem or "")
    except LaminaError as error:
        return None, Finding("cannot_prepare", "error", "Not ready yet", str(error))
    codes = np.full(raw.rows, -1, np.int8)
    codes[rows.places] = rows.codes
    return codes, None


def _sizes(codes: "np.ndarray[Any, Any] | None") -> dict[str, int]:
    if codes is None:
        return {}
    return {name: int((codes == code).sum()) for code, name in enumerate(SPLITS)}


def _balance(raw: Raw, target: str | None, problem: str | None) -> tuple[tuple[str, int], ...]:
    if target is None or problem != "classification":
        return ()
    from builder.data.fit import class_labels

    classes, codes = class_labels(raw.frame[target], raw.classes)
    counts = np.bincount(codes[codes >= 0], minlength=len(classes))
    return tuple(zip(classes, counts.tolist(), strict=True))


def _preview(frame: "pd.DataFrame", limit: int) -> tuple[dict[str, Any], ...]:
    head = frame.head(limit)
    cells = [
        [
            value.isoformat() if hasattr(value, "isoformat") else value
            for value in plain_cells(column)
        ]
        for _, column in head.items()
    ]
    names = [str(name) for name in head.columns]
    return tuple(dict(zip(names, line, strict=True)) for line in zip(*cells, strict=True))


def _view(raw: Raw, name: str, position: int, planned: Planned, problem: str | None) -> ColumnView:
    cells, profile = raw.frame[name], raw.profiles[name]
    numbers: dict[str, float | str] = {}
    edges: Sequence[float | str] = ()
    counts: Sequence[int] = ()
    top: tuple[tuple[str, int], ...] = ()
    classes = planned.role == "target" and problem == "classification"
    text = "text" in (planned.type, profile.type) and profile.present > 0 and not classes
    if text:
        numbers, edges, counts = _words(cells.dropna())
    elif profile.type in ("number", "date") and profile.present:
        numbers, edges, counts = _spread(cells.dropna(), profile.type == "date")
    if not text and (profile.type not in ("number", "date") or profile.unique <= TOP or classes):
        common = cells.value_counts().head(TOP)
        top = tuple((to_text(value) or "", int(count)) for value, count in common.items())
    return ColumnView(
        profile.name,
        position,
        _kind_of_classes(cells, profile) if classes else planned.type,
        planned.role,
        planned.why,
        profile.missing,
        profile.unique,
        {
            "missing": planned.missing,
            "scale": planned.scale,
            "encode": planned.encode,
            "log": planned.log,
            "flag_missing": planned.flag,
            "absent": tuple(raw.reading.get(name, {}).get("absent", ())),
        },
        numbers,
        tuple(edges),
        tuple(counts),
        top,
        "words" if text else "",
        tuple(str(cell)[:160] for cell in cells.dropna().head(EXAMPLES)) if text else (),
    )


def _kind_of_classes(cells: "pd.Series[Any]", profile: Profile) -> str:
    """What a target of classes is called: numbers that tell classes apart are no numbers."""
    if profile.type != "number":
        return profile.type
    return "boolean" if set(cells.dropna().unique()) <= {0.0, 1.0} else "category"


def _words(cells: "pd.Series[Any]") -> tuple[dict[str, float | str], list[float | str], list[int]]:
    """Figures and histogram of the words per cell of free text."""
    words = columns.word_counts(cells.iloc[:: max(1, len(cells) // MOST_TEXTS)])
    counts, edges = np.histogram(words, bins=max(1, min(BINS, int(np.ptp(words)) + 1)))
    numbers: dict[str, float | str] = {
        "min": float(words.min()),
        "median": float(np.median(words)),
        "max": float(words.max()),
    }
    return numbers, edges.tolist(), counts.tolist()


def _spread(
    cells: "pd.Series[Any]", dates: bool
) -> tuple[dict[str, float | str], list[float | str], list[int]]:
    """Figures and histogram of numbers or dates without gaps."""
    if dates:
        stamps = cells.to_numpy().astype("datetime64[s]")
        counts, edges = np.histogram(stamps.astype(np.int64), bins=BINS)
        shown = [str(np.datetime64(int(edge), "s")) for edge in edges]
        return {"min": str(stamps.min()), "max": str(stamps.max())}, list(shown), counts.tolist()
    x = cells.to_numpy(dtype=np.float64)
    numbers: dict[str, float | str] = {
        "min": float(x.min()),
        "max": float(x.max()),
        "mean": float(x.mean()),
        "median": float(np.median(x)),
        "std": float(x.std()),
    }
    if x.max() - x.min() > 1e300 or x.max() == x.min():
        return numbers, [float(x.min()), float(x.max())], [len(x)]
    whole = len(np.unique(x[:5000])) <= BINS and bool((x % 1 == 0).all()) and np.ptp(x) < BINS
    bins: Any = np.arange(x.min() - 0.5, x.max() + 1) if whole else BINS
    counts, edges = np.histogram(x, bins=bins)
    return numbers, edges.tolist(), counts.tolist()
