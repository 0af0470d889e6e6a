"""The compiled step: equal within a tolerance, resumed bit for bit, refused with a reason. The
compiler itself is left out: the traced graph is what is carried out.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from builder.errors import LaminaError
from builder.train import fit, leap
from builder.train.machine import Memory
from builder.train.plan import Epoch, Event, Noted, Ordered, Plan, Snapshot, Steps
from builder.train.whole import Facts, artefact, unfit
from builder.train.whole import build as building
from builder.train.whole.artefact import Workshop
from tests.train.conftest import rows

Make = Callable[..., Plan]
RECIPE = {"epochs": 3, "batch_size": 16, "compile": "on", "clip_norm": 0.5}


def traced(graph: Any, flat: list[Tensor], path: Path) -> Any:
    path.write_text("the package")
    return lambda tensors: graph(*tensors)


class Bench(Workshop):
    """Builds at once, in this process, and keeps the function."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        super().__init__(folder, ())
        self.plan, self.made = plan, 0
        self.found: Facts | None = None

    def start(self) -> None:
        self.made += 1
        size = self.plan.recipe.batch_size or 1
        data = {name: x[: 4 * size] for name, x in self.plan.data["train"].items()}
        batches = [
            {name: x[n * size : (n + 1) * size] for name, x in data.items()} for n in range(4)
        ]

        def keep(graph: Any, flat: list[Tensor], path: Path) -> Any:
            self.run = traced(graph, flat, path)
            return self.run

        phase, model = self.plan.task.phases()[0], self.plan.models["model"]
        with torch.random.fork_rng():  # elsewhere a process of its own does this
            self.found = building.build(self.folder, self.plan.recipe, phase, model, batches, keep)

    def facts(self) -> Facts | None:
        return self.found

    def load(self, facts: Facts) -> Any:
        return self.run


def made(make_plan: Make, folder: Path, **parts: Any) -> Plan:
    recipe = {**RECIPE, **parts.pop("recipe", {})}
    plan = make_plan(recipe=recipe, train=150, **parts)
    folder.mkdir(exist_ok=True)
    return replace(plan, workshop=Bench(folder, plan))


def weights(plan: Plan) -> dict[str, Tensor]:
    return {name: x.clone() for name, x in plan.models["model"].state_dict().items()}


def notes(events: list[Event]) -> list[str]:
    return [event.message for event in events if isinstance(event, Noted)]


def test_a_compiled_run_learns_what_the_eager_one_learns(make_plan: Make, tmp_path: Path) -> None:
    plan = made(make_plan, tmp_path)
    events = list(fit(plan))
    other = make_plan(recipe={**RECIPE, "compile": "off"}, train=150)
    eager = list(fit(other))
    assert "compiled from here on" in notes(events)[0]
    assert notes(eager) == []
    for name in (
        "head.weight",
        "head.bias",
    ):  # a bias before a normalisation moves by rounding only
        there = weights(other)[name]
        torch.testing.assert_close(weights(plan)[name], there, rtol=1e-2, atol=1e-3)
    steps = [n for event in events if isinstance(event, Steps) for n in event.values[:, 0]]
    assert steps == list(range(1, 31))
    norms = [n for event in events if isinstance(event, Steps) for n in event.values[5:, 4]]
    assert all(norm > 0 for norm in norms)
    figures = [[e.figures for e in one if isinstance(e, Epoch)] for one in (events, eager)]
    for here, there in zip(*figures):
        assert here["train_loss"] == pytest.approx(there["train_loss"], rel=1e-3)
        assert here.keys() == there.keys()


def test_a_resumed_compiled_run_ends_with_the_same_weights_bit_for_bit(
    make_plan: Make, tmp_path: Path
) -> None:
    first = made(make_plan, tmp_path / "first", save_every=0.0)
    events = list(fit(first))
    kept = [e.saved for e in events if isinstance(e, Snapshot) and e.saved.facts is not None]
    middle = next(one for one in kept if one.facts and one.facts["inside"] == 4 and one.epoch == 1)
    assert middle.facts is not None
    assert middle.facts["compiled"]
    second = made(make_plan, tmp_path / "second")
    bench = first.workshop
    second = replace(second, workshop=bench, resume=middle)
    assert notes(list(fit(second))) == []
    assert isinstance(bench, Bench)
    assert bench.made == 1
    assert all(torch.equal(weights(first)[name], x) for name, x in weights(second).items())


def test_a_checkpoint_whose_step_is_gone_is_gone_on_with_eagerly_and_says_so(
    make_plan: Make, tmp_path: Path
) -> None:
    first = made(make_plan, tmp_path / "first")
    saved = [e.saved for e in fit(first) if isinstance(e, Snapshot) and e.saved.facts]
    plan = replace(make_plan(recipe=RECIPE, train=150), resume=saved[0])
    assert "not there any more" in notes(list(fit(plan)))[0]


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"accumulate": 2}, "added up"),
        ({"optimizer": {"name": "SGD", "lr": 0.1}}, "Adam"),
        ({"precision": "bfloat16"}, "bfloat16"),
        ({"freeze": ["fc1"]}, "frozen"),
        ({"average": {"kind": "ema"}}, "averaged"),
        ({"clip_value": 1.0}, "value by value"),
    ],
)
def test_what_cannot_be_compiled_stays_eager_with_the_reason(
    make_plan: Make, tmp_path: Path, recipe: dict[str, Any], words: str
) -> None:
    plan = made(make_plan, tmp_path, recipe={"epochs": 1, **recipe})
    found = notes(list(fit(plan)))
    assert len(found) == 1
    assert words in found[0]


def test_convolutions_on_a_cpu_are_not_compiled_by_themselves(make_plan: Make) -> None:
    plan = make_plan("image", recipe={"compile": "auto"})
    reason = unfit(plan.recipe, plan.task.phases(), plan.models)
    assert reason is not None
    assert "Convolutions" in reason
    wished = plan.recipe.model_copy(update={"compile": "on"})
    assert unfit(wished, plan.task.phases(), plan.models) is None


def test_short_runs_are_never_compiled_by_themselves(make_plan: Make, tmp_path: Path) -> None:
    plan = made(make_plan, tmp_path, recipe={"compile": "auto"})
    assert notes(list(fit(plan))) == []
    assert isinstance(plan.workshop, Bench)
    assert plan.workshop.made == 0


def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Automatic compiling looks at the first safe point, on a machine with cores to spare."""
    monkeypatch.setattr(leap, "AFTER", 0.0)
    monkeypatch.setattr(leap, "WORTH", 0.0)
    monkeypatch.setattr(leap, "cores", lambda: 4)
    monkeypatch.setattr(leap, "busy", lambda: 1)


def test_a_run_that_will_last_is_compiled_by_itself_and_says_so(
    make_plan: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once(monkeypatch)
    monkeypatch.setattr(building, "MARGIN", 0.0)  # the traced graph is slower than the eager step
    plan = made(make_plan, tmp_path, recipe={"compile": "auto"})
    events = list(fit(plan))
    assert "compiled from here on" in notes(events)[0]


@pytest.mark.parametrize("lack", ["compiler", "memory", "gain", "core"])
def test_nobody_is_told_why_a_step_stays_eager_who_did_not_ask(
    lack: str, make_plan: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once(monkeypatch)
    monkeypatch.setattr(building, "MARGIN", math.inf if lack == "gain" else 0.0)
    if lack == "compiler":
        monkeypatch.setattr(leap, "compiler", lambda: None)
    if lack == "core":
        monkeypatch.setattr(leap, "busy", lambda: 3)
    if lack == "memory":
        monkeypatch.setattr(leap, "memory", lambda: Memory(1 << 30, 1 << 29))
    plan = made(make_plan, tmp_path, recipe={"compile": "auto"})
    assert notes(list(fit(plan))) == []
    assert isinstance(plan.workshop, Bench)
    assert plan.workshop.made == (1 if lack == "gain" else 0)


def test_a_machine_without_a_compiler_stays_eager(
    make_plan: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "compiler", lambda: None)
    plan = make_plan(recipe=RECIPE)
    phase, model = plan.task.phases()[0], plan.models["model"]
    batch = {name: x[:16] for name, x in rows("table", 16, 1).items()}
    found = building.build(tmp_path, plan.recipe, phase, model, [batch])
    assert "no C++ compiler" in found.reason


def test_a_step_that_computes_something_else_or_fails_is_refused(
    make_plan: Make, tmp_path: Path
) -> None:
    plan = make_plan(recipe=RECIPE)
    phase, model = plan.task.phases()[0], plan.models["model"]
    batch = {name: x[:16] for name, x in rows("table", 16, 1).items()}

    def wrong(graph: Any, flat: list[Tensor], path: Path) -> Any:
        def run(tensors: list[Tensor]) -> Any:
            found = graph(*tensors)
            tensors[0].add_(1.0)
            return found

        return run

    def fails(graph: Any, flat: list[Tensor], path: Path) -> Any:
        raise NotImplementedError("no such operator")

    told = [building.build(tmp_path, plan.recipe, phase, model, [batch], c) for c in (wrong, fails)]
    assert "differs" in told[0].reason
    assert "no such operator" in told[1].reason


def test_an_order_that_changes_what_was_compiled_goes_back_to_the_eager_step(
    make_plan: Make, tmp_path: Path
) -> None:
    given = iter([(), (), ({"order": "set", "freeze": ["fc1"]},)])
    plan = made(make_plan, tmp_path)
    plan = replace(plan, orders=lambda: next(given, ()))
    events = list(fit(plan))
    ordered = next(event for event in events if isinstance(event, Ordered))
    assert ordered.accepted
    assert "stays eager" in ordered.message
    last = [e.saved for e in events if isinstance(e, Snapshot)][-1]
    assert last.facts is not None
    assert "compiled" not in last.facts


def test_a_loss_that_is_not_finite_is_explained_as_by_the_eager_step(
    make_plan: Make, tmp_path: Path
) -> None:
    said = []
    for recipe in (RECIPE, {**RECIPE, "compile": "off"}):
        plan = made(make_plan, tmp_path, recipe={**recipe, "clip_norm": None})
        name = next(name for name in plan.data["train"] if name not in ("target", "row"))
        plan.data["train"][name][140] = torch.inf
        with pytest.raises(LaminaError) as caught:
            list(fit(plan))
        assert all(x.isfinite().all() for x in plan.models["model"].parameters())
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_a_step_of_another_machine_is_not_loaded(tmp_path: Path) -> None:
    package = tmp_path / artefact.PACKAGE
    package.write_text("the package")
    facts = Facts(digest=artefact.digest(package), machine="another")
    found = Workshop(tmp_path, ()).load(facts)
    assert "another processor" in found
