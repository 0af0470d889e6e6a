"""A symptom appears once, when it is sure, and goes once, when it is over."""

import json
from dataclasses import replace

import pytest

from builder.train.doctor.standing import Standing
from tests.train.doctor.recorded import SICK, SOUND, probed

DEAD = replace(SOUND, **SICK["dead_relu"][0])
COLLAPSED = replace(SOUND, **SICK["class_collapse"][0])


def look(standing: Standing, facts, news: str) -> list[tuple[str, str]]:
    found = standing.look(replace(facts, standing=standing.codes), news)
    return [(finding.code, state) for finding, state in found]


def test_a_symptom_appears_once_and_is_withdrawn_once() -> None:
    standing = Standing()
    said = [look(standing, facts, "epoch") for facts in [COLLAPSED] * 7 + [SOUND] * 5]
    assert [entry for entries in said for entry in entries] == [
        ("class_collapse", "found"),
        ("class_collapse", "gone"),
    ]
    assert said[2] == []
    assert said[3] == [("class_collapse", "found")]
    assert standing.codes == frozenset()


def test_a_single_look_that_misses_does_not_withdraw() -> None:
    standing = Standing()
    course = [*[COLLAPSED] * 4, SOUND, COLLAPSED, SOUND, COLLAPSED]
    said = [look(standing, facts, "epoch") for facts in course]
    assert [entry for entries in said for entry in entries] == [("class_collapse", "found")]


def test_the_last_word_keeps_silent_where_the_same_look_has_just_said_why() -> None:
    standing = Standing()
    last = {**SICK["no_better"][0], **SICK["no_signal"][0]}
    last["bests"] = {**last["bests"], "train_loss": 0.1}
    facts = replace(SOUND, **last)
    pair = {"no_signal", "no_better"}
    first = [code for code, _ in look(standing, replace(facts, last=False), "epoch")]
    assert pair.isdisjoint(first)
    then = [code for code, _ in look(standing, facts, "epoch")]
    assert pair & set(then) == {"no_signal"}
    alone = [code for code, _ in look(Standing(), facts, "epoch")]
    assert pair & set(alone) == {"no_better"}  # the other is not sure yet


def test_a_rule_is_asked_only_when_there_is_news_for_it() -> None:
    standing = Standing()
    for _ in range(4):
        assert look(standing, COLLAPSED, "probe") == []
    assert look(standing, DEAD, "epoch") == []
    assert look(standing, DEAD, "probe") == [("dead_relu", "found")]


def test_a_symptom_that_moves_says_so() -> None:
    standing = Standing()
    first = replace(SOUND, **probed(fc1={"finite": False}))
    second = replace(SOUND, **probed(fc2={"finite": False}))
    assert look(standing, first, "probe") == [("not_finite", "found")]
    assert look(standing, first, "probe") == []
    assert look(standing, second, "probe") == [("not_finite", "changed")]


@pytest.mark.parametrize("code", ["dead_relu", "not_finite"])
def test_what_stands_is_not_said_again_after_a_resume(code: str) -> None:
    before, after = Standing(), Standing()
    facts = replace(SOUND, **SICK[code][0])
    assert look(before, facts, "probe") == [(code, "found")]
    after.load(json.loads(json.dumps(before.state())))
    assert after.codes == {code}
    assert look(after, facts, "probe") == []
    look(after, SOUND, "probe")
    assert look(after, SOUND, "probe") == [(code, "gone")]


def test_a_rule_of_another_version_is_forgotten() -> None:
    standing = Standing()
    standing.load({"phase_of_the_moon": {}})
    assert standing.codes == frozenset()
