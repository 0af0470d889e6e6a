"""What a network makes while it learns, as orders change it: the samples' settings, not the run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from builder import compile as compiler
from builder import data, runs, tasks, templates
from builder.errors import LaminaError
from builder.project import Data, Project
from builder.train import fit, orders
from builder.train.plan import Event, Generated, Ordered, Plan, Snapshot

BOLD = {"order": "sample", "settings": {"temperature": 2.0, "length": 5}}


@pytest.fixture
def project(lamina_home: Path, tmp_path: Path) -> Project:
    """A small language model of six steps."""
    text = tmp_path / "story.txt"
    text.write_text("".join(f"Line {i} of a story that goes on.\n" for i in range(300)))
    kept = Data(source="long_text", options={"path": str(text), "context": 16})
    made = templates.make("language-model", kept)
    small = {"epochs": 1, "threads": 1, "device": "cpu", "batch_size": 4}
    return made.model_copy(
        update={
            "recipe": made.recipe.model_copy(update=small),
            "task": made.task.model_copy(update={"options": {"steps_per_epoch": 6}}),
        }
    )


def planned(project: Project, given: Sequence[Mapping[str, Any]] = (), **more: Any) -> Plan:
    """A plan whose orders come at the first safe point."""
    prepared = data.prepare(project)
    source = compiler.generate(project.graphs, prepared.spec.inputs, project.modules)
    torch.manual_seed(0)
    models = {name: compiler.build(source.text, name) for name in project.graphs}
    waiting = list(given)

    def taken() -> Sequence[Mapping[str, Any]]:
        found, waiting[:] = tuple(waiting), ()
        return found

    plan = Plan(
        recipe=project.recipe,
        task=tasks.make(tasks.context(project, prepared.spec, prepared.preparation)),
        models=models,
        data={split: prepared.tensors(split) for split in ("train", "validation")},
        orders=taken,
        flush_every=0.0,
        sample_every=0.0,
    )
    return replace(plan, **more)


def of(events: Sequence[Event], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_an_order_makes_something_at_once_and_its_settings_hold_while_the_weights_are_the_same(
    project: Project,
) -> None:
    told = list(fit(planned(project, [BOLD])))
    (ordered,) = of(told, Ordered)
    assert ordered.accepted
    assert ordered.message == "Made with temperature 2.0, length 5."
    first, last = of(told, Generated)
    assert first.step == 1
    assert [len(one.values["text"]) for one in (first, last)] == [5, 5]
    alone = list(fit(planned(project)))
    assert len(of(alone, Generated)[-1].values["text"]) > 5
    here, there = (of(events, Snapshot)[-1].saved.weights for events in (told, alone))
    assert all(torch.equal(here[name], there[name]) for name in there)


def test_settings_of_samples_outlast_a_resume(project: Project) -> None:
    saved = of(list(fit(planned(project, [BOLD], save_every=0.0))), Snapshot)[2].saved
    assert saved.step < 6
    (made,) = of(list(fit(planned(project, resume=saved))), Generated)
    assert len(made.values["text"]) == 5


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"temperature": 9.0}, "temperature"), ({"colour": 1}, "no setting 'colour'")],
)
def test_a_setting_that_the_task_does_not_have_is_refused_and_changes_nothing(
    project: Project, settings: dict[str, Any], said: str
) -> None:
    told = list(fit(planned(project, [{"order": "sample", "settings": settings}])))
    (ordered,) = of(told, Ordered)
    assert not ordered.accepted
    assert said in ordered.message
    assert len(of(told, Generated)) == 1


@pytest.mark.parametrize(
    "wish",
    [
        {"settings": [1]},
        {"settings": {"a": [1]}},
        {"temperature": 1.0},
        {"settings": {"a": float("nan")}},
    ],
)
def test_an_order_whose_settings_are_no_plain_values_is_none(wish: dict[str, Any]) -> None:
    with pytest.raises(LaminaError, match=r"plain values|takes no"):
        orders.check({"order": "sample", **wish})


def test_what_holds_now_is_told_to_the_page(project: Project) -> None:
    run = runs.start(project, detach=False)
    assert runs.sampling(run)["temperature"] == 0.8
    with pytest.raises(LaminaError, match="has ended"):
        runs.order(run.id, BOLD)
    assert run.events()[-1]["accepted"] is False
