"""Series from lists or arrays to float32 tensors of one length. Torch and the standard library
only."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


class Series:
    """The fitted preparation of one series input.

    `settings`: column, channels (names), length, normalise ("series": each series to mean 0 and
    deviation 1 by itself; "channel": by the training rows' mean and std; "none"), mean and std per
    channel. `cells`: the raw columns of a wide table, taken in order where `column` is missing. A
    shorter series is filled up at its end with its channel's mean (0 after normalising), a longer
    one is cut; gaps are filled on the line between their neighbours.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = dict(settings)
        self.column = str(settings["column"])
        self.cells = tuple(settings.get("cells", ()))
        self.channels = tuple(settings["channels"])
        self.length = int(settings["length"])
        self.normalise = str(settings["normalise"])
        count = len(self.channels)
        self._mean = torch.tensor(settings.get("mean") or [0.0] * count).view(-1, 1)
        self._std = torch.tensor(settings.get("std") or [1.0] * count).view(-1, 1)

    def transform(self, records: Sequence[Mapping[str, Any]]) -> Tensor:
        """Records to float32 [N, C, T]. Raises ValueError naming the record whose value is no
        series."""
        out = torch.zeros((len(records), len(self.channels), self.length))
        for row, record in enumerate(records):
            try:
                x = series(self._value(record), len(self.channels))
            except ValueError as error:
                raise ValueError(f"Record {row + 1}, {self.column!r}: {error}.") from error
            x = self.standard(filled(x))[:, : self.length]
            out[row, :, : x.shape[1]] = x
        return out

    def standard(self, x_CT: Tensor) -> Tensor:
        """Normalised as the settings say."""
        if self.normalise == "series":
            mean = x_CT.mean(dim=1, keepdim=True)
            std = x_CT.std(dim=1, keepdim=True, unbiased=False)
            return (x_CT - mean) / std.where(std > 1e-12, torch.ones_like(std))
        if self.normalise == "channel":
            return (x_CT - self._mean) / self._std
        return x_CT

    def to_model(self, x: Tensor) -> Tensor:
        """Stored as the model takes it."""
        return x

    def restore(self, x: Tensor) -> dict[str, list[float]]:
        """One stored row [C, T] by channel; in its own unit where that can be told ("series" keeps
        the shape only)."""
        if self.normalise == "channel":
            x = x * self._std + self._mean
        return {name: x[i].tolist() for i, name in enumerate(self.channels)}

    def _value(self, record: Mapping[str, Any]) -> Any:
        if self.column in record:
            return record[self.column]
        if self.cells and all(cell in record for cell in self.cells):
            return [record[cell] for cell in self.cells]
        if len(self.channels) > 1 and all(channel in record for channel in self.channels):
            return [record[channel] for channel in self.channels]
        raise ValueError("it is missing")


def series(value: Any, channels: int) -> Tensor:
    """float32 [C, T] from an array or nested lists [C, T] or [T], a mapping channel → list, or JSON
    text of these.

    NaN marks a gap. Raises ValueError where it is none of these or has another number of channels.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError("the text is no JSON list of numbers") from error
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, Sequence):
        value = [
            [_number(cell) for cell in part] if isinstance(part, list | tuple) else _number(part)
            for part in value
        ]
    try:
        x = torch.as_tensor(value, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError("it is no list of numbers, or its channels differ in length") from error
    if x.dim() == 1:
        x = x[None]
    if x.dim() != 2 or x.shape[0] != channels or x.shape[1] == 0:
        raise ValueError(f"a series of shape [{channels}, T] is needed, not {list(x.shape)}")
    return x


def filled(x_CT: Tensor) -> Tensor:
    """Gaps (NaN, infinities) filled on the line between their neighbours, at the ends with the
    nearest value."""
    good = x_CT.isfinite()
    if bool(good.all()):
        return x_CT
    out = x_CT.clone()
    for channel in range(len(out)):
        at = good[channel].nonzero().flatten()
        if len(at) == 0:
            out[channel] = 0.0
            continue
        for gap in (~good[channel]).nonzero().flatten().tolist():
            right = int(torch.searchsorted(at, gap))
            if right == 0 or right == len(at):
                out[channel, gap] = x_CT[channel, at[min(right, len(at) - 1)]]
                continue
            first, last = int(at[right - 1]), int(at[right])
            share = (gap - first) / (last - first)
            out[channel, gap] = x_CT[channel, first] * (1 - share) + x_CT[channel, last] * share
    return out


def _number(cell: Any) -> float:
    if cell is None or cell == "" or cell == "?":
        return math.nan
    try:
        return float(cell)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{cell!r} is no number") from error
