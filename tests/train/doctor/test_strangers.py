"""What the rules learnt from a set of runs that its author made up before reading them."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from builder.data.specs import InputSpec, TargetSpec
from builder.project import Recipe
from builder.train import doctor
from builder.train.doctor import data
from builder.train.doctor.facts import Facts, Node
from builder.train.doctor.standing import Standing
from tests.train.doctor.recorded import NODES, SICK, SOUND, TARGET, blocks, probe, probed

DRAWN = {
    name: Node(node.id, node.kind, node.weights, node.width, node.norm, node.norm)
    for name, node in NODES.items()
}


def codes(facts: Facts) -> set[str]:
    return {finding.code for finding in doctor.examine(facts)}


def sized(**sizes: float) -> dict[str, Any]:
    rows = {name: {"matrix": 3.0} for name in ("fc1", "fc2", "fc3", "head")}
    return {"nodes": DRAWN, **probed(**rows | {k: {"matrix": v} for k, v in sizes.items()})}


def test_a_node_that_was_thrown_far_from_where_it_began_while_the_others_stayed() -> None:
    recipe = SOUND.recipe.model_copy(update={"rates": {"fc2": 400.0}})
    (found,) = doctor.examine(replace(SOUND, **sized(fc2=300.0), recipe=recipe))
    assert (found.code, found.node, found.nodes) == ("update_ratio", "fc2", ("fc2",))
    assert "100 times as large as they were drawn" in found.fact
    assert [change.overrides for change in found.changes] == [{"recipe.rates": {}}]
    assert codes(replace(SOUND, **sized(fc2=90.0))) == set()
    together = sized(fc1=40.0, fc2=50.0, fc3=30.0, head=60.0)
    assert codes(replace(SOUND, **together)) == set()


def test_a_node_that_began_at_nothing_has_not_grown() -> None:
    empty = {**DRAWN, "head": replace(DRAWN["head"], matrix=0.0)}
    facts = replace(SOUND, **{**sized(head=5.0), "nodes": empty})
    assert codes(facts) == set()


def test_a_node_far_slower_than_the_others_need_not_stand_still() -> None:
    slow = probed(fc1={"update_ratio": 1e-5})
    (found,) = doctor.examine(replace(SOUND, **slow))
    assert (found.code, found.node, found.nodes) == ("update_ratio", "fc1", ("fc1",))
    assert codes(replace(SOUND, **probed(fc1={"update_ratio": 5e-5}))) == set()
    words = {**NODES, "fc1": replace(NODES["fc1"], kind="Embedding")}
    assert codes(replace(SOUND, **slow, nodes=words)) == set()


def looked(course: list[Facts]) -> list[str]:
    standing = Standing()
    said = []
    for facts in course:
        known = replace(facts, standing=standing.codes)
        said += [finding.code for finding, _ in standing.look(known, "epoch")]
    return said


def short(facts: Facts, epochs: int) -> list[Facts]:
    """The same facts after each epoch of a run of so many."""
    recipe = facts.recipe.model_copy(update={"epochs": epochs})
    return [
        replace(facts, recipe=recipe, epoch=at + 1, last=at + 1 == epochs) for at in range(epochs)
    ]


def test_a_run_of_three_epochs_is_judged_by_its_end() -> None:
    collapsed = replace(SOUND, **SICK["class_collapse"][0])
    stuck = replace(SOUND, **SICK["not_falling"][0])
    assert "class_collapse" in looked(short(collapsed, 3))
    assert "class_collapse" not in looked(short(collapsed, 3)[:-1])
    assert "not_falling" in looked(short(stuck, 3))
    assert "not_falling" not in looked(short(stuck, 3)[:-1])
    assert looked(short(SOUND, 3)) == []


def test_a_class_that_no_row_shows_is_told_after_few_steps() -> None:
    target = TARGET.model_copy(update={"counts": (0, 0, 90)})
    answers = {"predicted": [0, 0, 30], "true": [10, 10, 10], "hits": [0, 0, 10], "rows": 30}
    few = replace(SOUND, target=target, answers=answers, step=8, guess=None)
    assert "class_collapse" in codes(few)


def test_a_warm_up_over_the_whole_run_is_no_excuse() -> None:
    warm = Recipe.model_validate({"epochs": 20, "schedule": {"name": "constant", "warmup": 0.95}})
    slow = replace(SOUND, **SICK["rate_too_low"][0])
    slow = replace(slow, recipe=warm, rate=2e-4, blocks=blocks(*[1.1] * 10, rate=2e-4))
    assert "rate_too_low" not in codes(replace(slow, epoch=8))
    assert "rate_too_low" in codes(replace(slow, epoch=12))


def test_answers_that_are_right_beyond_luck_are_a_signal_whatever_their_loss() -> None:
    noise = replace(SOUND, **SICK["no_signal"][0])
    assert "no_signal" in codes(noise)
    random = {"predicted": [100, 100, 100], "true": [100, 100, 100], "hits": [33, 34, 33]}
    better = {**random, "hits": [50, 50, 50]}
    known = {key: noise.answers[key] for key in ("blind",) if key in noise.answers}
    assert "no_signal" in codes(replace(noise, answers={**known, **random, "rows": 300}))
    assert "no_signal" not in codes(replace(noise, answers={**known, **better, "rows": 300}))


def test_numbers_in_the_right_order_are_a_signal_too() -> None:
    number = TargetSpec(name="y", kind="number", mean=2.0, std=3.0)
    noise = replace(SOUND, **SICK["no_signal"][0])
    noise = replace(noise, target=number, guess=1.0986)
    answers = {"blind": 1.0986, "rows": 200, "spread": 0.5, "rank": 0.05}
    assert "no_signal" in codes(replace(noise, answers=answers))
    assert "no_signal" not in codes(replace(noise, answers={**answers, "rank": 0.4}))


def test_first_steps_as_long_as_the_weights_name_the_rate_whatever_the_loss() -> None:
    grown = sized(fc1=12.0, fc2=12.0, fc3=12.0, head=12.0)
    long = {node: {"update_ratio": 2.0} for node in ("fc1", "fc2", "fc3", "head")}
    first = (probe(**long), *grown["probes"])
    (found,) = doctor.examine(replace(SOUND, **{**grown, "probes": first}))
    assert found.code == "rate_too_high"
    assert "moved the weights by 200 %" in found.fact
    assert codes(replace(SOUND, **grown)) == set()
    (found,) = doctor.examine(replace(SOUND, **sized(fc1=90.0, fc2=90.0, fc3=90.0, head=90.0)))
    assert (found.code, "30 times as large" in found.fact) == ("rate_too_high", True)


def test_the_first_long_steps_of_one_node_are_told_from_40_steps_on() -> None:
    long = probed(head={"update_ratio": 0.4})
    assert codes(replace(SOUND, **long, step=20)) == set()
    assert codes(replace(SOUND, **long, step=40)) == {"update_ratio"}
    assert codes(replace(SOUND, **probed(head={"update_ratio": 4.0}), step=20)) == {"update_ratio"}


def test_a_loss_that_falls_at_a_snail_s_pace_names_the_rate() -> None:
    slow = {node: {"update_ratio": 4e-4} for node in ("fc1", "fc2", "fc3", "head")}
    losses = [1.1 - 0.005 * at for at in range(10)]
    creeping = replace(SOUND, **probed(**slow), blocks=blocks(*losses))
    assert "rate_too_low" in codes(creeping)
    rising = replace(creeping, blocks=blocks(*losses[::-1]))
    assert "rate_too_low" in codes(rising)  # for the epochs' losses, which single batches blur
    assert "rate_too_low" not in codes(replace(rising, epochs=()))
    assert "rate_too_low" not in codes(replace(creeping, epoch=4))
    assert "rate_too_low" not in codes(replace(SOUND, blocks=blocks(*losses)))


def test_what_follows_from_a_cause_is_said_at_the_end_of_the_run_without_advice() -> None:
    stuck = replace(SOUND, **SICK["not_falling"][0], standing=frozenset({"frozen"}))
    assert "not_falling" not in codes(stuck)
    found = {one.code: one for one in doctor.examine(replace(stuck, epoch=16))}
    assert "follows from what else is said" in found["not_falling"].why
    assert found["not_falling"].changes == ()
    collapsed = replace(SOUND, **SICK["class_collapse"][0], standing=frozenset({"dead_relu"}))
    assert "class_collapse" not in codes(collapsed)
    found = {one.code: one for one in doctor.examine(replace(collapsed, epoch=16))}
    assert found["class_collapse"].changes == ()


def test_units_that_are_silent_from_the_beginning_need_not_be_nearly_all() -> None:
    some = probed(act1={"dead": 0.7})
    assert "dead_relu" in codes(replace(SOUND, **some, step=10))
    assert "dead_relu" not in codes(replace(SOUND, **some, step=100))
    stands = replace(SOUND, **some, standing=frozenset({"dead_relu"}))
    assert "dead_relu" in codes(stands)


def test_a_validation_loss_that_is_no_number_in_a_run_that_goes_on() -> None:
    last = {"epoch": 10, "train_loss": 0.3, "validation_loss": float("nan")}
    (found,) = doctor.examine(replace(SOUND, epochs=(*SOUND.epochs[:-1], last)))
    assert (found.code, found.severity) == ("not_finite", "error")


@pytest.mark.parametrize(("copies", "rows", "told"), [(0.06, 200, True), (0.06, 100, False)])
def test_a_few_copies_are_a_leak_where_they_are_no_luck(copies, rows, told) -> None:
    answers = {**SOUND.answers, "rows": rows}
    assert ("leakage" in codes(replace(SOUND, copies=copies, answers=answers))) == told


def test_copies_count_only_beyond_the_doubles_that_the_rows_have_anyway() -> None:
    x = torch.randn(1000, 6, generator=torch.Generator().manual_seed(0))
    y = torch.arange(1000) % 3
    names = tuple(f"x{k}" for k in range(6))
    spec = InputSpec(name="t", form="vector", shape=(6,), stored="float32", features=names)
    held_out = {"t": torch.cat([x[:20], x[800:980] + 9]), "target": y[:200]}
    single = {"t": x[:800], "target": y[:800]}
    assert data.copies(single, held_out, {"t": spec}) == pytest.approx(0.1)
    doubled = {"t": torch.cat([x[:700], x[100:180]]), "target": y[:780]}
    assert data.copies(doubled, held_out, {"t": spec}) == 0.0


def test_the_height_of_a_one_cycle_is_judged_when_it_is_over() -> None:
    long = {node: {"update_ratio": 0.08} for node in ("fc1", "fc2", "fc3", "head")}
    high = replace(SOUND, **probed(**long), blocks=blocks(*[1.1] * 10))
    assert "rate_too_high" in codes(high)
    cycle = Recipe.model_validate({"epochs": 20, "schedule": {"name": "onecycle"}})
    assert "rate_too_high" not in codes(replace(high, recipe=cycle))
    assert "rate_too_high" in codes(replace(high, recipe=cycle, epoch=13))
