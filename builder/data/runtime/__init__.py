"""The fitted preparation: from raw records to a model's tensors. Torch and the standard library.

These files are copied as they are into every export, so that a folder predicts raw input by itself.
Each form has a class of this shape: `images.Images`, `tokens.Tokens`, `series.Series`,
`tables.Vector`, `tables.Codes`.

    def __init__(self, settings: dict): ...
        # JSON, written by the fit; settings["column"] names the record's key
    def transform(self, records: list[dict]) -> Tensor: ...
        # the stored form, uint8 [N, C, H, W] for images
    def to_model(self, x: Tensor) -> Tensor: ...
        # on any device: (x / 255 - mean) / std for images, else unchanged
    def restore(self, x: Tensor) -> object: ...
        # one stored row back to the raw value (PNG bytes, numbers); None where it cannot
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

VERSION = 1


class Preparation:
    """What was fitted on the training split, as plain JSON, and how it is applied."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = dict(settings)
        self._inputs = {name: _form(part) for name, part in self.settings["inputs"].items()}

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> "Preparation":
        """From what `to_dict` gave. Raises ValueError for a version that this code does not
        know."""
        if settings.get("version") != VERSION:
            raise ValueError(
                f"The preparation is of version {settings.get('version')}; this code reads "
                f"{VERSION}."
            )
        return cls(settings)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return self.settings

    @property
    def input_names(self) -> tuple[str, ...]:
        """The Input nodes that get data."""
        return tuple(self._inputs)

    @property
    def classes(self) -> tuple[str, ...]:
        """The target's classes; empty for a number."""
        return tuple((self.settings.get("target") or {}).get("classes", ()))

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that a record must have."""
        names: dict[str, None] = {}
        for part in self.settings["inputs"].values():
            names.update(dict.fromkeys(_columns(part)))
        return tuple(names)

    def transform(self, records: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        """From records (column → raw value, numbers may be strings) to stored tensors, one per
        Input.

        Raises ValueError naming the column that a record lacks or whose value cannot be read.
        """
        records = list(records)
        return {name: form.transform(records) for name, form in self._inputs.items()}

    def to_model(self, name: str, x: Tensor) -> Tensor:
        """From the stored form to what the model takes, on the tensor's device."""
        result: Tensor = self._inputs[name].to_model(x)
        return result

    def restore(self, name: str, x: Tensor) -> object:
        """One stored row as a person knows it; None where the stored form does not tell."""
        return self._inputs[name].restore(x)

    def batch(self, records: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
        """From records straight to what the model takes."""
        with torch.no_grad():
            return {name: self.to_model(name, x) for name, x in self.transform(records).items()}


def _columns(part: Mapping[str, Any]) -> list[str]:
    if part["form"] in ("vector", "codes"):
        return [column["name"] for column in part["columns"]]
    return [part["column"]]


def _form(part: Mapping[str, Any]) -> Any:
    """The form's class, made; a module is imported only where its form is used."""
    form = part["form"]
    if form == "vector":
        from .tables import Vector

        return Vector(part)
    if form == "codes":
        from .tables import Codes

        return Codes(part)
    if form == "image":
        from .images import Images

        return Images(part)
    if form == "tokens":
        from .tokens import Tokens

        return Tokens(part)
    if form == "series":
        from .series import Series

        return Series(part)
    raise ValueError(f"The form {form!r} is not known.")
