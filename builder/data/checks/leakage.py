"""Columns that give the target away."""

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from builder.data.base import Finding
from builder.data.check import Check, Facts, ignore, listed
from builder.data.runtime.tables import to_text

FEWEST_ROWS = 20
EXACT = 1e-6
MOST_NUMERIC = 300
Vector = np.ndarray[Any, np.dtype[np.float64]]


class Leakage(Check):
    """A network finds a shortcut first; in use the shortcut is not there."""

    order: ClassVar[int] = 0

    def look(self, facts: Facts) -> list[Finding]:
        """A column (or the sum or difference of two) that tells the target."""
        if facts.target is None or facts.raw.rows < FEWEST_ROWS:
            return []
        found = _determined(facts) if facts.problem == "classification" else []
        if facts.profiles[facts.target].type == "number":
            y = np.asarray(facts.frame[facts.target], dtype=np.float64)
            known = {name for finding in found for name in finding.columns}
            numeric = {n: x for n, x in facts.numeric.items() if n not in known}
            if facts.profiles[facts.target].unique > 2:
                found += _linear(facts.target, y, numeric)
        return found


def _finding(names: list[str], sentence: str, severity: Any = "warning") -> Finding:
    return Finding(
        "leakage",
        severity,
        "A column gives the target away" if len(names) == 1 else "Columns give the target away",
        f"{sentence} If it is only known once the target is, leave it out.",
        tuple(names),
        tuple(ignore([name], f"Leave out {listed([name])}") for name in names[:3]),
    )


def _determined(facts: Facts) -> list[Finding]:
    """Columns whose every value goes with one class, and numbers that part the classes without
    overlap."""
    import pandas as pd

    target = facts.frame[facts.target]
    y = pd.factorize(target.map(to_text) if target.dtype == object else target)[0]
    rows = len(y)
    most = np.bincount(y[y >= 0]).max() / max(1, (y >= 0).sum())
    found = []
    for column in facts.features():
        profile = facts.profiles[column.name]
        if profile.unique < 2 or profile.present < 0.5 * rows:
            continue
        cells = facts.frame[column.name]
        few = profile.unique <= max(20, rows**0.5) and rows >= 5 * profile.unique
        if few or profile.type in ("category", "boolean"):
            right = _share_told(pd.factorize(cells)[0], y)
            if few and right > 0.995 and most < 0.97:
                how = "tells" if right == 1 else f"tells in {right:.1%} of the rows"
                found.append(
                    _finding(
                        [column.name],
                        f"{listed([column.name])} {how} {listed([facts.target or ''])}.",
                    )
                )
        elif profile.type == "number" and rows >= 50 and _parted(column.name, facts, y):
            found.append(
                _finding(
                    [column.name],
                    f"{listed([column.name])} parts the classes of {listed([facts.target or ''])} "
                    "without any overlap.",
                )
            )
    return found


def _share_told(values: "np.ndarray[Any, Any]", y: "np.ndarray[Any, Any]") -> float:
    """The share of rows that have their value's commonest class."""
    keep = (values >= 0) & (y >= 0)
    values, y = values[keep], y[keep]
    table = np.bincount(values * (y.max() + 1) + y, minlength=(values.max() + 1) * (y.max() + 1))
    return float(table.reshape(values.max() + 1, -1).max(axis=1).sum() / len(values))


def _parted(name: str, facts: Facts, y: "np.ndarray[Any, Any]") -> bool:
    """Whether each class has an interval of its own."""
    x = facts.numeric[name]
    keep = np.isfinite(x) & (y >= 0)
    x, classes = x[keep], y[keep]
    spans = sorted((x[classes == c].min(), x[classes == c].max()) for c in np.unique(classes))
    return len(spans) > 1 and all(a[1] < b[0] for a, b in pairwise(spans))


def _linear(target: str, y: Vector, numeric: dict[str, Vector]) -> list[Finding]:
    """One column that is the target up to scale and shift; two whose sum or difference is the
    target."""
    found = []
    for name, x in numeric.items():
        keep = np.isfinite(x) & np.isfinite(y)
        if keep.sum() >= FEWEST_ROWS and _correlation(x[keep], y[keep]) > 1 - EXACT:
            found.append(
                _finding([name], f"{listed([target])} follows from {listed([name])} alone.")
            )
    if found or not 2 <= len(numeric) <= MOST_NUMERIC:
        return found
    pair = _pair(y, numeric)
    if pair is not None:
        first, second, sign = pair
        sentence = f"{listed([target])} is {listed([first])} {sign} {listed([second])}, row by row."
        return [_finding([first, second], sentence)]
    return _combination(target, y, numeric)


def _correlation(x: Vector, y: Vector) -> float:
    x, y = x - x.mean(), y - y.mean()
    length = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return abs(float((x * y).sum())) / length if length > 0 else 0.0


def _pair(y: Vector, numeric: dict[str, Vector]) -> tuple[str, str, str] | None:
    """Two columns with y = a + b or y = a - b in every row that has all three."""
    names = list(numeric)
    X = np.stack([numeric[name] for name in names])  # [F, N]
    whole = np.flatnonzero(np.isfinite(X).all(axis=0) & np.isfinite(y))
    if len(whole) < FEWEST_ROWS:
        return None
    few = np.random.default_rng(0).permutation(whole)[:20]
    scale = np.abs(y[whole]).max() + 1e-300
    rest = y[few] - X[:, few]  # what is left for the second column
    for sign, other in (("+", X[:, few]), ("-", -X[:, few])):
        off = np.abs(rest[:, None, :] - other[None, :, :]).max(axis=2)
        for a, b in zip(*np.nonzero(off <= EXACT * scale), strict=True):
            second = X[b, whole] if sign == "+" else -X[b, whole]
            if a != b and np.abs(y[whole] - X[a, whole] - second).max() <= EXACT * scale:
                return names[a], names[b], sign
    return None


def _combination(target: str, y: Vector, numeric: dict[str, Vector]) -> list[Finding]:
    """All numbers together give the target exactly (a total of its parts)."""
    X = np.stack(list(numeric.values()), axis=1)
    whole = np.flatnonzero(np.isfinite(X).all(axis=1) & np.isfinite(y))
    if len(whole) < 3 * X.shape[1] + FEWEST_ROWS or X.shape[1] > 100:
        return []
    few = np.random.default_rng(0).permutation(whole)[:2000]
    A = X[few] - X[few].mean(axis=0)
    spread = A.std(axis=0)
    A = A / np.where(spread > 0, spread, 1.0)
    b = y[few] - y[few].mean()
    weights, *_ = np.linalg.lstsq(A, b, rcond=None)
    error = b - A @ weights
    if (error * error).sum() > EXACT**2 * (b * b).sum():
        return []
    order = np.argsort(-np.abs(weights))
    used = [list(numeric)[place] for place in order if abs(weights[place]) > 1e-4 * b.std()]
    return [_finding(used, f"{listed([target])} is a weighted sum of {listed(used)}.")]
