"""The rules that the guide shows work as they stand there."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import builder
from builder.lint import Rule as LintRule
from builder.train.doctor import Rule
from tests.train.doctor.recorded import SOUND

GUIDE = Path(builder.__file__).parents[1] / "docs" / "add-a-rule.md"


def classes(number: int, base: type) -> list[Any]:
    """The rules of the guide's code block of that number."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    space: dict[str, Any] = {"__name__": "guide"}
    exec(blocks[number], space)
    return [
        value
        for value in space.values()
        if isinstance(value, type) and issubclass(value, base) and value is not base
    ]


def test_the_doctors_rule_of_the_guide_finds_its_fault_and_lets_go_gently() -> None:
    (made,) = classes(0, Rule)
    rule = made()
    wide = replace(SOUND, epochs=({"validation_loss": 4.0, "train_loss": 1.0},))
    less = replace(SOUND, epochs=({"validation_loss": 2.5, "train_loss": 1.0},))
    assert rule.find(SOUND) is None
    assert rule.find(less) is None
    assert rule.find(replace(less, standing=frozenset({"wide_gap"}))) is not None
    found = rule.find(wide)
    assert found is not None
    assert found.to_dict()["changes"][0]["overrides"] == {"data.split.kind": "random"}


def test_the_lint_rule_of_the_guide_is_one() -> None:
    (made,) = classes(1, LintRule)
    assert made().name == "dropout_output"
