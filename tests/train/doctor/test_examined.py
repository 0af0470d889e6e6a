"""What the rules learnt from the runs of an examiner who had not read them."""

from dataclasses import replace

from builder.data.specs import TargetSpec
from builder.train import doctor, health
from builder.train.doctor.facts import BOUNDED, Breakdown, Facts
from tests.train.doctor.recorded import SICK, SOUND, TARGET, blocks, epochs, probed


def codes(facts: Facts) -> set[str]:
    return {finding.code for finding in doctor.examine(facts)}


def test_a_class_without_a_training_row_is_told_where_held_out_rows_have_it() -> None:
    target = TARGET.model_copy(update={"counts": (45, 0, 45)})
    unseen = {"predicted": [15, 0, 15], "true": [10, 10, 10], "hits": [10, 0, 10], "rows": 30}
    (found,) = doctor.examine(replace(SOUND, target=target, answers=unseen))
    assert found.code == "class_collapse"
    assert found.title == "No row is called 'b'"
    one = {"predicted": [15, 0, 15], "true": [15, 1, 14], "hits": [15, 0, 14], "rows": 30}
    assert codes(replace(SOUND, target=target, answers=one)) == set()


def test_a_rise_of_the_validation_loss_within_its_standard_error_is_luck() -> None:
    risen = replace(SOUND, **SICK["overfitting"][0])
    assert "overfitting" in codes(replace(risen, answers={"error": 0.05}))
    assert "overfitting" not in codes(replace(risen, answers={"error": 0.6}))


def test_one_epoch_that_jumps_is_no_overfitting() -> None:
    course = [(1 / n, 0.5 if n < 4 else 0.52) for n in range(1, 11)]
    course[8] = (1 / 9, 3.0)
    assert "overfitting" not in codes(replace(SOUND, epochs=epochs(*course)))


def test_numbers_that_are_met_exactly_are_learnt_with_their_noise() -> None:
    number = TargetSpec(name="y", kind="number", mean=2.0, std=3.0)
    exact = epochs(*[(0.3 / n**3, 0.25 if n > 2 else 0.2499 + n * 1e-5) for n in range(1, 15)])
    facts = replace(SOUND, guess=1.0, target=number, epochs=exact, answers={"spread": 0.9})
    assert "overfitting" in codes(facts)
    near = tuple({**row, "train_loss": row["train_loss"] + 0.01} for row in exact)
    assert "overfitting" not in codes(replace(facts, epochs=near))


def test_a_breakdown_asks_for_the_gradients_before_it() -> None:
    words = "The loss is no longer a finite number at step 3."
    course = blocks(1.0, 50.0, norm=4e3)
    broken = replace(SOUND, breakdown=Breakdown("fc2", words), probes=(), blocks=course, step=20)
    found = {one.code: one for one in doctor.examine(broken)}
    assert {"not_finite", "exploding_gradients"} <= found.keys()
    assert found["exploding_gradients"].node is None
    data = replace(broken, breakdown=Breakdown("table", f"{words} The data of 'table' holds NaN."))
    assert "exploding_gradients" not in codes(data)


def test_weights_that_were_thrown_far_off_name_the_rate_where_nothing_was_learnt() -> None:
    grown = {node: {"weight": 60.0} for node in ("fc1", "fc2", "fc3", "head")}
    lost = replace(SOUND, **probed(**grown), blocks=blocks(*[1.1] * 10))
    (found,) = [one for one in doctor.examine(lost) if one.code == "rate_too_high"]
    assert "20 times" in found.fact
    assert "rate_too_high" not in codes(replace(lost, blocks=blocks(*[0.3] * 10)))
    assert "rate_too_high" not in codes(replace(SOUND, blocks=blocks(*[1.1] * 10)))


def test_every_bounded_activation_that_the_rule_names_is_measured() -> None:
    assert health.BOUNDS.keys() == BOUNDED
