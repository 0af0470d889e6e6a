"""The two loops that a person writes: after the first tutorial, and after years."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchmarks.contest.workloads import HELD_OUT_BATCH, Workload


class Items(Dataset[tuple[Tensor, Tensor]]):
    """One row at a time, made ready when it is asked for."""

    def __init__(self, workload: Workload, rows: tuple[Tensor, Tensor]) -> None:
        self.workload = workload
        self.x, self.y = rows

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.workload.ready(self.x[index]), self.y[index]


def tutorial(workload: Workload) -> Callable[[], None]:
    """Dataset, DataLoader, default Adam, loss and accuracy read at each step."""
    model = workload.model()
    loader = DataLoader(Items(workload, workload.data()), workload.batch, shuffle=True)
    held_out = DataLoader(Items(workload, workload.held_out()), HELD_OUT_BATCH)
    optimizer = torch.optim.Adam(model.parameters())

    def epoch() -> None:
        total, right = 0.0, 0
        for x, y in loader:
            optimizer.zero_grad()
            logits = model(x)
            loss = F.cross_entropy(logits, y)
            loss.backward()
            optimizer.step()
            total += loss.item()
            right += int((logits.argmax(1) == y).sum().item())
        model.eval()
        with torch.no_grad():
            for x, y in held_out:
                logits = model(x)
                total += F.cross_entropy(logits, y).item()
                right += int((logits.argmax(1) == y).sum().item())
        model.train()

    return epoch


def tuned(workload: Workload) -> Callable[[], None]:
    """Resident rows ready for the model, index batching, fused Adam, metrics left on the device."""
    return _tuned(workload, channels_last=False)


def tuned_last(workload: Workload) -> Callable[[], None]:
    """The tuned loop with channels last, where there are images."""
    return _tuned(workload, channels_last=workload.channels_last)


def _tuned(workload: Workload, *, channels_last: bool) -> Callable[[], None]:
    model = workload.model()
    x, y = workload.data()
    x = workload.ready(x)
    held_x, held_y = workload.held_out()
    held_x = workload.ready(held_x)
    if channels_last:
        model = model.to(memory_format=torch.channels_last)
        x = x.permute(0, 2, 3, 1).contiguous()
        held_x = held_x.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)

    def epoch() -> None:
        order = torch.randperm(len(x))
        right, total = torch.zeros((), dtype=torch.int64), torch.zeros(())
        for start in range(0, len(x), workload.batch):
            chosen = order[start : start + workload.batch]
            x_B, y_B = x.index_select(0, chosen), y.index_select(0, chosen)
            logits = model(x_B.permute(0, 3, 1, 2) if channels_last else x_B)
            loss = F.cross_entropy(logits, y_B)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            right += (logits.detach().argmax(1) == y_B).sum()
            total += loss.detach()
        model.eval()
        with torch.no_grad():
            for x_B, y_B in zip(held_x.split(HELD_OUT_BATCH), held_y.split(HELD_OUT_BATCH)):
                logits = model(x_B)
                right += (logits.argmax(1) == y_B).sum()
                total += F.cross_entropy(logits, y_B)
        model.train()
        float(total), int(right)

    return epoch
