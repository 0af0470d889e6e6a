"""A checkpoint's predictions on a split, computed once and kept in the run folder."""

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from builder.progress import Progress

if TYPE_CHECKING:
    from builder.runs import Run

CHUNK = 256


def stamp(run: "Run", checkpoint: str) -> tuple[str, int]:
    """A name for the checkpoint's content (it changes when "best" moves on), and its epoch.

    Raises LaminaError where the run keeps no such checkpoint.
    """
    kept = run.checkpoint(checkpoint)
    name = re.sub(r"[^A-Za-z0-9_-]", "_", checkpoint)
    return f"{name}-{kept.epoch}-{kept.step}", int(kept.epoch)


def predictions(
    run: "Run", checkpoint: str, split: str, progress: Progress | None = None
) -> dict[str, Any]:
    """Arrays by row: "target", "prediction", "probabilities" [N, K]; and "epoch", "repeats".

    Raises LaminaError for a missing checkpoint.
    """
    mark, epoch = stamp(run, checkpoint)
    path = Path(run.folder) / "evaluation" / f"{mark}-{split}.npz"
    kept = _read(path)
    if kept is None:
        kept = _compute(run, checkpoint, split, progress)
        kept["epoch"] = np.asarray(epoch)
        _write(path, kept)
    return kept


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError):
        return None


def _write(path: Path, arrays: Mapping[str, Any]) -> None:
    """Aside, then renamed. A full disk or a read-only folder costs the cache, not the report."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)
        os.replace(name, path)
    except OSError:
        path.with_suffix(".part").unlink(missing_ok=True)


def _compute(run: "Run", checkpoint: str, split: str, progress: Progress | None) -> dict[str, Any]:
    prepared = run.prepared()
    tensors = prepared.tensors(split)
    kept: dict[str, Any] = forward(run, checkpoint, tensors, split, progress)
    kept["target"] = tensors["target"].numpy().copy()
    kept["repeats"] = np.asarray(
        0
        if split == "train"
        else _repeats(prepared.tensors("train"), tensors, tuple(run.spec.inputs))
    )
    return kept


def forward(
    run: "Run",
    checkpoint: str,
    tensors: Mapping[str, Tensor],
    what: str = "rows",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The task's predictions for stored tensors, in chunks on the CPU, as arrays."""
    from builder.compile import inputs_of
    from builder.data.runtime import Preparation

    model, task = run.model(checkpoint), run.task()
    preparation = Preparation.from_dict(run.prepared().preparation)
    names = inputs_of(model)
    rows = len(tensors[names[0]])
    parts: dict[str, list[Tensor]] = {}
    with torch.inference_mode():
        for start in range(0, rows, CHUNK):
            inputs = [
                preparation.to_model(name, tensors[name][start : start + CHUNK]) for name in names
            ]
            for key, value in task.predict(outputs_of(model(*inputs))).items():
                parts.setdefault(key, []).append(value.cpu())
            if progress is not None:
                progress(what, min(rows, start + CHUNK), rows)
    return {key: torch.cat(values).numpy() for key, values in parts.items()}


def outputs_of(result: Any) -> Mapping[str, Tensor]:
    """A model's result as named outputs; the only one is called "out"."""
    return result if isinstance(result, Mapping) else {"out": result}


def _repeats(
    train: Mapping[str, Tensor], other: Mapping[str, Tensor], names: tuple[str, ...]
) -> int:
    """How many rows of `other` stand in `train` with the very same inputs."""
    seen = set(_digests(train, names))
    return sum(digest in seen for digest in _digests(other, names))


def _digests(tensors: Mapping[str, Tensor], names: tuple[str, ...]) -> list[bytes]:
    arrays = [tensors[name].numpy() for name in names]
    return [
        hashlib.blake2b(b"".join(array[row].tobytes() for array in arrays), digest_size=16).digest()
        for row in range(len(arrays[0]))
    ]
