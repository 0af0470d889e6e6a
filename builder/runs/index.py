"""The index of runs: a database that answers lists quickly and can be rebuilt from the run folders
at any time.

SQLite in WAL mode under LAMINA_HOME, or what LAMINA_DATABASE names (postgresql+psycopg://…).
"""

import logging
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Float, Integer, String, Text, create_engine, delete, event, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from builder.home import home, room
from builder.runs import folder as folders
from builder.train import files

log = logging.getLogger("lamina.index")
BUSY = 5000
"""Milliseconds to wait for another process that writes."""
UNAVAILABLE = (
    "locked",
    "busy",
    "readonly",
    "read-only",
    "disk is full",
    "unable to open",
    "disk i/o",
)
"""What SQLite says of a file that it cannot use now."""


class Base(DeclarativeBase):
    """The index's tables."""


class Entry(Base):
    """One run."""

    __tablename__ = "runs"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(64), index=True)
    status: Mapped[str] = mapped_column(String(16), index=True)
    created: Mapped[float] = mapped_column(Float)
    name: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(Integer)
    row: Mapped[dict[str, Any]] = mapped_column(JSON)


@dataclass(frozen=True)
class Row:
    """A line of the table of runs. `last` and `best` are an epoch's figures."""

    id: str
    project_id: str = ""
    name: str = ""
    status: str = "queued"
    created: float = 0.0
    note: str = ""
    task: str = ""
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    seconds: float = 0.0
    samples_per_second: float = 0.0
    device: str = ""
    pid: int | None = None
    parameters: int = 0
    message: str = ""
    error: dict[str, str] | None = None
    last: dict[str, float] = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    data: str = ""  # key of the prepared data
    size: int = 0  # bytes on the disk; 0 while it runs
    sweep: str = ""  # id of the sweep whose trial it is
    trial: int = 0  # its number there, from 1
    changed: float = 0.0  # when run.json (name, note) or status.json was last written

    def to_dict(self) -> dict[str, Any]:
        """JSON, with the id as "run"."""
        return {"run": self.id, **asdict(self)}


def engine() -> Engine:
    """The database of this LAMINA_HOME."""
    url = os.environ.get("LAMINA_DATABASE") or f"sqlite:///{home() / 'lamina.db'}"
    return _engine(url)


@lru_cache(maxsize=8)
def _engine(url: str) -> Engine:
    made = create_engine(url)
    if url.startswith("sqlite"):
        event.listen(made, "connect", _wal)
    Base.metadata.create_all(made)
    return made


def _wal(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={BUSY}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def read_row(run_id: str) -> Row:
    """The run's row, from its folder."""
    path = room("runs") / run_id
    changed = _written(path)  # before it is read: what changes meanwhile is read again
    info = files.read_json(path / "run.json") or {}
    now = folders.status(path)
    epochs = files.read_lines(path / "epochs.jsonl")
    begun = (info.get("forked") or {}).get("step", -1)  # what came before is the parent's
    best = [row for row in epochs if row.get("best") and row.get("step", 0) > begun]
    return Row(
        id=run_id,
        project_id=info.get("project_id", ""),
        name=info.get("name", run_id),
        status=now.status,
        created=info.get("created", 0.0),
        note=info.get("note", ""),
        task=info.get("task", ""),
        epoch=now.epoch,
        epochs=now.epochs or info.get("epochs", 0),
        step=now.step,
        seconds=now.seconds,
        samples_per_second=now.samples_per_second,
        device=now.device or info.get("device", ""),
        pid=now.pid if now.active else None,
        parameters=info.get("parameters", 0),
        message=now.message,
        error=now.error,
        last=_figures(epochs[-1]) if epochs else {},
        best=_figures(best[-1]) if best else {},
        recipe=info.get("recipe", {}),
        data=info.get("data", ""),
        size=folders.size(path) if now.ended else 0,
        sweep=str(info.get("sweep", "")),
        trial=int(info.get("trial", 0)),
        changed=changed,
    )


def _written(path: Path) -> float:
    """When the run's name, note or status was last written; 0 where none is there."""
    latest = 0.0
    for name in ("run.json", "status.json"):
        with suppress(OSError):
            latest = max(latest, (path / name).stat().st_mtime)
    return latest


def _figures(row: dict[str, Any]) -> dict[str, float]:
    return {key: value for key, value in row.items() if key != "best"}


def put(*rows: Row) -> None:
    """Insert or replace rows. A database that is locked, read-only or out of room is left as it is:
    the folders are the truth, and the next `sync` brings it up to date.
    """
    try:
        try:
            _put(rows)
        except IntegrityError:  # another process inserted one between our look and our insert
            _put(rows)
    except OperationalError as error:
        if damaged(error):
            raise
        log.warning("the index could not be written: %s", error.orig)


def damaged(error: DatabaseError) -> bool:
    """Whether the database file itself is no good; one that is locked, say, is."""
    text = str(error.orig).lower()
    return not any(words in text for words in UNAVAILABLE)


def _put(rows: tuple[Row, ...]) -> None:
    with Session(engine()) as session:
        for row in rows:
            session.merge(
                Entry(
                    id=row.id,
                    project_id=row.project_id,
                    status=row.status,
                    created=row.created,
                    name=row.name,
                    note=row.note,
                    size=row.size,
                    row=asdict(row),
                )
            )
        session.commit()


def drop(*run_ids: str) -> None:
    """Forget runs; where the database is not to be had now, `sync` does it later."""
    try:
        with Session(engine()) as session:
            session.execute(delete(Entry).where(Entry.id.in_(run_ids)))
            session.commit()
    except OperationalError as error:
        if damaged(error):
            raise
        log.warning("the index could not be written: %s", error.orig)


def sync() -> dict[str, Row]:
    """All rows by id, brought up to date: folders that came or went, runs that were not over when
    last seen.

    A damaged database is made anew; without one that answers, the folders are read.
    """
    try:
        return _sync()
    except DatabaseError as error:
        if not damaged(error):
            log.warning("the index could not be read: %s", error.orig)
            return _sorted({run: read_row(run) for run in folders.ids()})
        if os.environ.get("LAMINA_DATABASE"):
            raise
        _forget()
        return _sync()


def _sync() -> dict[str, Row]:
    with Session(engine()) as session:
        known = {entry.id: _row(entry.row) for entry in session.scalars(select(Entry))}
    there = folders.ids()
    stale = [
        run
        for run in there
        if run not in known
        or known[run].status not in ("finished", "stopped")
        or known[run].changed != _written(room("runs") / run)
    ]
    fresh = {run: read_row(run) for run in stale}
    changed = [row for run, row in fresh.items() if known.get(run) != row]
    if changed:
        put(*changed)
    gone = set(known) - set(there)
    if gone:
        drop(*gone)
    rows = known | fresh
    return _sorted({run: rows[run] for run in there})


def _sorted(rows: dict[str, Row]) -> dict[str, Row]:
    """The newest first; ids alone only tell seconds."""
    newest = sorted(rows, key=lambda run: (rows[run].created, run), reverse=True)
    return {run: rows[run] for run in newest}


def _row(kept: dict[str, Any]) -> Row:
    """A row as it was kept, perhaps by another version."""
    names = {one.name for one in fields(Row)}
    return Row(**{name: value for name, value in kept.items() if name in names})


def _forget() -> None:
    """Put a database file that cannot be read out of the way."""
    engine().dispose()
    _engine.cache_clear()
    for name in ("lamina.db", "lamina.db-wal", "lamina.db-shm"):
        path: Path = home() / name
        if path.exists():
            path.replace(path.with_suffix(path.suffix + ".damaged"))


def reindex() -> int:
    """Rebuild the index from the run folders; gives the number of runs."""
    rows = [read_row(run) for run in folders.ids()]
    try:
        Base.metadata.drop_all(engine())
    except DatabaseError:
        _forget()
    Base.metadata.create_all(engine())
    put(*rows)
    return len(rows)
