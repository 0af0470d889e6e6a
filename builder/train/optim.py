"""Optimisers by torch.optim's names: arguments checked before the start, fused where possible."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from builder.errors import LaminaError
from builder.project import Optimizer, Recipe
from builder.train import groups
from builder.train.fused import Direct

INTERNAL = {"params", "foreach", "fused", "capturable", "differentiable"}
"""Arguments that the engine sets itself."""
FACTOR = "rate_factor"
"""A parameter group's own key: what its learning rate is multiplied with."""


def names() -> tuple[str, ...]:
    """The optimisers of torch.optim."""
    found = (
        name
        for name, value in vars(torch.optim).items()
        if inspect.isclass(value)
        and issubclass(value, torch.optim.Optimizer)
        and value is not torch.optim.Optimizer
    )
    return tuple(sorted(found))


def arguments(name: str) -> dict[str, Any]:
    """The arguments of an optimiser that a recipe may set, with torch's defaults."""
    kind = getattr(torch.optim, name)
    found = inspect.signature(kind.__init__).parameters
    return {
        key: value.default
        for key, value in found.items()
        if key not in INTERNAL | {"self"} and value.default is not inspect.Parameter.empty
    }


def check(choice: Optimizer, models: Mapping[str, nn.Module] | None = None) -> None:
    """Raise LaminaError for an unknown optimiser, unknown arguments or values that it refuses."""
    place = "recipe.optimizer"
    if choice.name not in names():
        raise LaminaError(
            f"There is no optimiser {choice.name!r}.",
            place=f"{place}.name",
            remedy=f"Choose one of: {', '.join(names())}.",
        )
    known = arguments(choice.name)
    for key in choice.arguments():
        if key not in known:
            raise LaminaError(
                f"{choice.name} has no argument {key!r}.",
                place=f"{place}.{key}",
                remedy=f"It knows: {', '.join(known)}.",
            )
    weights = [nn.Parameter(torch.zeros(2, 2))]
    try:
        _one(choice, weights, fused=False)
    except (ValueError, TypeError, RuntimeError) as error:
        raise LaminaError(
            f"{choice.name} refuses its arguments: {error}.",
            place=place,
            remedy=f"Its defaults are {_shown(known)}.",
        ) from error
    if choice.name == "SparseAdam" and not (models and _all_sparse(models.values())):
        raise LaminaError(
            "SparseAdam is for embeddings with sparse gradients only.",
            place=f"{place}.name",
            remedy="Choose Adam or AdamW.",
        )


def _shown(known: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in known.items())


def _all_sparse(models: Iterable[nn.Module]) -> bool:
    """Whether every parameter belongs to an embedding with `sparse=True`."""
    parts = [part for model in models for part in model.modules() if not list(part.children())]
    holding = [part for part in parts if list(part.parameters())]
    return all(isinstance(p, nn.Embedding | nn.EmbeddingBag) and p.sparse for p in holding)


def _one(
    choice: Optimizer, weights: list[nn.Parameter] | list[dict[str, Any]], *, fused: bool
) -> torch.optim.Optimizer:
    kind = getattr(torch.optim, choice.name)
    settings = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in choice.arguments().items()
    }
    if fused and "fused" in inspect.signature(kind.__init__).parameters:
        settings["fused"] = True
    made: torch.optim.Optimizer = kind(weights, **settings)
    return made


class Updater:
    """The optimisers of one graph (Muon takes matrices only, so AdamW stands beside it for the
    rest).

    `factors` gives the weights (by name) whose rate is a multiple of the others'; weights of one
    multiple are one parameter group. Weights without a gradient (frozen ones) are left alone.
    """

    def __init__(
        self, choice: Optimizer, model: nn.Module, factors: Mapping[str, float] | None = None
    ) -> None:
        self.choice = choice
        named = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        self.weights = list(named.values())
        self.names = list(named)
        fused = all(
            w.is_floating_point() and w.device.type in ("cpu", "cuda") for w in self.weights
        )
        shared: dict[float, list[nn.Parameter]] = {}
        for name, weight in named.items():
            shared.setdefault((factors or {}).get(name, 1.0), []).append(weight)
        self.parts = _parts(choice, shared, fused)
        self.direct = [Direct(part) for part in self.parts]
        self.needs_closure = choice.name == "LBFGS"

    def zero(self) -> None:
        """Forget the gradients."""
        for weight in self.weights:
            weight.grad = None

    def set_rate(self, rate: float) -> None:
        """Learning rate of all groups, each times its factor."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate * group[FACTOR]

    @property
    def has_decay(self) -> bool:
        """Whether there is a weight decay to set."""
        return all("weight_decay" in group for part in self.parts for group in part.param_groups)

    def set_decay(self, decay: float) -> None:
        """Weight decay of all groups."""
        for part in self.parts:
            for group in part.param_groups:
                group["weight_decay"] = decay

    def step(self) -> None:
        """One update from the gradients that are there."""
        for part, direct in zip(self.parts, self.direct):
            if not direct.step():
                part.step()

    def state(self) -> tuple[dict[str, Tensor], list[Any]]:
        """Copies of the state tensors by name, and the rest as JSON that names them."""
        tensors: dict[str, Tensor] = {}
        plain = []
        for number, part in enumerate(self.parts):
            found, names = part.state_dict()["state"], self._names(part)
            plain.append(
                {
                    names[index]: {
                        key: _pack(value, f"{number}.{names[index]}.{key}", tensors)
                        for key, value in values.items()
                    }
                    for index, values in found.items()
                }
            )
        return tensors, plain

    def _names(self, part: torch.optim.Optimizer) -> list[str]:
        """The weights of an optimiser by torch's own numbers."""
        known = {id(weight): name for weight, name in zip(self.weights, self.names)}
        return [known[id(weight)] for group in part.param_groups for weight in group["params"]]

    def load(self, tensors: Mapping[str, Tensor], plain: list[Any]) -> None:
        """Take back what `state` gave."""
        if len(plain) != len(self.parts):
            raise AssertionError("the state is another optimiser's")
        for part, found in zip(self.parts, plain):
            number = {name: index for index, name in enumerate(self._names(part))}
            state = {
                number[name]: {key: _unpack(value, tensors) for key, value in values.items()}
                for name, values in found.items()
                if name in number
            }
            groups = part.state_dict()["param_groups"]
            part.load_state_dict({"state": state, "param_groups": groups})
            _lie_as_weights(part)
        for direct in self.direct:
            direct.forget()


def _lie_as_weights(part: torch.optim.Optimizer) -> None:
    """Lay the state out in memory as the weights are: a file holds it channels first, and a fused
    update goes through weight and state place by place, whatever their layouts.
    """
    for weight, values in part.state.items():
        for key, value in values.items():
            alike = isinstance(value, Tensor) and value.shape == weight.shape
            if alike and value.stride() != weight.stride():
                values[key] = torch.empty_like(weight, dtype=value.dtype).copy_(value)


def _pack(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """A state value as JSON; tensors are copied into `tensors` and named."""
    if isinstance(value, Tensor):
        tensors[path] = value.detach().clone()
        return {"tensor": path}
    if isinstance(value, list):
        return {"list": [_pack(item, f"{path}.{n}", tensors) for n, item in enumerate(value)]}
    return {"value": value}


def _unpack(packed: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Any:
    if "tensor" in packed:
        return tensors[packed["tensor"]]
    if "list" in packed:
        return [_unpack(item, tensors) for item in packed["list"]]
    return packed["value"]


def _parts(
    choice: Optimizer, shared: Mapping[float, list[nn.Parameter]], fused: bool
) -> list[torch.optim.Optimizer]:
    """The optimisers of weights by their factor; each group bears its factor."""
    beside = Optimizer(name="AdamW", lr=choice.lr)
    muon = choice.name == "Muon"
    pairs: list[tuple[Optimizer, dict[float, list[nn.Parameter]], bool]] = []
    if muon:
        matrices = {f: [w for w in group if w.ndim == 2] for f, group in shared.items()}
        rest = {f: [w for w in group if w.ndim != 2] for f, group in shared.items()}
        pairs = [(choice, matrices, False), (beside, rest, True)]
    else:
        pairs = [(choice, dict(shared), fused)]
    found = []
    for which, mine, quick in pairs:
        described = [{"params": group, FACTOR: factor} for factor, group in mine.items() if group]
        if described:
            found.append(_one(which, described, fused=quick))
    return found


def updaters(recipe: Recipe, models: Mapping[str, nn.Module]) -> dict[str, Updater]:
    """One updater per graph: `recipe.optimizers[graph]`, else `recipe.optimizer`.

    Raises LaminaError for a pattern in `recipe.rates` that means no weight.
    """
    factors = groups.factors(recipe.rates, models) if recipe.rates else {}
    return {
        name: Updater(
            recipe.optimizers.get(name, recipe.optimizer),
            model,
            {weight: factor for (graph, weight), factor in factors.items() if graph == name},
        )
        for name, model in models.items()
    }
