"""The processes ("workers") that train one run together, each on its share of every step's rows.

All of them run the same loop with the same weights. After each backward pass the gradients are
added up, each worker's weighing as many rows as it had, so that a step is that of one worker with
the whole batch. Nothing here knows who started the processes: torch.distributed's default group is
there already. What they tell one another is JSON and plain tensors, never a pickle.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from builder.tasks.base import Batch, Feed

BUCKET_BYTES = 32 << 20
"""Gradients travel in pieces of about this size, so that copying one overlaps with another's way.
"""
SEED_APART = 1_000_003
"""Between the seeds of two workers' own random numbers (dropout, augmentation)."""
FASTER = 4
"""The distance between two safe points grows to no more than so many times the last one."""
PREFIX = "worker"


class LostError(Exception):
    """Another worker is gone, or cannot be reached; this one cannot go on alone."""


class Group:
    """This process's place among the workers of a run; `rank` counts from 0, which alone writes.

    `rows` and `weight` tell of the step under way: its rows in all, and the share that this
    worker's gradients have in it.
    """

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size
        self.rows = 0
        self.weight = 1.0
        self.next_safe = 0
        self.ahead = 1
        self.paced: tuple[int, float] | None = None

    @property
    def first(self) -> bool:
        """Whether this is the worker that speaks for all."""
        return self.rank == 0

    @property
    def seed(self) -> int:
        """What is added to a seed for random numbers of this worker's own."""
        return self.rank * SEED_APART

    # Shares of the rows

    def own(self, first: int, last: int) -> tuple[int, int]:
        """This worker's stretch of a step's rows.

        No stretch has a single row where there are others (a normalisation over one row has no
        meaning). A worker too many computes what the first one does, and its part weighs nothing.
        """
        count = last - first
        parts = max(1, min(self.size, count // 2))
        place = self.rank if self.rank < parts else 0
        begin, end = count * place // parts, count * (place + 1) // parts
        self.rows = count
        self.weight = (end - begin) / count if self.rank < parts else 0.0
        return first + begin, first + end

    # Gradients

    def mean(self, gradients: Sequence[Tensor], loss: Tensor) -> Tensor:
        """Make the gradients, in place, those of all the step's rows; gives the loss over them."""
        for gradient in (x for x in gradients if x.is_sparse):
            self._mean_sparse(gradient)
        whole = loss.detach().reshape(1).clone()
        buckets = _buckets([whole, *(x for x in gradients if not x.is_sparse)])
        sent = []
        for bucket in buckets:
            flat = torch.cat([x.reshape(-1) for x in bucket]).mul_(self.weight)
            with _together():
                sent.append((bucket, flat, dist.all_reduce(flat, async_op=True)))
        for bucket, flat, work in sent:
            with _together():
                work.wait()
            torch._foreach_copy_(bucket, _pieces(flat, bucket))
        return whole[0]

    def _mean_sparse(self, gradient: Tensor) -> None:
        """Rows of an embedding: all workers' rows together are the sum."""
        mine = gradient.coalesce()
        rows_N, values_ND = mine.indices()[0], mine.values() * self.weight
        parts = self.collect({"rows": rows_N, "values": values_ND})
        names = ("rows", "values") if self.first else ()
        every = self.share({name: torch.cat([part[name] for part in parts]) for name in names})
        whole = torch.sparse_coo_tensor(every["rows"][None], every["values"], gradient.shape)
        gradient.copy_(whole.to(gradient.device).coalesce())

    # Words and figures

    def tell(self, value: Any = None) -> Any:
        """The first worker's value (JSON), to all."""
        return self._told(value, 0)

    def _told(self, value: Any, source: int) -> Any:
        data = json.dumps(value).encode() if self.rank == source else b""
        length = torch.tensor([len(data)])
        with _together():
            dist.broadcast(length, source)
        held = torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else None
        if held is None:
            held = torch.empty(int(length), dtype=torch.uint8)
        with _together():
            dist.broadcast(held, source)
        return json.loads(held.numpy().tobytes())

    def gather(self, value: Any) -> list[Any]:
        """Every worker's value (JSON), in their order, to all."""
        return [self._told(value, source) for source in range(self.size)]

    def wait(self) -> None:
        """Until all workers are here."""
        with _together():
            dist.all_reduce(torch.zeros(1))

    # Tensors

    def collect(self, tensors: Mapping[str, Tensor]) -> list[dict[str, Tensor]]:
        """Every worker's tensors, on the processor, for the first one; [] for the others."""
        plain = {name: x.detach().cpu().contiguous() for name, x in tensors.items()}
        forms = self.gather({name: _form(x) for name, x in plain.items()})
        if not self.first:
            for x in plain.values():
                if x.numel():
                    with _together():
                        dist.send(_bytes(x), 0)
            return []
        found = [plain]
        for source in range(1, self.size):
            made = {name: _empty(form) for name, form in forms[source].items()}
            for x in made.values():
                if x.numel():
                    with _together():
                        dist.recv(_bytes(x), source)
            found.append(made)
        return found

    def share(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The first worker's tensors, on the processor, to all."""
        plain = {name: x.detach().cpu().contiguous() for name, x in tensors.items()}
        forms = self.tell({name: _form(x) for name, x in plain.items()})
        made = plain if self.first else {name: _empty(form) for name, form in forms.items()}
        for x in made.values():
            if x.numel():
                with _together():
                    dist.broadcast(_bytes(x), 0)
        return made

    @torch.no_grad()
    def level(self, models: Mapping[str, nn.Module], *, weights: bool = False) -> None:
        """Give all workers the first one's buffers (running figures), and its weights."""
        held = [x for model in models.values() for x in model.buffers()]
        if weights:
            held += [x for model in models.values() for x in model.parameters()]
        for bucket in _buckets([x.detach() for x in held]):
            flat = torch.cat([x.reshape(-1) for x in bucket])
            with _together():
                dist.broadcast(flat, 0)
            torch._foreach_copy_(bucket, _pieces(flat, bucket))

    # Safe points

    def safe(self, step: int) -> bool:
        """Whether all workers stop to look after that step. Costs nothing."""
        return step >= self.next_safe

    def agree(self, word: Any, step: int, every: float) -> Any:
        """At a safe point: the first worker's word to all, and the step of the next safe point,
        about `every` seconds from now by its clock.
        """
        now = time.perf_counter()
        if self.first and self.paced is not None and step > self.paced[0]:
            took = (now - self.paced[1]) / (step - self.paced[0])
            self.ahead = max(1, min(int(every / max(took, 1e-9)), FASTER * self.ahead))
        self.paced = (step, now)
        said, self.next_safe = self.tell([word, step + self.ahead])
        return said

    # What a checkpoint keeps of each worker

    def keep(self, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The other workers' tensors under "worker/1/…", for the first one; {} for the others."""
        return {
            f"{PREFIX}/{rank}/{name}": x
            for rank, part in enumerate(self.collect(own))
            for name, x in part.items()
            if rank
        }


class Shared(Feed):
    """A task's own source of batches, of which each worker takes its stretch."""

    def __init__(self, whole: Feed, group: Group) -> None:
        self.whole = whole
        self.group = group

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        return self.whole.steps

    @property
    def rows(self) -> int:
        """Rows of all workers in an epoch."""
        return self.whole.rows

    def begin(self, epoch: int) -> None:
        """Draw the epoch's order, the same for all."""
        self.whole.begin(epoch)

    def batch(self, step: int, models: Mapping[str, nn.Module]) -> Batch:
        """This worker's rows of the step; what is not by row goes to each."""
        batch = self.whole.batch(step, models)
        rows = len(next(iter(batch.values())))
        first, last = self.group.own(0, rows)
        return {
            name: x[first:last] if x.dim() and len(x) == rows else x for name, x in batch.items()
        }

    def state(self) -> dict[str, Tensor]:
        """The whole's."""
        return self.whole.state()

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""
        self.whole.load(state)


def own_state(tensors: Mapping[str, Tensor], group: Group | None) -> dict[str, Tensor]:
    """A checkpoint's tensors as this worker needs them.

    With the number of workers that wrote it each takes its own random numbers and outputs. With
    another number the first takes all outputs, and the others begin with fresh random numbers.
    """
    plain = {name: x for name, x in tensors.items() if not name.startswith(f"{PREFIX}/")}
    others: dict[int, dict[str, Tensor]] = {}
    for name, x in tensors.items():
        if name not in plain:
            _, rank, rest = name.split("/", 2)
            others.setdefault(int(rank), {})[rest] = x
    if group is not None and group.size == len(others) + 1:
        return plain if group.first else {**_common(plain), **others[group.rank]}
    if group is not None and not group.first:
        return _common(plain)
    for _, part in sorted(others.items()):
        for name, x in part.items():
            if name.startswith("running/"):
                plain[name] = torch.cat([plain[name], x]) if name in plain else x
    return plain


OWN = ("rng", "rng_cuda", "generator")


def is_own(name: str) -> bool:
    """Whether a tensor of the state is each worker's own: random numbers, outputs of its rows."""
    return name in OWN or name == "running/target" or name.startswith("running/output.")


def _common(plain: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: x for name, x in plain.items() if not is_own(name)}


def _buckets(tensors: Iterable[Tensor]) -> list[list[Tensor]]:
    """Tensors of one type and device together, up to about BUCKET_BYTES."""
    found: list[list[Tensor]] = []
    open_: dict[tuple[torch.dtype, torch.device], tuple[list[Tensor], int]] = {}
    for x in tensors:
        kind, size = (x.dtype, x.device), x.numel() * x.element_size()
        bucket, held = open_.get(kind, ([], BUCKET_BYTES))
        if held + size > BUCKET_BYTES:
            bucket, held = [], 0
            found.append(bucket)
        bucket.append(x)
        open_[kind] = (bucket, held + size)
    return found


def _pieces(flat: Tensor, bucket: Sequence[Tensor]) -> list[Tensor]:
    """What was put together, apart again."""
    parts = torch.split_with_sizes(flat, [x.numel() for x in bucket])
    return [part.view(x.shape) for part, x in zip(parts, bucket)]


def _form(x: Tensor) -> list[Any]:
    return [list(x.shape), str(x.dtype).removeprefix("torch.")]


def _empty(form: Sequence[Any]) -> Tensor:
    return torch.empty(form[0], dtype=getattr(torch, form[1]))


def _bytes(x: Tensor) -> Tensor:
    """The same memory as bytes, which every way of travel takes."""
    return x.reshape(-1).view(torch.uint8)


@contextmanager
def _together() -> Iterator[None]:
    """Turn a connection that broke into a LostError."""
    try:
        yield
    except RuntimeError as error:
        raise LostError(str(error).splitlines()[0]) from error
