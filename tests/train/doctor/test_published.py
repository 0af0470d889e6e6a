"""What runs on published data taught the rules: faults that heal, and sound runs that look ill."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from builder.data.specs import TargetSpec
from builder.graph import edit
from builder.project import Recipe
from builder.train import doctor
from builder.train.asides import Asides
from builder.train.doctor.facts import Block, Facts, Teller
from builder.train.plan import Plan
from tests.train.doctor.recorded import GRAPH, SICK, SOUND, blocks, epochs, probed


def codes(facts: Facts) -> set[str]:
    return {finding.code for finding in doctor.examine(facts)}


def test_a_common_class_that_is_learnt_first_is_no_collapse() -> None:
    answers = {"predicted": [0, 30, 0], "true": [10, 10, 10]}
    assert codes(replace(SOUND, answers=answers)) == set()
    still = replace(SOUND, answers=answers, blocks=blocks(1.1, *[0.9] * 9))
    assert codes(still) == {"class_collapse"}
    assert codes(replace(SOUND, answers=answers, standing=frozenset({"class_collapse"})))


def test_what_was_learnt_and_is_lost_again_is_a_rate_too_high() -> None:
    lost = replace(
        SOUND,
        epochs=epochs((0.4, 0.5), (2.0, 1.5), (1.2, 1.2)),
        blocks=blocks(1.1, 0.4, 0.4, 2.0, 2.0, 1.2, 1.2, 1.2, 1.2, 1.2),
    )
    (found,) = [one for one in doctor.examine(lost) if one.code == "rate_too_high"]
    assert "was 0.4 in epoch 1 and is 1.2 again" in found.fact
    assert "rate_too_high" not in codes(replace(lost, standing=frozenset({"not_shuffled"})))
    never = replace(lost, epochs=epochs((1.0, 1.0), (2.0, 1.5), (1.2, 1.2)))
    assert "rate_too_high" not in codes(never)


def test_a_loss_that_blew_up_and_came_back_counts_where_the_weights_are_thrown_about() -> None:
    healed = blocks(1.1, 15.0, 4.0, 0.8, 0.6, 0.5, 0.5, 0.4, 0.4, 0.4)
    fast = {name: {"update_ratio": 0.5} for name in ("fc1", "fc2", "fc3", "head")}
    (found,) = [
        one
        for one in doctor.examine(replace(SOUND, blocks=healed, **probed(**fast)))
        if one.code == "rate_too_high"
    ]
    assert "before it fell to" in found.fact
    assert "rate_too_high" not in codes(replace(SOUND, blocks=healed))
    early = replace(SOUND, blocks=blocks(1.1, 1.2, 1.1), epochs=(), **probed(**fast))
    assert "rate_too_high" not in codes(replace(early, step=30))  # Adam's first steps are long
    assert "rate_too_high" in codes(replace(early, step=50))
    assert "rate_too_high" not in codes(replace(SOUND, **probed(**fast)))


def test_a_decay_that_takes_a_hundredth_in_each_step_need_not_spoil_all() -> None:
    heavy = Recipe.model_validate({"epochs": 20, "optimizer": {"lr": 1e-2, "weight_decay": 10.0}})
    facts = replace(SOUND, recipe=heavy, rate=1e-2)
    assert codes(facts) == {"heavy_decay"}
    assert codes(replace(facts, rate=1e-5)) == set()
    usual = Recipe.model_validate({"epochs": 20, "optimizer": {"lr": 5.0, "weight_decay": 0.01}})
    assert "heavy_decay" not in codes(replace(facts, recipe=usual, rate=5.0)), "the rate pulls"


def test_early_stopping_while_the_own_rows_still_got_better_asks_for_no_more_epochs() -> None:
    falling = blocks(*[1.1 - 0.02 * at for at in range(10)])
    ended = replace(
        SOUND,
        **SICK["no_better"][0] | {"step": 2_000, "recipe": Recipe(epochs=400, batch_size=32)},
        blocks=tuple(replace(one, step=20 * one.step) for one in falling),
    )
    (found,) = [one for one in doctor.examine(ended) if one.code == "no_better"]
    assert "nothing of that holds for others" in found.why
    short = replace(ended, step=40)
    (found,) = [one for one in doctor.examine(short) if one.code == "no_better"]
    assert found.changes[0].label.endswith("without early stopping")


@pytest.mark.parametrize("layer", ["Softmax", "Sigmoid", "ReLU", "Tanh"])
@pytest.mark.parametrize("kind", ["class", "number"])
def test_an_answer_that_is_cut_off_is_said_in_figures(layer: str, kind: str) -> None:
    changes: dict[str, Any] = {
        "graphs": {"model": edit.insert_on_edge(GRAPH, ("head", "out"), layer, "last")}
    }
    if kind == "number":
        changes |= {"target": TargetSpec(name="y", kind="number", std=3.0), "answers": {}}
    (found,) = doctor.examine(replace(SOUND, **changes))
    assert (found.code, found.node) == ("squashed_output", "last")
    assert any(digit in found.fact for digit in "0123456789")
    healed = found.changes[0].edits[0]
    after = edit.apply(changes["graphs"]["model"], *healed)
    assert ("head", "out") in {(edge.source, edge.target) for edge in after.edges}


def test_what_the_loss_bears_is_not_said_to_cut_the_answer_off() -> None:
    twice = {"model": edit.insert_on_edge(GRAPH, ("head", "out"), "LogSoftmax", "last")}
    assert codes(replace(SOUND, graphs=twice)) == set()
    own = replace(SOUND, **SICK["squashed_output"][0], guess=None)  # a loss that is not known
    assert codes(own) == set()


def test_the_first_probes_come_closely_and_the_later_ones_as_seldom_as_asked() -> None:
    asides = object.__new__(Asides)
    asides.plan, asides.looks = SimpleNamespace(health_every=2.0, health_share=0.01), 0
    pauses = [asides._pause(0.001) for _ in range(10)]
    assert pauses == sorted(pauses)
    assert sum(pauses[:3]) < 0.2
    assert set(pauses[7:]) == {Plan.health_every}
    asides.looks = 0
    assert asides._pause(0.5) == 5.0  # of a large network, no more than a tenth of the time
    asides.looks = 20
    assert asides._pause(0.5) == 50.0


def test_an_answer_with_mistakes_is_a_leak_where_nothing_else_comes_near() -> None:
    (found,) = doctor.examine(replace(SOUND, tellers=(Teller("code", 0.95), Teller("x1", 0.4))))
    assert (found.code, found.changes[0].overrides) == (
        "leakage",
        {"data.columns.code.role": "ignore"},
    )
    assert codes(replace(SOUND, tellers=(Teller("petal", 0.95), Teller("x1", 0.7)))) == set()
    assert codes(replace(SOUND, tellers=(Teller("income", 0.85), Teller("x1", 0.2)))) == set()


def test_batches_of_outliers_that_come_and_go_are_no_rate_too_high() -> None:
    def one_by_one(*losses: float) -> tuple[Block, ...]:
        return tuple(replace(b, steps=1, step=at + 1) for at, b in enumerate(blocks(*losses)))

    apart = one_by_one(*[1.0, 1.0, 6.0, 1.0, 1.0] * 6)
    assert "rate_too_high" not in codes(replace(SOUND, blocks=apart, step=30))
    later = tuple(replace(b, high=40.0) for b in blocks(*[1.0, 5.0, 1.0, 5.0, 1.0] * 2))
    assert "rate_too_high" not in codes(replace(SOUND, blocks=later))
    together = one_by_one(*[1.0] * 20, *[6.0] * 10)
    assert "rate_too_high" in codes(replace(SOUND, blocks=together, step=30))
