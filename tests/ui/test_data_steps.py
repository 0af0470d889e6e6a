"""The Data page's changes are taken back one by one, after a reload too; the later tab is told."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from builder import workspace
from builder.project import Column, Data, Split, Step
from builder.ui import intake
from builder.ui.components import plain
from builder.workspace import history
from tests.ui.apptest import open_page, text_of
from tests.ui.test_data import finish, rows


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "people.csv"
    path.write_text(rows())
    return intake.bring(path)


def opened(key: str) -> AppTest:
    app = open_page("data", project=key)
    finish(app, "inspect_data")
    assert not app.exception
    return app


def keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


def data_of(key: str) -> Data:
    return workspace.open_project(key).data


def share(app: AppTest, key: str, test: float) -> None:
    now = data_of(key).split.test
    app.number_input(key=f"split_test_{now}").set_value(test)
    app.button(key="split_apply").click().run()
    assert not app.exception


def test_a_page_where_nothing_was_changed_offers_no_undo(key: str) -> None:
    assert not {"data_undo", "data_redo"} & keys(opened(key))


def test_a_remedy_is_called_by_its_words_and_taken_back_after_a_reload(key: str) -> None:
    before = data_of(key)
    app = opened(key)
    remedy = next(button for button in app.button if str(button.key).startswith("remedy_"))
    label = remedy.label[:1].lower() + remedy.label[1:]
    remedy.click().run()
    changed = data_of(key)
    assert changed != before
    again = opened(key)
    assert again.button(key="data_undo").label == f"Undo: {label}"
    again.button(key="data_undo").click().run()
    assert data_of(key) == before
    assert [toast.value for toast in again.toast] == [f"Taken back: {label}."]
    assert "data_undo" not in keys(again)
    again.button(key="data_redo").click().run()
    assert data_of(key) == changed


def test_fields_show_what_was_taken_back(key: str) -> None:
    app = opened(key)
    share(app, key, 30.0)
    share(app, key, 40.0)
    assert data_of(key).split.test == 0.4
    app.button(key="data_undo").click().run()
    assert app.number_input(key="split_test_0.3").value == 30.0
    app.button(key="data_undo").click().run()
    assert app.number_input(key="split_test_0.15").value == 15.0
    assert data_of(key).split == Split()


def test_the_way_of_reading_is_taken_back(key: str) -> None:
    before = data_of(key)
    app = opened(key)
    digest = next(str(box.key) for box in app.selectbox if "reading_" in str(box.key))
    header = digest.rpartition("_")[0] + "_header"
    widget = next(one for one in [*app.selectbox, *app.toggle] if str(one.key) == header)
    widget.set_value(False).run()
    app.button(key="reading_apply").click().run()
    finish(app, "inspect_data")
    assert data_of(key).options["header"] is False
    assert app.button(key="data_undo").label.startswith("Undo: how it is read: ")
    app.button(key="data_undo").click().run()
    assert data_of(key) == before


def test_a_click_on_an_old_view_is_refused_in_words(key: str) -> None:
    app = opened(key)
    seen = workspace.open_project(key)
    columns = {"city": Column(role="ignore")}
    other = seen.model_copy(update={"data": seen.data.model_copy(update={"columns": columns})})
    history.edit(key, seen, other, "role of city: ignore")
    app.number_input(key="split_test_0.15").set_value(30.0)
    app.button(key="split_apply").click().run()
    assert data_of(key) == other.data
    assert "changed elsewhere" in app.toast[0].value
    assert app.button(key="data_undo").label == "Undo: role of city: ignore"


def test_what_the_canvas_writes_is_no_old_view_and_is_not_undone(key: str) -> None:
    app = opened(key)
    share(app, key, 30.0)
    now = workspace.open_project(key)
    workspace.save_project(key, now.model_copy(update={"name": "drawn"}))
    app.button(key="data_undo").click().run()
    back = workspace.open_project(key)
    assert (back.name, back.data.split) == ("drawn", Split())


def test_an_augmentation_that_is_taken_back_does_not_come_back_by_its_field() -> None:
    data = Data(source="sklearn", options={"name": "digits"}, target="target")
    key = intake.workspace.create(intake.Project(name="digits", data=data))
    app = opened(key)
    finish(app, "prepare_media")
    toggle = next(one for one in app.toggle if str(one.key).startswith("augment_crop"))
    toggle.set_value(True).run()
    assert data_of(key).augment == (Step(kind="crop"),)
    assert app.button(key="data_undo").label == "Undo: augmentation: crop"
    app.button(key="data_undo").click().run()
    assert data_of(key).augment == ()
    app.run()
    assert data_of(key).augment == ()


def test_the_keys_leave_fields_and_dialogs_alone() -> None:
    script = plain.source("undokeys")
    assert "typing(event)) return" in script
    assert "stDialog" in script


def test_a_seed_that_is_not_whole_is_refused_beside_its_field(key: str) -> None:
    app = opened(key)
    app.number_input(key="split_seed_0").set_value(2.5).run()
    assert "Seed must be a whole number, not 2.5." in text_of(app)
    assert app.button(key="split_apply").disabled
    app.number_input(key="split_seed_0").set_value(3.0).run()
    app.button(key="split_apply").click().run()
    assert data_of(key).split == Split(seed=3)


def test_what_reading_did_is_not_said_again_of_preparation(tmp_path: Path) -> None:
    path = tmp_path / "waits.csv"
    lines = [f"{i % 9} min,{'' if i % 11 == 0 else i % 7},{'xy'[i % 2]}" for i in range(90)]
    path.write_text("\n".join(["wait,size,label", *lines]))
    app = opened(intake.bring(path))
    finish(app, "prepare_data")
    notes = {one.label: text_of(one) for one in app.expander}
    assert "numbers with the unit" in notes["What reading did"]
    assert "gaps filled" in notes["What preparation did"]
    said = text_of(app)
    assert said.count("numbers with the unit") == said.count("gaps filled") == 1


def test_the_form_of_the_split_keeps_what_it_does_not_show(key: str) -> None:
    now = workspace.open_project(key)
    data = now.data.model_copy(update={"split": Split(folds=5, fold=2)})
    workspace.save_project(key, now.model_copy(update={"data": data}))
    app = opened(key)
    share(app, key, 30.0)
    assert data_of(key).split == Split(folds=5, fold=2, test=0.3)
