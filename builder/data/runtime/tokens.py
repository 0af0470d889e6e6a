"""Text to token codes and back to places in the text. Torch and the standard library only.

Levels: "word", "character", and "bpe" (byte pairs, Sennrich et al. 2016, arXiv:1508.07909, over
UTF-8 bytes as in GPT-2). Code 0 pads, code 1 is whatever was not met in training.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor

PAD, UNKNOWN = 0, 1
SPECIAL = 2
LONGEST_WORD = 100
_LETTER = r"[\w\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u0e00-\u0eff\u200c\u200d]"
_SINGLE = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
_WORD = (
    rf"{_SINGLE}|\d+(?:[.,]\d+)+|(?:(?!{_SINGLE}){_LETTER})+(?:['’](?:(?!{_SINGLE}){_LETTER})+)*"
)
_RULES = {
    "apart": re.compile(rf"{_WORD}|[^\w\s]"),
    "drop": re.compile(_WORD),
    "keep": re.compile(r"\S+"),
    "character": re.compile(r"[\s\S]"),
    "bpe": re.compile(rf" ?(?:{_WORD}|[^\w\s]+)|\s+?(?= )|\s+"),
}


class Piece(NamedTuple):
    """One token: its text as it stands in the original from `start` to `end`, and its code."""

    text: str
    start: int
    end: int
    code: int


class Tokens:
    """The fitted preparation of one text input.

    `settings`: column, level ("word", "character", "bpe"), lower, punctuation ("apart": tokens of
    their own, "drop", "keep": words are what stands between spaces), vocabulary (code 2 onwards),
    merges (bpe: pairs of byte codes, in the order learnt), max_length. `cells` names one raw column
    that is taken where `column` is missing.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = dict(settings)
        self.column = str(settings["column"])
        self.cells = tuple(settings.get("cells", ()))
        self.level = str(settings["level"])
        self.lower = bool(settings["lower"])
        self.max_length = int(settings["max_length"])
        self.vocabulary: list[str] = list(settings.get("vocabulary", ()))
        self._codes = {text: code for code, text in enumerate(self.vocabulary, SPECIAL)}
        self._ranks = {(int(a), int(b)): i for i, (a, b) in enumerate(settings.get("merges", ()))}
        self._bytes = _byte_strings(self._ranks)
        self._split = rule(self.level, str(settings.get("punctuation", "apart")))
        self._word_codes = lru_cache(100_000)(self._merge)

    @property
    def cardinality(self) -> int:
        """How many codes there are, with padding and unknown."""
        if self.level == "bpe":
            return SPECIAL + 256 + len(self._ranks)
        return SPECIAL + len(self.vocabulary)

    def transform(self, records: Sequence[Mapping[str, Any]]) -> Tensor:
        """Records to int64 [N, max_length], padded with 0 at the end, cut at the end."""
        out = torch.zeros((len(records), self.max_length), dtype=torch.int64)
        for row, record in enumerate(records):
            codes = self.encode(self._text(record, row))[: self.max_length]
            out[row, : len(codes)] = torch.tensor(codes)
        return out

    def to_model(self, x: Tensor) -> Tensor:
        """Codes stay as they are."""
        return x

    def restore(self, x: Tensor) -> str:
        """The text that the codes of one row tell, without what was unknown or cut."""
        codes = [int(code) for code in x.tolist() if code != PAD]
        if self.level == "bpe":
            joined = b"".join(self._bytes[code - SPECIAL] for code in codes if code != UNKNOWN)
            return joined.decode("utf-8", errors="replace")
        texts = [self.name(code) for code in codes]
        return ("" if self.level == "character" else " ").join(texts)

    def name(self, code: int) -> str:
        """What a code stands for, for people."""
        if code < SPECIAL:
            return ("", "�")[code]
        if self.level == "bpe":
            return self._bytes[code - SPECIAL].decode("utf-8", errors="replace")
        return self.vocabulary[code - SPECIAL]

    def encode(self, text: str) -> list[int]:
        """All codes of a text, uncut; a text without any token gives one unknown, so that no row is
        empty."""
        if self.level == "bpe":
            found = [code for word, _, _ in self._words(text) for code in self._word_codes(word)]
        else:
            found = [self._codes.get(word, UNKNOWN) for word, _, _ in self._words(text)]
        return found or [UNKNOWN]

    def pieces(self, text: str) -> list[Piece]:
        """The tokens with their places in the original text, uncut and in order; concatenation
        keeps the offsets."""
        if self.level != "bpe":
            return [
                Piece(text[start:end], start, end, self._codes.get(word, UNKNOWN))
                for word, start, end in self._words(text)
            ]
        found: list[Piece] = []
        for word, start, end in self._words(text):
            found.extend(self._byte_pieces(text, word, start, end))
        return found

    def _byte_pieces(self, text: str, word: str, start: int, end: int) -> Iterator[Piece]:
        """A character that spans several tokens is given to the last of them; the others are empty
        there."""
        ends = _character_ends(word)
        total = max(len(word), 1)
        at, before = 0, start
        for code in self._word_codes(word):
            at += len(self._bytes[code - SPECIAL])
            done = sum(1 for stop in ends if stop <= at)
            # Lower-casing may change a word's length ("İ"): then places are shared in proportion.
            after = start + (done if total == end - start else round(done * (end - start) / total))
            yield Piece(text[before:after], before, after, code)
            before = after

    def _words(self, text: str) -> Iterator[tuple[str, int, int]]:
        for match in self._split.finditer(text):
            start, stop = match.span()
            longest = LONGEST_WORD if self.level == "bpe" else stop - start  # merging is quadratic
            for at in range(start, stop, longest):
                end = min(at + longest, stop)
                yield (text[at:end].lower() if self.lower else text[at:end]), at, end

    def _merge(self, word: str) -> tuple[int, ...]:
        parts = list(word.encode("utf-8", errors="replace"))
        while len(parts) > 1:
            ranked = [
                (self._ranks.get(pair, len(self._ranks)), i)
                for i, pair in enumerate(pairwise(parts))
            ]
            best, at = min(ranked)
            if best == len(self._ranks):
                break
            parts[at : at + 2] = [256 + best]
        return tuple(part + SPECIAL for part in parts)

    def _text(self, record: Mapping[str, Any], row: int) -> str:
        for key in (self.column, *self.cells):
            if key in record:
                value = record[key]
                return "" if value is None or value != value else str(value)
        raise ValueError(f"Record {row + 1} lacks {self.column!r}.")


def rule(level: str, punctuation: str) -> "re.Pattern[str]":
    """The pattern whose matches are the words (or characters) of a text. ValueError for a name that
    is not known."""
    key = punctuation if level == "word" else level
    if key not in _RULES:
        raise ValueError(f"The token rule {key!r} is not known.")
    return _RULES[key]


def _byte_strings(ranks: Mapping[tuple[int, int], int]) -> list[bytes]:
    strings = [bytes([value]) for value in range(256)]
    for first, second in ranks:
        strings.append(strings[first] + strings[second])
    return strings


def _character_ends(word: str) -> list[int]:
    ends: list[int] = []
    at = 0
    for character in word:
        at += len(character.encode("utf-8", errors="replace"))
        ends.append(at)
    return ends
