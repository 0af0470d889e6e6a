"""What an explanation gives.

Parts per feature, what they were measured against, and whether to trust them.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Status = Literal["ok", "warn", "err", "note"]
VERDICTS = {
    "ok": "Can be trusted here",
    "note": "Can be trusted, with a caution",
    "warn": "Use with care",
    "err": "Do not rely on this",
}


def clean(value: Any) -> Any:
    """A value for JSON: arrays as lists, nan and infinity as None."""
    if isinstance(value, np.ndarray):
        return [clean(item) for item in value.tolist()]
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value if value is None or isinstance(value, str | int | bool) else str(value)


@dataclass(frozen=True)
class Check:
    """One measured check: what it asks, the figure as shown, and how it went.

    A note is a caution: it qualifies a good verdict, and lowers none.
    """

    name: str
    title: str
    status: Status
    shown: str
    sentence: str
    value: float | None = None


@dataclass(frozen=True)
class Evidence:
    """What the model says as marked features are removed, best first, against random orders.

    `share` [S] of features removed from 0 to 1; what is watched then: `marked` [S], and `orders`
    [O, S] for each random order.
    """

    share: NDArray[np.float64]
    marked: NDArray[np.float64]
    orders: NDArray[np.float64]

    @property
    def random(self) -> NDArray[np.float64]:
        """The mean of the random orders [S]."""
        return np.asarray(self.orders.mean(0))


@dataclass(frozen=True)
class Trust:
    """The verdict on one map, and the checks that it follows from."""

    checks: tuple[Check, ...]
    evidence: Evidence | None = None

    @property
    def status(self) -> Literal["ok", "warn", "err"]:
        """The worst of the checks; notes do not count."""
        states = {check.status for check in self.checks}
        return "err" if "err" in states else "warn" if "warn" in states else "ok"

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        cautious = self.status == "ok" and any(check.status == "note" for check in self.checks)
        return VERDICTS["note" if cautious else self.status]

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        return {
            "verdict": self.verdict,
            "status": self.status,
            "checks": [clean(vars(check)) for check in self.checks],
        }


@dataclass(frozen=True)
class ColumnPart:
    """One raw column (or token): its value as a person knows it, and its part."""

    name: str
    value: Any
    attribution: float


@dataclass(frozen=True)
class RowExplanation:
    """One row. `attributions` are per input, in the input's own shape (tokens and codes.

    One per place).

    `features` name the last axis of tables and the tokens of texts; `columns` sum what belongs
    together: the one-hot features of a column, the text's tokens. `score` is what is explained, at
    the row, `base_value` at the baseline; `completeness_error` is the share of their difference
    that the parts miss, None where the method claims no sum.
    """

    row: int | None
    attributions: dict[str, NDArray[np.float64]]
    features: dict[str, tuple[str, ...]]
    values: dict[str, Any]
    columns: tuple[ColumnPart, ...]
    baseline: str
    prediction: str | float
    probabilities: tuple[float, ...]
    truth: str | float | None
    target: str
    target_code: int | None
    score: float
    base_value: float | None
    completeness_error: float | None
    trust: Trust | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON."""
        body = {key: clean(value) for key, value in vars(self).items() if key != "trust"}
        body["columns"] = [clean(vars(part)) for part in self.columns]
        body["trust"] = self.trust.to_dict() if self.trust else None
        return body


@dataclass(frozen=True)
class Explanation:
    """What a method says about some rows of a run, with its limits."""

    method: str
    title: str
    scale: str
    rows: list[RowExplanation]
    limits: tuple[str, ...]
    notes: tuple[str, ...] = ()
    settings: str = ""
    layer: str | None = None
    classes: tuple[str, ...] = ()
    seconds: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON for `lamina explain --json`."""
        body = {key: clean(value) for key, value in vars(self).items() if key != "rows"}
        return {**body, "rows": [row.to_dict() for row in self.rows]}
