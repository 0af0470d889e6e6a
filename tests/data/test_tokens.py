"""Texts become codes and their pieces keep their place in the text."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.data.runtime.tokens import PAD, UNKNOWN, Tokens
from builder.data.vocabulary import byte_pairs, learn, share_unknown
from builder.errors import LaminaError

TEXTS = [
    "The film's plot is thin, thin as paper.",
    "A film for all; the plot holds!",
    "It's the plot that counts: 3.5 of 5 stars, 3.5 I say.",
]
DEFAULTS = {
    "level": "word",
    "lower": True,
    "punctuation": "apart",
    "min_count": 2,
    "size": 20_000,
    "percentile": 99.0,
    "max_length": None,
}


def tokens(**changes: object) -> Tokens:
    return Tokens({**learn(TEXTS, {**DEFAULTS, **changes}), "column": "text"})


def test_words_seen_twice_are_known_in_order_of_frequency() -> None:
    known = tokens().vocabulary
    assert known[0] in ("plot", "the")
    assert {"plot", "the", "thin", "3.5", ","} <= set(known)
    assert "paper" not in known


def test_padding_is_0_and_the_unknown_is_1() -> None:
    made = tokens()
    row = made.transform([{"text": "plot zebra"}])[0].tolist()
    assert row[1] == UNKNOWN
    assert set(row[2:]) == {PAD}
    assert made.restore(made.transform([{"text": "the plot"}])[0]) == "the plot"


def test_a_text_without_any_token_is_one_unknown_so_that_no_row_is_empty() -> None:
    for level in ("word", "character", "bpe"):
        assert tokens(level=level, size=300).transform([{"text": ""}, {"text": None}])[
            :, 0
        ].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("apart", ["Don't", "stop", ",", "naïve", "x_1", "!", "猫", "が", "1,000.5", "हिन्दी"]),
        ("drop", ["Don't", "stop", "naïve", "x_1", "猫", "が", "1,000.5", "हिन्दी"]),
        ("keep", ["Don't", "stop,", "naïve", "x_1!", "猫が", "1,000.5", "हिन्दी"]),
    ],
)
def test_punctuation_stands_apart_is_dropped_or_kept(rule: str, expected: list[str]) -> None:
    made = tokens(punctuation=rule)
    pieces = made.pieces("Don't stop, naïve x_1! 猫が 1,000.5 हिन्दी")
    assert [piece.text for piece in pieces] == expected


def test_case_counts_only_where_it_is_asked_for() -> None:
    assert tokens().encode("THE plot") == tokens().encode("the PLOT")
    cased = tokens(lower=False)
    assert cased.encode("THE") == [UNKNOWN]
    assert cased.encode("plot") != [UNKNOWN]


@pytest.mark.parametrize("level", ["word", "character", "bpe"])
@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60))
def test_pieces_point_into_the_text_in_order_and_agree_with_the_codes(
    level: str, text: str
) -> None:
    made = MADE[level]
    pieces = made.pieces(text)
    assert [piece.code for piece in pieces] == (made.encode(text) if pieces else [])
    end = 0
    for piece in pieces:
        assert end <= piece.start <= piece.end
        assert text[piece.start : piece.end] == piece.text
        end = piece.end
    if level != "word":
        assert "".join(piece.text for piece in pieces) == text


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_byte_pairs_know_every_text_and_give_it_back(text: str) -> None:
    made = MADE["bpe cased"]
    codes = made.encode(text)
    assert UNKNOWN not in codes
    assert made.restore(made.transform([{"text": text}])[0]) == text


MADE = {level: tokens(level=level, size=300) for level in ("word", "character", "bpe")}
MADE["bpe cased"] = tokens(level="bpe", size=300, lower=False, max_length=400)


def test_byte_pairs_merge_the_most_frequent_first() -> None:
    from collections import Counter

    merges = byte_pairs(Counter({"low": 5, "lower": 2, "newest": 6, "widest": 3}), 3)
    spelt = [bytes([value]) for value in range(256)]
    for first, second in merges:
        spelt.append(spelt[first] + spelt[second])
    assert spelt[256:] == [
        b"es",
        b"est",
        b"lo",
    ]  # the example of Sennrich et al. 2016, ties to the smaller pair


def test_byte_pairs_equal_a_plain_recount_at_every_merge() -> None:
    from collections import Counter

    words = Counter({"banana": 3, "bandana": 2, "an": 5, "nab": 1, "aaaa": 4})
    parts = {word: list(word.encode()) for word in words}
    expected = []
    for code in range(256, 262):
        pairs: Counter[tuple[int, int]] = Counter()
        for word, codes in parts.items():
            for pair in pairwise(codes):
                pairs[pair] += words[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] < 2:
            break
        expected.append(list(best))
        for word, codes in parts.items():
            merged, at = [], 0
            while at < len(codes):
                hit = tuple(codes[at : at + 2]) == best
                merged.append(code if hit else codes[at])
                at += 2 if hit else 1
            parts[word] = merged
    assert byte_pairs(words, 6) == expected


def test_the_length_covers_the_asked_share_of_the_training_texts() -> None:
    texts = ["a b"] * 98 + ["a b c d e f"] * 2
    assert learn(texts, {**DEFAULTS, "percentile": 90.0})["max_length"] == 2
    assert learn(texts, DEFAULTS)["max_length"] == 6
    assert learn(["x " * 2000] * 3, DEFAULTS)["max_length"] == 512
    assert learn(texts, {**DEFAULTS, "max_length": 3})["max_length"] == 3


def test_the_vocabulary_is_capped_at_the_most_frequent() -> None:
    assert learn(["a a a b b c c"], {**DEFAULTS, "size": 2})["vocabulary"] == ["a", "b"]


def test_texts_of_which_nothing_repeats_are_refused() -> None:
    with pytest.raises(LaminaError, match="No word occurs 2 times"):
        learn(["a b c"], DEFAULTS)


def test_settings_survive_json_and_long_words_cost_no_quadratic_time() -> None:
    made = Tokens(json.loads(json.dumps(MADE["bpe"].settings)))
    assert made.encode("the plot") == MADE["bpe"].encode("the plot")
    assert len(made.encode("x" * 100_000)) >= 50_000


def test_the_share_of_the_unknown_is_told() -> None:
    assert share_unknown(tokens(), ["plot zebra", "zebra plot"]) == 0.5


def test_a_record_may_carry_the_text_under_the_tables_own_column() -> None:
    made = Tokens({**tokens().settings, "cells": ["message"]})
    assert (
        made.transform([{"message": "plot"}]).tolist()
        == made.transform([{"text": "plot"}]).tolist()
    )
    with pytest.raises(ValueError, match="Record 1 lacks 'text'"):
        made.transform([{"other": "plot"}])
