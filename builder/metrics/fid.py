"""Fréchet distance."""

import torch
from torch import Tensor

from builder.data.specs import TargetSpec
from builder.metrics.base import Metric, Predictions


class Fid(Metric):
    """Distance between the normal distributions that fit the features of real and made images
    (Heusel et al. 2017, arXiv:1706.08500), on the features of a judge trained on this data.
    """

    name = "fid"
    title = "Fréchet distance"
    help = "How far made images are from real ones in a judge's features; 0 is alike."
    kind = "image"
    higher_is_better = False
    by_decades = True

    @staticmethod
    def compute(predictions: Predictions, target_B: Tensor, spec: TargetSpec) -> Tensor:
        """See the class; NaN for fewer than two images of either kind."""
        del target_B, spec
        return frechet(predictions["real"].double(), predictions["made"].double())


def frechet(one_ND: Tensor, other_MD: Tensor) -> Tensor:
    """|μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½) of two sets of rows."""
    if min(len(one_ND), len(other_MD)) < 2:
        return torch.tensor(torch.nan)
    one, other = one_ND.cpu(), other_MD.cpu()
    first, second = torch.cov(one.T), torch.cov(other.T)
    values, vectors = torch.linalg.eigh(first)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    mixed = torch.linalg.eigvalsh(root @ second @ root).clamp_min(0).sqrt().sum()
    apart = (one.mean(0) - other.mean(0)).square().sum()
    distance: Tensor = apart + first.trace() + second.trace() - 2 * mixed
    return distance.clamp_min(0)
