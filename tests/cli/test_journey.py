"""From nothing to predictions by commands alone, and what is said when something is wrong."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from builder import evaluate, runs
from builder.cli import main


@pytest.fixture(autouse=True)
def supervisor_ends(lamina_home):
    yield
    runs.shutdown()


@pytest.fixture
def lamina(capsys):
    """Call a command; gives exit code, standard output (read, where it is JSON) and errors."""

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main([str(argument) for argument in arguments])
        out = capsys.readouterr()
        document = json.loads(out.out) if "--json" in arguments and out.out else out.out
        return leaving.value.code, document, out.err

    return call


def test_the_whole_way_by_commands(lamina, tmp_path):
    file, rows = tmp_path / "p.lamina.json", tmp_path / "rows.csv"
    assert lamina("new", "--template", "wide-and-deep", "-o", file)[0] == 0
    code, checked, _ = lamina("check", file, "--json")
    assert (code, checked["ok"], checked["issues"]) == (0, True, [])
    assert checked["parameters"] > 1000
    code, source, _ = lamina("code", file)
    assert code == 0
    assert "class Model(nn.Module):" in source

    code, trained, progress = lamina("train", file, "--set", "recipe.epochs=2", "--json")
    assert (code, trained["status"], trained["epochs"]) == (0, "finished", 2)
    assert {"run", "seconds", "samples_per_second", "device", "recipe", "pid"} <= set(trained)
    for listed in (lamina("runs", "list", "--json")[1][0], trained):
        assert (listed["epoch"], listed["epochs"], listed["planned_epochs"]) == (2, 2, 2)
    asked = lamina("sample", trained["run"], "--set", "temperature=0.7")
    assert "This run makes nothing; it predicts." in asked[2]
    assert "epoch 2/2" in progress
    run = trained["run"]

    code, listed, _ = lamina("runs", "list", "--json")
    assert lamina("runs", "--json")[1] == listed
    assert lamina("runs", "--json", "list")[0] == 2
    assert [row["run"] for row in listed] == [run]
    assert {"name", "status", "pid", "epoch", "started"} <= set(listed[0])
    assert lamina("runs", "show", run[:12], "--json")[1]["recipe"]["epochs"] == 2
    assert len(lamina("runs", "tail", "last", "--json")[1]) == 2

    code, report, _ = lamina("evaluate", run, "--json")
    assert code == 0
    for split in ("train", "validation", "test"):
        assert 0 <= report[split]["accuracy"] <= 1
    assert sum(map(sum, report["test"]["confusion_matrix"])) == 225
    code, said, _ = lamina("evaluate", run)
    assert code == 0
    assert said.split()[:4] == ["train", "validation", "test", "accuracy"]

    code, _, said = lamina("evaluate", run, "--slice", "first rows")
    assert (code, "There is no slice 'first rows'" in said) == (1, True)
    evaluate.save_slice(runs.open_run(run), "first rows", "test", range(9))
    apart = lamina("evaluate", run, "--slice", "first rows", "--json")[1]
    assert (apart["rows"], apart["of"], apart["metric"]) == (9, 225, "accuracy")
    together = (9 * apart["here"] + 216 * apart["rest"]) / 225
    assert together == pytest.approx(report["test"]["accuracy"])
    groups = lamina("evaluate", run, "--by", "plan", "--json")[1]["groups"]
    assert sum(one["rows"] for one in groups) == 225
    for one in groups:
        apart = lamina("evaluate", run, "--slice", one["condition"], "--json")[1]
        assert (apart["rows"], apart["here"]) == (one["rows"], one["accuracy"])
    code, _, said = lamina("evaluate", run, "--slice", "plann=basic")
    assert (code, "Did you mean plan" in said) == (1, True)
    code, said, _ = lamina("evaluate", run, "--by", "plan", "--metric", "recall")
    assert (code, said.startswith("recall by plan, 225 test rows")) == (0, True)
    code, _, said = lamina("evaluate", run, "--metric", "recall")
    assert (code, "--slice and --by" in said) == (1, True)

    records = [runs.open_run(run).prepared().record("test", row) for row in range(3)]
    with rows.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    code, predicted, _ = lamina("predict", run, rows, "--json")
    assert code == 0
    assert [set(row["probabilities"]) for row in predicted["predictions"]] == [
        {"leaves", "stays"}
    ] * 3
    code, _, err = lamina("predict", run, tmp_path / "nope.csv")
    assert (code, "There is no file" in err, "Check the path." in err) == (1, True, True)
    assert "needs the columns" not in err
    assert lamina("predict", run, rows, "-o", tmp_path / "out.csv")[0] == 0
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").count("\n") == 4

    assert lamina("export", run, "--to", "safetensors", "-o", tmp_path / "w.safetensors")[0] == 0
    assert (tmp_path / "w.safetensors").stat().st_size > 1000
    code, _, err = lamina("export", run, "--to", "safetensors", "-o", tmp_path / "w.safetensors")
    assert code == 1
    assert "something already" in err

    assert lamina("runs", "delete", run)[0] == 0
    assert lamina("runs", "list", "--json")[1] == []


def test_a_csv_becomes_a_project_with_the_network_that_suits(lamina, tmp_path):
    path, file = tmp_path / "flowers.csv", tmp_path / "f.json"
    lines = [f"{i % 7},{(i * 3) % 11},{'ab'[i % 2]}" for i in range(120)]
    path.write_text("\n".join(["x,y,kind", *lines]), encoding="utf-8")
    code, made, _ = lamina("new", "--data", path, "--target", "kind", "-o", file, "--json")
    assert (code, made["template"], made["name"]) == (0, "mlp-classification", "flowers")
    assert (made["target"], made["classes"]) == ("kind", ["a", "b"])
    assert (made["columns"], made["rows"]) == (["x", "y"], 120)
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["data"]["target"] == "kind"
    code, made, _ = lamina("new", "--data", path, "--target", "y", "-o", file, "--json")
    assert made["replaced"] == f"{file}.old"
    said = lamina("new", "--data", path, "--target", "kind", "-o", file)[1]
    assert "Predicts 'kind' (2 classes) from 2 columns, 120 rows." in said


def test_a_new_project_tells_what_the_data_page_would_warn_of(lamina, tmp_path):
    path, file = tmp_path / "told.csv", tmp_path / "t.json"
    lines = [f"{i * 7 % 113},{i % 2},{'ab'[i % 2]}" for i in range(120)]
    path.write_text("\n".join(["x,code,kind", *lines]), encoding="utf-8")
    _, made, _ = lamina("new", "--data", path, "--target", "kind", "-o", file, "--json")
    assert any("code" in item["sentence"] for item in made["findings"])
    said = lamina("new", "--data", path, "--target", "kind", "-o", file)[1]
    assert f"Mind: {made['findings'][0]['title']}." in said


@pytest.mark.parametrize(
    ("template", "target", "words"),
    [
        ("mlp-classification", "price", "Add --template mlp-regression"),
        ("mlp-classification", "same", "a single class of 'same'"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused_with_the_option_that_mends_it(
    lamina, tmp_path, template, target, words
):
    path, file = tmp_path / "houses.csv", tmp_path / "f.json"
    lines = [f"{i % 7},{(i * 3) % 11},{i * 1.37 + 0.1},a" for i in range(120)]
    path.write_text("\n".join(["x,y,price,same", *lines]), encoding="utf-8")
    options = ("--template", template, "--target", target)
    code, _, err = lamina("new", "--data", path, *options, "-o", file)
    assert code == 1
    assert words in err
    assert not file.exists()


def write_hours(path, rows=600):
    cells = [f"2024-01-{1 + n // 24:02d} {n % 24:02d}:00,{n % 24},{n % 7}" for n in range(rows)]
    path.write_text("\n".join(["time,load,wind", *cells]) + "\n")


def test_windows_of_a_long_table_are_made_by_command(lamina, tmp_path):
    data, file = tmp_path / "hours.csv", tmp_path / "p.json"
    write_hours(data)
    wish = ["--source", "windows", "--option", "length=24", "--option", "horizon=3"]
    code, made, _ = lamina(
        "new", "-o", file, "--data", data, "--template", "cnn-series", "--target", "load", *wish,
        "--json",
    )  # fmt: skip
    assert (code, made["target"], made["media"]) == (0, "load", ["series"])
    written = json.loads(file.read_text())["data"]
    assert written["source"] == "windows"
    assert (written["options"]["length"], written["options"]["horizon"]) == (24, 3)
    assert lamina("check", file)[0] == 0


def test_a_long_table_is_split_by_time_and_says_so(lamina, tmp_path):
    data, file = tmp_path / "hours.csv", tmp_path / "p.json"
    write_hours(data)
    code, said, _ = lamina("new", "-o", file, "--data", data, "--target", "load")
    assert code == 0
    assert "Split by time (time): the last rows are the test." in said


def test_bundled_data_is_named_by_source_and_option(lamina, tmp_path):
    file = tmp_path / "p.json"
    code, said, _ = lamina("new", "-o", file, "--source", "sklearn", "--option", "name=wine")
    assert code == 0
    assert "178 rows" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--template", "cn"], "Did you mean cnn"),
        ([], "Neither a template nor data"),
        (["--template", "cnn", "--target", "x"], "data that is not named"),
        (["--template", "cnn", "--data", "none.csv"], "none.csv"),
        (["--data", "rows.csv", "--source", "window"], "Did you mean windows"),
        (["--data", "rows.csv", "--source", "sklearn"], "reads no file"),
        (["--data", "rows.csv", "--source", "windows", "--option", "len=5"], "length"),
        (["--data", "rows.csv", "--source", "windows", "--option", "length=1"], "from 2 to"),
        (["--data", "rows.csv", "--source", "windows", "--option", "length=x"], "whole number"),
        (["--data", "rows.csv", "--option", "decimal=;"], "one of ., ,"),
        (["--data", "rows.csv", "--template", "cnn-series"], "--source windows"),
        (["--option", "length=5"], "data that is not named"),
    ],
)
def test_a_wrong_wish_for_a_project_is_a_sentence(lamina, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    write_hours(tmp_path / "rows.csv")
    file = tmp_path / "p.json"
    code, _, err = lamina("new", "-o", file, *arguments)
    assert code == 1
    assert words in err
    assert not file.exists()


def test_a_broken_graph_is_named_and_repaired(lamina, tmp_path):
    file = tmp_path / "p.json"
    lamina("new", "--template", "cnn", "-o", file)
    project = json.loads(file.read_text(encoding="utf-8"))
    model = project["graphs"]["model"]
    model["nodes"] = [node for node in model["nodes"] if node["id"] != "flatten"]
    before = next(edge[0] for edge in model["edges"] if edge[1] == "flatten")
    model["edges"] = [edge for edge in model["edges"] if "flatten" not in edge]
    model["edges"].append([before, "dense"])
    file.write_text(json.dumps(project), encoding="utf-8")

    code, found, _ = lamina("check", file, "--json")
    assert code == 1
    assert {issue["node"] for issue in found["issues"]} == {"dense"}
    assert all({"code", "message", "fixes"} <= set(issue) for issue in found["issues"])
    assert lamina("train", file)[0] == 1

    code, repaired, _ = lamina("fix", file, "-o", tmp_path / "q.json", "--json")
    assert (code, repaired["ok"]) == (0, True)
    assert lamina("check", tmp_path / "q.json")[0] == 0


@pytest.mark.parametrize("command", ["show", "tail", "stop", "pause", "resume", "delete"])
def test_an_unknown_run_is_a_sentence(lamina, command):
    code, _, err = lamina("runs", command, "20990101")
    assert code == 1
    assert "There is no run '20990101'" in err


def test_ctrl_c_stops_the_run_cleanly_and_leaves_with_130(lamina, tmp_path, lamina_home):
    file = tmp_path / "p.json"
    lamina("new", "--template", "mlp-classification", "-o", file)
    training = subprocess.Popen(
        [sys.executable, "-m", "builder", "train", str(file), "--set", "recipe.epochs=100000"],
        env={**os.environ, "LAMINA_HOME": str(lamina_home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a job in the background of a shell inherits an ignored SIGINT, and so would its child
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not any(row.status == "running" and row.epoch > 1 for row in runs.list_runs()):
        assert time.monotonic() < deadline
        assert training.poll() is None
        time.sleep(0.1)
    training.send_signal(signal.SIGINT)
    out, err = training.communicate(timeout=90)
    assert training.returncode == 130
    assert "Stopping the run" in err
    assert "Traceback" not in out + err
    (row,) = runs.list_runs()
    assert row.status == "stopped"
    assert runs.open_run(row.id).checkpoints()


def test_a_run_that_fails_leaves_with_three(lamina, tmp_path):
    file = tmp_path / "p.json"
    lamina("new", "--template", "mlp-regression", "-o", file)
    settings = ["recipe.optimizer.lr=1e6", "recipe.epochs=3", 'recipe.optimizer.name="SGD"']
    flags = [part for item in settings for part in ("--set", item)]
    code, document, err = lamina(
        "train", file, *flags, "--set", "recipe.early_stopping=null", "--json"
    )
    assert (code, document["status"]) == (3, "failed")
    assert "The run failed" in err


def test_training_on_another_file_reads_it_or_says_why_not(lamina, tmp_path):
    file, rows, odd = tmp_path / "p.json", tmp_path / "rows.csv", tmp_path / "odd.bin"
    lamina("new", "--template", "mlp-classification", "-o", file)
    code, _, err = lamina("train", file, "--data", tmp_path / "none.csv")
    assert code == 1
    assert "There is no file" in err
    odd.write_bytes(bytes(range(256)))
    code, _, err = lamina("train", file, "--data", odd)
    assert code == 1
    assert "odd.bin" in err
    assert "no option" not in err
    lines = [f"{i % 7},{(i * 3) % 11},{'ab'[i % 2]}" for i in range(120)]
    rows.write_text("\n".join(["x,y,target", *lines]), encoding="utf-8")
    code, trained, _ = lamina(
        "train", file, "--data", rows, "--set", "recipe.epochs=1",
        "--set", "graphs.model.head.out_features=2", "--json",
    )  # fmt: skip
    assert (code, trained["status"]) == (0, "finished")
    project = runs.open_run(trained["run"]).project()
    assert project.data.source == "table"
    assert project.data.options["path"] == str(rows)


def test_a_run_no_better_than_guessing_says_so_at_its_end_and_later(lamina, tmp_path):
    table, file = tmp_path / "rows.csv", tmp_path / "p.lamina.json"
    rows = [f"{row * 37 % 101},{row * 53 % 97},{'pqr'[row % 3]}" for row in range(180)]
    table.write_text("\n".join(["a,b,y", *rows]), encoding="utf-8")
    lamina("new", "--template", "mlp-classification", "--data", table, "-o", file)
    code, said, _ = lamina("train", file, "--set", "recipe.epochs=2")
    assert code == 0
    assert "doctor: No better than guessing." in said
    assert "Try: Train for" in said
    assert "doctor: No better than guessing." in lamina("runs", "show", "last")[1]


def test_check_and_train_say_that_a_run_is_very_short_and_which_setting_mends_it(lamina, tmp_path):
    file = tmp_path / "p.lamina.json"
    lamina("new", "--template", "mlp-classification", "-o", file)
    document = json.loads(file.read_text(encoding="utf-8"))
    document["recipe"] = {"epochs": 2}
    file.write_text(json.dumps(document), encoding="utf-8")
    code, checked, _ = lamina("check", file, "--json")
    assert (code, checked["ok"]) == (0, True)
    (issue,) = [one for one in checked["issues"] if one["code"] == "short_run"]
    assert "recipe.epochs=" in issue["message"]
    setting = next(word for word in issue["message"].split() if word.startswith("recipe.epochs="))
    assert issue["message"] in lamina("train", file)[2]
    file.write_text(json.dumps(document | {"recipe": {"epochs": int(setting.split("=")[1])}}))
    assert "short_run" not in lamina("check", file)[1]
