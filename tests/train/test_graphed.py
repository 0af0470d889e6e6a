"""A recorded step: the eager step's numbers, nothing left of the trial, refused with a reason. The
recording itself needs a GPU; elsewhere a recorder that carries the step out again stands in.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from builder.tasks.base import Batch
from builder.train import fit, leap
from builder.train.plan import Noted, Plan
from builder.train.setup import Setup
from builder.train.step import Stepper
from builder.train.whole import Facts, Workshop, graphed

Make = Callable[..., Plan]
RECIPE = {"epochs": 3, "batch_size": 30, "compile": "on", "clip_norm": 0.5, "precision": "float32"}
CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")


def again(step: graphed.Step) -> tuple[Callable[[], object], graphed.Made]:
    """Overwrites what the first step gave, as a CUDA graph does."""
    made = step()

    def replay() -> None:
        found = step()
        made.loss.copy_(found.loss)
        made.norm.copy_(found.norm)
        for name, value in found.outputs.items():
            made.outputs[name].copy_(value)

    return replay, made


def begun(make_plan: Make, **recipe: Any) -> tuple[Setup, list[Batch]]:
    """After the first eager step, and the batches to come."""
    setup = Setup(make_plan(recipe={**RECIPE, **recipe}))
    setup.feed.begin(0)
    first, *rest = (setup.feed.batch(step, setup.models) for step in range(3))
    Stepper(setup)(first)
    return setup, rest


def weights(setup: Setup) -> dict[str, Tensor]:
    return {name: x.clone() for name, x in setup.models["model"].state_dict().items()}


@pytest.mark.parametrize("clip", [0.5, None])
def test_recorded_steps_move_the_weights_as_eager_ones_at_each_rate(
    clip: float | None, make_plan: Make
) -> None:
    ends = []
    for recorded in (False, True):
        setup, batches = begun(make_plan, clip_norm=clip)
        step = graphed.Graphed(setup, batches[0], again) if recorded else None
        torch.manual_seed(5)
        losses = []
        for batch, rate in zip(batches, (0.1, 0.001)):
            if step is not None:
                losses.append(step([batch], [rate])[0][0].loss)
            else:
                setup.updaters["model"].set_rate(rate)
                losses.append(Stepper(setup)(batch).total)
        ends.append((weights(setup), losses))
    (eager, told), (replayed, heard) = ends
    torch.testing.assert_close(replayed, eager)
    torch.testing.assert_close(heard, told)


def test_neither_recording_nor_trial_leaves_a_trace_in_the_run(make_plan: Make) -> None:
    setup, batches = begun(make_plan)
    before, chance = weights(setup), torch.get_rng_state()
    moments = setup.updaters["model"].state()[0]
    step = graphed.Graphed(setup, batches[0], again)
    ratio, difference = graphed.trial(step, batches[0])
    assert ratio > 0
    assert difference < 1e-5
    assert all(torch.equal(x, before[name]) for name, x in weights(setup).items())
    after = setup.updaters["model"].state()[0]
    assert all(torch.equal(x, moments[name]) for name, x in after.items())
    assert torch.equal(torch.get_rng_state(), chance)


def test_a_recorded_step_that_computes_something_else_is_noticed(make_plan: Make) -> None:
    setup, batches = begun(make_plan)
    step = graphed.Graphed(setup, batches[0], again)
    sound = step.replay

    def wrong() -> None:
        sound()
        with torch.no_grad():
            setup.models["model"].head.weight.add_(0.1)

    step.replay = wrong
    assert graphed.trial(step, batches[0])[1] > 1e-3


def test_other_optimisers_cannot_be_recorded(make_plan: Make) -> None:
    setup, batches = begun(make_plan, optimizer={"name": "SGD", "lr": 0.1})
    with pytest.raises(NotImplementedError, match="optimiser"):
        graphed.Graphed(setup, batches[0], again)


class Idle(Workshop):
    """A workshop that nobody needs on a GPU."""

    def facts(self) -> Facts | None:
        return None


def taken(make_plan: Make, tmp_path: Any, **recipe: Any) -> tuple[leap.Leap, list[Batch]]:
    setup, batches = begun(make_plan, **recipe)
    setup.plan = make_plan(recipe={**RECIPE, **recipe}, workshop=Idle(tmp_path, ()))
    found = leap.Leap(setup)
    setup.device = torch.device("cuda")  # as far as the choice of the way goes
    return found, batches


def test_a_gpu_run_that_asks_for_it_replays_its_steps_after_a_full_batch(
    make_plan: Make, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_cpu(setup: Setup, batch: Batch) -> graphed.Graphed:
        setup.device = torch.device("cpu")
        return graphed.Graphed(setup, batch, again)

    monkeypatch.setattr(leap, "Graphed", on_cpu)
    monkeypatch.setattr(leap, "trial", lambda *_: (1.5, 0.0))
    found, batches = taken(make_plan, tmp_path)
    assert found.look(1.0, 1.0, {name: x[:7] for name, x in batches[0].items()}) is None
    told = found.look(1.0, 1.0, batches[0])
    assert told is not None
    assert "CUDA graph" in told[0]
    assert found.takes(0, 1, ())
    assert found.digest == ""  # any step goes on from its checkpoints


@pytest.mark.parametrize(
    ("trial", "reason"), [((0.9, 0.0), "no faster"), ((1.5, 0.1), "differs from the eager one")]
)
def test_a_recorded_step_that_is_slower_or_differs_is_not_taken(
    make_plan: Make, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, trial: Any, reason: str
) -> None:
    monkeypatch.setattr(leap, "Graphed", lambda *_: None)
    monkeypatch.setattr(leap, "trial", lambda *_: trial)
    found, batches = taken(make_plan, tmp_path)
    told = found.look(1.0, 1.0, batches[0])
    assert told is not None
    assert reason in told[0]
    assert found.whole is None


def test_what_cannot_be_recorded_stays_eager_and_says_why(make_plan: Make, tmp_path: Any) -> None:
    found, batches = taken(make_plan, tmp_path)
    told = found.look(1.0, 1.0, batches[0])  # there is no GPU, or the rows are not on it
    assert told is not None
    assert "stays eager" in told[0]
    assert found.whole is None


@CUDA
def test_a_run_on_a_gpu_ends_as_its_eager_twin(make_plan: Make, tmp_path: Any) -> None:
    ends = []
    for choice in ("off", "on"):
        plan = make_plan(
            recipe={**RECIPE, "device": "cuda", "compile": choice}, workshop=Idle(tmp_path, ())
        )
        events = list(fit(plan))
        said = [event.message for event in events if isinstance(event, Noted)]
        assert any("CUDA graph" in words for words in said) == (choice == "on")
        ends.append({name: x.cpu() for name, x in plan.models["model"].state_dict().items()})
    torch.testing.assert_close(ends[1], ends[0], rtol=1e-2, atol=1e-3)
