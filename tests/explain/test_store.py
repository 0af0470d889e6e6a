"""Explanations in the run's folder: found again by whoever asks the same, and never too many."""

import os

import numpy as np
import pytest

from builder import runs
from builder.explain import choices, explain, open_subject, packing, store
from tests.trained import trained


def files(run):
    return sorted((runs.open_run(run).folder / store.FOLDER).glob("*.npz"))


def forbidden(*_arguments, **_more):
    raise AssertionError("the method was asked again")


def same(one, two):
    assert one.to_dict() == two.to_dict()
    for row, other in zip(one.rows, two.rows, strict=True):
        assert row.attributions.keys() == other.attributions.keys()
        for name, part in row.attributions.items():
            assert part.dtype == other.attributions[name].dtype
            np.testing.assert_array_equal(part, other.attributions[name])
        assert row.values == other.values
        assert row.columns == other.columns
        if row.trust is not None and row.trust.evidence is not None:
            np.testing.assert_array_equal(row.trust.evidence.orders, other.trust.evidence.orders)


@pytest.mark.parametrize(
    ("kind", "method"),
    [("image", "grad_cam"), ("table", "shap_values"), ("text", "feature_ablation")],
)
def test_a_kept_explanation_comes_back_whole_without_asking_again(monkeypatch, kind, method):
    run = trained(kind, monkeypatch).run
    first = explain(run, method, rows=(4, 1), check=True)
    monkeypatch.setattr("builder.explain.run.ask", forbidden)
    same(first, explain(run, method, rows=(4, 1), check=True))


def test_what_is_left_to_the_defaults_is_the_same_question_as_the_same_thing_said(monkeypatch):
    run = trained("image", monkeypatch).run
    first = explain(run, "occlusion", rows=(2,))
    subject = open_subject(run).subject
    monkeypatch.setattr("builder.explain.run.ask", forbidden)
    options = {"baseline": choices(subject)[0].name}
    said = first.rows[0].prediction
    same(first, explain(run, "occlusion", rows=(2,), target=said, options=options))


@pytest.mark.parametrize(
    "other",
    [
        {"rows": (6,)},
        {"rows": (5,), "split": "train"},
        {"rows": (5,), "target": "3"},
        {"rows": (5,), "options": {"baseline": "white"}, "check": True},
        {"rows": (5,), "check": True},
        {"rows": (5,), "layer": "conv1"},
    ],
    ids=lambda other: "-".join(other),
)
def test_another_question_has_an_answer_of_its_own(monkeypatch, other):
    run = trained("image", monkeypatch).run
    explain(run, "grad_cam", rows=(5,))
    for path in files(run):
        path.unlink()
    explain(run, "grad_cam", rows=(5,))
    explain(run, "grad_cam", **other)
    assert len(files(run)) == 2


def test_records_are_told_apart_by_their_content(monkeypatch):
    run = trained("table", monkeypatch).run
    record = open_subject(run).prepared.record("test", 0)
    first = explain(run, "shap_values", records=[record], target="yes")
    older = explain(run, "shap_values", records=[{**record, "age": 79}], target="yes")
    assert first.rows[0].columns != older.rows[0].columns
    monkeypatch.setattr("builder.explain.run.ask", forbidden)
    same(first, explain(run, "shap_values", records=[record], target="yes"))


def test_a_torn_file_is_answered_anew(monkeypatch):
    run = trained("table", monkeypatch).run
    first = explain(run, "saliency", rows=(7,))
    for path in files(run):
        path.write_bytes(path.read_bytes()[:40])
    again = explain(run, "saliency", rows=(7,))
    np.testing.assert_array_equal(
        first.rows[0].columns[0].attribution, again.rows[0].columns[0].attribution
    )
    assert not list((runs.open_run(run).folder / store.FOLDER).glob("*.part"))


def test_the_least_recently_used_go_when_there_are_too_many(monkeypatch):
    run = trained("table", monkeypatch).run
    for path in files(run):
        path.unlink()
    for at, row in enumerate((1, 2, 3), start=1):
        before = set(files(run))
        explain(run, "saliency", rows=(row,))
        (made,) = set(files(run)) - before
        os.utime(made, (at, at))
        if row == 2:
            second = made
    most = max(path.stat().st_size for path in files(run))
    monkeypatch.setattr(store, "MOST_BYTES", 3 * most)
    explain(run, "saliency", rows=(1,))  # used again: the newest but one
    explain(run, "saliency", rows=(4,))
    assert len(files(run)) == 3
    assert second not in files(run)
    monkeypatch.setattr("builder.explain.run.ask", forbidden)
    explain(run, "saliency", rows=(1,))


def test_a_folder_that_cannot_be_written_costs_no_answer(monkeypatch):
    run = trained("table", monkeypatch).run

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "save", full)
    assert explain(run, "saliency", rows=(9,)).rows


def test_raw_records_survive_being_written():
    record = {"image": {"image": b"\x89PNG"}, "age": 3, "town": None, "series": [[0.5, 1.0]]}
    assert packing.raw(packing.plain(record)) == record
