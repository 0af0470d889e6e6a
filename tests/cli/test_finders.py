"""The finders on the command line: a rate and a batch size that a recipe can take over."""

import json
from pathlib import Path
from typing import Any

import pytest

from builder.cli import main

PROJECT = {
    "lamina": 1,
    "name": "iris",
    "data": {"source": "sklearn", "options": {"name": "iris"}, "target": "target"},
    "graphs": {
        "model": {
            "nodes": [
                {"id": "features", "layer": "Input"},
                {"id": "head", "layer": "Linear", "params": {"out_features": 3}},
                {"id": "out", "layer": "Output"},
            ],
            "edges": [["features", "head"], ["head", "out"]],
        }
    },
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "p.lamina.json"
    path.write_text(json.dumps(PROJECT))
    return path


def called(capsys: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(one) for one in arguments])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_a_rate_is_found_with_its_curve(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, "find-rate", file, "--steps", 60, "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert len(found["rates"]) == len(found["losses"]) > 5
    assert 1e-6 < found["suggested"] < 10
    code, out, _ = called(capsys, "find-rate", file, "--steps", 60)
    assert f"--set recipe.optimizer.lr={found['suggested']:g}" in out


def test_a_batch_size_is_found_with_its_trials(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = called(capsys, "find-batch", file, "--seconds", 0.1, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["suggested"] in [trial["size"] for trial in found["trials"]]
    code, out, _ = called(capsys, "find-batch", file, "--seconds", 0.1)
    assert "--set recipe.batch_size=" in out


def test_too_few_steps_are_refused_with_what_is_possible(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = called(capsys, "find-rate", file, "--steps", 3)
    assert code == 1
    assert "10 to 10,000" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("find-rate", "--steps", -3), "-3 steps are not possible. Give 10 to 10,000"),
        (("find-batch", "--seconds", -1), "-1 seconds are not possible"),
        (("seeds", "--count", 1), "1 seeds are not possible. Give 2 to 100"),
        (("ablate", "--seeds", 0), "0 seeds are not possible. Give 2 to 100"),
        (("sweep", "--over", "recipe.seed=1,2", "--trials", 0), "0 trials are not possible"),
        (("sweep", "--over", "recipe.seed=1,2", "--parallel", 0), "0 runs at once"),
        (("sweep", "--over", "recipe.seed=1,2", "--pruner", "none?"), "no pruner"),
    ],
)
def test_arguments_are_judged_before_the_data_is_read(
    file: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[Any, ...],
    words: str,
) -> None:
    def read(*_: Any, **__: Any) -> None:
        raise AssertionError("the data is read")

    monkeypatch.setattr("builder.data.prepare", read)
    command, *options = arguments
    code, _, err = called(capsys, command, file, *options)
    assert code == 1
    assert words in err
