"""What leaves predicts exactly as the app does, from raw input, with torch and nothing else."""

import csv
import io
import json
import sys
import zipfile
from pathlib import Path

import pytest

from builder import export, runs, templates
from builder.data.runtime import ground, png
from builder.errors import LaminaError
from tests.alone import said

KINDS = {
    "wide-and-deep": 2,
    "mlp-regression": 2,
    "cnn": 1,
    "bag-text": 2,
    "lstm-series": 1,
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def trained(home):
    """A short run of each kind of input, by template; trained once for this module."""
    found = {}

    def of(template):
        if template not in found:
            project = templates.make(template)
            recipe = {"recipe.epochs": KINDS[template], "recipe.batch_size": 256}
            run = runs.start(project, detach=False, overrides=recipe)
            assert run.status.status == "finished", run.status.message
            found[template] = run.id
        return runs.open_run(found[template])

    return of


@pytest.fixture(autouse=True)
def same_home(home, monkeypatch):
    monkeypatch.setenv("LAMINA_HOME", str(home))


def given(run, folder, rows=4):
    """Records of the test split, and the same as what a person would hand to the command."""
    records = [run.prepared().record("test", row) for row in range(rows)]
    forms = {part["form"] for part in run.preparation["inputs"].values()}
    column = next((p["column"] for p in run.preparation["inputs"].values() if "column" in p), "")
    if forms == {"image"}:
        paths = []
        for row, record in enumerate(records):
            paths.append(folder / f"{row}.png")
            paths[-1].write_bytes(record[column])
        return [{column: path} for path in paths], [str(path) for path in paths]
    if forms == {"tokens"}:
        return records, [record[column] for record in records]
    if forms == {"series"}:
        plain = [{column: list(record[column].values())} for record in records]
        path = folder / "series.jsonl"
        path.write_text("\n".join(json.dumps(record) for record in plain[:2]), encoding="utf-8")
        archive = folder / "series.ts"
        lines = [
            ":".join(",".join(map(repr, channel)) for channel in record[column])
            for record in plain[2:]
        ]
        archive.write_text("\n".join(["@classLabel false", "@data", *lines]), encoding="utf-8")
        return plain, [str(path), str(archive)]
    path = folder / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    return records, [str(path)]


@pytest.mark.parametrize("template", list(KINDS))
def test_the_folder_predicts_what_the_app_predicts_with_torch_alone(template, trained, tmp_path):
    run = trained(template)
    folder = export.export(run.id, "python", tmp_path / "network")
    records, arguments = given(run, tmp_path)
    here = export.predict(run.id, records).rows
    done = said(folder, "predict.py", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    there = json.loads(done.stdout)
    assert len(there) == len(here) == 4
    for mine, theirs in zip(here, there, strict=True):
        if "probabilities" in mine:
            assert theirs["prediction"] == mine["prediction"]
            assert theirs["probabilities"] == pytest.approx(mine["probabilities"], abs=1e-6)
        else:
            assert theirs["prediction"] == pytest.approx(mine["prediction"], rel=1e-6)


@pytest.mark.parametrize("template", list(KINDS))
def test_predicting_records_agrees_with_the_evaluation_of_the_same_rows(template, trained):
    from builder.evaluate import evaluate

    run = trained(template)
    split = evaluate(run.id, splits=("test",)).splits["test"]
    records = [run.prepared().record("test", row) for row in range(8)]
    rows = export.predict(run.id, records).rows
    for row, found in enumerate(rows):
        if "probabilities" in found:
            shares = list(found["probabilities"].values())
            assert shares == pytest.approx(split.probabilities[row].tolist(), abs=1e-5)
        else:
            assert found["prediction"] == pytest.approx(float(split.predictions[row]), rel=1e-4)


def test_a_csv_gives_a_csv_with_predictions_and_probabilities(trained, tmp_path):
    run = trained("wide-and-deep")
    records, arguments = given(run, tmp_path)
    text = export.predict(run.id, arguments).to_csv()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["plan"] for row in rows] == [record["plan"] for record in records]
    assert {row["prediction"] for row in rows} <= {"stays", "leaves"}
    shares = [float(rows[0][f"probability of {label}"]) for label in ("stays", "leaves")]
    assert sum(shares) == pytest.approx(1)


def test_parquet_and_excel_are_predicted_as_csv_is(trained, tmp_path):
    import pandas as pd

    run = trained("wide-and-deep")
    records, arguments = given(run, tmp_path)
    frame = pd.DataFrame(records)
    frame.to_parquet(tmp_path / "rows.parquet")
    frame.to_excel(tmp_path / "rows.xlsx", index=False)
    wanted = export.predict(run.id, arguments).rows
    for name in ("rows.parquet", "rows.xlsx"):
        assert export.predict(run.id, tmp_path / name).rows == wanted


def test_the_exported_command_writes_a_csv_and_names_mistakes(trained, tmp_path):
    run = trained("wide-and-deep")
    folder = export.export(run.id, "python", tmp_path / "network")
    _, arguments = given(run, tmp_path)
    out = tmp_path / "out.csv"
    done = said(folder, "predict.py", *arguments, "-o", str(out))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"4 predictions are in {out}.\n"
    assert out.read_text(encoding="utf-8").count("\n") == 5
    bad = tmp_path / "bad.csv"
    bad.write_text("age,months\n1,2\n", encoding="utf-8")
    done = said(folder, "predict.py", str(bad))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: bad.csv lacks the column 'visits'")


def test_the_folder_carries_preparation_classes_and_a_readme(trained, tmp_path):
    run = trained("cnn")
    folder = export.export(run.id, "python", tmp_path / "network")
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "README.md",
        "facts.json",
        "files.py",
        "model.py",
        "output.py",
        "predict.py",
        "predictor.py",
        "preparation",
        "preparation.json",
        "requirements.txt",
        "separated.py",
        "ts.py",
        "weights.py",
        "weights.safetensors",
    }
    assert (folder / "model.py").read_text(encoding="utf-8") == run.source
    assert json.loads((folder / "facts.json").read_text())["classes"] == list("0123456789")
    assert "python predict.py picture.png" in (folder / "README.md").read_text(encoding="utf-8")
    for name in ("README.md", "requirements.txt"):
        assert "JPEG" in (folder / name).read_text(encoding="utf-8")
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "builder" not in text, path.name
        assert "type: ignore" not in text, path.name


def test_the_portable_reader_reads_what_safetensors_wrote(trained, tmp_path):
    import torch

    from builder.export.portable import weights

    run = trained("cnn")
    path = export.export(run.id, "safetensors", tmp_path / "w.safetensors")
    found = weights.read(path)
    wanted = run.model().state_dict()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_the_weights_file_carries_source_preparation_and_classes(trained, tmp_path):
    from safetensors import safe_open

    run = trained("bag-text")
    path = export.export(run.id, "safetensors", tmp_path / "w.safetensors")
    with safe_open(path, "pt") as file:
        head = file.metadata()
    assert head["source"] == run.source
    assert json.loads(head["preparation"])["inputs"] == run.preparation["inputs"]
    assert json.loads(head["facts"])["classes"] == ["blame", "praise"]


@pytest.mark.parametrize("cut", [4, 40, 4000])
def test_a_damaged_weights_file_is_refused(trained, tmp_path, cut):
    from builder.export.portable import weights

    path = export.export(trained("cnn").id, "safetensors", tmp_path / "w.safetensors")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ValueError, match="cut off"):
        weights.read(path)


def test_a_zip_holds_the_folder(trained, tmp_path):
    path = export.export(trained("cnn").id, "python", tmp_path / "network.zip")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    assert "network/predict.py" in names
    assert "network/preparation/__init__.py" in names


def test_nothing_is_overwritten_and_nothing_half_done_is_left(trained, tmp_path, monkeypatch):
    run = trained("cnn")
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    with pytest.raises(LaminaError, match="something already"):
        export.export(run.id, "python", taken)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys.modules["builder.export.formats.python"], "_readme", fail)
    with pytest.raises(OSError, match="No space"):
        export.export(run.id, "python", tmp_path / "network")
    assert {path.name for path in tmp_path.iterdir()} <= {"taken", "home0", "lamina-home"}


def test_a_folder_that_is_not_there_is_not_made(trained, tmp_path):
    with pytest.raises(LaminaError, match="nowhere does not exist"):
        export.export(trained("cnn").id, "safetensors", tmp_path / "nowhere" / "w.safetensors")
    assert not (tmp_path / "nowhere").exists()


def test_files_that_vanish_from_a_folder_meanwhile_are_left_out(trained, tmp_path, monkeypatch):
    from PIL import Image

    from builder.export.portable import files

    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in "abc":
        Image.new("L", (8, 8)).save(folder / f"{name}.png")
    listed = files.records

    def late(*arguments):
        found = listed(*arguments)
        (folder / "b.png").unlink(missing_ok=True)
        return found

    run = trained("cnn")
    monkeypatch.setattr(files, "records", late)
    found = export.predict(run.id, [str(folder)])
    assert len(found.rows) == len(found.records) == 2
    assert found.notes == ("1 file is left out: gone since the folder was listed.",)
    with pytest.raises(LaminaError, match="no file"):
        export.predict(run.id, [str(folder / "b.png")])


def test_an_unknown_format_is_answered_with_those_there_are(trained, tmp_path):
    known = ", ".join(export.formats())
    with pytest.raises(LaminaError, match=f"Choose one of: {known}"):
        export.export(trained("cnn").id, "onnx", tmp_path / "x")


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"age": "old"}, "'old' is no number"),
        ({}, "has no column 'age'"),
    ],
)
def test_a_wrong_record_is_named(trained, record, words):
    run = trained("wide-and-deep")
    good = run.prepared().record("test", 0)
    bad = {**good, **record} if record else {}
    with pytest.raises(LaminaError, match=words):
        export.predict(run.id, [good, bad])


def test_a_picture_that_is_none_is_named(trained, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"no picture")
    with pytest.raises(LaminaError, match=r"a\.png, 'image': no image format"):
        export.predict(trained("cnn").id, path)


def test_dark_on_light_pictures_are_told_and_inverted_by_wish_here_and_in_the_folder(
    trained, tmp_path
):
    run = trained("cnn")
    part = run.preparation["inputs"]["image"]
    records = [run.prepared().record("test", row) for row in range(3)]
    paths = [tmp_path / name for name in ("0.png", "1.png", "2.png")]
    for path, record in zip(paths, records):
        path.write_bytes(ground.negative(part, record["image"]))
    paths[0].write_bytes(records[0]["image"])
    told = "1.png stands on a light ground, the training images on a dark one"
    plain = export.predict(run.id, paths)
    assert plain.notes == (f"{told} (and so in 1 more row). Invert it unless that is meant.",)
    assert export.predict(run.id, paths[0]).notes == ()
    asked = export.predict(run.id, paths[1:], invert=True)
    assert asked.notes == ()
    assert asked.rows == export.predict(run.id, records[1:]).rows
    folder = export.export(run.id, "python", tmp_path / "network")
    names = [str(path) for path in paths[1:]]
    assert said(folder, "predict.py", *names).stderr.startswith(f"Note: {told}")
    done = said(folder, "predict.py", "--invert", "--json", *names)
    assert done.stderr == ""
    assert json.loads(done.stdout) == list(asked.rows)


def test_png_needs_no_pillow(trained, tmp_path):
    import torch

    path = Path(tmp_path / "a.png")
    path.write_bytes(png.encode(torch.zeros(1, 8, 8, dtype=torch.uint8)))
    assert export.predict(trained("cnn").id, path).rows[0]["prediction"] in set("0123456789")


def test_unknown_categories_and_short_lines_are_predicted_and_told_with_their_place(
    trained, tmp_path
):
    run = trained("wide-and-deep")
    record = run.prepared().record("test", 0)
    names = list(record)
    lines = [[str(record[name]) for name in names] for _ in range(4)]
    lines[1][names.index("plan")] = lines[2][names.index("plan")] = "Mars"
    lines[3] = lines[3][: names.index("plan")]
    path = tmp_path / "new.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *lines])
    found = export.predict(run.id, path)
    assert len(found.rows) == 4
    assert any(
        note.startswith("new.csv, row 3: plan is 'Mars'") and "1 more row" in note
        for note in found.notes
    )
    assert any(note.startswith("new.csv, row 5: it has") for note in found.notes)
    assert found.to_dict()["notes"] == list(found.notes)


def test_a_cell_that_cannot_be_read_is_named_by_file_and_row(trained, tmp_path):
    run = trained("wide-and-deep")
    record = {**run.prepared().record("test", 0), "age": "old"}
    path = tmp_path / "new.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([list(record), list(record.values())])
    with pytest.raises(LaminaError, match=r"'age', new\.csv, row 2: 'old' is no number"):
        export.predict(run.id, path)


def test_kept_explanations_leave_with_the_folder(trained, tmp_path):
    from builder.explain import explain, keepsakes

    run = trained("cnn")
    found = explain(run.id, "saliency", rows=(2,), check=True)
    kept = keepsakes.keep(run, found, "What it looks at", "The stem.", split="test")
    try:
        folder = export.export(run.id, "python", tmp_path / "network")
    finally:
        keepsakes.forget(run, kept.id)
    home = folder / "explanations" / kept.id
    assert {path.name for path in home.iterdir()} == {
        "about.json", "explanation.json", "map.png", "parts.csv"
    }  # fmt: skip
    assert json.loads((home / "about.json").read_text())["note"] == "The stem."
    assert "explanations/" in (folder / "README.md").read_text()
    bare = export.export(run.id, "python", tmp_path / "bare")
    assert not (bare / "explanations").exists()


def test_a_file_is_read_as_the_training_file_was_here_and_in_the_folder(tmp_path):
    from builder import data

    lines = [f"{'ham' if n % 2 else 'spam'}\tNo. {n}, go on, see" for n in range(60)]
    told = tmp_path / "messages.tsv"
    told.write_text("\n".join(lines) + "\n", encoding="utf-8")
    project = templates.make("bag-text", data.suggest(data.recognise([told])))
    run = runs.start(project, detach=False, overrides={"recipe.epochs": 1})
    assert run.status.status == "finished", run.status.message
    new = tmp_path / "new.tsv"
    new.write_text("ham\tone, two, three\nspam\tfour\n", encoding="utf-8")
    found = export.predict(run.id, new)
    assert [record["#1"] for record in found.records] == ["one, two, three", "four"]
    assert not found.notes
    folder = export.export(run.id, "python", tmp_path / "folder")
    told = said(folder, "predict.py", str(new))
    assert (told.stdout.splitlines(), told.stderr) == (found.to_csv().splitlines(), "")
