"""Cross-validation: the rows that are not test are shared into parts, each of which is validation
once while the network learns from the others.
"""

from typing import Any

import numpy as np

from builder.errors import LaminaError
from builder.project import Split

Codes = np.ndarray[Any, np.dtype[np.int8]]
TRAIN, VALIDATION, TEST, UNUSED = 0, 1, 2, 3
"""`UNUSED`: rows later than those of a part that is cut by time belong to no split."""


def share(
    codes: Codes,
    split: Split,
    *,
    labels: np.ndarray[Any, Any] | None = None,
    groups: np.ndarray[Any, Any] | None = None,
    times: np.ndarray[Any, Any] | None = None,
) -> tuple[Codes, tuple[str, ...]]:
    """`codes` (one per row, see data.split) with part `split.fold` of `split.folds` as validation,
    and sentences about it. Test rows stay as they are, the same for every part.

    Parts keep the classes' proportions (stratified, given), whole groups together (group), or
    follow each other in time (time: the network learns from what was before, and the rows after are
    not used). The same seed gives the same parts. Raises LaminaError for a part that is not there,
    and where there are fewer rows, groups or moments than parts.
    """
    folds, part = split.folds or 1, split.fold - 1
    if not 0 <= part < folds:
        raise LaminaError(
            f"There is no fold {split.fold} of {folds}.",
            place="data.split.fold",
            remedy=f"Choose 1 to {folds}.",
        )
    pool = np.flatnonzero(codes != TEST)
    _refuse_more(folds, len(pool), "row", "rows")
    rng = np.random.default_rng((split.seed, folds))
    shared = codes.copy()
    shared[pool] = TRAIN
    notes = [f"Validation is fold {split.fold} of {folds}; the test rows are the same in each."]
    if split.kind == "time" and times is not None:
        shared[pool] = _forward(times[pool], folds, part)
        return shared, (*notes, "Rows later than this fold's are not used.")
    if split.kind == "group" and groups is not None:
        parts = _whole_groups(groups[pool], folds, rng)
    elif labels is not None and split.kind in ("stratified", "given"):
        parts = _alike(labels[pool], folds, rng)
        rare = int((np.unique(labels[pool], return_counts=True)[1] < folds).sum())
        if rare:
            have = "class has" if rare == 1 else "classes have"
            notes.append(f"{rare} {have} fewer rows than folds, so some folds lack them.")
    else:
        parts = np.empty(len(pool), np.int64)
        parts[rng.permutation(len(pool))] = np.arange(len(pool)) % folds
    shared[pool[parts == part]] = VALIDATION
    return shared, tuple(notes)


def _refuse_more(folds: int, have: int, one: str, many: str, more: int = 0) -> None:
    """Refuse where there are fewer of these than folds and `more`."""
    if have < folds + more:
        most = have - more
        limit = f"Choose 2 to {most}" if most > 2 else "Choose 2" if most == 2 else "Leave it out"
        there = f"there is 1 {one}" if have == 1 else f"there are {have:,} {many}"
        raise LaminaError(
            f"{folds:,} folds need at least {folds + more:,} {many}; {there} beside the test.",
            place="data.split.folds",
            remedy=f"{limit}, or bring more {many}.",
        )


def _alike(
    labels: np.ndarray[Any, Any], folds: int, rng: np.random.Generator
) -> np.ndarray[Any, Any]:
    """A part per row; each class is dealt out in turn, one class going on where the last ended."""
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    parts = np.empty(len(labels), np.int64)
    parts[order] = np.arange(len(labels)) % folds
    return parts


def _whole_groups(
    groups: np.ndarray[Any, Any], folds: int, rng: np.random.Generator
) -> np.ndarray[Any, Any]:
    """A part per row; the largest group left goes to the part with the fewest rows."""
    kinds, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    _refuse_more(folds, len(kinds), "group", "groups")
    order = rng.permutation(len(kinds))
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled = np.zeros(folds, np.int64)
    of_group = np.empty(len(kinds), np.int64)
    for group in order:
        of_group[group] = np.argmin(filled)
        filled[of_group[group]] += sizes[group]
    return np.asarray(of_group[places])


def _forward(times: np.ndarray[Any, Any], folds: int, part: int) -> Codes:
    """Codes of rows shared into folds + 1 stretches of time with about as many rows each: stretch
    part + 1 is validation, those before it training. Rows of one moment stay together."""
    moments, sizes = np.unique(times, return_counts=True)
    _refuse_more(folds, len(moments), "moment", "different moments", more=1)
    before = np.cumsum(sizes) - sizes  # rows earlier than each moment
    starts: list[int] = []
    for stretch in range(1, folds + 1):
        wanted = int(np.searchsorted(before, stretch * len(times) / (folds + 1)))
        least = starts[-1] + 1 if starts else 1
        starts.append(min(max(wanted, least), len(moments) - 1 - (folds - stretch)))
    stretches = np.searchsorted(moments[starts], times, side="right")
    codes = np.full(len(times), UNUSED, np.int8)
    codes[stretches <= part] = TRAIN
    codes[stretches == part + 1] = VALIDATION
    return codes
