"""A network that makes things leaves as a folder that makes the same with torch alone."""

import pytest

from builder import export, runs, templates
from builder.data.runtime import png
from builder.evaluate import make
from builder.project import Data
from tests.alone import said

SMALL = {"recipe.epochs": 1, "recipe.threads": 1, "recipe.device": "cpu"}


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMINA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("builder.tasks.judge.STEPS", 3)


def test_a_language_model_writes_the_same_without_lamina(tmp_path):
    text = tmp_path / "story.txt"
    text.write_text("".join(f"Line {i} of a story that goes on.\n" for i in range(300)))
    data = Data(source="long_text", options={"path": str(text), "context": 16})
    changes = {**SMALL, "recipe.batch_size": 4, "task.options.steps_per_epoch": 2}
    run = runs.start(templates.make("language-model", data), detach=False, overrides=changes)
    folder = export.export(run.id, "python", tmp_path / "out")
    options = {"prompt": "Line", "length": 30, "temperature": 0.9, "top_k": 5, "top_p": 0.9}
    wanted = make(run, options, seed=3)
    done = said(
        *(folder, "write.py", "Line", "--length", "30", "--temperature", "0.9"),
        *("--top-k", "5", "--top-p", "0.9", "--seed", "3"),
    )
    assert done.returncode == 0, done.stderr
    assert wanted is not None
    assert done.stdout == f"Line{wanted.values['text']}\n"
    readme = (folder / "README.md").read_text()
    assert "python write.py" in readme
    assert all((folder / name).exists() for name in ("model.py", "weights.safetensors"))
    assert not (folder / "predict.py").exists()
    refused = said(folder, "write.py", "--top-p", "0")
    assert refused.returncode == 1
    assert "top-p" in refused.stderr


def test_a_generator_draws_the_same_without_lamina(tmp_path):
    changes = {**SMALL, "recipe.batch_size": 420}
    run = runs.start(templates.make("gan"), detach=False, overrides=changes)
    folder = export.export(run.id, "python", tmp_path / "out")
    wanted = make(run, {"count": 4}, seed=5)
    done = said(folder, "draw.py", "-o", "four.png", "--count", "4", "--seed", "5")
    assert done.returncode == 0, done.stderr
    assert wanted is not None
    images = wanted.tensors["images"]
    drawn = png.decode((folder / "four.png").read_bytes())[..., 0]
    assert drawn.shape == (16, 16)
    assert (drawn[:8, 8:].int() - images[1, 0].int()).abs().max() <= 1
    assert "python draw.py" in (folder / "README.md").read_text()
