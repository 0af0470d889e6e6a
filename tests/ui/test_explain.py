"""The Explain page.

A map with a verdict per method, reasons where a method does not fit, what-if for tables.
"""

import pytest

from builder import runs
from builder.explain import explain, keepsakes, method, open_subject, whatif
from builder.ui.components.draw import _png
from builder.ui.screens import explain_choose, explain_maps, explain_side, explain_work
from tests.trained import trained
from tests.ui.apptest import open_page, text_of
from tests.ui.test_evaluate import components


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """The page waits for its explanations, since nothing draws it anew here."""
    monkeypatch.setattr(explain_work, "PATIENCE", 120.0)


@pytest.fixture
def images(monkeypatch):
    return trained("image", monkeypatch)


def test_a_link_opens_its_sample_with_a_judged_map_per_method(images):
    app = open_page("explain", project=images.project, run=images.run, split="test", row="7")
    assert not app.exception
    assert "test image 8" in text_of(app)
    cards = [data for data in components(app)["lamina_maps"] if "method" in data]
    assert [card["method"] for card in cards] == ["integrated_gradients", "occlusion", "grad_cam"]
    for card in cards:
        assert card["trust"]["verdict"]
        assert card["evidence"]["marked"]
        assert card["map"]["w"] == 8
        assert card["csv"].count("\n") == 9
        assert card["name"] == f"digits-cnn-run-1-test-image-8-{card['method'].replace('_', '-')}"


def test_a_method_that_does_not_fit_is_greyed_with_the_reason(images):
    app = open_page("explain", project=images.project, run=images.run)
    shap = next(box for box in app.checkbox if box.label == "SHAP values")
    assert shap.disabled
    assert "need columns of a table" in text_of(app)


def test_another_class_is_explained_when_it_is_chosen(images):
    app = open_page("explain", project=images.project, run=images.run, split="test", row="7")
    box = next(box for box in app.selectbox if box.label == "Explained class")
    other = next(name for name in box.options if name != box.value)
    box.set_value(other).run()
    assert not app.exception
    card = next(data for data in components(app)["lamina_maps"] if "method" in data)
    assert card["evidence"]["label"] == f"P({other})"


def test_a_method_can_be_added_and_taken_away(images):
    app = open_page("explain", project=images.project, run=images.run, split="test", row="7")
    next(box for box in app.checkbox if box.label == "Saliency").check().run()
    next(box for box in app.checkbox if box.label == "Occlusion").uncheck().run()
    assert not app.exception
    cards = [data["method"] for data in components(app)["lamina_maps"] if "method" in data]
    assert cards == ["integrated_gradients", "grad_cam", "saliency"]


def test_saliency_is_a_size_in_one_colour_without_words_for_and_against(monkeypatch):
    run = trained("text", monkeypatch)
    app = open_page("explain", project=run.project, run=run.run, split="test", row="1")
    assert "against</span>" in text_of(app)
    for title in ("Integrated gradients", "Feature ablation"):
        next(box for box in app.checkbox if box.label == title).uncheck().run()
    assert not app.exception
    card = next(data for data in components(app)["lamina_maps"] if "method" in data)
    assert card["signed"] is False
    assert all(word["part"] >= 0 for word in card["words"])
    assert "against</span>" not in text_of(app)


def test_next_and_previous_go_through_the_list(images):
    app = open_page("explain", project=images.project, run=images.run, split="test", row="0")
    app.session_state["explain_list"] = [0, 5, 9]
    app.run()
    app.button(key="sample_next").click().run()
    assert not app.exception
    assert "test image 6" in text_of(app)


def test_a_drawing_is_explained_through_the_runs_preparation(images):
    from io import BytesIO

    from PIL import Image

    from builder.ui.sample import Sample

    out = BytesIO()
    Image.new("RGB", (240, 240), "white").save(out, "PNG")
    asked = open_subject(images.run)
    column = next(iter(asked.prepared.preparation["inputs"].values()))["column"]
    app = open_page("explain", project=images.project, run=images.run)
    app.session_state["explain_given"] = Sample("given", 1, {column: out.getvalue()})
    app.session_state["explain_given_run"] = images.run
    app.run()
    assert not app.exception
    assert "your image" in text_of(app)


def test_an_image_that_is_a_negative_is_said_and_inverted_by_one_press(images):
    from builder.data.runtime import ground
    from builder.ui.sample import Sample

    prepared = open_subject(images.run).prepared
    part = prepared.preparation["inputs"]["image"]
    content = prepared.record("test", 0)["image"]
    app = open_page("explain", project=images.project, run=images.run)
    app.session_state["explain_given"] = Sample("given", 1, {"image": content})
    app.session_state["explain_given_run"] = images.run
    app.run()
    assert "on a light ground" not in text_of(app)
    turned = Sample("given", 2, {"image": ground.negative(part, content)})
    app.session_state["explain_given"] = turned
    app.run()
    assert "stands on a light ground, the training images on a dark one" in text_of(app)
    app.button(key=f"invert_explain_{turned.mark}").click().run()
    assert not app.exception
    assert "on a light ground" not in text_of(app)
    shown = app.session_state["explain_given"].record["image"]
    assert images_of(shown).equal(images_of(content))


def images_of(content):
    from builder.data.runtime import images

    return images.pixels(content)


def test_a_table_gets_a_waterfall_that_adds_up_and_a_what_if_form(monkeypatch):
    run = trained("table", monkeypatch)
    app = open_page("explain", project=run.project, run=run.run, split="test", row="2")
    assert not app.exception
    found = components(app)
    fall = found["lamina_waterfall"][0]
    expected = explain(run.run, "shap_values", rows=(2,)).rows[0]
    total = fall["base"] + sum(row["part"] for row in fall["rows"])
    assert total == pytest.approx(expected.score, abs=1e-3)
    assert {row["name"] for row in fall["rows"]} == {"age", "town", "rooms"}
    form = found["lamina_whatif"][0]
    assert {row["column"] for row in form["rows"]} == {"age", "town", "rooms"}
    assert "<b>B</b>" not in text_of(app)


def test_changes_in_the_form_ask_the_model_again(monkeypatch):
    run = trained("table", monkeypatch)
    asked = open_subject(run.run)
    record = asked.prepared.record("test", 2)
    app = open_page("explain", project=run.project, run=run.run, split="test", row="2")
    app.session_state[f"whatif_{run.run}_test2"] = {"age": 79}
    app.run()
    code = int(asked.subject.prediction(asked.records([record]))[0])
    now = whatif.watch(asked, [{**record, "age": 79}], code)[0]
    assert components(app)["lamina_whatif"][0]["now"] == f"{now * 100:.1f} %"


def test_the_whole_model_view_draws_many_rows(monkeypatch):
    run = trained("table", monkeypatch)
    app = open_page("explain", project=run.project, run=run.run)
    app.session_state["explain_view"] = "model"
    app.run()
    assert not app.exception
    assert "What moves the answers" in text_of(app)
    assert len(app.get("plotly_chart")) == 1


def test_numbers_are_explained_in_their_own_unit(monkeypatch):
    run = trained("number", monkeypatch)
    app = open_page("explain", project=run.project, run=run.run, split="test", row="0")
    assert not app.exception
    fall = components(app)["lamina_waterfall"][0]
    assert "%" not in fall["finalShown"]


def test_texts_are_tinted_word_by_word_and_stay_text(monkeypatch):
    run = trained("text", monkeypatch)
    app = open_page("explain", project=run.project, run=run.run, split="test", row="1")
    assert not app.exception
    card = next(data for data in components(app)["lamina_maps"] if "method" in data)
    text = open_subject(run.run).prepared.record("test", 1)["review"]
    assert all(word["text"] in text for word in card["words"])
    assert "<b>fine</b>" not in text_of(app)


def test_a_row_that_is_not_there_falls_back_to_one_that_is(images):
    for row in ("999999", "-1", "x", "1e3"):
        app = open_page("explain", project=images.project, run=images.run, split="test", row=row)
        assert not app.exception
        assert "test image" in text_of(app)


@pytest.mark.parametrize(
    "sent", [None, 3, "", "data:text/html;base64,PGI+", "data:image/png;base64,%%"]
)
def test_only_png_addresses_are_taken_from_the_drawing_canvas(sent):
    assert _png(sent) is None


def test_an_explanation_is_kept_with_the_model_listed_and_removed(images):
    opened = runs.open_run(images.run)
    app = open_page("explain", project=images.project, run=images.run, split="test", row="7")
    app.run()  # the list of what can be kept follows what is shown
    app.text_input(key="keep_name_Integrated gradients of test image 8").set_value("<b>Seven</b>")
    app.button(key="keep_this").click().run()
    assert not app.exception
    (kept,) = keepsakes.listed(opened)
    assert (kept.name, kept.row, kept.method) == ("<b>Seven</b>", 7, "integrated_gradients")
    assert keepsakes.picture_of(opened, kept)
    assert "&lt;b&gt;Seven&lt;/b&gt;" in text_of(app)
    app = open_page("explain", project=images.project, run=images.run, split="test", row="0")
    app.button(key=f"open_{kept.id}").click().run()
    assert not app.exception
    assert "test image 8" in text_of(app)
    app.button(key=f"remove_{kept.id}").click().run()
    assert keepsakes.listed(opened) == []


def test_a_stopped_explanation_can_be_asked_for_again(images, monkeypatch):
    from builder.ui import work

    asked = []

    def stopped(*_arguments, **_more):
        asked.append(1)
        if len(asked) == 1:
            raise work.Stopped
        return explain(images.run, "saliency", rows=(11,), check=True)

    monkeypatch.setattr(explain_work, "explain", stopped)
    monkeypatch.setattr("builder.ui.screens.explain.FIRST", {"image": ("saliency",)})
    app = open_page("explain", project=images.project, run=images.run, split="test", row="11")
    assert not app.exception
    assert "Saliency: stopped" in text_of(app)
    app.button(key="explain_saliency_button").click().run()
    assert not app.exception
    cards = [data["method"] for data in components(app)["lamina_maps"] if "method" in data]
    assert cards == ["saliency"]


def fill_in(monkeypatch):
    """The table run's Explain page with the form for a row of one's own; other cards left out."""
    run = trained("table", monkeypatch)
    monkeypatch.setattr("builder.ui.screens.explain.FIRST", {"table": ()})
    monkeypatch.setattr("builder.ui.screens.explain_table._whatif", lambda *_: None)
    app = open_page("explain", project=run.project, run=run.run, split="test", row="3")
    next(box for box in app.button_group if "Fill in" in box.options).set_value("Fill in").run()
    assert not app.exception
    return app


def field(boxes, label):
    return next(box for box in boxes if box.label == label and "explain" in str(box.key))


def test_a_row_of_ones_own_is_explained(monkeypatch):
    app = fill_in(monkeypatch)
    field(app.number_input, "age").set_value(61.0).run()
    app.button(key="explain_filled_in").click().run()
    assert not app.exception
    assert app.session_state["explain_given"].record["age"] == 61.0
    assert "your row" in text_of(app)


def test_what_the_model_makes_of_a_missing_or_far_value_is_said_at_its_field(monkeypatch):
    app = fill_in(monkeypatch)
    field(app.number_input, "age").set_value(None)
    field(app.number_input, "rooms").set_value(900.0).run()
    assert not app.exception
    assert "Missing: read as" in text_of(app)
    assert "Training rows hold 1 to 6" in text_of(app)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ({"name": "on", "kind": "date", "parts": [{"part": "year"}]}, "31st", "is no date, as"),
        ({"name": "on", "kind": "date", "parts": [{"part": "year"}]}, "2026-01-31", ""),
        ({"name": "age", "kind": "number"}, "old", "is no number"),
    ],
)
def test_a_value_of_the_wrong_kind_is_answered_at_its_field(column, value, said):
    answer = explain_choose.unreadable(column, value)
    assert said in answer
    assert bool(said) == bool(answer)


def test_a_word_that_training_never_saw_is_read_as_unknown_and_says_so():
    town = {"name": "town", "kind": "category", "values": ["A", "B"]}
    assert explain_choose.unusual(town, "A", None) == ""
    assert "unknown" in explain_choose.unusual(town, "C", None)
    assert explain_choose.unusual(town, None, None) == "Missing."
    assert explain_choose.unusual({**town, "fill": "B"}, None, None) == "Missing: read as B."


def test_columns_without_a_head_have_one_name_on_every_page(monkeypatch):
    run = trained("headless", monkeypatch)
    app = open_page("explain", project=run.project, run=run.run, split="test", row="2")
    assert not app.exception
    found = components(app)
    names = {"column 1", "column 2", "column 3"}
    assert {row["name"] for row in found["lamina_waterfall"][0]["rows"]} == names
    form = found["lamina_whatif"][0]
    assert {row["label"] for row in form["rows"]} == names
    assert {row["column"] for row in form["rows"]} == {"#0", "#1", "#2"}
    app = open_page("deploy", project=run.project, run=run.run)
    assert not app.exception
    fields = [*app.number_input, *app.selectbox]
    assert {field.label for field in fields} - {"Checkpoint", "Run"} == names
    assert "column 4" in text_of(app)
    assert "#3" not in text_of(app)


def test_a_module_is_picked_with_what_is_in_it():
    names = ["conv1", "block1.conv", "block1.relu", "block1", "block10.conv"]
    assert explain_maps.within(names, "block1") == ["block1", "block1.conv", "block1.relu"]
    assert explain_maps.within(names, "block10") == ["block10.conv"]
    assert explain_maps.within(names, "conv1") == ["conv1"]


def test_the_side_says_which_methods_answer_against_what_they_are_compared_with():
    def said(*names):
        return explain_side._compared("9", [method(name) for name in names])

    assert said("occlusion").endswith("The map answers against this.")
    assert "Grad-CAM compares with nothing" in said("occlusion", "grad_cam")
    assert "rather than what" not in said("saliency", "grad_cam")
