"""Runs that predict no row are measured by their task, split by split, and make things."""

from pathlib import Path
from typing import Any

import pytest
import torch

from builder import runs, templates
from builder.cli.making import chosen
from builder.data.media import sheet
from builder.errors import LaminaError
from builder.evaluate import evaluate_run, make
from builder.project import Data, Project


def shrunk(project: Project, **recipe: Any) -> Project:
    small = {"epochs": 1, "threads": 1, "device": "cpu", **recipe}
    return project.model_copy(update={"recipe": project.recipe.model_copy(update=small)})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMINA_HOME", str(home))
    monkeypatch.setattr("builder.tasks.judge.STEPS", 3)


@pytest.fixture(scope="module")
def written(home: Path) -> str:
    """A language model, trained for two steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAMINA_HOME", str(home))
        text = home / "story.txt"
        text.write_text("".join(f"Line {i} of a story that goes on.\n" for i in range(300)))
        data = Data(source="long_text", options={"path": str(text), "context": 16})
        project = shrunk(templates.make("language-model", data), batch_size=4)
        choice = project.task.model_copy(update={"options": {"steps_per_epoch": 2}})
        run = runs.start(project.model_copy(update={"task": choice}), detach=False)
        assert run.status.status == "finished", run.status.message
        return run.id


@pytest.fixture(scope="module")
def drawn(home: Path) -> str:
    """A GAN, trained for an epoch of three steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAMINA_HOME", str(home))
        patch.setattr("builder.tasks.judge.STEPS", 3)
        project = shrunk(templates.make("gan"), batch_size=420)
        run = runs.start(project, detach=False)
        assert run.status.status == "finished", run.status.message
        return run.id


def test_a_language_model_has_its_figures_for_each_split(written: str) -> None:
    report = evaluate_run(runs.open_run(written))
    assert set(report.measured) == {"train", "validation", "test"}
    assert report.splits == {}
    for split in report.measured.values():
        nats = split.metrics["nats_per_token"]
        assert split.metrics["perplexity"] == pytest.approx(torch.tensor(nats).exp().item(), 1e-4)
    kept = runs.open_run(written).epochs()[-1]
    validated = report.measured["validation"].metrics["nats_per_token"]
    assert validated == pytest.approx(kept["validation_nats_per_token"], rel=1e-5)
    assert report.to_dict()["test"]["perplexity"] > 1


def test_figures_are_kept_with_the_run(written: str) -> None:
    run = runs.open_run(written)
    first = evaluate_run(run, splits=("test",)).to_dict()
    assert list((run.folder / "evaluation").glob("*-test.json"))
    assert evaluate_run(run, splits=("test",)).to_dict() == first


def test_a_language_model_goes_on_from_a_prompt(written: str) -> None:
    run = runs.open_run(written)
    one = make(run, {"prompt": "Line", "length": 9}, seed=1)
    assert one is not None
    assert one.values["prompt"] == "Line"
    assert len(one.values["text"]) == 9
    assert make(run, {"prompt": "Line", "length": 9}, seed=1) == one
    greedy = [make(run, {"length": 9, "temperature": 0.0}, seed=seed) for seed in (1, 2)]
    assert greedy[0] == greedy[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"temperature": -1.0}, "from 0 to 5"),
        ({"top_p": 0.0}, "from 0.01 to 1"),
        ({"length": 2.5}, "whole number"),
        ({"warmth": 1}, "no setting 'warmth'"),
        ({"prompt": 3}, "A text"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    written: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(LaminaError, match=words):
        make(runs.open_run(written), options)


def test_a_gan_is_judged_on_each_split_and_draws(drawn: str) -> None:
    run = runs.open_run(drawn)
    report = evaluate_run(run)
    for split in report.measured.values():
        assert split.metrics["fid"] >= 0
        assert 0 <= split.metrics["recognised"] <= 1
        assert 0 <= split.metrics["variety"] <= 1
    made = make(run, {"count": 5})
    assert made is not None
    assert made.tensors["images"].shape == (5, 1, 8, 8)
    assert sheet(made.tensors["images"]).startswith(b"\x89PNG")
    told = run.epochs()[-1]["validation_fid"]
    assert report.measured["validation"].metrics["fid"] == pytest.approx(told, rel=0.05)


def test_what_was_made_while_training_is_kept(written: str, drawn: str) -> None:
    assert runs.open_run(written).generated()[-1]["text"]
    last = runs.open_run(drawn).generated()[-1]
    assert (runs.open_run(drawn).folder / last["file"]).is_file()


def test_settings_are_read_from_the_command_line(written: str) -> None:
    options = runs.open_run(written).task().sampling()
    given = chosen(options, ["temperature=0.5", "top_k=3", "prompt=a=b"])
    assert given == {"temperature": 0.5, "top_k": 3, "prompt": "a=b"}
    with pytest.raises(LaminaError, match="NAME=VALUE"):
        chosen(options, ["warmth=1"])
    with pytest.raises(LaminaError, match="no number"):
        chosen(options, ["top_k=three"])
