"""A prepared folder, opened: memory-mapped tensors, raw records and thumbnails."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from builder.data import store
from builder.data.base import SPLITS
from builder.data.runtime import Preparation
from builder.data.specs import PreparedSpec
from builder.errors import LaminaError
from builder.home import room

DTYPES = {
    "uint8": torch.uint8,
    "float32": torch.float32,
    "int64": torch.int64,
    "int32": torch.int32,
}


READ = (
    "separator",
    "quoting",
    "encoding",
    "decimal",
    "header",
    "skip_rows",
    "sheet",
    "width",
    "renamed",
)


class Prepared:
    """Data made ready: fitted on training rows, stored, opened in milliseconds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spec = PreparedSpec.model_validate_json((folder / "spec.json").read_bytes())
        self._tensors: dict[str, dict[str, Tensor]] = {}

    @cached_property
    def preparation(self) -> dict[str, Any]:
        """What was fitted, as JSON; `runtime.Preparation.from_dict` applies it.

        "file" tells how the training file was read, where it was a table (separator, header,
        sheet, …; "renamed": what it calls a column → what the column is called): new rows are
        read so too.
        """
        result: dict[str, Any] = json.loads((self.folder / "preparation.json").read_bytes())
        known = self.origin.get("read", {})
        if any(known.get(key) for key in ("separator", "sheet", "renamed")):
            result["file"] = {key: known[key] for key in READ if key in known}
        return result

    @cached_property
    def runtime(self) -> Preparation:
        """The fitted preparation, ready to be applied."""
        return Preparation.from_dict(self.preparation)

    @cached_property
    def origin(self) -> dict[str, Any]:
        """Where it came from: source, options, files with their digests."""
        result: dict[str, Any] = json.loads((self.folder / "origin.json").read_bytes())
        return result

    def tensors(self, split: str) -> dict[str, Tensor]:
        """The split's inputs by id, in their stored form, and "target" (int64 codes or float32
        numbers).

        The tensors are memory-mapped, privately: writing into them changes no file. Raises
        LaminaError for a split that does not exist.
        """
        self._check(split)
        if split not in self._tensors:
            rows = self.spec.sizes[split]
            parts = {
                name: self._map(split, name, spec.stored, (rows, *self._stored_shape(name)))
                for name, spec in self.spec.inputs.items()
            }
            if self.spec.target is not None:
                kind = "int64" if self.spec.target.kind == "class" else "float32"
                parts["target"] = self._map(split, "target", kind, (rows,))
            self._tensors[split] = parts
        return dict(self._tensors[split])

    def record(self, split: str, index: int) -> dict[str, Any]:
        """One row as a person knows it: column → value, an image as PNG bytes, a text, a series.

        Raises LaminaError for a row that does not exist.
        """
        self._check(split)
        rows = self.spec.sizes[split]
        if not 0 <= index < rows:
            raise LaminaError(
                f"There is no row {index}; {split} has rows 0 to {rows - 1}.",
                place=f"split {split}",
            )
        offsets = self._offsets(split)
        with (self.folder / f"{split}.records.jsonl").open("rb") as file:
            file.seek(int(offsets[index]))
            record: dict[str, Any] = json.loads(file.read(int(offsets[index + 1] - offsets[index])))
        for name, column in self.preparation.get("restored", {}).items():
            record[column] = self.runtime.restore(name, self.tensors(split)[name][index])
        return record

    def thumbnail(self, split: str, index: int, size: int = 64) -> bytes:
        """A PNG of the row's image, `size` pixels on its longer side. Raises LaminaError where
        there is no image."""
        images = [name for name, spec in self.spec.inputs.items() if spec.form == "image"]
        if not images:
            raise LaminaError("This data holds no images.", place=f"split {split}")
        from builder.data import media

        return media.thumbnail(self.tensors(split)[images[0]][index], size)

    def changed(self) -> list[str]:
        """The source's files that are gone or hold something else than when this was prepared."""
        return store.changed(self.origin["files"])

    def _check(self, split: str) -> None:
        if split not in self.spec.sizes:
            raise LaminaError(
                f"There is no split called {split!r}.", remedy=f"Take one of {', '.join(SPLITS)}."
            )

    def _stored_shape(self, name: str) -> tuple[int, ...]:
        shape: list[int] = self.preparation["stored_shapes"][name]
        return tuple(shape)

    def _map(self, split: str, name: str, kind: str, shape: tuple[int, ...]) -> Tensor:
        count = 1
        for side in shape:
            count *= side
        if count == 0:
            return torch.empty(shape, dtype=DTYPES[kind])
        path = self.folder / f"{split}.{name}.bin"
        if path.stat().st_size != count * DTYPES[kind].itemsize:
            raise LaminaError(
                f"The prepared file {path.name} is damaged.",
                place=str(self.folder),
                remedy="Delete the folder; it is prepared anew by itself.",
            )
        return torch.from_file(str(path), shared=False, size=count, dtype=DTYPES[kind]).view(shape)

    def _offsets(self, split: str) -> Tensor:
        return self._map(split, "offsets", "int64", (self.spec.sizes[split] + 1,))


def open_prepared(key: str) -> Prepared:
    """The prepared folder of that key. Raises LaminaError where it is gone (cleaned up, or never
    made)."""
    folder = room("prepared") / key
    if not key.isalnum() or not (folder / "spec.json").exists():
        raise LaminaError(
            f"The prepared data {key!r} is not there any more.",
            place=str(folder),
            remedy="Prepare the data again; the same source gives the same result.",
            code="gone",
        )
    store.touch(folder)
    return Prepared(folder)
