"""Rows that come more than once, above all in training and test."""

from typing import Any, ClassVar

import numpy as np

from builder.data.base import SPLITS, Finding, Remedy
from builder.data.check import Check, Facts
from builder.data.rows import hashes


class Duplicates(Check):
    """A row that is in training and in test makes the test say too much."""

    order: ClassVar[int] = 20

    def look(self, facts: Facts) -> list[Finding]:
        """Repeated rows (identifiers aside), and those that lie in several splits."""
        marks = hashes(facts.raw, facts.planned)
        if marks is None or len(marks) < 2:
            return []
        _, places, counts = np.unique(marks, return_inverse=True, return_counts=True)
        repeated = int((counts - 1).sum())
        if not repeated:
            return []
        steps = [step.model_dump(mode="json") for step in facts.data.prepare]
        done = any(step["kind"] == "drop_duplicates" for step in steps)
        if done:
            return [
                Finding(
                    "duplicates",
                    "note",
                    "Repeated rows",
                    f"{repeated:,} rows repeat an earlier one; left out.",
                )
            ]
        remedy = Remedy("Keep each row once", {"prepare": [*steps, {"kind": "drop_duplicates"}]})
        found = []
        across = _across(places, facts.codes)
        if across:
            found.append(
                Finding(
                    "duplicates_across_splits",
                    "warning",
                    "The same row in training and test",
                    f"{across:,} row{'s' if across > 1 else ''} of validation and test "
                    f"{'are' if across > 1 else 'is'} also in training; figures will look better "
                    "than they are.",
                    (),
                    (remedy,),
                )
            )
        share = repeated / len(marks)
        found.append(
            Finding(
                "duplicates",
                "note" if across or share < 0.01 else "warning",
                "Repeated rows",
                f"{repeated:,} rows ({share:.1%}) repeat an earlier one in every column.",
                (),
                () if across else (remedy,),
            )
        )
        return found


def _across(places: "np.ndarray[Any, Any]", codes: "np.ndarray[Any, Any] | None") -> int:
    """Rows outside training whose like is in training."""
    if codes is None:
        return 0
    train = SPLITS.index("train")
    in_training = np.zeros(int(places.max()) + 1, bool)
    in_training[places[codes == train]] = True
    return int(in_training[places[codes > train]].sum())
