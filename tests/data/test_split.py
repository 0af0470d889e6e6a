"""Splits keep their promises for any data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.data.split import split_rows
from builder.errors import LaminaError
from builder.project import Split

SHARES = st.floats(0.0, 0.45)


def _counts(codes: np.ndarray) -> list[int]:
    return np.bincount(codes, minlength=3).tolist()


@given(rows=st.integers(12, 400), validation=SHARES, test=SHARES, seed=st.integers(0, 9))
def test_every_row_is_in_one_split_and_shares_are_met(
    rows: int, validation: float, test: float, seed: int
) -> None:
    split = Split(kind="random", validation=validation, test=test, seed=seed)
    codes, _ = split_rows(rows, split)
    train, n_validation, n_test = _counts(codes)
    assert train + n_validation + n_test == rows
    assert n_validation == (max(1, round(rows * validation)) if validation else 0)
    assert n_test == (max(1, round(rows * test)) if test else 0)


@given(
    labels=st.lists(st.integers(0, 4), min_size=30, max_size=300),
    validation=st.floats(0.1, 0.3),
    test=st.floats(0.1, 0.3),
)
def test_stratified_gives_each_class_its_share(
    labels: list[int], validation: float, test: float
) -> None:
    y = np.array(labels)
    codes, _ = split_rows(len(y), Split(validation=validation, test=test), labels=y)
    for kind in np.unique(y):
        own = codes[y == kind]
        assert (own == 0).any()
        assert abs((own == 2).sum() - len(own) * test) <= 2
        assert abs((own == 1).sum() - len(own) * validation) <= 2


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    labels = np.arange(100) % 3
    first, _ = split_rows(100, Split(seed=1), labels=labels)
    again, _ = split_rows(100, Split(seed=1), labels=labels)
    other, _ = split_rows(100, Split(seed=2), labels=labels)
    assert (first == again).all()
    assert (first != other).any()


def test_a_class_with_one_row_stays_in_training_and_is_said() -> None:
    labels = np.array([0] * 50 + [1] * 50 + [2])
    codes, notes = split_rows(101, Split(), labels=labels)
    assert codes[100] == 0
    assert "single row" in notes[0]


@given(groups=st.lists(st.integers(0, 12), min_size=40, max_size=200), seed=st.integers(0, 5))
def test_a_group_is_never_torn_apart(groups: list[int], seed: int) -> None:
    if len(set(groups)) < 3:
        return
    values = np.array(groups)
    codes, _ = split_rows(len(values), Split(kind="group", seed=seed), groups=values)
    for group in set(groups):
        assert len(set(codes[values == group].tolist())) == 1
    assert (codes == 0).any()


def test_by_time_training_comes_first_and_test_last() -> None:
    times = np.random.default_rng(0).permutation(200).astype(float)
    codes, _ = split_rows(200, Split(kind="time"), times=times)
    assert times[codes == 0].max() < times[codes == 1].min()
    assert times[codes == 1].max() < times[codes == 2].min()
    assert _counts(codes) == [140, 30, 30]


def test_rows_of_one_moment_stay_together() -> None:
    times = np.repeat(np.arange(20.0), 10)
    codes, _ = split_rows(200, Split(kind="time", validation=0.12, test=0.12), times=times)
    for moment in range(20):
        assert len(set(codes[times == moment].tolist())) == 1


def test_data_that_comes_split_keeps_its_split() -> None:
    given_codes = np.array([0] * 80 + [2] * 20, np.int8)
    codes, notes = split_rows(100, Split(), given=given_codes, labels=np.arange(100) % 2)
    assert (codes[80:] == 2).all()
    assert _counts(codes) == [68, 12, 20]
    assert "keeps its split" in notes[0]


def test_train_and_validation_without_test_means_validation_is_the_test() -> None:
    given_codes = np.array([0] * 80 + [1] * 20, np.int8)
    codes, notes = split_rows(100, Split(), given=given_codes)
    assert (codes[80:] == 2).all()
    assert (codes[:80] != 2).all()
    assert any("serves as test" in note for note in notes)


def test_a_given_split_with_all_three_is_left_alone() -> None:
    given_codes = np.array([0, 1, 2, 0, 1, 2], np.int8)
    codes, _ = split_rows(6, Split(kind="given"), given=given_codes)
    assert codes.tolist() == given_codes.tolist()


def test_random_pools_data_that_comes_split() -> None:
    given_codes = np.array([0] * 80 + [2] * 20, np.int8)
    codes, _ = split_rows(100, Split(kind="random"), given=given_codes)
    assert (codes[80:] != 2).any()


@pytest.mark.parametrize(
    ("split", "words"),
    [
        (Split(validation=0.6, test=0.5), "none are left"),
        (Split(kind="given"), "does not come split"),
    ],
)
def test_an_impossible_split_is_refused_in_words(split: Split, words: str) -> None:
    with pytest.raises(LaminaError, match=words):
        split_rows(100, split)


def test_too_few_groups_are_refused_in_words() -> None:
    with pytest.raises(LaminaError, match="at least 3"):
        split_rows(10, Split(kind="group"), groups=np.array([0, 1] * 5))
