"""Checkpoints: weights as plain safetensors, and beside them all that a resume needs. No pickle.

A checkpoint is two files named by its step, `step-00000120.safetensors` (the state_dict) and
`step-00000120.state.safetensors`; `checkpoints.json` in the run folder says which step is "best",
"last" or "epoch-0003". Its replacement is the moment of commit, so a crash leaves the old or the
new set, never a mixture.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from builder.errors import LaminaError
from builder.train import files

VERSION = 1
PAUSE = 0.25
"""Seconds between two checkpoints that nobody waits for, where epochs are shorter than that."""


@dataclass(frozen=True)
class Saved:
    """Weights by name; state tensors and plain facts beside them where a resume is possible."""

    step: int
    epoch: int  # epochs done
    weights: Mapping[str, Tensor]
    figures: Mapping[str, float] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] | None = None
    facts: Mapping[str, Any] | None = None
    whole: bool = True  # at the end of an epoch


def join(weights: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The state_dicts of a run's graphs as one: plain names for one graph, "graph/name" for
    several.
    """
    if len(weights) == 1:
        return dict(next(iter(weights.values())))
    return {f"{graph}/{name}": x for graph, part in weights.items() for name, x in part.items()}


def share(weights: Mapping[str, Tensor], graphs: tuple[str, ...]) -> dict[str, dict[str, Tensor]]:
    """What `join` joined."""
    if len(graphs) == 1:
        return {graphs[0]: dict(weights)}
    return {
        graph: {
            name.removeprefix(f"{graph}/"): x
            for name, x in weights.items()
            if name.startswith(f"{graph}/")
        }
        for graph in graphs
    }


def write(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
    """A safetensors file, whole or not there. Raises LaminaError for a full or read-only disk."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with files.disk_errors(str(path.parent)):
        try:
            packed = {name: x.contiguous() for name, x in tensors.items()}
            save_file(packed, aside, metadata=dict(facts))
            with aside.open("rb+") as file:
                os.fsync(file.fileno())
            files.replace(aside, path)
        except SafetensorError as error:
            aside.unlink(missing_ok=True)
            raise _disk_error(error) from error
        except OSError:
            aside.unlink(missing_ok=True)
            raise


def _disk_error(error: SafetensorError) -> OSError:
    """safetensors wraps the operating system's error; take its number out of the text."""
    text = str(error)
    mark = "os error "
    number = text[text.find(mark) + len(mark) :].split(")")[0] if mark in text else ""
    return OSError(int(number) if number.isdigit() else 5, text)


def write_saved(folder: Path, saved: Saved, names: tuple[str, ...], keep: str) -> None:
    """Write a checkpoint into a run folder under the given names ("best", "last", …) and drop what
    none names.

    `keep` is the recipe's: with "all" each epoch's checkpoint stays.
    """
    room = folder / "checkpoints"
    with files.disk_errors(str(folder)):
        room.mkdir(exist_ok=True)
    stem = f"step-{saved.step:08d}"
    head = {"version": str(VERSION), "step": str(saved.step), "epoch": str(saved.epoch)}
    write(room / f"{stem}.safetensors", saved.weights, head)
    if saved.tensors is not None:
        facts = {**head, "facts": json.dumps(saved.facts)}
        write(room / f"{stem}.state.safetensors", saved.tensors, facts)
    index = listing(folder)
    if keep == "all" and saved.whole:
        names = (*names, f"epoch-{saved.epoch:04d}")
    for name in names:
        index[name] = {
            "file": f"{stem}.safetensors",
            "step": saved.step,
            "epoch": saved.epoch,
            "figures": dict(saved.figures),
            "state": saved.tensors is not None and name != "best",
        }
    files.write_json(folder / "checkpoints.json", index, sync=True)
    _drop_unnamed(room, index)


def settle(folder: Path, keep: str) -> None:
    """At the end of a run: what stopped before its first epoch has its last weights as its best;
    drop the rest.
    """
    index = listing(folder)
    if "last" in index:
        index.setdefault("best", {**index["last"], "state": False})
    if keep == "best":
        index.pop("last", None)
    files.write_json(folder / "checkpoints.json", index, sync=True)
    _drop_unnamed(folder / "checkpoints", index)


def _drop_unnamed(room: Path, index: Mapping[str, Any]) -> None:
    wanted = {entry["file"] for entry in index.values()}
    wanted |= {
        entry["file"].replace(".safetensors", ".state.safetensors")
        for name, entry in index.items()
        if entry.get("state", name == "last")
    }
    for path in room.glob("step-*.safetensors"):
        if path.name not in wanted:
            try:
                path.unlink()
            except OSError:  # a reader holds it open (Windows); the next checkpoint drops it
                continue


def listing(folder: Path) -> dict[str, dict[str, Any]]:
    """Name → file, step, epoch and figures of the checkpoints of a run folder."""
    found = files.read_json(folder / "checkpoints.json")
    return dict(found) if isinstance(found, dict) else {}


def whole(folder: Path, name: str) -> bool:
    """Whether a checkpoint has the optimiser's memory and the random numbers beside the weights."""
    entry = listing(folder).get(name, {"file": name})
    state = (folder / "checkpoints" / entry["file"]).with_suffix(".state.safetensors")
    return bool(entry.get("state", name == "last")) or state.exists()


def state(folder: Path, name: str) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
    """What a checkpoint knows beside weights and the optimiser's memory: facts, and the feed's
    tensors. None where it holds weights alone. Reads little, however large the network.

    Raises LaminaError where it is damaged.
    """
    if not whole(folder, name):
        return None
    path = folder / "checkpoints" / listing(folder)[name]["file"]
    beside = path.with_suffix(".state.safetensors")
    with _readable(name, path), safe_open(beside, framework="pt") as file:
        names = [name for name in file.keys() if name.startswith("feed/")]  # noqa: SIM118
        feed = {name: file.get_tensor(name) for name in names}
        facts = _facts(beside)
    return facts, feed


def _facts(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="pt") as file:
        found: dict[str, Any] = json.loads(file.metadata()["facts"])
    return found


@contextmanager
def _readable(name: str, path: Path) -> Iterator[None]:
    """What goes wrong within is that the checkpoint is damaged, in words."""
    try:
        yield
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        words = "is not there any more" if isinstance(error, FileNotFoundError) else "is damaged"
        raise LaminaError(
            f"The checkpoint {name!r} {words}: {error}.",
            place=str(path),
            remedy="Fork the run from another checkpoint, or start a new one.",
            code="checkpoint_damaged",
        ) from error


def load(folder: Path, name: str = "last") -> Saved | None:
    """A checkpoint to go on from, with its state where it was kept; None where there is none.

    Raises LaminaError where it is damaged or its file was deleted.
    """
    entry = listing(folder).get(name)
    if entry is None:
        return None
    path = folder / "checkpoints" / entry["file"]
    beside = path.with_suffix(".state.safetensors")
    full, facts, tensors = whole(folder, name), None, None
    with _readable(name, path):
        weights = load_file(path)
        if full:
            facts, tensors = _facts(beside), load_file(beside)
    return Saved(entry["step"], entry["epoch"], weights, entry["figures"], tensors, facts)


def latest(folder: Path) -> tuple[Saved | None, str]:
    """The newest checkpoint from which a run can go on bit for bit, and words where "last" is not
    it; None where the run has not written any.

    Raises LaminaError where there were some and none can be read.
    """
    index = listing(folder)
    kept = {name: one for name, one in index.items() if one.get("state", name == "last")}
    newest = sorted(kept, key=lambda name: (kept[name]["step"], name == "last"), reverse=True)
    trouble: LaminaError | None = None
    for name in newest:
        try:
            found = load(folder, name)
        except LaminaError as error:
            trouble = trouble or error
            continue
        words = f"{trouble.fact} Going on from {name!r}." if trouble else ""
        return found, words
    if trouble is not None:
        raise trouble
    return (load(folder, "last"), "") if "last" in index else (None, "")


def weights(path: Path | str) -> dict[str, Tensor]:
    """The weights of a safetensors file. Raises LaminaError where it is none, or damaged."""
    try:
        found: dict[str, Tensor] = load_file(str(path))
    except FileNotFoundError as error:
        raise LaminaError(
            "There is no such file.", place=str(path), remedy="Check the path."
        ) from error
    except (OSError, SafetensorError, ValueError) as error:
        raise LaminaError(
            "This is no readable safetensors file.",
            place=str(path),
            remedy="Save weights with safetensors.torch.save_file; pickled .pt files are not read.",
        ) from error
    return found


def shapes(path: Path | str) -> dict[str, tuple[int, ...]]:
    """Names and shapes in a safetensors file, without reading the weights."""
    try:
        with safe_open(str(path), framework="pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return {name: tuple(x.shape) for name, x in weights(path).items()}


def fit_problem(
    wanted: Mapping[str, tuple[int, ...]], given: Mapping[str, tuple[int, ...]]
) -> str | None:
    """Why weights of the shapes `given` do not fit a model, naming the first differences; None
    where they do.
    """
    missing = [name for name in wanted if name not in given]
    surplus = [name for name in given if name not in wanted]
    other = [name for name in wanted if name in given and wanted[name] != given[name]]
    if other:
        name = other[0]
        return f"'{name}' is {_x(given[name])} in the file and {_x(wanted[name])} in the graph" + (
            f" ({len(other) - 1} more differ)" if len(other) > 1 else ""
        )
    if missing or surplus:
        parts = [f"the file lacks '{missing[0]}'"] if missing else []
        parts += [f"the graph has no '{surplus[0]}'"] if surplus else []
        count = len(missing) + len(surplus) - len(parts)
        return " and ".join(parts) + (f" ({count} more)" if count else "")
    return None


def _x(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a single number"


class Keeper:
    """Writes snapshots in a thread of its own, newest first where the disk is slower than the
    training.

    `put` returns at once and raises the error of an earlier write. The best one is always written
    before a later "last", so a resume never goes on from a step after a best checkpoint that was
    lost.
    """

    def __init__(self, folder: Path, keep: str) -> None:
        self.folder = folder
        self.keep = keep
        self.waiting: list[tuple[Saved, tuple[str, ...]]] = []
        self.error: BaseException | None = None
        self.closed = False
        self.changed = threading.Condition()
        self.busy = self.wanted = False
        self.thread = threading.Thread(target=self._work, name="checkpoints", daemon=True)
        self.thread.start()

    def put(
        self, saved: Saved, *, best: bool, wait: bool = False, extra: tuple[str, ...] = ()
    ) -> None:
        """Queue a snapshot under "best" and "last", and under `extra` names that stay; `wait` until
        it is on the disk.
        """
        names = (("best",) if best else ()) + (("last",) if saved.tensors is not None else ())
        names += extra
        with self.changed:
            self._raise()
            if self.keep != "all":
                self.waiting = _superseded(self.waiting, names)
            self.waiting.append((saved, names))
            self.changed.notify_all()
        if wait:
            self.flush()

    def flush(self) -> None:
        """Wait until all is written. Raises LaminaError where it could not be."""
        with self.changed:
            self.wanted = True
            self.changed.notify_all()
            self.changed.wait_for(lambda: (not self.waiting and not self.busy) or self.error)
            self.wanted = False
            self._raise()

    def close(self) -> None:
        """Write what waits and end the thread. Raises LaminaError where a write failed."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        self.thread.join()
        self._raise()

    def _raise(self) -> None:
        if self.error is not None:
            error, self.error = self.error, None
            raise error

    def _work(self) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.waiting or self.closed)
                if not self.waiting:
                    return
                saved, names = self.waiting.pop(0)
                self.busy = True
            try:
                write_saved(self.folder, saved, names, self.keep)
            except Exception as error:  # handed to the training thread by put, flush or close
                with self.changed:
                    self.error = error
                    self.waiting.clear()
            with self.changed:
                self.busy = False
                self.changed.notify_all()
                self.changed.wait_for(lambda: self.closed or self.wanted, timeout=PAUSE)


def _superseded(
    waiting: list[tuple[Saved, tuple[str, ...]]], names: tuple[str, ...]
) -> list[tuple[Saved, tuple[str, ...]]]:
    """What must still be written before a snapshot of these names.

    An older "last" need not; an older "best" must where a "last" that knows of it comes between.
    """
    kept: list[tuple[Saved, tuple[str, ...]]] = []
    last_follows = "last" in names
    for saved, had in reversed(waiting):
        left = tuple(
            name for name in had if name not in names or (name == "best" and last_follows and kept)
        )
        if left:
            kept.insert(0, (saved, left))
            last_follows = last_follows or "last" in left
    return kept
