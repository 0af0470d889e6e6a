"""Explanations kept with the model: chosen, named, listed, taken along."""

import json

import pytest

from builder import runs
from builder.errors import LaminaError
from builder.explain import explain, keepsakes, open_subject, packing
from tests.trained import trained


@pytest.fixture
def run(monkeypatch):
    opened = runs.open_run(trained("table", monkeypatch).run)
    for one in keepsakes.listed(opened):
        keepsakes.forget(opened, one.id)
    return opened


def test_what_is_kept_is_listed_with_its_name_note_and_sample(run):
    found = explain(run.id, "shap_values", rows=(3,), check=True)
    kept = keepsakes.keep(run, found, "  The   older one ", "Age decides.", split="test")
    assert keepsakes.listed(run) == [kept]
    assert (kept.name, kept.note, kept.split, kept.row) == (
        "The older one", "Age decides.", "test", 3,
    )  # fmt: skip
    assert kept.verdict == found.rows[0].trust.verdict
    files = keepsakes.files(run)
    assert set(files) == {
        f"{kept.id}/about.json", f"{kept.id}/explanation.json", f"{kept.id}/parts.csv"
    }  # fmt: skip
    document = json.loads(files[f"{kept.id}/explanation.json"])
    assert document == json.loads(json.dumps(found.to_dict()))
    lines = files[f"{kept.id}/parts.csv"].decode().splitlines()
    assert {line.split(",")[0] for line in lines[1:]} == {"age", "town", "rooms"}


def test_an_image_is_kept_with_its_map_as_a_picture(monkeypatch):
    from io import BytesIO

    from PIL import Image

    opened = runs.open_run(trained("image", monkeypatch).run)
    kept = keepsakes.keep(opened, explain(opened.id, "occlusion", rows=(1,)), "map", split="test")
    picture = Image.open(BytesIO(keepsakes.picture_of(opened, kept)))
    assert picture.size == (512, 512)
    keepsakes.forget(opened, kept.id)
    assert keepsakes.listed(opened) == []


def test_a_record_that_somebody_brought_is_kept_whole(run):
    record = {**open_subject(run.id).prepared.record("test", 0), "age": 77}
    kept = keepsakes.keep(run, explain(run.id, "saliency", records=[record]), "typed")
    assert kept.row is None
    assert packing.raw(kept.record) == record


def test_a_kept_explanation_needs_a_name_and_one_that_is_gone_is_told(run):
    found = explain(run.id, "saliency", rows=(0,))
    with pytest.raises(LaminaError, match="no name"):
        keepsakes.keep(run, found, "   ")
    with pytest.raises(LaminaError, match="kept"):
        keepsakes.forget(run, "../../run.json")
    assert keepsakes.listed(run) == []


def test_a_hostile_name_leads_nowhere(run):
    kept = keepsakes.keep(run, explain(run.id, "saliency", rows=(0,)), "../../<b>evil</b>")
    assert "/" not in kept.id
    assert "<" not in kept.id
    assert all(name.startswith(f"{kept.id}/") for name in keepsakes.files(run))


def test_a_torn_one_does_not_hide_the_others(run):
    found = explain(run.id, "saliency", rows=(0,))
    first, second = (keepsakes.keep(run, found, name) for name in ("a", "b"))
    torn = run.folder / "explanations" / "kept" / first.id / "about.json"
    torn.write_text("{")
    assert [one.id for one in keepsakes.listed(run)] == [second.id]
