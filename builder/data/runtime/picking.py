"""Which token comes next, by chance within bounds. Torch only."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def pick(scores_V: Tensor, options: Mapping[str, Any], generator: torch.Generator) -> Tensor:
    """The next code [1] by temperature, top k (Fan et al. 2018, arXiv:1805.04833) and top p
    (Holtzman et al. 2020, arXiv:1904.09751).
    """
    if options["temperature"] <= 0:
        return scores_V.argmax(0, keepdim=True)
    scores_V = scores_V / options["temperature"]
    if 0 < options["top_k"] < len(scores_V):
        least = scores_V.topk(options["top_k"]).values[-1]
        scores_V = scores_V.masked_fill(scores_V < least, -torch.inf)
    p_V = scores_V.softmax(0)
    if options["top_p"] < 1:
        sorted_V, places_V = p_V.sort(descending=True)
        before_V = sorted_V.cumsum(0) - sorted_V
        p_V = p_V.index_fill(0, places_V[before_V >= options["top_p"]], 0.0)
    return torch.multinomial(p_V, 1, generator=generator)
