"""Cross-validation: each row is validation once, test rows never, and no fold knows another's."""

import numpy as np
import pytest

from builder.data.folds import UNUSED
from builder.data.split import TEST, TRAIN, VALIDATION, split_rows
from builder.errors import LaminaError
from builder.project import Split

LABELS = np.repeat([0, 1, 2], [50, 30, 3])


def codes(split: Split, rows: int = 83, **data):
    return [
        split_rows(rows, split.model_copy(update={"fold": fold}), **data)[0]
        for fold in range(1, (split.folds or 0) + 1)
    ]


@pytest.mark.parametrize("kind", ["random", "stratified"])
def test_each_row_beside_the_test_is_validation_once(kind):
    found = codes(Split(kind=kind, folds=5, test=0.2), labels=LABELS)
    tests = [np.flatnonzero(one == TEST) for one in found]
    assert all(np.array_equal(one, tests[0]) for one in tests)
    assert len(tests[0]) == 17
    turns = np.sum([one == VALIDATION for one in found], axis=0)
    assert np.array_equal(turns, np.where(found[0] == TEST, 0, 1))
    sizes = [int((one == VALIDATION).sum()) for one in found]
    assert max(sizes) - min(sizes) <= 1
    assert not np.isin(found, [UNUSED]).any()


def test_folds_keep_the_proportions_of_the_classes():
    for one in codes(Split(folds=4, test=0.0), labels=LABELS):
        counts = np.bincount(LABELS[one == VALIDATION], minlength=3)
        assert counts[0] in (12, 13)
        assert counts[1] in (7, 8)


def test_a_class_with_fewer_rows_than_folds_is_told():
    _, notes = split_rows(83, Split(folds=10, test=0.0), labels=LABELS)
    assert "1 class has fewer rows than folds, so some folds lack them." in notes
    assert "Validation is fold 1 of 10; the test rows are the same in each." in notes


def test_the_same_seed_gives_the_same_folds_and_another_others():
    one, again = (codes(Split(folds=3, seed=4), labels=LABELS) for _ in range(2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, codes(Split(folds=3, seed=5), labels=LABELS))


def test_groups_stay_whole():
    groups = np.repeat(list("abcdefgh"), [20, 10, 10, 9, 9, 9, 8, 8])
    split = Split(kind="group", folds=3, test=0.15, group="g")
    turns = {}
    for number, one in enumerate(codes(split, groups=groups)):
        assert (one == TRAIN).any()
        for group in np.unique(groups[one == VALIDATION]):
            assert set(one[groups == group]) == {VALIDATION}
            turns[group] = number
    assert len(turns) == 8 - len(np.unique(groups[codes(split, groups=groups)[0] == TEST]))


def test_a_fold_of_time_learns_from_what_was_before_alone():
    times = np.random.default_rng(0).permutation(np.repeat(np.arange(40), 2)).astype(float)
    last = -1.0
    for one in codes(Split(kind="time", folds=4, test=0.2), 80, times=times):
        assert times[one == TRAIN].max() < times[one == VALIDATION].min()
        assert last < times[one == VALIDATION].min(), "folds follow each other"
        last = times[one == VALIDATION].max()
        later = one == UNUSED
        assert not later.any() or times[later].min() > last
        assert set(times[one == TEST]) == set(range(32, 40))
    assert not later.any(), "the last fold leaves none out"


def test_stretches_of_time_are_never_empty_however_rows_crowd():
    times = np.array([0.0] + [1.0] * 97 + [2.0, 3.0])
    for one in codes(Split(kind="time", folds=3, test=0.0), 100, times=times):
        assert (one == TRAIN).any()
        assert (one == VALIDATION).any()


def test_data_that_comes_split_keeps_its_test():
    given = np.array([0] * 60 + [1] * 10 + [2] * 13, np.int8)
    found = codes(Split(kind="given", folds=7), labels=LABELS, given=given)
    for one in found:
        assert np.array_equal(np.flatnonzero(one == TEST), np.arange(70, 83))
    assert np.array_equal(np.sum([one == VALIDATION for one in found], axis=0)[:70], np.ones(70))


@pytest.mark.parametrize(
    ("split", "data", "fact", "remedy"),
    [
        (
            Split(folds=100),
            {"labels": LABELS},
            "100 folds need at least 100 rows; there are 71",
            "Choose 2 to 71",
        ),
        (Split(folds=3, fold=4), {"labels": LABELS}, "There is no fold 4 of 3", "Choose 1 to 3"),
        (
            Split(kind="group", folds=4, test=0.0, group="g"),
            {"groups": np.repeat([1, 2, 3], [40, 40, 3])},
            "4 folds need at least 4 groups; there are 3",
            "bring more groups",
        ),
        (
            Split(kind="time", folds=2, test=0.0, time="t"),
            {"times": np.repeat([1.0, 2.0], [40, 43])},
            "2 folds need at least 3 different moments; there are 2",
            "Leave it out",
        ),
    ],
)
def test_more_folds_than_there_is_to_share_are_refused(split, data, fact, remedy):
    with pytest.raises(LaminaError, match=fact) as caught:
        split_rows(83, split, **data)
    assert remedy in caught.value.remedy
    assert caught.value.place in ("data.split.folds", "data.split.fold")
