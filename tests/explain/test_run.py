"""Explaining and evaluating real runs: rows, records, classes; caches; the run stays as it was."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from builder import runs
from builder.errors import LaminaError
from builder.evaluate import evaluate
from builder.explain import channels, explain, open_subject, whatif
from builder.explain.run import asked
from tests.trained import trained


def test_the_runs_weights_and_model_are_unchanged_by_explaining(monkeypatch):
    run = trained("image", monkeypatch)
    path = runs.open_run(run.run).checkpoint("best").path
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    found = explain(run.run, "integrated_gradients", rows=(0, 1), check=True)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert [row.row for row in found.rows] == [0, 1]
    assert max(row.completeness_error for row in found.rows) <= 1e-2
    json.dumps(found.to_dict(), allow_nan=False)


def test_predictions_are_computed_once_and_kept_in_the_run_folder(monkeypatch):
    run = trained("image", monkeypatch)
    report = evaluate(run.run)
    kept = list((runs.open_run(run.run).folder / "evaluation").glob("*.npz"))
    assert len(kept) == 3
    stamps = [path.stat().st_mtime_ns for path in kept]
    again = evaluate(run.run)
    assert [path.stat().st_mtime_ns for path in kept] == stamps
    for name, split in report.splits.items():
        np.testing.assert_array_equal(split.predictions, again.splits[name].predictions)
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_damaged_cache_is_computed_anew(monkeypatch):
    run = trained("image", monkeypatch)
    expected = evaluate(run.run).splits["test"].metrics
    for path in Path(runs.open_run(run.run).folder / "evaluation").glob("*.npz"):
        path.write_bytes(b"torn")
    assert evaluate(run.run).splits["test"].metrics == expected


def test_wrong_checkpoints_splits_and_rows_are_answered_in_words(monkeypatch):
    run = trained("image", monkeypatch)
    with pytest.raises(LaminaError, match="no checkpoint"):
        evaluate(run.run, "epoch 99")
    with pytest.raises(LaminaError, match="no split"):
        evaluate(run.run, splits=("all",))
    with pytest.raises(LaminaError, match="no row"):
        explain(run.run, "saliency", rows=(10**6,))
    with pytest.raises(LaminaError, match="no class"):
        explain(run.run, "saliency", target="eleven")


def test_a_typed_record_is_explained_like_the_row_it_repeats(monkeypatch):
    run = trained("table", monkeypatch)
    record = open_subject(run.run).prepared.record("test", 3)
    row = explain(run.run, "shap_values", rows=(3,), target="yes").rows[0]
    typed = explain(run.run, "shap_values", records=[record], target="yes").rows[0]
    assert [p.attribution for p in typed.columns] == [p.attribution for p in row.columns]
    assert typed.row is None
    assert [p.value for p in typed.columns] == [record[p.name] for p in typed.columns]
    with pytest.raises(LaminaError, match="age"):
        explain(run.run, "shap_values", records=[{"town": "A"}])


def test_the_channels_of_a_layer_speak_for_the_class(monkeypatch):
    run = trained("image", monkeypatch)
    asked = open_subject(run.run)
    inputs = asked.rows("test", [0])
    layer = next(iter(asked.subject.layers))
    found = channels(asked.subject, inputs, layer, 3, most=4)
    assert len(found.shown) == 4
    parts = [channel.part for channel in found.shown]
    assert parts == sorted(parts, reverse=True)
    assert found.shown[0].values.shape == found.shape[1:]
    with pytest.raises(LaminaError, match="no channels"):
        channels(asked.subject, inputs, "head", 3)


def test_the_smallest_change_that_flips_the_answer_does_flip_it(monkeypatch):
    run = trained("table", monkeypatch)
    asked = open_subject(run.run)
    record = asked.prepared.record("test", 0)
    before = explain(run.run, "shap_values", records=[record]).rows[0].prediction
    found = whatif.flips(asked, record)
    assert found
    for flip in found:
        changed = {**record, flip.column: flip.after}
        after = explain(run.run, "shap_values", records=[changed]).rows[0].prediction
        assert after == flip.answer != before
    curves = whatif.curves(asked, record, 0)
    assert set(curves) == {"age", "town", "rooms"}
    assert all(len(grid) == len(values) for grid, values in curves.values())


def test_a_run_that_makes_things_has_no_prediction_to_explain():
    run = SimpleNamespace(
        id="r1",
        spec=SimpleNamespace(target=object()),  # images with labels that it does not use
        task=lambda: SimpleNamespace(views=("samples",)),
    )
    with pytest.raises(LaminaError, match="makes something in place of predicting rows"):
        asked(run)
