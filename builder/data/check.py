"""The contract of a check, and the facts that it looks at."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from builder.data.base import Finding, Raw, Remedy
from builder.data.columns import Planned, Profile
from builder.project import Data

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Facts:
    """Everything a check may look at. `codes` shares the rows out as `prepare` would, or is
    None."""

    raw: Raw
    data: Data
    profiles: Mapping[str, Profile]
    planned: Mapping[str, Planned]
    target: str | None
    problem: Literal["classification", "regression"] | None
    codes: "np.ndarray[Any, np.dtype[np.int8]] | None"

    @property
    def frame(self) -> "pd.DataFrame":
        """All rows, typed."""
        return self.raw.frame

    def features(self) -> list[Planned]:
        """The columns that the model will see."""
        return [column for column in self.planned.values() if column.role == "feature"]

    @cached_property
    def numeric(self) -> dict[str, "np.ndarray[Any, np.dtype[np.float64]]"]:
        """The numeric features as float64, NaN where missing."""
        return {
            column.name: np.asarray(self.frame[column.name], dtype=np.float64)
            for column in self.features()
            if self.profiles[column.name].type == "number"
        }


class Check(ABC):
    """One thing that may be wrong with data; one file in builder/data/checks, found by scan.

    Checks are pure and quick: 50,000 rows of 15 columns in a tenth of a second.
    """

    order: ClassVar[int] = 50  # among findings of one severity, the lower comes first

    @abstractmethod
    def look(self, facts: Facts) -> list[Finding]:
        """What was found, in words, with remedies; empty where all is well."""


def ignore(names: Sequence[str], label: str = "") -> Remedy:
    """The remedy of leaving columns out."""
    label = label or ("Leave it out" if len(names) == 1 else "Leave them out")
    return Remedy(label, {"columns": {name: {"role": "ignore"} for name in names}})


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names in a sentence: 'age', 'sex' and 3 more."""
    shown = [repr(name if len(name) <= 40 else name[:39] + "…") for name in names[:most]]
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
