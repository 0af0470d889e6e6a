"""Which run opens where none was chosen: a person's own, not one of a sweep or an ablation."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import runs, sweeps, workspace
from builder.runs import care
from builder.sweeps.folder import Sweep, Trial
from builder.ui import recent, standing
from tests.ui.apptest import open_page, text_of
from tests.ui.tiny import tiny_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kept project on a tiny table; nothing drives its sweeps."""
    monkeypatch.setattr(care, "keep", lambda *_, **__: None)
    return tiny_project(tmp_path)


@pytest.fixture
def train(project: str) -> Callable[..., str]:
    def begin(name: str = "", **marks: object) -> str:
        run = runs.start(
            workspace.open_project(project),
            project_id=project,
            name=name,
            detach=False,
            marks=marks,
            overrides={"recipe.epochs": 1, "recipe.device": "cpu"},
        )
        assert run.status.status == "finished", run.log()
        return run.id

    return begin


def ablation(project: str, train: Callable[..., str]) -> tuple[Sweep, list[str]]:
    """Two trials of an ablation, the first of them the better one; their runs."""
    opened = workspace.open_project(project)
    node = sweeps.removable(opened)[0]
    sweep = sweeps.ablate(opened, [node], count=2, project_id=project)
    made = []
    for number, (gone, value) in enumerate([("", 0.2), (node, 0.7)], 1):
        settings = {"recipe.seed": opened.recipe.seed, "without": gone}
        name = sweep.plan.called(number, settings)
        run = train(name, sweep=sweep.id, trial=number, settings=settings)
        values = (value if sweep.plan.objectives[0].direction == "minimize" else 1 - value,)
        trial = Trial(number, settings, "complete", run=run, values=values, ended=time.time())
        sweep.write_trial(trial)
        made.append(run)
    return sweep, made


@pytest.mark.parametrize("page", ["evaluate", "explain", "deploy"])
def test_a_runs_own_pages_open_the_persons_run_and_not_an_ablations(
    page: str, project: str, train: Callable[..., str]
) -> None:
    own = train("mine")
    _, (_, without) = ablation(project, train)
    app = open_page(page, project=project)
    assert not app.exception
    assert own in app.query_params["run"]
    app = open_page(page, project=project, run=without)
    assert without in app.query_params["run"], "one opened on purpose stays"


def test_of_an_ablation_alone_its_best_trial_opens(project: str, train: Callable[..., str]) -> None:
    _, (best, other) = ablation(project, train)
    rows = runs.list_runs(project)
    assert rows[0].id == other, "the worse one is the newest"
    assert standing.in_order(rows)[0].id == best


def test_home_tells_the_losses_of_the_persons_run(project: str, train: Callable[..., str]) -> None:
    own = train("mine")
    ablation(project, train)
    losses = [epoch["validation_loss"] for epoch in runs.open_run(own).epochs()]
    found = recent.last_runs([project])[project]
    assert list(found.course) == losses
    assert found.note.startswith("3 runs")


def test_deploy_names_the_run_its_figure_and_where_it_comes_from_and_turns_to_another(
    project: str, train: Callable[..., str]
) -> None:
    own = train("mine")
    sweep, (base, without) = ablation(project, train)
    runs.rename(base, "the good one")
    node = str(sweep.plan.parameters[-1].values[-1])
    app = open_page("deploy", project=project)
    assert not app.exception
    choice = app.selectbox(key=f"deploy_run_{own}")
    first, *rest = choice.options
    assert first.startswith("mine · validation accuracy ")
    figure = "1 · validation accuracy "
    assert any(one.startswith(f"the good one · with {node} · {figure}") for one in rest)
    assert any(one.startswith(f"without {node} · {figure}") for one in rest)
    app = choice.set_value(without).run()
    assert not app.exception
    assert without in app.query_params["run"]
    assert f"without {node} · 1" in text_of(app)
