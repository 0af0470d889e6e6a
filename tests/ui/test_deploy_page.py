"""The Deploy page predicts on a form, a text, an image or a file, and lets the network leave."""

import json
import re

import pytest

from builder import runs, templates, workspace
from builder.project import Data
from builder.ui.screens import deploy_files, deploy_inputs, deploy_take
from builder.ui.work import Stopped
from tests.ui.apptest import open_page, text_of


def trained(template, data=None, **changes):
    project = templates.make(template, data)
    opened = workspace.create(project)
    changes = {"recipe.epochs": 1, **changes}
    run = runs.start(project, project_id=opened, detach=False, overrides=changes, name="first")
    assert run.status.status == "finished", run.status.message
    return opened, run


TRUTH = re.compile(r"in truth [\d,.]+; off by|truth: |right</span>")


def test_without_a_trained_network_it_points_to_training():
    opened = workspace.create(templates.make("mlp-classification"))
    app = open_page("deploy", project=opened)
    assert not app.exception
    assert "no trained run yet" in text_of(app)


def test_a_form_is_drawn_from_the_columns_and_predicts_at_once():
    opened, run = trained("wide-and-deep")
    app = open_page("deploy", project=opened, run=run.id)
    assert not app.exception
    assert {field.label for field in app.number_input} == {"age", "months", "visits"}
    assert {"plan", "city", "contact"} <= {field.label for field in app.selectbox}
    before = text_of(app)
    assert TRUTH.search(before)
    assert "%" in before
    months = next(field for field in app.number_input if field.label == "months")
    app = months.set_value(90.0).run()
    assert not app.exception
    assert not TRUTH.search(text_of(app))


def test_the_next_test_row_fills_the_form():
    opened, run = trained("wide-and-deep")
    app = open_page("deploy", project=opened, run=run.id)
    app = app.button(key="deploy_next").click().run()
    assert not app.exception
    wanted = run.prepared().record("test", 1)
    age = next(field for field in app.number_input if field.label == "age")
    assert age.value == float(wanted["age"])


def test_a_text_is_judged_as_it_is_written():
    opened, run = trained("bag-text")
    app = open_page("deploy", project=opened, run=run.id)
    app = app.text_area[0].set_value("a wonderful <b>film</b>").run()
    assert not app.exception
    assert "praise" in text_of(app)
    assert "<b>film" not in text_of(app)


@pytest.mark.parametrize("template", ["cnn", "lstm-series", "mlp-regression"])
def test_every_kind_of_input_predicts_a_test_row_with_its_truth(template):
    opened, run = trained(template)
    app = open_page("deploy", project=opened, run=run.id)
    assert not app.exception
    assert 'data-testid="answer"' in text_of(app)
    assert TRUTH.search(text_of(app))
    assert any("python predict.py" in block.value for block in app.code)


def test_an_answer_says_whether_it_is_right_and_numbers_how_far_off(monkeypatch):
    shown = []
    monkeypatch.setattr(deploy_inputs.parts, "html", lambda body, *_: shown.append(body))
    deploy_inputs.answer(
        {"prediction": 327609.2}, {"target": "value", "mean": 200000.0, "std": 100000.0}, "241800"
    )
    assert "in truth 241,800; off by −85,809" in shown[-1]
    shares = {"prediction": "1", "probabilities": {"1": 0.6, "0": 0.4}}
    deploy_inputs.answer(shares, {"target": "sold"}, "1.0")
    assert "right</span>" in shown[-1]
    deploy_inputs.answer(shares, {"target": "sold"}, "<b>0</b>")
    assert "truth: &lt;b&gt;0&lt;/b&gt;" in shown[-1]


def test_an_upload_is_predicted_under_its_own_plain_name():
    _, run = trained("wide-and-deep")
    record = run.prepared().record("test", 0)
    line = json.dumps({key: record[key] for key in record}).encode()
    found = deploy_files.predicted(run.id, "best", [("../../evil/rows.jsonl", line)])
    assert len(found.rows) == 1
    assert found.records[0]["plan"] == record["plan"]


def test_many_rows_tell_how_far_they_are_and_can_be_stopped():
    _, run = trained("wide-and-deep")
    record = run.prepared().record("test", 0)
    lines = "\n".join([json.dumps(record)] * 600).encode()
    heard = []

    def stop_late(what, done, total):
        heard.append((what, done, total))
        if done >= 512:
            raise Stopped

    with pytest.raises(Stopped):
        deploy_files.answered(run.id, "best", [("rows.jsonl", lines)], stop_late)
    assert heard == [("Reading", 0, 0), *(("Predicting", n, 600) for n in (0, 256, 512))]
    found = deploy_files.answered(run.id, "best", [("rows.jsonl", lines)])
    assert found.count == 600
    assert len(found.lines) == deploy_files.PREVIEW
    assert next(iter(found.lines[0])) == "prediction"
    assert found.csv.count(b"\n") == 601


@pytest.mark.parametrize(
    ("name", "plain"),
    [("../../x.csv", "x.csv"), ("..\\..\\x.csv", "x.csv"), ("..", "upload"), ("a\0b", "ab")],
)
def test_names_of_uploads_lead_nowhere(name, plain):
    assert deploy_files.plain(name) == plain


def test_artefacts_are_bytes_of_the_right_kind():
    _, run = trained("bag-text")
    assert deploy_take.artefact(run.id, "python", "best").startswith(b"PK")
    assert b"praise" in deploy_take.artefact(run.id, "safetensors", "best")[:200_000]


def test_numbers_may_be_apart_by_anything_usual():
    assert deploy_inputs.numbers("1, 2;3\n4 -5e-1") == [1, 2, 3, 4, -0.5]
    with pytest.raises(ValueError, match="'x' is no number"):
        deploy_inputs.numbers("1 x")
    with pytest.raises(ValueError, match="no numbers yet"):
        deploy_inputs.numbers(" ")


def test_the_commands_name_a_program_that_the_terminal_finds(monkeypatch, tmp_path):
    bin_folder = tmp_path / "my env" / "bin"
    bin_folder.mkdir(parents=True)
    monkeypatch.setattr("sys.executable", str(bin_folder / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert deploy_take.program() == f"'{bin_folder / 'python'}' -m builder"
    script = bin_folder / "lamina"
    script.write_text("#!/bin/sh\n", encoding="utf-8")
    script.chmod(0o755)
    assert deploy_take.program() == f"'{script}'"
    monkeypatch.setenv("PATH", str(bin_folder))
    assert deploy_take.program() == "lamina"


def test_the_commands_name_a_home_that_is_not_the_usual_one(monkeypatch, tmp_path):
    monkeypatch.setattr(deploy_take, "program", lambda: "lamina")
    usual = tmp_path / "usual"
    monkeypatch.setattr(deploy_take.platformdirs, "user_data_path", lambda *_, **__: usual)
    monkeypatch.setenv("LAMINA_HOME", str(tmp_path / "my home"))
    assert deploy_take.command() == f"LAMINA_HOME='{tmp_path / 'my home'}' lamina"
    monkeypatch.setenv("LAMINA_HOME", str(usual))
    assert deploy_take.command() == "lamina"


def test_a_language_model_leaves_as_a_folder_with_its_own_command(tmp_path):
    story = tmp_path / "story.txt"
    story.write_text("".join(f"Line {i} of a story that goes on.\n" for i in range(300)))
    data = Data(source="long_text", options={"path": str(story), "context": 16})
    few = {"recipe.batch_size": 4, "task.options.steps_per_epoch": 2}
    assert_leaves(*trained("language-model", data, **few), ("python write.py", "--prompt"), 2)


def test_a_generator_of_images_leaves_as_a_folder_with_its_own_command(monkeypatch):
    monkeypatch.setattr("builder.tasks.judge.STEPS", 3)
    run = trained("gan", **{"recipe.batch_size": 420})
    assert_leaves(*run, ("python draw.py", "-o images.png"), 3)


def assert_leaves(opened, run, lines, downloads):
    app = open_page("deploy", project=opened, run=run.id)
    assert not app.exception
    commands = "\n".join(block.value for block in app.code)
    assert all(line in commands for line in lines)
    assert f"export {run.id} --to python" in commands
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels.count("Download") == downloads
    assert deploy_take.artefact(run.id, "python", "best").startswith(b"PK")
