"""Small measurements for the doctor, each cheap enough for a safe point of the loop."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from builder.data.specs import TargetSpec


def apart(target_B: Tensor, spec: TargetSpec | None) -> float | None:
    """How far a batch's targets are from a draw out of the whole split, in standard deviations.

    About 0 (classes) or 0.7 (numbers) in the median where rows are shuffled. Classes: Pearson's
    chi-square of the counts, standardised; numbers: the distance of the mean in standard errors.
    None where the batch is too small or the target is of another kind.
    """
    count = len(target_B)
    if spec is None or count < 4 or target_B.ndim != 1 or not _fits(target_B, spec):
        return None
    if spec.kind == "number":
        distance = abs(float(target_B.double().mean()) - spec.mean)
        return distance / (spec.std / math.sqrt(count)) if spec.std > 0 else None
    whole = np.array(spec.counts, dtype=np.float64)
    there = whole > 0
    if there.sum() < 2:
        return None
    found = np.bincount(target_B.cpu().numpy(), minlength=len(whole))[there]
    expected = whole[there] * (count / whole.sum())
    free = len(expected) - 1
    chi = float(((found - expected) ** 2 / expected).sum())
    return (chi - free) / math.sqrt(2 * free)


def _fits(target_B: Tensor, spec: TargetSpec) -> bool:
    """Whether the targets are codes for classes, floats for numbers (mixed rows are neither)."""
    return target_B.is_floating_point() == (spec.kind == "number")


def answers(
    predictions: Mapping[str, Tensor], target_B: Tensor, spec: TargetSpec
) -> dict[str, Any]:
    """What the model says of the held-out rows as a whole.

    "rows" counts them. Classes: "predicted", "true" and "hits" (told rightly), rows per class;
    and "error", the standard error of the mean loss over the rows (cross-entropy; squared error in
    the training variance);
    numbers: "spread", the standard deviation of the predictions over that of the targets, "rank",
    how alike both are in order (Spearman), and "blind", the mean squared distance of the targets
    from the training mean in the training variance.
    """
    said = predictions.get("prediction")
    if said is None or said.ndim != 1 or not len(said):
        return {}
    if spec.kind == "class":
        k = len(spec.classes)
        return {
            "predicted": torch.bincount(said, minlength=k).tolist(),
            "true": torch.bincount(target_B, minlength=k).tolist(),
            "hits": torch.bincount(target_B[said == target_B], minlength=k).tolist(),
            "rows": len(said),
            **_error(_surprise(predictions.get("probabilities"), target_B)),
        }
    wide = float(target_B.double().std(correction=0))
    if not wide > 0:
        return {}
    told = {
        "spread": float(said.double().std(correction=0)) / wide,
        "rank": _rank(said, target_B),
        "rows": len(said),
    }
    if spec.std > 0:
        far = (target_B.double() - spec.mean) / spec.std
        told["blind"] = float(far.square().mean())
        told |= _error(((said.double() - target_B.double()) / spec.std).square())
    return told


def _surprise(chances_BK: Tensor | None, target_B: Tensor) -> Tensor | None:
    if chances_BK is None or chances_BK.ndim != 2:
        return None
    return -chances_BK.double().gather(1, target_B[:, None]).clamp_min(1e-12).log()[:, 0]


def _error(losses_B: Tensor | None) -> dict[str, float]:
    if losses_B is None or len(losses_B) < 2:
        return {}
    error = float(losses_B.std()) / math.sqrt(len(losses_B))
    return {"error": error} if math.isfinite(error) else {}


def _rank(said_B: Tensor, target_B: Tensor) -> float:
    """Spearman's correlation, of 10,000 rows at most; 0 where all predictions are the same. Ties
    keep the order of the rows.
    """
    some = slice(None, None, max(1, len(said_B) // 10_000))
    said, target = said_B[some], target_B[some]
    if len(said) < 3 or not float(said.double().std(correction=0)) > 0:
        return 0.0
    orders = [x.argsort().argsort().double() for x in (said, target)]
    return float(torch.corrcoef(torch.stack(orders))[0, 1])
