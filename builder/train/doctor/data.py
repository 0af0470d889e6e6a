"""One look at the data, for what no curve tells: a column that gives the answer away, held-out rows
that were trained on.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from builder.data.specs import InputSpec, TargetSpec
from builder.train.doctor.facts import Teller

MOST_CELLS = 1_000_000
MOST_COLUMNS = 500
MOST_BYTES = 64 << 20
"""So that the one look takes about a tenth of a second at most."""
BINS = 64

Split = Mapping[str, Tensor]


def tellers(
    train: Split, inputs: Mapping[str, InputSpec], target: TargetSpec | None
) -> tuple[Teller, ...]:
    """The columns of the tables by how well each alone tells the target, the best three first.

    Classes: Goodman and Kruskal's lambda over up to 64 bins of equal size (0: a guess, 1: always
    right); numbers: the share of the variance that the bins explain. At most a million cells and
    500 columns are read.
    """
    if target is None or "target" not in train:
        return ()
    tables = [spec for spec in inputs.values() if spec.form == "vector"]
    columns = min(MOST_COLUMNS, sum(spec.shape[0] for spec in tables))
    count = len(train["target"])
    rows = torch.arange(count)[:: max(1, count * columns // MOST_CELLS)]
    y = train["target"].index_select(0, rows).double().numpy()
    best: dict[str, float] = {}
    for spec in tables:
        if spec.name not in train or len(spec.features) != spec.shape[0]:
            continue
        x = train[spec.name].index_select(0, rows)[:, :MOST_COLUMNS].float().numpy()
        origins = (spec.origins or spec.features)[:MOST_COLUMNS]
        for index, origin in enumerate(origins):
            power = _power(x[:, index], y, target)
            best[origin] = max(best.get(origin, 0.0), power)
    order = sorted(best.items(), key=lambda item: -item[1])[:3]
    return tuple(Teller(column, power) for column, power in order)


def _power(x_B: np.ndarray, y_B: np.ndarray, target: TargetSpec) -> float:
    finite = np.isfinite(x_B) & np.isfinite(y_B)
    x, y = x_B[finite], y_B[finite]
    bins = min(BINS, len(x) // 8)
    if bins < 4 or x.min() == x.max():
        return 0.0
    edges = np.unique(np.quantile(x, np.linspace(0, 1, bins + 1)[1:-1]))
    places = np.searchsorted(edges, x, side="left")
    if target.kind == "number":
        whole = float(((y - y.mean()) ** 2).sum())
        inside = sum(
            float(((y[places == b] - y[places == b].mean()) ** 2).sum()) for b in np.unique(places)
        )
        return 1 - inside / whole if whole > 0 else 0.0
    k = len(target.classes)
    counts = np.bincount(places * k + y.astype(np.int64), minlength=k * (len(edges) + 1))
    table = counts.reshape(-1, k)
    common = table.sum(0).max()
    return float((table.max(1).sum() - common) / max(1, len(y) - common))


def copies(train: Split, held_out: Split, inputs: Mapping[str, InputSpec]) -> float | None:
    """The share of held-out rows that stand in the training split with the very same inputs.

    None where rows repeat by nature (few numbers, categories, doubles within the training split),
    or are too many bytes.
    """
    names = [name for name in inputs if name in train and name in held_out]
    rich = any(
        spec.form in ("image", "series") or (spec.form == "vector" and _numbers(spec) >= 4)
        for spec in inputs.values()
    )
    size = sum(x.numel() * x.element_size() for x in (train[name] for name in names))
    if not names or not rich or size > MOST_BYTES:
        return None
    keys = _keys(train, names)
    known = set(keys)
    if len(known) < 0.5 * len(keys):
        return None
    found = _keys(held_out, names)
    return sum(key in known for key in found) / len(found) if found else None


def _numbers(spec: InputSpec) -> int:
    """Columns that are one number each, not one of several switches."""
    origins = spec.origins or spec.features
    return sum(origins.count(origin) == 1 for origin in origins)


def _keys(split: Split, names: list[str]) -> list[int]:
    parts = [
        np.ascontiguousarray(split[name].reshape(len(split[name]), -1).numpy()) for name in names
    ]
    return [hash(b"".join(part[row].tobytes() for part in parts)) for row in range(len(parts[0]))]
