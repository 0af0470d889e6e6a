"""The edit journal: an append-only file that keeps every edit, so that nothing is lost and
everything can be undone.

One JSON object a line: {"snapshot": document} begins, then {"op", "args", "graph"} for an edit,
{"op": "undo"} and {"op": "redo"}; a "key" says which sending a line comes from, so that what was
sent again after a lost answer is not done twice. The number of lines is the revision. A last line
that a crash tore is cut off at the next opening. The undo stack is what the lines say, so it
outlives restarts. Several processes may hold the same journal: a lock orders their writes, and each
reads what the others wrote before it answers.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from builder.errors import LaminaError
from builder.graph.document import Document
from builder.graph.evolve import evolve
from builder.graph.modules import refuse_nesting

NAME = "journal.jsonl"
_EVERY = 100
"""Edits between two snapshots: opening a long journal replays at most so many edits."""
_KEYS = 1000
"""Keys that are remembered, the newest."""


@dataclass(frozen=True)
class _Entry:
    """One step of the undo stack: an edit, or several moves in a row that are undone together."""

    edits: tuple[tuple[str, Mapping[str, Any], str], ...]

    def joins(self, operation: str, arguments: Mapping[str, Any], graph: str) -> bool:
        """Whether a further move belongs to this step: the same nodes were moved just before."""
        last, before, place = self.edits[-1]
        return (
            operation == last == "move"
            and graph == place
            and set(arguments.get("positions", ())) == set(before.get("positions", ()))
        )


class Journal:
    """The journal in a folder; made with `initial` (a document as `document` gives it) where there
    is none.

    LaminaError where the folder cannot be written or its first line is damaged.
    """

    def __init__(self, folder: Path | str, initial: Mapping[str, Any] | None = None):
        self.path = Path(folder) / NAME
        self._reset()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked() as file:
                self._catch_up(file)
                if self._revision < 0:
                    start = Document.from_dict(initial or {})
                    self._append(file, {"snapshot": start.to_dict()})
                    self._read({"snapshot": start.to_dict()})
        except OSError as error:
            raise LaminaError(
                f"The edits cannot be kept: {error.strerror}.", place=str(self.path)
            ) from error

    def _reset(self) -> None:
        self._offset = 0
        self._revision = -1
        self._done: list[_Entry] = []
        self._undone: list[_Entry] = []
        self._keys: dict[str, int] = {}  # of what was sent: the revision it led to
        self._states: dict[int, Document] = {}  # after so many entries; filled where needed
        self._fresh_step = True  # an undo or redo ends a row of moves

    @property
    def revision(self) -> int:
        """Counts every edit, undo and redo; a browser sends the one it knows as `base`."""
        self._refresh()
        return self._revision

    @property
    def document(self) -> dict[str, Any]:
        """{"graphs", "modules", "view"} as in the project file."""
        return self.state.to_dict()

    @property
    def state(self) -> Document:
        """The document as a value."""
        self._refresh()
        return self._state(len(self._done))

    def done(self, key: str) -> int | None:
        """The revision that what was sent under this key led to; None where it never came."""
        self._refresh()
        return self._keys.get(key)

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        self._refresh()
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone edit to do again."""
        self._refresh()
        return bool(self._undone)

    def apply(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        base: int,
        graph: str = "model",
        *,
        key: str = "",
    ) -> int:
        """Carry out an edit on the revision `base` and keep it, with its key where it has one;
        gives the new revision.

        `operation` is one of graph.edit's, "move" ({"positions": {id: {"x", "y"}}}),
        "replace_document" ({"value"}), "add_graph" ({"name", "nodes", "edges", "module"}),
        "remove_graph" ({"name"}), "group" ({"ids", "name"}), "ungroup" ({"id"}), "rename_module"
        and "rename_graph" ({"name", "new"}). LaminaError (code "stale") where
        others were quicker, and whatever the edit itself raises; then nothing changed.
        """
        if operation in ("group", "ungroup"):
            arguments = {**arguments, "graph": graph}
        with self._current(base) as file:
            state = self._state(len(self._done))
            after = evolve(state, operation, arguments, graph)
            if operation != "replace_document":  # what a file holds is taken in as it is
                refuse_nesting(state, after)
            record: dict[str, Any] = {"op": operation, "args": dict(arguments), "graph": graph}
            if key:
                record["key"] = key
            if len(self._done) % _EVERY == _EVERY - 1:
                record["snapshot"] = after.to_dict()
            try:
                self._append(file, record)
            except (TypeError, ValueError) as error:
                raise LaminaError(
                    "The edit holds something that is not JSON.", code="edit"
                ) from error
            self._read(record, after)
        return self._revision

    def undo(self, base: int | None = None, *, key: str = "") -> int:
        """Take the last step back; gives the new revision.

        LaminaError where there is nothing to undo.
        """
        return self._step("undo", base, key)

    def redo(self, base: int | None = None, *, key: str = "") -> int:
        """Do the last undone step again; gives the new revision. LaminaError where none is."""
        return self._step("redo", base, key)

    def _step(self, kind: str, base: int | None, key: str) -> int:
        with self._current(base) as file:
            if not (self._done if kind == "undo" else self._undone):
                raise LaminaError(f"There is nothing to {kind}.", code="nothing")
            record = {"op": kind, **({"key": key} if key else {})}
            self._append(file, record)
            self._read(record)
        return self._revision

    @contextmanager
    def _current(self, base: int | None) -> Iterator[IO[bytes]]:
        """The locked file with all that others wrote taken in; refuses a stale base."""
        try:
            with self._locked() as file:
                self._catch_up(file)
                if base is not None and base != self._revision:
                    raise LaminaError(
                        "The graph was changed elsewhere in the meantime.",
                        remedy="Have a look at it and do the edit again.",
                        code="stale",
                    )
                yield file
        except OSError as error:
            raise LaminaError(
                f"The edit cannot be kept: {error.strerror}.",
                place=str(self.path),
                remedy="Nothing was changed; make room and try again.",
            ) from error

    def _refresh(self) -> None:
        """Take in what another process wrote."""
        try:
            if self.path.stat().st_size != self._offset:
                with self._locked() as file:
                    self._catch_up(file)
        except FileNotFoundError:
            return

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        """The file, open for reading and appending, held by this process alone."""
        with self.path.open("a+b") as file, alone(file):
            yield file

    def _catch_up(self, file: IO[bytes]) -> None:
        end = file.seek(0, os.SEEK_END)
        if end < self._offset:  # somebody put another file in its place
            self._reset()
        file.seek(self._offset)
        rest = file.read()
        whole = rest[: rest.rfind(b"\n") + 1]
        for line in whole.splitlines():
            try:
                self._read(json.loads(line))
            except (ValueError, KeyError, IndexError, TypeError) as error:
                raise LaminaError(
                    "The journal of edits is damaged.",
                    place=f"{self.path}, line {self._revision + 2}",
                    remedy="Restore the file from a copy, or remove it to begin anew.",
                ) from error
        self._offset += len(whole)
        if len(whole) < len(rest):  # a torn last line: the edit was never acknowledged
            file.truncate(self._offset)

    def _append(self, file: IO[bytes], record: dict[str, Any]) -> None:
        line = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        data = line.encode() + b"\n"
        try:
            file.write(data)
            file.flush()
        except OSError:
            file.truncate(self._offset)  # a full disk leaves no half line behind
            raise
        self._offset += len(data)

    def _read(self, record: Mapping[str, Any], after: Document | None = None) -> None:
        """Take one line into the undo stack."""
        self._revision += 1
        if "key" in record:
            self._keys[record["key"]] = self._revision
            if len(self._keys) > _KEYS:
                del self._keys[next(iter(self._keys))]
        operation = record.get("op")
        if operation is None:
            self._states[0] = Document.from_dict(record["snapshot"])
        elif operation == "undo":
            self._undone.append(self._done.pop())
            self._fresh_step = True
        elif operation == "redo":
            self._done.append(self._undone.pop())
            self._fresh_step = True
        else:
            self._take(operation, record["args"], record["graph"])
            count = len(self._done)
            for known in [number for number in self._states if number >= count]:
                del self._states[known]
            if after is None and "snapshot" in record:
                after = Document.from_dict(record["snapshot"])
            if after is not None:
                self._states[count] = after

    def _take(self, operation: str, arguments: Mapping[str, Any], graph: str) -> None:
        edit = (operation, arguments, graph)
        self._undone.clear()
        if not self._fresh_step and self._done and self._done[-1].joins(*edit):
            joined = _Entry(
                (*self._done.pop().edits[:-1], edit)
            )  # the last position is what counts
            self._done.append(joined)
        else:
            self._done.append(_Entry((edit,)))
        self._fresh_step = False

    def _state(self, count: int) -> Document:
        """The document after the first `count` entries, replayed from the nearest state that is
        known.
        """
        known = max(number for number in self._states if number <= count)
        state = self._states[known]
        for number in range(known, count):
            for operation, arguments, graph in self._done[number].edits:
                state = evolve(state, operation, arguments, graph)
            self._states[number + 1] = state
        return state


@contextmanager
def alone(file: IO[bytes]) -> Iterator[None]:
    """While the block runs, no other process or thread holds this file so; waits for its turn."""
    _lock(file)
    try:
        yield
    finally:
        _unlock(file)


if os.name == "nt":  # pragma: no cover
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]

    def _unlock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined]

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
