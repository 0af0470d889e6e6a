"""Mistakes become sentences and exit codes; results become clean JSON."""

import json
import math
import signal
import socket
import subprocess
import sys
import tempfile

import pytest

from builder import __version__
from builder.cli import evidence, main, root, training
from builder.errors import LaminaError
from builder.project import Project, loads


def run(*arguments, capsys):
    """The exit code, standard output and standard error of a command."""
    with pytest.raises(SystemExit) as leaving:
        main(arguments)
    out = capsys.readouterr()
    return leaving.value.code, out.out, out.err


def test_help_names_every_command(capsys):
    code, out, _ = run("--help", capsys=capsys)
    assert code == 0
    for command in [
        "app",
        "new",
        "templates",
        "check",
        "fix",
        "code",
        "train",
        "runs",
        "evaluate",
        "explain",
        "predict",
        "export",
    ]:
        assert f"\n  {command} " in out


def test_the_version_is_said(capsys):
    assert run("--version", capsys=capsys) == (0, f"lamina {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("new",), ("check",), ("train", "a", "--nonsense"), ("runs", "nonsense")],
)
def test_wrong_usage_leaves_with_two(arguments, capsys):
    code, out, err = run(*arguments, capsys=capsys)
    assert code == 2
    assert out == ""
    assert "Usage: lamina" in err


@pytest.mark.parametrize("command", ["check", "fix", "code", "train"])
def test_a_missing_project_file_is_a_sentence(command, tmp_path, capsys):
    code, out, err = run(command, str(tmp_path / "none.json"), capsys=capsys)
    assert code == 1
    assert out == ""
    assert "cannot be read: No such file" in err
    assert "Traceback" not in err


def test_a_broken_project_file_names_line_and_column(tmp_path, capsys):
    path = tmp_path / "broken.lamina.json"
    path.write_text('{"lamina": 1,\n "name": }', encoding="utf-8")
    code, _, err = run("check", str(path), capsys=capsys)
    assert code == 1
    assert "broken.lamina.json, line 2, column 10" in err


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"recipe": {"optimizer": {"name": "AdamZ"}}}, "There is no optimiser 'AdamZ'"),
        ({"recipe": {"monitor": "validation_luck"}}, "'validation_luck' is not computed"),
        ({"task": {"loss": "nonsense"}}, "The loss 'nonsense' does not fit"),
        ({"task": {"metrics": ["nonsense"]}}, "'nonsense'"),
        ({"task": {"outputs": {"tail": {}}}}, "task.outputs.tail: No graph has an Output node"),
        ({"task": {"outputs": {"out": {"loss": "mse"}}}}, "would have no effect"),
    ],
)
def test_check_tells_what_train_would_refuse(parts, words, tmp_path, capsys):
    nodes = [
        {"id": "table", "layer": "Input"},
        {"id": "head", "layer": "Linear", "params": {"out_features": 3}},
        {"id": "out", "layer": "Output"},
    ]
    edges = [["table", "head"], ["head", "out"]]
    data = {"source": "sklearn", "options": {"name": "iris"}}
    graphs = {"model": {"nodes": nodes, "edges": edges}}
    path = tmp_path / "p.lamina.json"
    path.write_text(json.dumps({"lamina": 1, "data": data, "graphs": graphs, **parts}), "utf-8")
    code, out, err = run("check", str(path), "--json", capsys=capsys)
    assert (code, err) == (1, "")
    (issue,) = json.loads(out)["issues"]
    assert (issue["node"], issue["code"]) == (None, "recipe")
    assert words in issue["message"]


@pytest.mark.parametrize("command", ["check", "train", "fix", "code", "find-rate", "sweep"])
def test_an_input_that_no_graph_has_is_refused(command, tmp_path, capsys):
    nodes = [{"id": "table", "layer": "Input"}, {"id": "out", "layer": "Output"}]
    path = tmp_path / "p.lamina.json"
    parts = {"data": {"inputs": {"wide": {}}}, "graphs": {"model": {"nodes": nodes}}}
    path.write_text(json.dumps({"lamina": 1, **parts}), "utf-8")
    more = ["--over", "recipe.epochs=1,2"] if command == "sweep" else []
    code, out, err = run(command, str(path), *more, capsys=capsys)
    assert (code, out) == (1, "")
    assert "data.inputs.wide: No graph has an Input node 'wide'. The Input nodes are table" in err


def test_with_json_a_mistake_is_json_on_standard_error(tmp_path, capsys):
    code, out, err = run("check", str(tmp_path / "none.json"), "--json", capsys=capsys)
    assert (code, out) == (1, "")
    assert json.loads(err)["error"]["remedy"] == "Check the path."


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (LaminaError("It is so.", place="here", remedy="Do that."), 1, "here: It is so. Do that."),
        (OSError(28, "No space left on device", "/x"), 1, "The disk is full."),
        (PermissionError(13, "Permission denied", "/x"), 1, "/x: Permission denied."),
        (MemoryError(), 1, "The memory of this machine is used up."),
        (KeyboardInterrupt(), 130, ""),
        (RuntimeError("oops"), 1, "Lamina itself went wrong (RuntimeError: oops)"),
    ],
)
def test_whatever_happens_there_is_no_traceback(raised, code, words, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def fail(*_, **__):
        raise raised

    monkeypatch.setattr("builder.templates.templates", fail)
    found, out, err = run("templates", capsys=capsys)
    assert found == code
    assert words in err
    assert "Traceback" not in out + err
    details = [path.read_text(encoding="utf-8") for path in tmp_path.glob("lamina-error-*.txt")]
    assert len(details) == isinstance(raised, RuntimeError)
    assert all("RuntimeError: oops" in text for text in details)


def test_templates_as_json_are_one_document(capsys):
    code, out, err = run("templates", "--json", capsys=capsys)
    names = [item["name"] for item in json.loads(out)]
    assert (code, err) == (0, "")
    assert {"cnn", "mlp-classification", "wide-and-deep"} <= set(names)


def test_json_is_strict():
    import numpy as np

    document = {"a": math.nan, "b": np.array([1.5, math.inf]), "c": (np.int64(3), b"xy")}
    assert json.loads(root.to_json(document)) == {"a": None, "b": [1.5, None], "c": [3, "2 bytes"]}


def test_help_and_templates_start_without_torch_pandas_and_streamlit():
    script = (
        "import sys\n"
        "from builder.cli import main\n"
        "try: main(['templates'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('torch', 'pandas', 'streamlit', 'sklearn') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.rstrip().endswith("[]")


PROJECT = loads(
    json.dumps(
        {
            "lamina": 1,
            "name": "p",
            "graphs": {"model": {"nodes": [{"id": "head", "layer": "Linear"}]}},
        }
    )
)


def test_settings_reach_recipe_data_and_nodes():
    changed = PROJECT
    for item in (
        "recipe.epochs=3",
        "recipe.optimizer.lr=0.5",
        "recipe.device=cpu",
        "recipe.early_stopping.patience=4",
        "data.target=age",
        "graphs.model.head.out_features=5",
    ):
        changed = training.with_setting(changed, item)
    assert isinstance(changed, Project)
    assert (changed.recipe.epochs, changed.recipe.optimizer.lr) == (3, 0.5)
    assert changed.recipe.early_stopping is not None
    assert changed.recipe.early_stopping.patience == 4
    assert changed.data.target == "age"
    assert changed.graph.node("head").params == {"out_features": 5}


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("recipe.epochs", "is no setting"),
        ("recipe.epochs=many", "recipe.epochs"),
        ("recipe.epoch=3", "recipe.epoch: This key is not known"),
        ("graphs.model.tail.p=1", "has no node 'tail'. Nodes: head."),
        ("name.x.y=1", "leads nowhere"),
        ("recipe.learning_rate=0.1", "Write 'recipe.optimizer.lr'"),
        ("recipe.lr=0.1", "Write 'recipe.optimizer.lr'"),
        ("lr=0.1", "Write 'recipe.optimizer.lr'"),
        ("recipe.batch=8", "Write 'recipe.batch_size'"),
        ("recipe.weight_decay=0.1", "Write 'recipe.optimizer.weight_decay'"),
        ("recipe.dropout=0.1", "Write 'graphs.GRAPH.NODE.p'"),
        ("epochs=3", "Write 'recipe.epochs'"),
        ("optimizer.lr=3", "Write 'recipe.optimizer'"),
        ("recipe.loss=mse", "Write 'task.loss'"),
        ("split.seed=3", "Write 'data.split'"),
        ("recipe.zzz=3", "known here: epochs"),
        ("recipe.optimizer.lr=1e7", "at most 1,000,000"),
    ],
)
def test_a_wrong_setting_says_where(item, words):
    with pytest.raises(LaminaError, match=words.replace("(", r"\(")):
        training.with_setting(PROJECT, item)


@pytest.mark.parametrize(
    ("text", "numbers"), [("0", (0,)), ("0,3", (0, 3)), ("2-4, 9", (2, 3, 4, 9))]
)
def test_rows_are_numbers_and_ranges(text, numbers):
    from builder.cli.evidence import row_numbers

    assert row_numbers(text) == numbers


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "No row is named"),
        (" ,", "No row is named"),
        ("a", "'a' is no row"),
        ("1-", "'1-' is no row"),
        ("-3", "no row -3. Count rows from 0"),
        ("0,3-1", "3-1 runs backwards. Write 1-3"),
        ("0-99999999", "too many"),
    ],
)
def test_wrong_rows_are_refused_with_the_reason(text, words):
    from builder.cli.evidence import row_numbers

    with pytest.raises(LaminaError, match=words):
        row_numbers(text)


def test_a_taken_port_is_answered_with_a_free_one():
    import socket

    from builder.cli import serving

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LaminaError, match=rf"Port {port} is in use\. Try `lamina app --port"):
            serving.pick_port(port, "127.0.0.1")


def test_without_a_wish_the_next_free_port_is_taken(monkeypatch):
    from builder.cli import serving

    monkeypatch.setattr(serving, "is_free", lambda port, _: port >= 8503)
    assert serving.pick_port(None, "127.0.0.1") == 8503


def test_an_address_of_another_machine_is_refused():
    from builder.cli import serving

    with pytest.raises(LaminaError, match="cannot listen on 192"):
        serving.pick_port(None, "192.0.2.1")


def test_a_port_of_the_system_is_refused_as_such(monkeypatch):
    import errno

    from builder.cli import serving

    class Guarded(socket.socket):
        def bind(self, address):
            raise PermissionError(errno.EACCES, "Permission denied", str(address))

    monkeypatch.setattr(serving.socket, "socket", Guarded)
    with pytest.raises(LaminaError, match="You may not listen on port 80") as caught:
        serving.pick_port(80, "127.0.0.1")
    assert "from 1024 on" in caught.value.remedy


LATE = """
import os, signal, sys
class Stop:
    def find_spec(self, name, path=None, target=None):
        if name == WANTED:
            os.kill(os.getpid(), signal.SIGINT)
            import time; time.sleep(5)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
sys.meta_path.insert(0, Stop())
from builder.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["typer", "builder.cli.training", "pydantic", "builder.compile"])
def test_ctrl_c_while_modules_load_leaves_no_traceback(module, tmp_path):
    project = tmp_path / "p.json"
    project.write_text(
        '{"lamina": 1, "graphs": {"model": {"nodes": [{"id": "a", "layer": "Input"}]}}}'
    )
    late = LATE.replace("WANTED", repr(module))
    command = [sys.executable, "-c", late, "check", str(project)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == root.STOPPED
    assert done.stderr.strip() in ("", "Stopped.")


def test_ctrl_c_that_is_ignored_stays_ignored():
    from builder import __main__ as start

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        start.guard()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_app_is_found_in_a_clone():
    from builder.cli import serving

    assert (serving.app_folder() / "app.py").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("explain", "last", "--json"), "--method"),
        (("nonsense", "--json"), "No such command 'nonsense'."),
        (("runs", "nonsense", "--json"), "nonsense"),
        (("train", "a", "--nonsense", "--json"), "--nonsense"),
    ],
)
def test_with_json_wrong_usage_is_json_with_the_same_code(arguments, words, capsys):
    code, out, err = run(*arguments, capsys=capsys)
    assert (code, out) == (2, "")
    error = json.loads(err)["error"]
    assert words in error["fact"]
    assert error["code"] == "usage"
    assert "--help" in error["remedy"]


def test_one_overwritten_project_is_kept_and_never_another_file(tmp_path, capsys):
    file = tmp_path / "x"
    file.write_text("first")
    made = []
    for template in ("cnn", "cnn", "gan", "cnn"):
        assert run("new", "--template", template, "-o", str(file), capsys=capsys)[0] == 0
        made.append(file.read_text())
    assert (tmp_path / "x.old").read_text() == "first", "this is no project of ours"
    assert (tmp_path / "x.old2").read_text() == made[2]
    assert sorted(path.name for path in tmp_path.glob("x*")) == ["x", "x.old", "x.old2"]
    assert run("new", "--template", "cnn", "-o", str(file), capsys=capsys)[0] == 0
    assert (tmp_path / "x.old2").read_text() == made[2], "the same again replaces nothing"


def test_a_table_of_names_holds_no_control_characters():
    shown = root.table([("a\nbc", "\x1b[31mred\x07")], ("name", "other"))
    assert shown.splitlines()[1] == "a bc   [31mred"


@pytest.mark.parametrize("device", ["mars", "../../x", "cuda:", "cpu\n", ""])
def test_what_is_no_device_gets_no_limit(device, capsys):
    code, _, err = run("runs", "limit", device, "2", capsys=capsys)
    assert code == 1
    assert "is no device" in err


def test_predictions_that_cannot_be_written_name_the_file_that_was_asked_for(tmp_path):
    with pytest.raises(OSError, match="No such file") as failed:
        evidence._write(tmp_path / "none" / "x.csv", "a")
    assert failed.value.filename == str(tmp_path / "none" / "x.csv")


def test_figures_are_written_as_people_write_them():
    assert [root.number(value) for value in (47970.4, -0.0, 0.12345, 9999.6, 12, float("nan"))] == [
        "47,970", "0", "0.1235", "10,000", "12", "–"
    ]  # fmt: skip
