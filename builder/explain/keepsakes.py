"""Explanations that somebody chose to keep with the model, under a name, with a note.

They lie in the run's folder beside those that come and go, and leave with every export.
"""

import json
import os
import re
import secrets
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from builder.errors import LaminaError
from builder.explain import packing, picture, store
from builder.explain.result import Explanation

if TYPE_CHECKING:
    from builder.runs import Run

FOLDER = "kept"
MOST = 200
LONGEST_NAME, LONGEST_NOTE = 80, 2000


@dataclass(frozen=True)
class Keepsake:
    """What is known of a kept explanation without opening it.

    `split` and `row` (an index from 0) name the sample; "" and None where somebody brought it, then
    `record` is that, as `packing.plain` wrote it.
    """

    id: str
    name: str
    note: str
    kept: float  # seconds since 1970
    method: str
    title: str
    settings: str
    split: str
    row: int | None
    record: Any
    target: str
    layer: str | None
    baseline: str
    checkpoint: str
    prediction: str | float
    truth: str | float | None
    verdict: str


def _folder(run: "Run") -> Path:
    return Path(run.folder) / store.FOLDER / FOLDER


def keep(
    run: "Run",
    found: Explanation,
    name: str,
    note: str = "",
    *,
    split: str = "",
    checkpoint: str = "best",
    grey: NDArray[np.float64] | None = None,
) -> Keepsake:
    """Keep the first row of an explanation; all of it or nothing is written.

    `split` is where the row stands, empty for a record that somebody brought; `grey` [H, W] from 0
    to 1 lies below the map of an image. Raises LaminaError without a name, or with too many kept.
    """
    name = " ".join(name.split())[:LONGEST_NAME]
    if not name:
        raise LaminaError("It has no name yet.", place="name", remedy="Write one.")
    if len(listed(run)) >= MOST:
        raise LaminaError(
            f"{MOST} explanations are kept already.", place="kept", remedy="Remove one first."
        )
    row = found.rows[0]
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "explanation"
    one = Keepsake(
        id=f"{slug}-{secrets.token_hex(3)}",
        name=name,
        note=note.strip()[:LONGEST_NOTE],
        kept=time.time(),
        method=found.method,
        title=found.title,
        settings=found.settings,
        split=split,
        row=row.row if split else None,
        record=None if split else packing.plain(row.values),
        target=row.target,
        layer=found.layer,
        baseline=str(found.options.get("baseline", "")),
        checkpoint=checkpoint,
        prediction=row.prediction,
        truth=row.truth,
        verdict=row.trust.verdict if row.trust else "",
    )
    home = _folder(run)
    home.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".part-", dir=home))
    try:
        _text(aside / "about.json", {**asdict(one), "lamina": 1})
        _text(aside / "explanation.json", found.to_dict())
        (aside / "parts.csv").write_text(picture.table(found), encoding="utf-8", newline="")
        drawn = picture.png(found, grey)
        if drawn is not None:
            (aside / "map.png").write_bytes(drawn)
        os.replace(aside, home / one.id)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return one


def _text(path: Path, body: Any) -> None:
    text = json.dumps(body, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def listed(run: "Run") -> list[Keepsake]:
    """What is kept with a run, the newest first; what cannot be read is left out."""
    found = []
    for path in _folder(run).glob("*/about.json"):
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            facts.pop("lamina")
            found.append(Keepsake(**facts))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda one: -one.kept)


def picture_of(run: "Run", one: Keepsake) -> bytes | None:
    """The kept map as PNG; None for what has none."""
    path = _folder(run) / one.id / "map.png"
    return path.read_bytes() if path.is_file() else None


def forget(run: "Run", name: str) -> None:
    """Remove a kept explanation. Raises LaminaError for one that is not there."""
    if name not in {one.id for one in listed(run)}:
        raise LaminaError(f"No explanation {name!r} is kept.", place="kept")
    shutil.rmtree(_folder(run) / name)


def files(run: "Run") -> dict[str, bytes]:
    """All files of what is kept, by their path in a folder that leaves."""
    found = {}
    for one in reversed(listed(run)):
        for path in sorted((_folder(run) / one.id).iterdir()):
            if path.is_file():
                found[f"{one.id}/{path.name}"] = path.read_bytes()
    return found
