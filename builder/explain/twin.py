"""A twin of a model that may be hooked, randomised and asked for gradients, while the user's stays
as it is.
"""

import copy as copying
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode


def copy(model: nn.Module) -> nn.Module:
    """A deep copy in eval mode on the CPU: nothing in place, frozen, no hooks of the original's.

    A module that is used under several names gets one fresh copy per name, so that per-module hooks
    stay apart.
    """
    twin = copying.deepcopy(model).cpu().eval().requires_grad_(False)
    for module in twin.modules():
        for hooks in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks"):
            getattr(module, hooks).clear()
        if hasattr(module, "inplace"):
            setattr(module, "inplace", False)  # noqa: B010  (a plain attribute of many types)
        seen: set[int] = set()
        for name, child in list(module._modules.items()):
            if id(child) in seen:
                setattr(module, name, copying.deepcopy(child))
            seen.add(id(child))
    return twin


def randomised(model: nn.Module, seed: int) -> nn.Module:
    """A twin with fresh weights.

    Each layer's own initialisation, else shuffled values (Adebayo 2018).
    """
    twin = copy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        reset: set[int] = set()
        for module in twin.modules():
            again = getattr(module, "reset_parameters", None) or getattr(
                module, "_reset_parameters", None
            )
            if callable(again) and any(True for _ in module.parameters()):
                again()
                reset.update(id(p) for p in module.parameters())
        for parameter in twin.parameters():
            if id(parameter) not in reset and parameter.numel() > 1:
                order = torch.randperm(parameter.numel(), generator=generator)
                parameter.copy_(parameter.flatten()[order].reshape(parameter.shape))
    return twin


@contextmanager
def gradients() -> Iterator[None]:
    """Where gradients are wanted: on, with cuDNN off (its recurrent layers refuse eval mode)."""
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
        yield


@dataclass(frozen=True)
class Operations:
    """What one pass showed.

    Kernels by name, calls and kinds of leaf modules by name, output shapes (without batch) of these
    and of the user's own modules around them.
    """

    kernels: Counter[str]
    calls: Counter[str]
    kinds: dict[str, str]
    shapes: dict[str, tuple[int, ...]]


class _Record(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kernels: Counter[str] = Counter()

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing is compiled here, and PyTorch need not import its compiler to leave this out."""
        return False

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name = func.overloadpacket.__name__
        if name == "mul" and not all(isinstance(arg, Tensor) and arg.ndim for arg in args[:2]):
            name = "mul_by_number"
        self.kernels[name] += 1
        return func(*args, **(kwargs or {}))


def operations(model: nn.Module, inputs: Sequence[Tensor]) -> Operations:
    """Watch one forward pass of a twin; its hooks are taken off again."""
    calls: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    handles = []

    def watch(name: str, leaf: bool) -> Any:
        def hook(module: nn.Module, _args: Any, result: Any) -> None:
            if leaf:
                calls[name] += 1
                kinds[name] = type(module).__name__
            if isinstance(result, Tensor):
                shapes[name] = tuple(result.shape[1:])

        return hook

    for name, module in model.named_modules():
        if name:
            leaf = not list(module.children()) or type(module).__module__.startswith("torch")
            handles.append(module.register_forward_hook(watch(name, leaf)))
    record = _Record()
    try:
        with torch.no_grad(), record:
            model(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    return Operations(record.kernels, calls, kinds, shapes)


class _Given(nn.Module):
    """Stands where an embedding stood and gives the vectors that were put in `value` [B, T, D]."""

    def __init__(self, table: nn.Embedding | nn.EmbeddingBag) -> None:
        super().__init__()
        self.weight = nn.Parameter(table.weight.detach().clone(), requires_grad=False)
        self.padding_idx = table.padding_idx
        self.mode = table.mode if isinstance(table, nn.EmbeddingBag) else ""
        self.value: Tensor | None = None
        self.ids: Tensor | None = None

    def embed(self, ids: Tensor) -> Tensor:
        """The vectors of ids [B, T] → [B, T, D]."""
        return F.embedding(ids, self.weight)

    def forward(self, ids: Tensor, *_: Any) -> Tensor:
        self.ids = ids
        vectors = self.embed(ids) if self.value is None else self.value
        return vectors if not self.mode else self._bag(ids, vectors)

    def _bag(self, ids: Tensor, vectors: Tensor) -> Tensor:
        kept = torch.ones_like(ids) if self.padding_idx is None else ids != self.padding_idx
        mask = kept[..., None].to(vectors.dtype)
        if self.mode == "max":
            lowest = torch.finfo(vectors.dtype).min
            return vectors.masked_fill(mask == 0, lowest).amax(1)
        total = (vectors * mask).sum(1)
        return total if self.mode == "sum" else total / mask.sum(1).clamp_min(1)


@dataclass(frozen=True)
class Lift:
    """A twin whose id inputs are entered as their embedding vectors, so that gradients reach them.

    Features are one float tensor per float input and one per embedding that reads an id input
    directly.
    """

    model: nn.Module
    names: tuple[str, ...]
    owners: tuple[str, ...]  # per feature: the input that it belongs to
    givens: tuple[Any, ...]  # per feature: its `_Given`, None for a float input

    def features(self, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """The features of inputs in the model's form."""
        with torch.no_grad():
            return tuple(
                inputs[owner] if given is None else given.embed(inputs[owner])
                for owner, given in zip(self.owners, self.givens)
            )

    def ids(self, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """The id inputs, in order: further arguments of `forward`."""
        return tuple(inputs[name] for name in self.names if not inputs[name].is_floating_point())

    def forward(self, features: Sequence[Tensor], ids: Sequence[Tensor]) -> Any:
        """The model's result with the given features in place."""
        floats = {
            owner: feature
            for owner, feature, given in zip(self.owners, features, self.givens)
            if given is None
        }
        for feature, given in zip(features, self.givens):
            if given is not None:
                given.value = feature
        rest = iter(ids)
        try:
            return self.model(
                *(floats[name] if name in floats else next(rest) for name in self.names)
            )
        finally:
            for given in self.givens:
                if given is not None:
                    given.value = None

    def collapse(self, parts: Sequence[Tensor]) -> dict[str, Tensor]:
        """Per input.

        A float input's part as it is, an id input's summed over the vectors' axis [B, T].
        """
        found: dict[str, Tensor] = {}
        for owner, part, given in zip(self.owners, parts, self.givens):
            flat = part if given is None else part.sum(-1)
            found[owner] = found[owner] + flat if owner in found else flat
        return found


def lift(model: nn.Module, names: Sequence[str], inputs: dict[str, Tensor]) -> Lift:
    """Lift a twin; `inputs` is any row.

    Raises ValueError where an id input reaches no embedding directly.
    """
    twin = copy(model)
    for parent in list(twin.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Embedding | nn.EmbeddingBag):
                setattr(parent, name, _Given(child))
    givens = [module for module in twin.modules() if isinstance(module, _Given)]
    with torch.no_grad():
        twin(*(inputs[name] for name in names))
    owners: list[str] = []
    held: list[Any] = []
    for name in names:
        if inputs[name].is_floating_point():
            owners.append(name)
            held.append(None)
            continue
        mine = [
            given for given in givens if given.ids is not None and _same(given.ids, inputs[name])
        ]
        if not mine:
            raise ValueError(f"The ids of {name!r} reach no embedding directly.")
        owners.extend(name for _ in mine)
        held.extend(mine)
    for given in givens:
        given.ids = None
    return Lift(twin, tuple(names), tuple(owners), tuple(held))


def _same(a: Tensor, b: Tensor) -> bool:
    return a.data_ptr() == b.data_ptr() or (a.shape == b.shape and torch.equal(a, b))
