"""Lessons: ready projects with a few things to try, found again after a reload."""

import pytest

from builder import compile as compiler
from builder import data, workspace
from builder.ui import chrome, lessons
from tests.ui.apptest import open_page, text_of


def test_each_lesson_is_whole_and_short() -> None:
    found = lessons.lessons()
    assert len(found) >= 3
    assert [lesson.place for lesson in found.values()] == sorted(
        {lesson.place for lesson in found.values()}
    )
    for lesson in found.values():
        assert 3 <= len(lesson.steps) <= 5
        for step in lesson.steps:
            assert step.page in chrome.TITLES
            assert len(step.text) < 190, step.text


@pytest.mark.parametrize("name", lessons.lessons())
def test_a_lessons_project_is_ready_for_its_first_step(name: str) -> None:
    project = workspace.open_project(lessons.begin(name))
    spec = data.specs(project)
    check = compiler.check(project.graph, spec.inputs, modules=project.modules)
    if name == "shapes-fit":
        (error,) = check.errors
        assert any("Flatten" in fix.label for fix in error.fixes[:1])
        assert spec.inputs["image"].shape == (1, 8, 8)
    else:
        assert check.ok


def test_the_step_is_kept_with_the_project_until_the_lesson_ends() -> None:
    opened = lessons.begin("first-network")
    lessons.turn(opened, 2)
    lessons.turn(opened, 99)
    found = lessons.at(opened)
    assert found is not None
    assert (found[0].name, found[1]) == ("first-network", 2)
    lessons.leave(opened)
    assert lessons.at(opened) is None
    assert workspace.open_project(opened).name == "A first network"


def test_home_offers_the_lessons() -> None:
    text = text_of(open_page("home"))
    for lesson in lessons.lessons().values():
        assert lesson.title in text
