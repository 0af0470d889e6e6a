"""Sharing rows out to training, validation and test: random, stratified, by group, by time, or as
given."""

from typing import Any

import numpy as np

from builder.data import folds
from builder.errors import LaminaError
from builder.project import Split

Codes = np.ndarray[Any, np.dtype[np.int8]]
TRAIN, VALIDATION, TEST = folds.TRAIN, folds.VALIDATION, folds.TEST


def split_rows(
    rows: int,
    split: Split,
    *,
    given: Codes | None = None,
    labels: np.ndarray[Any, Any] | None = None,
    groups: np.ndarray[Any, Any] | None = None,
    times: np.ndarray[Any, Any] | None = None,
) -> tuple[Codes, tuple[str, ...]]:
    """One code per row (0 train, 1 validation, 2 test) and sentences about what was done.

    `labels` are class codes (None for numbers), `groups` any values, `times` sortable numbers
    without gaps. Data that comes split keeps its split unless random, group or time is asked for.
    With `split.folds` the rows beside the test are shared anew (see data.folds), and those of code
    3 belong to no split. Raises LaminaError where there is nothing left to train on.
    """
    if split.folds is not None:
        whole = split.model_copy(update={"validation": 0.0, "folds": None})
        codes, notes = split_rows(
            rows, whole, given=given, labels=labels, groups=groups, times=times
        )
        codes, more = folds.share(codes, split, labels=labels, groups=groups, times=times)
        return codes, (*notes, *more)
    if split.validation + split.test >= 1:
        raise LaminaError(
            f"Validation and test together take {split.validation + split.test:.0%} of the rows; "
            "none are left to train on.",
            place="data.split",
            remedy="Lower one of the two shares.",
        )
    rng = np.random.default_rng(split.seed)
    if given is not None and split.kind in ("given", "stratified"):
        codes, notes = _given(given, split, labels, rng)
    elif split.kind == "given":
        raise LaminaError(
            "The data does not come split.",
            place="data.split.kind",
            remedy="Name a test file, or take a stratified or random split.",
        )
    elif split.kind == "group" and groups is not None:
        codes, notes = _by_group(groups, split, rng), ()
    elif split.kind == "time" and times is not None:
        codes, notes = _by_time(times, split), ()
    elif split.kind == "stratified" and labels is not None:
        codes, notes = _stratified(labels, split.validation, split.test, rng)
    else:
        codes, notes = _random(rows, split.validation, split.test, rng), ()
    if not (codes == TRAIN).any():
        raise LaminaError(
            f"No row is left to train on ({rows} rows in all).",
            place="data.split",
            remedy="Lower the shares of validation and test, or bring more rows.",
        )
    return codes, notes


def _counts(rows: int, validation: float, test: float) -> tuple[int, int]:
    """Rows of validation and test; a share above nought gives at least one row when there are three
    or more."""
    least = 1 if rows >= 3 else 0
    n_validation = max(round(rows * validation), least) if validation else 0
    n_test = max(round(rows * test), least) if test else 0
    return n_validation, n_test


def _random(rows: int, validation: float, test: float, rng: np.random.Generator) -> Codes:
    n_validation, n_test = _counts(rows, validation, test)
    codes = np.zeros(rows, np.int8)
    order = rng.permutation(rows)
    codes[order[:n_test]] = TEST
    codes[order[n_test : n_test + n_validation]] = VALIDATION
    return codes


def _stratified(
    labels: np.ndarray[Any, Any], validation: float, test: float, rng: np.random.Generator
) -> tuple[Codes, tuple[str, ...]]:
    """Each class shared out in the same proportion; totals are those of a random split."""
    codes = np.zeros(len(labels), np.int8)
    kinds, sizes = np.unique(labels, return_counts=True)
    n_validation, n_test = _counts(len(labels), validation, test)
    tests = _shares(sizes, n_test, sizes - 1)
    validations = _shares(sizes, n_validation, sizes - 1 - tests)
    for kind, for_test, for_validation in zip(kinds, tests, validations, strict=True):
        own = rng.permutation(np.flatnonzero(labels == kind))
        codes[own[:for_test]] = TEST
        codes[own[for_test : for_test + for_validation]] = VALIDATION
    alone = int((sizes == 1).sum())
    notes: tuple[str, ...] = ()
    if alone:
        notes = (
            f"{alone} {'class has' if alone == 1 else 'classes have'} a single row, which stays in "
            "training; "
            "validation and test cannot show how well it is recognised.",
        )
    return codes, notes


def _shares(
    sizes: np.ndarray[Any, Any], total: int, most: np.ndarray[Any, Any]
) -> np.ndarray[Any, Any]:
    """`total` shared out in proportion to `sizes` by largest remainders, never above `most`."""
    most = np.maximum(most, 0)
    exact = sizes * (total / max(int(sizes.sum()), 1))
    share = np.minimum(np.floor(exact).astype(int), most)
    for place in np.argsort(share - exact, kind="stable"):
        if share.sum() >= total:
            break
        if share[place] < most[place]:
            share[place] += 1
    return np.asarray(share)


def _given(
    given: Codes, split: Split, labels: np.ndarray[Any, Any] | None, rng: np.random.Generator
) -> tuple[Codes, tuple[str, ...]]:
    """The data's own split; what it lacks is cut from its training rows (a share of those)."""
    codes = given.astype(np.int8, copy=True)
    notes = ["The data comes split, and keeps its split."]
    if not (codes == TEST).any() and (codes == VALIDATION).any():
        codes[codes == VALIDATION] = TEST
        notes.append("It has no test split, so its validation split serves as test.")
    own = np.flatnonzero(codes == TRAIN)
    lacks_test = not (codes == TEST).any()
    lacks_validation = not (codes == VALIDATION).any()
    validation = split.validation if lacks_validation else 0.0
    test = split.test if lacks_test else 0.0
    if validation or test:
        if labels is not None:
            cut, more = _stratified(labels[own], validation, test, rng)
        else:
            cut, more = _random(len(own), validation, test, rng), ()
        codes[own] = cut
        if validation:
            notes.append(f"Validation is {validation:.0%} of its training rows.")
        notes.extend(more)
    return codes, tuple(notes)


def _by_group(groups: np.ndarray[Any, Any], split: Split, rng: np.random.Generator) -> Codes:
    """Whole groups go to one split; shares are of rows, met as nearly as the groups allow."""
    kinds, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(kinds) < 3:
        raise LaminaError(
            f"The group column has {len(kinds)} different "
            f"{'value' if len(kinds) == 1 else 'values'}; "
            "a split by group needs at least 3.",
            place="data.split.group",
            remedy="Name another column, or take a stratified split.",
        )
    n_validation, n_test = _counts(len(groups), split.validation, split.test)
    of_group = np.zeros(len(kinds), np.int8)
    left = {TEST: n_test, VALIDATION: n_validation}
    order = rng.permutation(len(kinds))
    for code in (TEST, VALIDATION):
        for group in order[:-1]:
            if of_group[group] == TRAIN and left[code] > 0 and sizes[group] <= left[code] * 1.5:
                of_group[group] = code
                left[code] -= int(sizes[group])
    return np.asarray(of_group[places], np.int8)


def _by_time(times: np.ndarray[Any, Any], split: Split) -> Codes:
    """The latest rows are the test, those before them validation; rows of one moment stay
    together."""
    n_validation, n_test = _counts(len(times), split.validation, split.test)
    order = np.argsort(times, kind="stable")
    codes = np.zeros(len(times), np.int8)
    ranked = times[order]
    first_test = np.searchsorted(ranked, ranked[len(times) - n_test]) if n_test else len(times)
    start = max(int(first_test) - n_validation, 0)
    first_validation = np.searchsorted(ranked, ranked[start]) if n_validation else first_test
    codes[order[first_validation:first_test]] = VALIDATION
    codes[order[first_test:]] = TEST
    return codes
