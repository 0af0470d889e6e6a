"""Each rule finds its fault in recorded facts, says where and what to do; a sound run has none."""

import math
from dataclasses import replace
from typing import Any

import pytest

from builder.data.specs import TargetSpec
from builder.graph import edit
from builder.graph.spec import Graph
from builder.project import Recipe
from builder.train import doctor, orders
from builder.train.doctor.base import Change, percent
from builder.train.doctor.facts import Breakdown, Facts, Intake, Node, Raise, Teller
from tests.train.doctor.recorded import GRAPH, NODES, SICK, SOUND, blocks, epochs, probed


def codes(facts: Facts) -> set[str]:
    return {found.code for found in doctor.examine(facts)}


def test_every_rule_has_a_sick_run_here_and_words() -> None:
    assert {rule.code for rule in doctor.rules()} == set(SICK)
    assert len(SICK) >= 12
    for rule in doctor.rules():
        assert rule.title[0].isupper()
        assert rule.help.endswith(".")
        assert rule.news
        assert rule.confirm >= 1
        assert rule.release >= 1


def test_a_sound_run_has_no_symptom() -> None:
    assert codes(SOUND) == set()


def test_nothing_is_said_before_anything_is_known() -> None:
    assert codes(Facts(recipe=Recipe())) == set()


@pytest.mark.parametrize("code", SICK)
def test_a_rule_finds_its_fault_where_it_is(code: str) -> None:
    changes, node = SICK[code]
    found = {one.code: one for one in doctor.examine(replace(SOUND, **changes))}[code]
    assert found.node == node
    assert node is None or node in found.nodes
    assert found.title
    assert not found.title.endswith(".")
    assert found.fact.endswith(".")
    assert found.why.endswith(".")
    assert any(letter.isdigit() for letter in found.fact)
    for change in found.changes:
        assert change.label
        assert change.why.endswith(".")
        assert change.order or change.overrides or change.edits


@pytest.mark.parametrize("code", SICK)
def test_what_a_rule_proposes_can_be_done(code: str) -> None:
    changes, _ = SICK[code]
    facts = replace(SOUND, **changes)
    found = {one.code: one for one in doctor.examine(facts)}[code]
    assert found.changes
    for change in found.changes:
        if change.order is not None:
            orders.check(change.order)
        graph = facts.graphs["model"]
        for operation, arguments in change.edits:
            graph = edit.apply(graph, operation, arguments)
        assert (graph != facts.graphs["model"]) == bool(change.edits)
        recipe: dict[str, Any] = SOUND.recipe.model_dump(mode="json")
        for path, value in change.overrides.items():
            section, *rest = path.split(".")
            assert section in ("recipe", "data")
            if section == "recipe":
                place = recipe
                for part in rest[:-1]:
                    place = place[part]
                place[rest[-1]] = value
        Recipe.model_validate(recipe)


@pytest.mark.parametrize("code", SICK)
def test_a_finding_survives_json(code: str) -> None:
    changes, _ = SICK[code]
    found = {one.code: one for one in doctor.examine(replace(SOUND, **changes))}[code]
    again = type(found).from_dict(found.to_dict())
    assert again.to_dict() == found.to_dict()


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("dead_relu", probed(act1={"dead": 0.8})),
        ("saturated", probed(act2={"saturated": 0.5})),
        ("vanishing_gradients", probed(fc1={"gradient": 3e-4})),
        ("not_shuffled", {"aparts": (1.7,) * 6}),
        ("starved", {"waiting": 0.4, "wait_seconds": 0.01}),
        ("frozen", {**SICK["frozen"][0], "blocks": blocks(*[0.6] * 10)}),
        (
            "heavy_decay",
            {
                **SICK["heavy_decay"][0],
                "recipe": Recipe.model_validate({"optimizer": {"weight_decay": 6.0}}),
                **probed(fc2={"weight": 1.2}, fc3={"weight": 1.3}),
            },
        ),
        (
            "heavy_dropout",
            {**SICK["heavy_dropout"][0], "blocks": blocks(*[0.5] * 10)},
        ),
        ("no_signal", {"epochs": epochs(*[(1 / n, 1.05) for n in range(1, 11)])}),
        (
            "class_collapse",
            {
                **SICK["class_collapse"][0],
                "answers": {"predicted": [1, 28, 1], "true": [10, 10, 10]},
            },
        ),
        ("not_falling", {"blocks": blocks(*[1.04] * 10)}),
    ],
)
def test_what_stands_is_kept_at_a_milder_threshold(code: str, changes: dict[str, Any]) -> None:
    facts = replace(SOUND, **changes)
    assert code not in codes(facts)
    assert code in codes(replace(facts, standing=frozenset({code})))


def test_a_consequence_keeps_silent_where_its_cause_stands() -> None:
    facts = replace(SOUND, **{**SICK["class_collapse"][0], **SICK["not_falling"][0]})
    assert codes(facts) == {"not_falling", "class_collapse"}
    assert codes(replace(facts, standing=frozenset({"dead_relu"}))) == set()


def test_a_lowered_rate_ends_the_complaint_about_it() -> None:
    sick = replace(SOUND, **SICK["rate_too_high"][0])
    (found,) = [one for one in doctor.examine(sick) if one.code == "rate_too_high"]
    order = found.changes[0].order
    assert order is not None
    assert order["lr"] <= 0.3e-3
    assert "rate_too_high" not in codes(replace(sick, rate=order["lr"]))


def test_a_rate_that_ruined_the_weights_is_mended_by_a_fit_one_and_fresh_weights() -> None:
    sick = replace(SOUND, **SICK["rate_too_high"][0], rate=3.0)
    hot = Recipe.model_validate({"optimizer": {"name": "AdamW", "lr": 3.0}})
    (found,) = [o for o in doctor.examine(replace(sick, recipe=hot)) if o.code == "rate_too_high"]
    (change,) = found.changes
    assert change.anew
    assert Change.from_dict(change.to_dict()) == change
    assert 1e-4 <= change.overrides["recipe.optimizer.lr"] <= 3e-3, "not a tenth of 3"


def test_the_end_of_a_schedule_is_no_rate_that_is_too_low() -> None:
    slow = replace(SOUND, **SICK["rate_too_low"][0])
    assert "rate_too_low" not in codes(replace(slow, rate=1e-5))
    warm = Recipe.model_validate({"epochs": 40, "schedule": {"name": "constant", "warmup": 0.5}})
    assert "rate_too_low" not in codes(
        replace(slow, recipe=warm, rate=2e-4, blocks=blocks(*[1.1] * 10, rate=2e-4))
    )


def test_a_jump_after_the_rate_was_raised_is_its_fault() -> None:
    calm = blocks(1.1, 0.8, 0.6, 0.5, 0.45, 0.4)
    wild = tuple(
        replace(block, step=60 + 10 * (at + 1), rate=1e-2, loss=0.9, high=1.0)
        for at, block in enumerate(calm[:4])
    )
    facts = replace(SOUND, blocks=calm + wild, rate=1e-2)
    (found,) = [one for one in doctor.examine(facts) if one.code == "rate_too_high"]
    assert "jumped" in found.fact


RAISED = Raise(60, 5, before=1.3e-3, after=0.5, loss=0.5)


def thrown() -> Facts:
    """An order raised the rate after step 60; the loss went to 557 and came down to a guess."""
    calm = blocks(2.4, 1.2, 0.8, 0.6, 0.55, 0.5, rate=1.3e-3)
    wild = [
        replace(
            block, step=60 + 10 * (at + 1), rate=0.216, high=557.0 if not at else 2.5, loss=loss
        )
        for at, (block, loss) in enumerate(zip(calm, (90.0, 2.4, 2.35, 2.3), strict=False))
    ]
    return replace(SOUND, blocks=(*calm, *wild), rate=0.1, raised=RAISED)


def test_after_an_order_the_loss_is_told_from_right_before_it_and_the_old_rate_offered() -> None:
    (found,) = [one for one in doctor.examine(thrown()) if one.code == "rate_too_high"]
    assert "rose from 0.5 to 557 after the rate was set from 0.0013 to 0.5 at step 60" in found.fact
    assert "is usual" not in found.fact  # a step of 0.3 % speaks against the verdict
    (change,) = found.changes
    assert change.order == {"order": "set", "lr": 1.3e-3}
    assert change.overrides == {"recipe.optimizer.lr": SOUND.recipe.optimizer.lr}
    assert change.before == 60
    assert Change.from_dict(change.to_dict()) == change
    assert "step 60" in change.why


def test_a_rate_that_an_order_raised_without_harm_is_left_alone() -> None:
    assert "rate_too_high" not in codes(replace(SOUND, raised=replace(RAISED, loss=2.0)))


def test_what_long_steps_did_to_the_network_is_told_as_their_consequence() -> None:
    sick = replace(SOUND, **SICK["dead_relu"][0])
    (alone,) = [one for one in doctor.examine(sick) if one.code == "dead_relu"]
    rate = frozenset({"rate_too_high"})
    (found,) = [
        one for one in doctor.examine(replace(sick, standing=rate)) if one.code == alone.code
    ]
    assert "follows from the learning rate" in found.why
    assert "follows" not in alone.why
    assert alone.changes
    assert not found.changes


def test_clipped_gradients_do_not_explode() -> None:
    sick = replace(SOUND, **SICK["exploding_gradients"][0])
    assert "exploding_gradients" not in codes(replace(sick, recipe=Recipe(clip_norm=1.0)))


def test_a_narrow_branch_beside_a_wide_one_is_no_waist() -> None:
    wide = Graph.model_validate(
        {
            "nodes": [*[n.model_dump() for n in GRAPH.nodes], {"id": "sum", "layer": "Add"}],
            "edges": [
                *[e for e in GRAPH.model_dump(mode="json")["edges"] if e != ["head", "out"]],
                ["head", "sum"],
                ["table", "sum"],
                ["sum", "out"],
            ],
        }
    )
    sick = replace(SOUND, **SICK["underfitting"][0])
    assert "underfitting" in codes(sick)
    assert "underfitting" not in codes(replace(sick, graphs={"model": wide}))


def test_rows_that_were_trained_on_are_a_leak() -> None:
    (found,) = doctor.examine(replace(SOUND, copies=0.5))
    assert found.code == "leakage"
    assert "50 %" in found.fact


def test_numbers_collapse_to_their_mean() -> None:
    number = TargetSpec(name="y", kind="number", mean=2.0, std=3.0)
    flat = replace(SOUND, target=number, answers={"spread": 0.001})
    assert codes(flat) == {"class_collapse"}
    assert codes(replace(flat, answers={"spread": 0.6})) == set()


def test_a_common_class_may_be_the_right_answer() -> None:
    common = {"predicted": [0, 95, 5], "true": [4, 92, 4]}
    assert codes(replace(SOUND, answers=common)) == set()


def test_a_breakdown_names_the_column_and_offers_to_leave_it_out() -> None:
    words = "The loss is no longer a finite number at step 3. The data of 'table' is not finite."
    broken = replace(SOUND, breakdown=Breakdown("table", words, "age"))
    (found,) = [one for one in doctor.examine(broken) if one.code == "not_finite"]
    assert found.severity == "error"
    assert found.node == "table"
    assert "'age'" in found.why
    assert found.changes[0].overrides == {"data.columns.age.role": "ignore"}


def test_a_class_of_one_in_a_hundred_that_is_never_found_is_a_collapse() -> None:
    rare = {"predicted": [400, 0, 0], "true": [396, 4, 0], "rows": 400}
    (found,) = doctor.examine(replace(SOUND, answers=rare))
    assert found.code == "class_collapse"
    assert "all 4 others" in found.fact
    some = {"predicted": [399, 1, 0], "true": [396, 4, 0], "rows": 400}
    assert codes(replace(SOUND, answers=some)) == set()


def test_a_rare_class_that_is_only_guessed_wrongly_is_never_found_either() -> None:
    rare = {"predicted": [397, 3, 0], "true": [396, 4, 0], "hits": [393, 0, 0], "rows": 400}
    (found,) = doctor.examine(replace(SOUND, answers=rare))
    assert found.code == "class_collapse"
    assert "397 of 400" in found.fact
    assert codes(replace(SOUND, answers={**rare, "hits": [394, 1, 0]})) == set()


@pytest.mark.parametrize(
    ("schedule", "epoch", "told"),
    [("exponential", 10, True), ("exponential", 15, False), ("plateau", 10, False)],
)
def test_a_schedule_that_is_over_long_before_the_run_is_told(
    schedule: str, epoch: int, told: bool
) -> None:
    recipe = Recipe.model_validate({"epochs": 20, "schedule": {"name": schedule}})
    facts = replace(SOUND, recipe=recipe, rate=5e-8, epoch=epoch)
    found = {one.code: one for one in doctor.examine(facts)}
    assert ("rate_too_low" in found) == told
    if told:
        assert "50 %" in found["rate_too_low"].fact
        change = found["rate_too_low"].changes[0]
        assert change.overrides == {"recipe.schedule": {"name": "cosine"}}


def test_gates_that_huge_weights_hold_open_or_shut_are_saturated() -> None:
    nodes = {**NODES, "fc2": Node("fc2", "GRU", 256, 16, 3.0)}
    wide = probed(fc2={"weight": 6.0 * 16})
    (found,) = doctor.examine(replace(SOUND, nodes=nodes, **wide))
    assert (found.code, found.node) == ("saturated", "fc2")
    usual = probed(fc2={"weight": 1.0 * 16})
    assert codes(replace(SOUND, nodes=nodes, **usual)) == set()
    assert codes(replace(SOUND, **wide)) == set(), "a dense layer has no gates"


def test_several_columns_that_give_the_answer_away_are_named_together() -> None:
    told = (Teller("a", 1.0, "table"), Teller("b", 0.99, "table"), Teller("c", 0.5, "table"))
    (found,) = doctor.examine(replace(SOUND, tellers=told))
    assert found.node == "table"
    assert set(found.changes[0].overrides) == {"data.columns.a.role", "data.columns.b.role"}


def test_a_problem_that_any_column_solves_is_no_leak() -> None:
    easy = (Teller("a", 0.99), Teller("b", 0.95))
    assert codes(replace(SOUND, tellers=easy)) == set()
    assert codes(replace(SOUND, tellers=(Teller("a", 0.99),))) == set()


def test_weights_that_their_decay_throws_about_are_not_the_rates_fault() -> None:
    thrown = {name: {"update_ratio": 0.08} for name in ("fc1", "fc2", "fc3", "head")}
    facts = replace(SOUND, **probed(**thrown), blocks=blocks(*[1.1] * 10))
    assert "rate_too_high" in codes(facts)
    heavy = Recipe.model_validate({"optimizer": {"weight_decay": 60.0}})
    assert "rate_too_high" not in codes(replace(facts, recipe=heavy))
    assert "heavy_decay" in codes(replace(facts, recipe=heavy))


def test_a_normalisation_after_the_input_scales_it() -> None:
    loud = (replace(SOUND.intakes[0], sizes=(("x1", 5e3),)),)
    assert "unscaled_inputs" in codes(replace(SOUND, intakes=loud))
    assert "unscaled_inputs" not in codes(replace(SOUND, intakes=(replace(loud[0], normed=True),)))


RIVALS = {
    "maker": Graph.model_validate(
        {
            "nodes": [
                {"id": "noise", "layer": "Input"},
                {"id": "draw", "layer": "Linear", "params": {"out_features": 4}},
                {"id": "tanh", "layer": "Tanh"},
                {"id": "out", "layer": "Output"},
            ],
            "edges": [["noise", "draw"], ["draw", "tanh"], ["tanh", "out"]],
        }
    ),
    "critic": GRAPH,
}


def test_a_loss_that_need_not_fall_is_no_symptom() -> None:
    rising = blocks(1.4, 2.0, 4.0, 5.0, 6.0, 6.0, 7.0, 7.0, 7.0, 7.0)
    climbing = epochs(*[(1 / n, 0.5 if n < 4 else 0.4 + 0.05 * n) for n in range(1, 11)])
    changes = {"guess": None, "blocks": rising, "epochs": climbing}
    falling = replace(SOUND, **changes)
    assert {"not_falling", "rate_too_high", "overfitting"} <= codes(falling)
    assert codes(replace(falling, falls=False)) == set()


def test_what_a_network_gives_may_lie_at_its_bounds() -> None:
    nodes = {
        "maker/draw": Node("maker/draw", "Linear", 16, 4, 1.0),
        "maker/tanh": Node("maker/tanh", "Tanh", 0),
        "critic/act2": Node("critic/act2", "Tanh", 0),
    }
    facts = Facts(
        recipe=Recipe(),
        nodes=nodes,
        graphs=RIVALS,
        probes=({"maker/tanh": {"saturated": 0.9}, "critic/act2": {"saturated": 0.1}},) * 3,
    )
    assert facts.ends == {"maker/tanh", "critic/head"}
    assert codes(facts) == set()
    inner = {"maker/tanh": {"saturated": 0.1}, "critic/act2": {"saturated": 0.9}}
    assert codes(replace(facts, probes=(inner,) * 3)) == {"saturated"}


def test_gradients_of_several_networks_are_compared_within_each() -> None:
    names = [f"maker/fc{n}" for n in range(4)] + [f"critic/fc{n}" for n in range(4)]
    nodes = {name: Node(name, "Linear", 16, 4, 1.0) for name in names}
    weak = {name: {"gradient": 1e-7 if name.startswith("maker") else 0.1} for name in names}
    facts = Facts(recipe=Recipe(), nodes=nodes, graphs=RIVALS, probes=(weak,) * 3)
    assert "vanishing_gradients" not in codes(facts)
    fading = {**weak, "critic/fc0": {"gradient": 1e-7}}
    found = {one.code: one for one in doctor.examine(replace(facts, probes=(fading,) * 3))}
    assert found["vanishing_gradients"].node == "critic/fc0"


def test_columns_of_a_table_without_a_head_are_called_by_their_number() -> None:
    intake = Intake("table", columns=("#0", "#1"))
    facts = replace(SOUND, intakes=(intake,), tellers=(Teller("#1", 1.0), Teller("#0", 0.6)))
    found = next(one for one in doctor.examine(facts) if one.code == "leakage")
    said = " ".join([found.title, found.fact, found.why, *(c.label for c in found.changes)])
    assert "column 2" in said
    assert "#1" not in said
    assert any("data.columns.#1.role" in change.overrides for change in found.changes)


def test_batches_of_a_common_class_alone_are_told_by_their_number() -> None:
    def found(*aparts: float) -> bool:
        return "not_shuffled" in codes(replace(SOUND, aparts=aparts))

    assert found(*[1.8] * 16)
    assert not found(*[1.8] * 4), "four may be luck"
    assert not found(*[0.9] * 16), "a rare class in each batch is no order"
    assert not found(*[0.2, 1.4, -0.5, 2.5, 0.1, -0.3, 1.0, 0.4] * 2)


ENDED = replace(SOUND, **SICK["no_better"][0])


@pytest.mark.parametrize(
    "changes",
    [
        {"last": False},
        {"bests": {**ENDED.bests, "validation_loss": 1.0}},
        {"bests": {**ENDED.bests, "validation_accuracy": 0.6}},
        {"bests": {**ENDED.bests, "validation_roc_auc": 0.8}},
        {"answers": {**ENDED.answers, "hits": [10, 4, 4]}},
        {"answers": {**ENDED.answers, "rows": 9}},
        {"answers": {**ENDED.answers, "rows": 29}, "bests": {**ENDED.bests, "train_loss": 0.5}},
        {"standing": frozenset({"not_falling"})},
        {"falls": False},
        {"guess": None},
    ],
)
def test_an_end_is_blamed_only_where_nothing_at_all_was_told_better_than_by_a_guess(
    changes: dict[str, Any],
) -> None:
    assert "no_better" in codes(ENDED)
    assert "no_better" not in codes(replace(ENDED, **changes))


def test_a_rare_class_that_is_found_is_more_than_a_guess_though_no_count_of_right_answers_is() -> (
    None
):
    target = TargetSpec(name="y", kind="class", classes=("fine", "fraud"), counts=(1900, 100))
    answers = {"predicted": [191, 9], "true": [190, 10], "hits": [187, 6], "rows": 200}
    facts = replace(ENDED, target=target, guess=0.2, answers=answers)
    bests = {"validation_loss": 0.21, "train_loss": 0.1, "validation_accuracy": 0.965}
    assert "no_better" not in codes(replace(facts, bests=bests))
    never = {**answers, "predicted": [195, 5], "hits": [185, 0]}
    assert "no_better" in codes(replace(facts, bests=bests, answers=never))


def test_numbers_told_in_the_right_order_are_more_than_a_guess_though_an_outlier_hides_it() -> None:
    target = TargetSpec(name="y", kind="number", mean=0.0, std=1.0)
    answers = {"spread": 0.2, "rank": 0.1, "blind": 1.0, "rows": 60}
    bests = {"validation_loss": 1.0, "train_loss": 0.98}
    facts = replace(ENDED, target=target, guess=1.0, answers=answers, bests=bests)
    assert "no_better" in codes(facts)
    assert "no_better" not in codes(replace(facts, answers={**answers, "rank": 0.6}))


def next_step(**changes: Any) -> tuple[str, dict[str, Any]]:
    found = {one.code: one for one in doctor.examine(replace(ENDED, **changes))}["no_better"]
    return found.why, dict(found.changes[0].overrides)


def test_what_is_proposed_after_an_end_without_success_follows_from_what_else_is_known() -> None:
    why, few = next_step()
    assert "40 steps" in why
    assert few == {"recipe.epochs": 250}, "ten epochs of four steps: about a thousand steps"
    stopped = Recipe(epochs=400, batch_size=32)
    assert next_step(recipe=stopped)[1] == {"recipe.early_stopping": None}
    falling = blocks(*[1.1 - 0.02 * at for at in range(10)])
    why, more = next_step(step=2_000, blocks=tuple(replace(b, step=20 * b.step) for b in falling))
    assert "still falling" in why
    assert "recipe.epochs" in more
    flat = tuple(replace(b, step=20 * b.step) for b in blocks(*[1.09] * 10))
    why, rate = next_step(step=2_000, blocks=flat)
    assert "learning rate" in why
    assert "recipe.optimizer" in rate
    learnt = {**ENDED.bests, "train_loss": 0.3}
    assert "holds for others" in next_step(step=2_000, bests=learnt)[0]


def test_a_blind_guess_on_held_out_rows_counts_the_smoothing_of_their_labels() -> None:
    target = TargetSpec(name="y", kind="class", classes=("a", "b"), counts=(95, 5))
    facts = replace(SOUND, target=target, answers={"true": [95, 5]}, guess=0.2)
    soft = replace(facts, recipe=Recipe(label_smoothing=0.2))
    assert facts.held_out_guess == pytest.approx(0.1985, abs=1e-3)
    shares = (0.86, 0.14)
    expected = -sum(x * math.log(x) for x in shares)
    assert soft.held_out_guess == pytest.approx(expected)


@pytest.mark.parametrize(
    ("share", "told"),
    [(0.0, "0 %"), (0.0003, "0.03 %"), (0.052, "5.2 %"), (0.62, "62 %"), (0.995, "99.5 %")],
)
def test_a_share_is_told_as_what_it_is(share: float, told: str) -> None:
    assert percent(share) == told
