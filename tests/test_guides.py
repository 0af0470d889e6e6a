"""The example of each guide is a whole declaration, of the kind that its folder is searched for."""

import importlib.util
import inspect
import re
from pathlib import Path

import pytest

from builder.data.augment import Augmentation
from builder.data.base import Source
from builder.explain.base import Method
from builder.export.base import Format
from builder.layers.base import Layer
from builder.lint.base import Rule as LintRule
from builder.metrics.base import Metric
from builder.tasks.base import Task
from builder.templates.base import Template
from builder.train.doctor.base import Rule as Symptom

DOCS = Path(__file__).parents[1] / "docs"
GUIDES = {
    "add-a-format": [Format],
    "add-a-layer": [Layer],
    "add-a-method": [Method],
    "add-a-metric": [Metric],
    "add-a-rule": [Symptom, LintRule],
    "add-a-source": [Source],
    "add-a-task": [Task],
    "add-a-template": [Template],
    "add-an-augmentation": [Augmentation],
}


def test_every_guide_is_here() -> None:
    assert {path.stem for path in DOCS.glob("add-a*.md")} == set(GUIDES)


@pytest.mark.parametrize("guide", GUIDES)
def test_the_example_of_a_guide_is_whole(guide: str, tmp_path: Path) -> None:
    text = (DOCS / f"{guide}.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= len(GUIDES[guide])
    for kind, block in zip(GUIDES[guide], blocks, strict=False):
        path = tmp_path / "example.py"
        path.write_text(block, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(f"guide_{kind.__module__}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        own = [one for one in vars(module).values() if _declares(one, kind, module.__name__)]
        assert len(own) == 1
        assert not inspect.isabstract(own[0])


def _declares(one: object, kind: type, module: str) -> bool:
    if inspect.isclass(one):
        return issubclass(one, kind) and one.__module__ == module
    return isinstance(one, kind)
