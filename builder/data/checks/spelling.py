"""One label in several spellings."""

import re
from collections import defaultdict
from typing import ClassVar

from builder.data.base import Finding, Remedy
from builder.data.check import Check, Facts, listed

MOST = 200


class Spelling(Check):
    """'male', 'MALE' and 'M' are three categories to a network."""

    order: ClassVar[int] = 25

    def look(self, facts: Facts) -> list[Finding]:
        """Categories (and classes) that differ in case, spaces or signs only, or are first letters
        of another."""
        found = []
        for column in facts.planned.values():
            profile = facts.profiles[column.name]
            if column.role not in ("feature", "target") or profile.type != "category":
                continue
            counts = {
                str(value): int(n) for value, n in facts.frame[column.name].value_counts().items()
            }
            merged = variants(counts) if len(counts) <= MOST else {}
            if merged:
                found.append(_finding(column.name, merged, facts))
        return found


def _finding(name: str, merged: dict[str, str], facts: Facts) -> Finding:
    steps = [step.model_dump(mode="json") for step in facts.data.prepare]
    step = {"kind": "relabel", "column": name, "values": merged}
    some = ", ".join(f"{a!r} → {b!r}" for a, b in list(merged.items())[:4])
    return Finding(
        "spelling_variants",
        "warning",
        "One label, several spellings",
        f"{listed([name])} writes the same label in different ways ({some}).",
        (name,),
        (Remedy("Merge the spellings", {"prepare": [*steps, step]}),),
    )


def variants(counts: dict[str, int]) -> dict[str, str]:
    """Spelling → the commonest spelling of the same label."""
    groups: dict[str, list[str]] = defaultdict(list)
    for word in counts:
        groups[_folded(word)].append(word)
    letters = {key: [k for k in groups if k != key and k.startswith(key)] for key in groups}
    for key, longer in letters.items():
        # A single letter that begins exactly one other label, where every single letter does (M,
        # F).
        alone = [k for k in groups if len(k) == 1]
        if len(key) == 1 and key.isalpha() and len(longer) == 1 and len(groups) == 2 * len(alone):
            groups[longer[0]] += groups[key]
            groups[key] = []
    merged: dict[str, str] = {}
    for words in groups.values():
        if len(words) > 1:
            longest = [w for w in words if len(w) > 1] or words
            best = max(longest, key=lambda word: (counts[word], word))
            merged |= {word: best for word in words if word != best}
    return merged


def _folded(word: str) -> str:
    return re.sub(r"[\s_.-]+", " ", word.casefold()).strip() or word
