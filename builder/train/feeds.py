"""Batches from prepared rows: tensors resident on the device where they fit, else from the memory
map.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from builder.tasks.base import Batch, Feed
from builder.train.group import Group
from builder.train.machine import memory
from builder.train.plan import Augment

RESIDENT_BYTES: int | None = None
"""Bytes up to which a split is held on its device; None: `RESIDENT_SHARE` of what is free there."""
RESIDENT_SHARE = 0.5
READY_BYTES = 512 << 20
"""Up to so many bytes, inputs are turned into what the model takes once, not per batch."""

AHEAD_BYTES = 2 << 20
"""Batches are taken out of the rows in runs of up to so many bytes, and handed out as views."""
MOST_AHEAD = 16

Prepare = Mapping[str, Callable[[Tensor], Tensor]]


@dataclass(frozen=True)
class Rows:
    """One split: tensors of equal length, and how each input becomes what the model takes."""

    tensors: Mapping[str, Tensor]
    prepare: Prepare  # only the inputs that still need it
    device: torch.device
    nhwc: frozenset[str] = frozenset()  # images held with their channels last

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))

    def stored(self, rows: Tensor) -> dict[str, Tensor]:
        """The rows in stored form, on the device."""
        batch = {}
        for name, tensor in self.tensors.items():
            value = tensor.index_select(0, rows.to(tensor.device)).to(self.device)
            batch[name] = value.permute(0, 3, 1, 2) if name in self.nhwc else value
        return batch

    def ready(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """From stored form to what the model takes, in place of the dictionary's values."""
        for name, function in self.prepare.items():
            batch[name] = function(batch[name])
        return batch


def rows(
    tensors: Mapping[str, Tensor],
    prepare: Prepare,
    device: torch.device,
    *,
    channels_last: bool,
    keep_stored: bool,
) -> tuple[Rows, str]:
    """A split on its way to the device, and what was chosen, in words.

    `keep_stored`: batches will be augmented, so they stay in stored form until then.
    """
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if size > _room(device):
        return Rows(
            tensors, prepare, device
        ), "read from the memory map: larger than the room for it"
    held = {name: _own(tensor, device) for name, tensor in tensors.items()}
    ready = not keep_stored and sum(held[name].numel() * 4 for name in prepare) <= READY_BYTES
    if ready:
        for name, function in prepare.items():
            held[name] = function(held[name])
    nhwc = (
        frozenset(name for name, x in held.items() if x.ndim == 4) if channels_last else frozenset()
    )
    for name in nhwc:
        held[name] = held[name].permute(0, 2, 3, 1).contiguous()
    words = "made ready once" if ready else "in stored form"
    return Rows(held, {} if ready else prepare, device, nhwc), f"resident on {device}, {words}"


def _own(tensor: Tensor, device: torch.device) -> Tensor:
    """A copy in memory of our own (never a view of a mapped file), on the device."""
    return tensor.to(device) if device.type != "cpu" else tensor.clone()


def _room(device: torch.device) -> int:
    if RESIDENT_BYTES is not None:
        return RESIDENT_BYTES
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
    else:
        free = memory().free
    return int(free * RESIDENT_SHARE)


class RowFeed(Feed):
    """Shuffled rows of a split; epoch e's order depends on seed and e alone.

    With several workers each takes its stretch of a step's rows.
    """

    def __init__(
        self,
        source: Rows,
        batch_size: int,
        seed: int,
        augment: Augment | None,
        generator: torch.Generator,
        group: Group | None = None,
    ) -> None:
        self.source = source
        self.group = group
        self.seed = seed
        self.augment = augment
        self.generator = generator
        self.augmenting = True
        self.batch_size = self.next_size = batch_size
        self.bounds = bounds(len(source), batch_size)
        self.order = torch.empty(0, dtype=torch.int64)
        self.run = self._run()
        self.ahead: dict[int, dict[str, Tensor]] = {}  # step → its rows in stored form, and "row"

    def _run(self) -> int:
        """Batches that are taken out together."""
        row = sum(x[:1].numel() * x.element_size() for x in self.source.tensors.values())
        fitting = AHEAD_BYTES // max(1, row * self.batch_size)
        return 1 if self.group is not None else max(1, min(fitting, MOST_AHEAD))

    @property
    def steps(self) -> int:
        """Batches per epoch."""
        return len(self.bounds)

    @property
    def rows(self) -> int:
        """All rows of the split."""
        return len(self.source)

    def begin(self, epoch: int) -> None:
        """Draw the epoch's order."""
        shuffler = torch.Generator().manual_seed((self.seed * 1_000_003 + epoch) % (1 << 62))
        order = torch.randperm(len(self.source), generator=shuffler)
        self.order = order.to(self.source.device)
        self.ahead = {}

    def resize(self, batch_size: int) -> None:
        """Take batches of that size. Right only between two epochs."""
        self.batch_size = self.next_size = batch_size
        self.bounds = bounds(len(self.source), batch_size)
        self.run, self.ahead = self._run(), {}

    def batch(self, step: int, models: Mapping[str, nn.Module]) -> Batch:
        """The rows of that step, augmented and ready for the model; "row" is their index in the
        split.
        """
        del models
        if step not in self.ahead:
            self._take(step)
        batch = self.ahead.pop(step)
        chosen = batch.pop("row")
        if self.augment is not None and self.augmenting:
            batch = dict(self.augment(batch, self.generator))
        batch = self.source.ready(batch)
        batch["row"] = chosen
        return batch

    def _take(self, step: int) -> None:
        """Take out the run of batches to which the step belongs. Runs begin at the same steps
        whenever that is asked, so that rows lie in memory as they lay before: products may differ
        in their last bit otherwise.
        """
        steps = range(step - step % self.run, min(step - step % self.run + self.run, self.steps))
        parts = [self.bounds[one] for one in steps]
        if self.group is not None:
            parts = [self.group.own(*part) for part in parts]
        chosen = self.order[parts[0][0] : parts[-1][1]]
        sizes = [last - first for first, last in parts]
        pieces = {name: torch.split(x, sizes) for name, x in self.source.stored(chosen).items()}
        pieces["row"] = torch.split(chosen, sizes)
        self.ahead = {
            one: {name: piece[number] for name, piece in pieces.items()}
            for number, one in enumerate(steps)
        }

    def state(self) -> dict[str, Tensor]:
        """The batch size now and from the next epoch on; epoch and step say the rest."""
        return {"sizes": torch.tensor([self.batch_size, self.next_size])}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""
        if "sizes" in state:
            now, following = (int(size) for size in state["sizes"])
            self.resize(now)
            self.next_size = following


class OrderedFeed(Feed):
    """All rows of a split once, in their order."""

    def __init__(self, source: Rows, batch_size: int) -> None:
        self.source = source
        self.bounds = bounds(len(source), batch_size)

    @property
    def steps(self) -> int:
        """Batches."""
        return len(self.bounds)

    @property
    def rows(self) -> int:
        """All rows of the split."""
        return len(self.source)

    def begin(self, epoch: int) -> None:
        """Nothing to draw."""

    def batch(self, step: int, models: Mapping[str, nn.Module]) -> Batch:
        """The next rows, ready for the model."""
        del models
        chosen = torch.arange(*self.bounds[step], device=self.source.device)
        return {**self.source.ready(self.source.stored(chosen)), "row": chosen}

    def state(self) -> dict[str, Tensor]:
        """Nothing."""
        return {}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Nothing to take back."""


def bounds(count: int, batch_size: int) -> list[tuple[int, int]]:
    """First and last row of each batch; a single row left over joins the batch before it.

    Normalisation over a batch has no meaning for one row, and no row is dropped.
    """
    starts = list(range(0, count, batch_size))
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], count]))
