"""Whether right answers on held-out rows may be luck."""

import math
from collections.abc import Sequence

from builder.train.doctor.facts import Facts


def lucky(facts: Facts, errors: float) -> bool | None:
    """Whether nothing that was held out is told better than luck does, give or take so many
    standard errors; None where that cannot be known.

    Classes: no epoch's accuracy above always giving the class that is most frequent in training,
    no area under the ROC curve above 0.5, and the last answers agree with the truth by chance only
    (Fleiss et al. 1969). Numbers: nor does the order of the last predictions (Spearman).
    """
    told = facts.answers
    if "hits" not in told:
        rank, rows = told.get("rank"), told.get("rows", 0)
        return None if rank is None or rows < 2 else bool(rank <= errors / math.sqrt(rows - 1))
    if facts.target is None:
        return None
    true, hits, rows = told["true"], told["hits"], sum(told["true"])
    top = max(range(len(true)), key=lambda k: facts.target.counts[k] if facts.target else 0)
    share = true[top] / rows
    best = facts.bests.get("validation_accuracy", sum(hits) / rows)
    others = true[top] * (rows - true[top])
    area = facts.bests.get("validation_roc_auc", 0.5)
    spread = math.sqrt((rows + 1) / (12 * others)) if others else math.inf
    return bool(
        best <= share + errors * math.sqrt(share * (1 - share) / rows)
        and area <= 0.5 + errors * spread
        and agreement(told["predicted"], true, hits) <= errors
    )


def agreement(said: Sequence[int], true: Sequence[int], hits: Sequence[int]) -> float:
    """How far the right answers are above chance, in standard deviations under random order of the
    answers with both counts fixed (Fleiss, Cohen and Everitt 1969).
    """
    rows, pairs = sum(true), list(zip(said, true))
    met = sum(p * t for p, t in pairs)
    spread = rows**2 * met - rows * sum(p * t * (p + t) for p, t in pairs) + met**2
    if rows < 2 or spread <= 0:
        return 0.0
    return (sum(hits) - met / rows) / math.sqrt(spread / (rows**2 * (rows - 1)))
