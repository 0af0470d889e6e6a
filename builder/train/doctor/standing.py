"""Which symptoms stand: each appears once, after it was found often enough, and goes when it is
over.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from builder import scan
from builder.data.runtime import naming
from builder.train.doctor import rules as _rules
from builder.train.doctor.base import Finding, News, Rule, State
from builder.train.doctor.facts import Facts


@cache
def rules() -> tuple[Rule, ...]:
    """One of each rule, in order of file name."""
    return tuple(rule() for rule in scan.classes(_rules, Rule))  # type: ignore[type-abstract]


def find(rule: Rule, facts: Facts) -> Finding | None:
    """What a rule finds, with the columns of a table without a head called as people do."""
    finding = rule.find(facts)
    known = [column for intake in facts.intakes for column in intake.columns]
    if finding is None or not naming.numbered(known):
        return finding
    changes = tuple(
        replace(change, label=naming.told(change.label, True), why=naming.told(change.why, True))
        for change in finding.changes
    )
    title, fact, why = (
        naming.told(text, True) for text in (finding.title, finding.fact, finding.why)
    )
    return replace(finding, title=title, fact=fact, why=why, changes=changes)


@dataclass
class _Tally:
    found: int = 0
    missed: int = 0
    finding: Finding | None = None


class Standing:
    """Counts what the rules find, so that nothing flickers."""

    def __init__(self) -> None:
        self.tallies = {rule.code: _Tally() for rule in rules()}

    @property
    def codes(self) -> frozenset[str]:
        """Codes of the symptoms that stand."""
        return frozenset(code for code, tally in self.tallies.items() if tally.finding is not None)

    def state(self) -> dict[str, Any]:
        """JSON from which `load` goes on."""
        return {
            code: tally.finding.to_dict()
            for code, tally in self.tallies.items()
            if tally.finding is not None
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave; what a rule of another version left is dropped."""
        for code, found in state.items():
            if code in self.tallies:
                self.tallies[code].finding = Finding.from_dict(found)

    def look(self, facts: Facts, news: News) -> Iterator[tuple[Finding, State]]:
        """Ask the rules that the news concern; gives what appeared, moved to another node,
        has another cause, or went.
        """
        for rule in sorted(rules(), key=lambda rule: rule.final):
            if news not in rule.news:
                continue
            known = replace(facts, standing=facts.standing | self.codes) if rule.final else facts
            tally, finding = self.tallies[rule.code], find(rule, known)
            if finding is None:
                tally.found, tally.missed = 0, tally.missed + 1
                if tally.finding is not None and tally.missed >= rule.release:
                    gone, tally.finding = tally.finding, None
                    yield gone, "gone"
                continue
            tally.found, tally.missed = tally.found + 1, 0
            if tally.finding is None and (tally.found >= rule.needed(facts) or news == "failure"):
                tally.finding = finding
                yield finding, "found"
            elif tally.finding is not None and (finding.node, finding.why) != (
                tally.finding.node,
                tally.finding.why,
            ):
                tally.finding = finding
                yield finding, "changed"
