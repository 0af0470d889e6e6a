"""Learn what a tokeniser knows, from training texts alone: the vocabulary, the byte pairs, the
length to cut at."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from builder.data.runtime.tokens import LONGEST_WORD, Tokens, rule
from builder.errors import LaminaError

LONGEST = {"word": 512, "character": 1024, "bpe": 512}


def learn(texts: Sequence[str], settings: dict[str, Any]) -> dict[str, Any]:
    """Complete a tokeniser's settings from training texts.

    `settings`: level, lower, punctuation, min_count, size (the most tokens to keep), percentile and
    max_length (None: that percentile of the training texts' lengths, at most 512 words or 1,024
    characters). Gives what `runtime.tokens.Tokens` takes. Raises LaminaError where nothing would be
    known.
    """
    level, lower = settings["level"], settings["lower"]
    split = rule(level, settings["punctuation"])
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(split.findall(text))
    if lower:
        counts = _lowered(counts)
    learnt: dict[str, Any] = {
        "level": level,
        "lower": lower,
        "punctuation": settings["punctuation"],
        "vocabulary": [],
    }
    if level == "bpe":
        merges = max(0, settings["size"] - 256)
        learnt["merges"] = byte_pairs(counts, merges, settings["min_count"])
    else:
        kept = [(-count, text) for text, count in counts.items() if count >= settings["min_count"]]
        learnt["vocabulary"] = [text for _, text in heapq.nsmallest(settings["size"], kept)]
        if not learnt["vocabulary"]:
            raise LaminaError(
                f"No {level} occurs {settings['min_count']} times in the training texts, so there "
                "is no vocabulary to learn.",
                place=f"column {settings['column']!r}" if "column" in settings else "data",
                remedy="Choose another column of text, give more text, or lower min_count in "
                "data.prepare.",
            )
    length = settings.get("max_length")
    if not length:
        tokens = Tokens({**learnt, "column": "text", "max_length": 1})
        lengths = sorted(len(tokens.encode(text)) for text in texts)
        at = min(len(lengths) - 1, int(len(lengths) * settings["percentile"] / 100))
        length = max(1, min(lengths[at], LONGEST[level]))
    return {**learnt, "max_length": int(length)}


def _lowered(counts: Counter[str]) -> Counter[str]:
    lowered: Counter[str] = Counter()
    for word, count in counts.items():
        lowered[word.lower()] += count
    return lowered


def byte_pairs(words: Counter[str], merges: int, min_count: int = 2) -> list[list[int]]:
    """The pairs to merge, most frequent first; ties go to the smaller pair. Codes: 0-255 bytes, 256
    + i the i-th merge.

    Algorithm 1 of Sennrich et al. 2016 (arXiv:1508.07909), with counts kept up to date instead of
    counted anew.
    """
    spelt: Counter[bytes] = Counter()
    for word, count in words.items():
        for part in _parts(word):
            spelt[part.encode("utf-8", errors="replace")] += count
    parts = [list(word) for word in spelt]
    counts = list(spelt.values())
    pairs: Counter[tuple[int, int]] = Counter()
    where: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for index, codes in enumerate(parts):
        for pair in pairwise(codes):
            pairs[pair] += counts[index]
            where[pair].add(index)
    heap = [(-count, pair) for pair, count in pairs.items()]
    heapq.heapify(heap)
    learnt: list[list[int]] = []
    while heap and len(learnt) < merges:
        negative, pair = heapq.heappop(heap)
        if pairs[pair] != -negative:  # an older count
            if pairs[pair] >= min_count:
                heapq.heappush(heap, (-pairs[pair], pair))
            continue
        if -negative < min_count:
            break
        code = 256 + len(learnt)
        learnt.append(list(pair))
        touched: set[tuple[int, int]] = set()
        for index in where.pop(pair):
            for old in pairwise(parts[index]):
                pairs[old] -= counts[index]
            parts[index] = _merged(parts[index], pair, code)
            for new in pairwise(parts[index]):
                pairs[new] += counts[index]
                if code in new:
                    touched.add(new)
                where[new].add(index)
        del pairs[pair]
        for new in touched:
            heapq.heappush(heap, (-pairs[new], new))
    return learnt


def _parts(word: str) -> Iterator[str]:
    for at in range(0, len(word), LONGEST_WORD):
        yield word[at : at + LONGEST_WORD]


def _merged(codes: list[int], pair: tuple[int, int], code: int) -> list[int]:
    out: list[int] = []
    at = 0
    while at < len(codes):
        if at + 1 < len(codes) and (codes[at], codes[at + 1]) == pair:
            out.append(code)
            at += 2
        else:
            out.append(codes[at])
            at += 1
    return out


def share_unknown(tokens: Tokens, texts: Iterable[str]) -> float:
    """The share of tokens of these texts that training did not show, from 0 to 1."""
    unknown = total = 0
    for text in texts:
        codes = tokens.encode(text)
        total += len(codes)
        unknown += codes.count(1)
    return unknown / max(total, 1)
