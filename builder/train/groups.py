"""Weights by node: patterns of names ("conv*", "block1.conv2", "critic/head") say which."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from torch import nn

from builder.compile import names
from builder.errors import LaminaError

Key = tuple[str, str]
"""(graph, parameter's name)."""
NORMS = (nn.modules.batchnorm._BatchNorm,)


def _labels(graph: str, path: str, several: bool) -> set[str]:
    """The names under which the weight or module at a path is known: its node, and each module on
    the way to it.
    """
    parts = [names.node_of(part) for part in path.split(".")]
    found = {".".join(parts[: count + 1]) for count in range(len(parts))}
    return {*found, *(f"{graph}/{label}" for label in found), *([graph] if several else [])}


def weights(
    patterns: Iterable[str], models: Mapping[str, nn.Module], place: str
) -> dict[str, set[Key]]:
    """The weights that each pattern means. Raises LaminaError for one that means none."""
    several = len(models) > 1
    labels = {
        (graph, name): _labels(graph, name.rpartition(".")[0], several)
        for graph, model in models.items()
        for name, _ in model.named_parameters()
    }
    found: dict[str, set[Key]] = {}
    for pattern in patterns:
        found[pattern] = {
            key for key, own in labels.items() if any(fnmatchcase(one, pattern) for one in own)
        }
        if not found[pattern]:
            nodes = sorted({name.partition(".")[0] for _, name in labels})
            raise LaminaError(
                f"No node with weights is called {pattern!r}.",
                place=place,
                remedy=f"Nodes with weights: {', '.join(map(names.node_of, nodes))}.",
            )
    return found


def norms(patterns: Sequence[str], models: Mapping[str, nn.Module]) -> list[nn.Module]:
    """The batch normalisations among the nodes meant: frozen, they keep their running figures."""
    several = len(models) > 1
    return [
        module
        for graph, model in models.items()
        for path, module in model.named_modules()
        if isinstance(module, NORMS)
        and any(
            fnmatchcase(label, pattern)
            for label in _labels(graph, path, several)
            for pattern in patterns
        )
    ]


def factors(rates: Mapping[str, float], models: Mapping[str, nn.Module]) -> dict[Key, float]:
    """What the learning rate of each weight is multiplied with; the last pattern that means it
    decides.
    """
    found: dict[Key, float] = {}
    for pattern, keys in weights(rates, models, "recipe.rates").items():
        found |= dict.fromkeys(keys, rates[pattern])
    return found


def freeze(
    patterns: Sequence[str], models: Mapping[str, nn.Module], trainable: set[Key], place: str
) -> None:
    """Let exactly the weights of these nodes stand still. Raises LaminaError, changing nothing,
    where a graph would have nothing left to learn.
    """
    frozen = {key for keys in weights(patterns, models, place).values() for key in keys}
    for graph in models:
        mine = {key for key in trainable if key[0] == graph}
        if mine and mine <= frozen:
            raise LaminaError(
                f"Nothing would be left to learn in the graph {graph!r}.",
                place=place,
                remedy="Leave at least one node free.",
            )
    for graph, model in models.items():
        for name, weight in model.named_parameters():
            if (graph, name) in trainable:
                learns = (graph, name) not in frozen
                weight.requires_grad_(learns)
                if not learns:
                    weight.grad = None
