"""Figures by a column: known answers, worst first, and no more said than the rows tell."""

from types import SimpleNamespace

import numpy as np
import pytest

from builder.errors import LaminaError
from builder.evaluate import (
    ClassificationSplit,
    Columns,
    RegressionSplit,
    Slice,
    by_column,
    judged,
    rows_where,
    standing_out,
)
from builder.evaluate.columns import columns as read_columns
from builder.evaluate.columns import columns_known, of_cells
from builder.evaluate.conditions import parse
from builder.evaluate.groups import ranges


def classified(target, answers) -> ClassificationSplit:
    p = np.full((len(target), 2), 0.2)
    p[np.arange(len(target)), answers] = 0.8
    return ClassificationSplit(np.asarray(target), p, ("no", "yes"))


def columns(**cells) -> Columns:
    return of_cells(cells, len(next(iter(cells.values()))), "buys")


def test_each_value_has_its_figure_and_the_worst_stands_first():
    target = np.array([0] * 100 + [1] * 100 + [1] * 3)
    answers = np.array([0] * 95 + [1] * 5 + [1] * 60 + [0] * 40 + [0] * 3)
    found = by_column(
        classified(target, answers), columns(g=["a"] * 100 + ["b"] * 100 + [None] * 3), "g"
    )
    assert [(one.name, len(one.rows), one.verdict) for one in found.groups] == [
        ("b", 100, "worse"), ("a", 100, "better"), ("no value", 3, "few"),
    ]  # fmt: skip
    assert [one.value for one in found.groups] == pytest.approx([0.60, 0.95, 0.0])
    assert found.value == pytest.approx(155 / 203)
    assert found.groups[0].against.there == pytest.approx(95 / 103)


def test_recall_counts_the_rows_that_are_yes_alone():
    target = np.array([1] * 20 + [0] * 20 + [1] * 40)
    answers = np.array([1] * 5 + [0] * 35 + [1] * 20 + [0] * 20)
    found = by_column(
        classified(target, answers), columns(g=["a"] * 40 + ["b"] * 40), "g", "recall"
    )
    assert [(one.name, one.counted, one.value) for one in found.groups] == [
        ("a", 20, 0.25), ("b", 40, 0.5),
    ]  # fmt: skip


def test_groups_that_do_not_differ_are_seldom_called_different():
    draw = np.random.default_rng(0)
    target = draw.integers(0, 2, 3000)
    right = draw.random(3000) < 0.8
    report = classified(target, np.where(right, target, 1 - target))
    groups = [
        group
        for seed in range(20)
        for group in by_column(
            report, columns(g=[f"v{v}" for v in np.random.default_rng(seed).integers(0, 30, 3000)]),
            "g",
        ).groups
    ]  # fmt: skip
    judged = [one.verdict in ("worse", "better") for one in groups]
    assert len(judged) == 600
    assert sum(judged) <= 3  # 30 of 600 without allowing for how many are looked at


def test_numbers_are_cut_into_ranges_that_hold_every_row_once():
    draw = np.random.default_rng(1)
    for values in (draw.normal(size=200), draw.integers(0, 90, 200), np.r_[np.zeros(150), 1:51],
                   np.r_[np.zeros(30), 1:171], np.r_[-5:0, np.zeros(100), 1:96]):  # fmt: skip
        cells = columns(x=[float(v) for v in values] + [None])
        masks = [rows_where(cells, parse(condition)) for _, condition in ranges(cells.all[0])]
        assert np.sum(masks, 0).tolist() == [1] * len(values) + [0]
        assert all(mask.any() for mask in masks)


def test_ranges_are_named_as_a_person_would():
    ages = columns(age=[float(v) for v in range(1, 81)]).all[0]
    assert ranges(ages) == (
        ("under 21", "age<21"),
        ("21 to 40", "age>=21 & age<41"),
        ("41 to 60", "age>=41 & age<61"),
        ("61 and over", "age>=61"),
    )
    gains = columns(gain=[0.0] * 60 + [float(v) for v in range(1, 41)]).all[0]
    assert [name for name, _ in ranges(gains)] == ["0", "1 to 20", "21 and over"]


def test_numbers_of_few_values_stand_one_by_one():
    rows = [float(v) for v in (1, 2, 3) * 20]
    off = np.array([0.0, 1.0, 5.0] * 20)
    found = by_column(RegressionSplit(off, np.zeros(60)), columns(deck=rows), "deck")
    assert [(one.name, one.value) for one in found.groups] == [("3", 5.0), ("2", 1.0), ("1", 0.0)]
    assert found.by.name == "mae"


def test_free_text_is_refused_but_its_length_is_a_column():
    texts = [f"{'word ' * (at % 40)}{at}" for at in range(80)]
    report, cells = classified([0] * 80, [0] * 80), columns(note=texts)
    with pytest.raises(LaminaError, match="80 different values"):
        by_column(report, cells, "note")
    assert len(by_column(report, cells, "words in note").groups) == 4


def test_an_unknown_figure_names_those_there_are():
    with pytest.raises(LaminaError, match="accuracy, recall"):
        by_column(classified([0, 1], [0, 1]), columns(g=["a", "b"]), "g", "mae")


def test_the_document_holds_plain_values():
    found = by_column(classified([0, 1] * 20, [0, 1] * 20), columns(g=["a", "b"] * 20), "g")
    told = found.to_dict()
    assert told["groups"][0]["condition"] in ("g=a", "g=b")
    assert told["whole"] == 1.0
    assert told["groups"][0]["interval"][1] == pytest.approx(1.0)


def test_a_slice_that_is_a_group_is_judged_as_it_is_among_the_groups():
    draw = np.random.default_rng(4)
    target = draw.integers(0, 2, 2000)
    names = draw.integers(0, 25, 2000)
    right = draw.random(2000) < np.where(names == 3, 0.6, np.where(names == 4, 0.72, 0.8))
    report = classified(target, np.where(right, target, 1 - target))
    known = columns(
        g=[f"v{v}" for v in names], n=draw.integers(0, 900, 2000).tolist(), h=["a", "b"] * 1000
    )
    for name in ("g", "n", "h"):
        found = by_column(report, known, name)
        kept = [
            Slice(one.name, "test", tuple(one.rows.tolist()), "", "", "", one.condition)
            for one in found.groups
        ]
        said = judged(report, kept, known)
        assert [one.verdict for one in said] == [one.verdict for one in found.groups]
        assert [one.against for one in said] == [one.against for one in found.groups]
    assert said[0].among == ""
    listed = standing_out(report, known)
    assert [one.condition for one in listed.groups] == ["g=v3"]
    (one,) = judged(report, [Slice("s", "test", tuple(listed.groups[0].rows.tolist()), "",
                                   condition="g=v3")], known)  # fmt: skip
    assert (one.verdict, one.among) == ("worse", " among 25 groups of its column")


def test_slices_that_stand_together_are_so_many_looks():
    target = np.zeros(200, int)
    answers = np.zeros(200, int)
    answers[:8] = 1  # 8 of the first 40 are wrong, and 12 of the rest
    answers[40:52] = 1
    report = classified(target, answers)
    rows = tuple(range(40))
    (alone,) = judged(report, [Slice("s", "test", rows, "")])
    many = judged(report, [Slice(f"s{at}", "test", rows, "") for at in range(30)])
    assert (alone.verdict, alone.among) == ("worse", "")
    assert {(one.verdict, one.among) for one in many} == {("unclear", " among 30 slices")}
    (few,) = judged(report, [Slice("s", "test", rows[:9], "")])
    assert few.verdict == "few"


def test_the_columns_of_a_split_are_read_once_and_say_how_far(tmp_path):
    lines = "".join(f'{{"a": {at}, "b": "x"}}\n' for at in range(5000))
    (tmp_path / "test.records.jsonl").write_text(lines)
    prepared = SimpleNamespace(
        folder=tmp_path,
        spec=SimpleNamespace(target=None, sizes={"test": 5000}, inputs={}),
        preparation={"inputs": {}},
    )
    told = []
    assert not columns_known(prepared, "test")
    found = read_columns(prepared, "test", lambda *step: told.append(step))
    assert [one.name for one in found.all] == ["a", "b"]
    assert [done for _, done, _ in told] == [0, 4096, 5000]
    assert {total for *_, total in told} == {5000}
    assert columns_known(prepared, "test")
    assert read_columns(prepared, "test", lambda *step: told.append(step)) is found
    assert len(told) == 3
