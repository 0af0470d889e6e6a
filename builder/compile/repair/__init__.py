"""Repairs: propose what may help, try each on a copy, keep those that really remove the mistake,
the best first.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from builder.compile.repair import axes, kinds, loose, merge, offers, output, settings, wiring
from builder.compile.repair.scene import Fault, Proposal, Scene, applied, input_values
from builder.compile.types import Fix
from builder.errors import LaminaError

__all__ = ["Fault", "Scene", "Trial", "applied", "input_values", "partners", "trials", "uses"]

Proposer = Callable[[Scene, Fault], Iterator[Proposal]]

PROPOSERS: dict[str, Proposer] = {
    code: proposer
    for module in (axes, kinds, loose, merge, output, settings, wiring)
    for code, proposer in module.PROPOSERS.items()
}
"""Who proposes repairs for which code of mistake."""

_SHOWN = 4


@dataclass(frozen=True)
class Trial:
    """A repair that works, and the scene after it."""

    fix: Fix
    scene: Scene
    left: int  # mistakes that remain
    proposal: Proposal

    @property
    def worth(self) -> tuple[int, int, int]:
        """What comes first: the order that the proposer gave, then the fewest mistakes left."""
        return self.proposal.order, self.proposal.rank, self.left


def trials(scene: Scene, fault: Fault) -> tuple[Trial, ...]:
    """The repairs that remove the fault without breaking what was whole, the best first, at most
    four.
    """
    proposer = PROPOSERS.get(fault.code)
    if proposer is None:
        return ()
    found: list[Trial] = []
    seen: set[str] = set()
    for proposal in _safely(proposer(scene, fault)):
        edits = tuple(proposal.draft.edits)
        if str(edits) in seen or (proposal.rank and len(found) >= _SHOWN):
            continue
        seen.add(str(edits))
        trial = _tried(scene, fault, proposal)
        if trial is not None:
            found.append(trial)
    return tuple(sorted(found, key=lambda trial: trial.worth)[:_SHOWN])


def uses(scene: Scene, end: str) -> tuple[Fix, ...]:
    """Uses for a result that goes nowhere."""
    return _offers(scene, offers.uses(scene, end))


def partners(scene: Scene, join: str) -> tuple[Fix, ...]:
    """Second ways into a node that joins a single one."""
    return _offers(scene, offers.partners(scene, join))


def _offers(scene: Scene, proposals: Iterator[Proposal]) -> tuple[Fix, ...]:
    """What can be done where nothing is wrong, tried: where a new edge brings a mistake to its
    end, the best repair of that belongs to the offer; what breaks more is left out.
    """
    before = {fault.key for fault in scene.faults()}
    found: list[tuple[tuple[int, int], Fix]] = []
    for proposal in _safely(proposals):
        edits, why = tuple(proposal.draft.edits), proposal.why
        after = scene.after(proposal.draft.graph)
        fresh = [fault for fault in after.faults() if fault.key not in before]
        if len(fresh) == 1 and fresh[0].node == edits[-1][1]["target"]:
            best = next(iter(trials(after, fresh[0])), None)
            if best is None:
                continue
            edits, why, after = (*edits, *best.fix.edits), best.fix.why, best.scene
        elif fresh:
            continue
        fix = Fix(proposal.label, why, _price(scene, after, None), edits)
        found.append(((proposal.rank, len(fresh)), fix))
    found.sort(key=lambda pair: pair[0])
    return tuple(fix for _, fix in found[: _SHOWN - 1])


def _safely(proposals: Iterator[Proposal]) -> Iterator[Proposal]:
    """The proposals up to one whose edits cannot be carried out."""
    try:
        yield from proposals
    except LaminaError:
        return


def _tried(scene: Scene, fault: Fault, proposal: Proposal) -> Trial | None:
    after = scene.after(proposal.draft.graph)
    faults = list(after.faults())
    if any(other.key == fault.key for other in faults):
        return None
    old = scene.graph.ids()
    for other in faults:
        if other.node is None or other.node == fault.node:
            continue
        fresh = other.node not in old and fault.node is not None
        whole = scene.walked.outputs.get(other.node) is not None
        if fresh or whole:
            return None
    fix = Fix(
        proposal.label, proposal.why, _price(scene, after, fault), tuple(proposal.draft.edits)
    )
    return Trial(fix, after, len(faults), proposal)


def _price(scene: Scene, after: Scene, fault: Fault | None) -> str:
    """What the repair costs: parameters of new nodes, else those of the mended node."""
    old = scene.graph.ids()
    results = after.walked.results
    added = sum(r.info.parameters for name, r in results.items() if name not in old)
    if added:
        return f"+{added:,} parameters"
    changed = [
        (name, result.info.parameters - before.info.parameters)
        for name, result in results.items()
        if (before := scene.walked.results.get(name)) is not None
        and scene.walked.outputs.get(name) is not None
        and result.info.parameters != before.info.parameters
    ]
    if changed:
        total = sum(count for _, count in changed)
        return f"{'+' if total > 0 else '−'}{abs(total):,} parameters"
    mended = results.get(fault.node or "") if fault else None
    if fault and mended is not None and mended.info.parameters:
        return f"{fault.node} then has {mended.info.parameters:,} parameters"
    return "no parameters"
