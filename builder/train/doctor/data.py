"""One look at the data, for what no curve tells: a column that gives the answer away, held-out rows
that were trained on.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from builder.data.specs import InputSpec, TargetSpec
from builder.train.doctor import places
from builder.train.doctor.facts import Intake, Teller

MOST_CELLS = 1_000_000
MOST_COLUMNS = 500
MOST_BYTES = 64 << 20
"""So that the one look takes about a tenth of a second at most."""
BINS = 64
LEAST_ROWS = 8
"""Rows that a bin or a category must have to tell anything."""
MOST_TOLD, SURE = 6, 0.9
FEW_DOUBLES = 0.1
COPIED, DRAWN = 0.2, 4
"""A smaller share of copies counts where it is so many times that of doubles in training: rows that
stand in the file twice by chance are about as common here and there.
"""
LEAST_SINGLE, UNLIKELY, MOST_WIDE = 1 / 3, 100, 8
"""Of rows that may be alike by nature; where so few are, held-out ones should not be more often."""
LOOK_ROWS, MOST_ROWS = 256, 16_384

Split = Mapping[str, Tensor]


def tellers(
    train: Split, inputs: Mapping[str, InputSpec], target: TargetSpec | None
) -> tuple[Teller, ...]:
    """The columns of the tables, and the places of series, images and texts, by how well each alone
    tells the target, the best six first, more where all of them do.

    Classes: Goodman and Kruskal's lambda over up to 64 bins of equal size, or over the categories
    (0: a guess, 1: always right); numbers: the share of the variance that these explain. At most a
    million cells and 500 columns are read.
    """
    if target is None or "target" not in train:
        return ()
    tables = [spec for spec in inputs.values() if spec.form in ("vector", "codes")]
    columns = min(MOST_COLUMNS, sum(spec.shape[0] for spec in tables))
    count = len(train["target"])
    rows = torch.arange(count)[:: max(1, count * columns // MOST_CELLS)]
    y = train["target"].index_select(0, rows).double().numpy()
    best: dict[str, Teller] = {}
    for spec in tables:
        if spec.name not in train or len(spec.features) != spec.shape[0]:
            continue
        x = train[spec.name].index_select(0, rows)[:, :MOST_COLUMNS].float().numpy()
        for column, values in _columns(x, spec):
            power = _power(values, y, target, codes=values.dtype == np.int64)
            if column not in best or power > best[column].power:
                best[column] = Teller(column, power, spec.name)
    for spec in inputs.values():
        if spec.form in ("series", "image", "tokens") and spec.name in train:
            best |= {f"{t.input}/{k}": t for k, t in enumerate(_within(train, spec, target))}
    found = sorted(best.values(), key=lambda teller: -teller.power)
    sure = sum(teller.power >= SURE for teller in found)
    return tuple(found[: max(MOST_TOLD, sure + 1)])  # with the first that is not sure


def _within(train: Split, spec: InputSpec, target: TargetSpec) -> Iterator[Teller]:
    """The places of one input; as many rows as make a million cells."""
    whole = train[spec.name]
    cells = max(1, whole[:1].numel())
    rows = torch.arange(len(whole))[:: max(1, math.ceil(len(whole) * cells / MOST_CELLS))]
    y = train["target"].index_select(0, rows).double().numpy()

    def power(values: np.ndarray, codes: bool) -> float:
        return _power(values, y, target, codes=codes)

    if y.ndim == 1 and np.isfinite(y).all():
        yield from places.tellers(whole.index_select(0, rows), y, spec, target, power)


def _columns(x_BF: np.ndarray, spec: InputSpec) -> list[tuple[str, np.ndarray]]:
    """The columns of the data: numbers as float [B], categories (several switches, or a code) as
    int64 [B].
    """
    groups: dict[str, list[int]] = {}
    for index, origin in enumerate((spec.origins or spec.features)[: x_BF.shape[1]]):
        groups.setdefault(origin, []).append(index)
    found = []
    for column, at in groups.items():
        if len(at) == 1:
            values = x_BF[:, at[0]]
            found.append((column, values.astype(np.int64) if spec.form == "codes" else values))
            continue
        part = x_BF[:, at]
        switches = bool(np.isin(part, (0.0, 1.0)).all()) and bool((part.sum(1) <= 1).all())
        if switches:
            found.append((column, np.where(part.any(1), part.argmax(1), len(at))))
        else:
            found += [(column, x_BF[:, place]) for place in at]
    return found


def _power(x_B: np.ndarray, y_B: np.ndarray, target: TargetSpec, *, codes: bool) -> float:
    finite = np.isfinite(x_B) & np.isfinite(y_B)
    x, y = x_B[finite], y_B[finite]
    bins = min(BINS, len(x) // LEAST_ROWS)
    if bins < 4 or x.min() == x.max():
        return 0.0
    if codes:  # rare values together, so that a column of names tells nothing
        _, places, counts = np.unique(x, return_inverse=True, return_counts=True)
        places = np.where(counts[places] < LEAST_ROWS, len(counts), places)
    else:
        edges = np.unique(np.quantile(x, np.linspace(0, 1, bins + 1)[1:-1]))
        places = np.searchsorted(edges, x, side="left")
    if target.kind == "number":
        whole = float(((y - y.mean()) ** 2).sum())
        inside = sum(
            float(((y[places == b] - y[places == b].mean()) ** 2).sum()) for b in np.unique(places)
        )
        return 1 - inside / whole if whole > 0 else 0.0
    k = len(target.classes)
    counts = np.bincount(places * k + y.astype(np.int64), minlength=k * (int(places.max()) + 1))
    table = counts.reshape(-1, k)
    common = table.sum(0).max()
    return float((table.max(1).sum() - common) / max(1, len(y) - common))


def intakes(
    train: Split,
    inputs: Mapping[str, InputSpec],
    prepare: Mapping[str, Callable[[Tensor], Tensor]],
    normed: Collection[str],
) -> tuple[Intake, ...]:
    """What the Input nodes give, over some hundred rows from all of the split. `normed`: those that
    go through a normalisation first.
    """
    found = []
    for name, spec in inputs.items():
        if name not in train or len(train[name]) < LEAST_ROWS:
            continue
        whole = train[name]
        rows = whole[:: max(1, len(whole) // LOOK_ROWS)]
        more = whole[:: max(1, len(whole) // MOST_ROWS)]
        blank = bool((rows == rows[:1]).all()) and bool((more == more[:1]).all())
        sizes: tuple[tuple[str, float], ...] = ()
        if spec.dtype == "float" and not blank:
            x = prepare[name](rows) if name in prepare else rows
            sizes = _sizes(x.float(), spec)
        columns = tuple(dict.fromkeys(spec.origins or spec.features))
        known = columns if spec.form in ("vector", "codes") else ()
        found.append(Intake(name, spec.form, blank, known, sizes, name in normed))
    return tuple(found)


def _sizes(x_BF: Tensor, spec: InputSpec) -> tuple[tuple[str, float], ...]:
    """The root mean square of each feature (of a table) or channel that varies."""
    flat = x_BF.transpose(0, 1).flatten(1).double()
    flat = torch.where(torch.isfinite(flat), flat, torch.zeros((), dtype=torch.float64))
    varies = (flat != flat[:, :1]).any(1)
    sizes = flat.square().mean(1).sqrt()
    origins: Sequence[str] = spec.origins or spec.features
    if spec.form != "vector" or len(origins) != len(sizes):
        origins = [""] * len(sizes)
    return tuple(
        (origin, float(size))
        for origin, size, moves in zip(origins, sizes, varies, strict=True)
        if moves
    )


def copies(train: Split, held_out: Split, inputs: Mapping[str, InputSpec]) -> float | None:
    """The share of held-out rows that stand in the training split with the very same inputs.

    None where rows repeat by nature: half of the training rows are doubles, or, of categories and
    few numbers, a tenth (not where the numbers take so many values that no two rows would be alike
    by luck: then two thirds); or where they are too many bytes.
    """
    names = [name for name in inputs if name in train and name in held_out]
    rich = any(
        spec.form in ("image", "series") or (spec.form == "vector" and _numbers(spec) >= 4)
        for spec in inputs.values()
    )
    size = sum(x.numel() * x.element_size() for x in (train[name] for name in names))
    if not names or size > MOST_BYTES:
        return None
    keys = _keys(train, names)
    known = set(keys)
    least = 0.5 if rich else 1 - FEW_DOUBLES
    if len(known) < least * len(keys) and (
        len(known) < LEAST_SINGLE * len(keys) or not _unlike(train, names, inputs)
    ):
        return None
    found = _keys(held_out, names)
    if not found:
        return None
    share, doubles = sum(key in known for key in found) / len(found), 1 - len(known) / len(keys)
    return share if share > DRAWN * doubles or share >= COPIED else 0.0


def _unlike(train: Split, names: list[str], inputs: Mapping[str, InputSpec]) -> bool:
    """Whether not even one pair in a hundred such tables would be alike by luck: the columns that
    take many values (a quarter as many as there are rows), were they drawn one by one, make a
    hundred times as many rows as there are pairs (the birthday problem).
    """
    kinds, rows = 0.0, 0
    for name in names:
        x, rows = train[name], len(train[name])
        if inputs[name].form == "vector":
            values = [len(column.unique()) for column in x[:, :MOST_WIDE].T]
            kinds += sum(math.log(count) for count in values if 4 * count >= rows)
    return kinds > math.log(UNLIKELY * rows * max(1, rows - 1) / 2 + 1)


def _numbers(spec: InputSpec) -> int:
    """Columns that are one number each, not one of several switches."""
    origins = spec.origins or spec.features
    return sum(origins.count(origin) == 1 for origin in origins)


def _keys(split: Split, names: list[str]) -> list[int]:
    parts = [
        np.ascontiguousarray(split[name].reshape(len(split[name]), -1).numpy()) for name in names
    ]
    return [hash(b"".join(part[row].tobytes() for part in parts)) for row in range(len(parts[0]))]
