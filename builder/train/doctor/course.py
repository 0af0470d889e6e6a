"""The whole run's steps in few numbers: blocks that double in length as the run grows."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from builder.train.doctor.facts import Block

MOST = 64
STEP, LOSS, RATE, NORM = 0, 2, 3, 4
"""Columns of a Steps event; see train.running."""


class Course:
    """Takes points as they come; `blocks` are at most 65, of equal length but for the last."""

    def __init__(self) -> None:
        self.length = 1
        self.done: list[Block] = []
        self.open: list[Block] = []
        self.first: float | None = None  # loss of the first step
        self.rate: float | None = None

    def add(self, values: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        """Points of a Steps event, float32 [n, columns]."""
        if self.first is None and len(values):
            self.first = float(values[0, LOSS])
        at = 0
        while at < len(values):
            room = self.length - sum(block.steps for block in self.open)
            part = values[at : at + room]
            at += len(part)
            self.open.append(_block(part))
            if len(part) == room:
                self.done.append(_joined(self.open))
                self.open = []
            if len(self.done) > MOST:
                self._halve()
        if len(values):
            self.rate = float(values[-1, RATE])

    def _halve(self) -> None:
        pairs = [self.done[at : at + 2] for at in range(0, len(self.done), 2)]
        last = pairs.pop() if len(pairs[-1]) == 1 else []
        self.open = [*last, *self.open]
        self.done = [_joined(pair) for pair in pairs]
        self.length *= 2

    @property
    def step(self) -> int:
        """Steps done."""
        last = self.open or self.done
        return last[-1].step if last else 0

    def state(self) -> dict[str, Any]:
        """JSON from which `load` goes on."""
        return {
            "length": self.length,
            "done": [asdict(block) for block in self.done],
            "open": [asdict(block) for block in self.open],
            "first": self.first,
            "rate": self.rate,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""
        self.length, self.rate = state["length"], state["rate"]
        self.first = state["first"]
        self.done = [Block(**block) for block in state["done"]]
        self.open = [Block(**block) for block in state["open"]]

    @property
    def blocks(self) -> tuple[Block, ...]:
        """From the first step to the last."""
        return (*self.done, *([_joined(self.open)] if self.open else []))


def _block(part: np.ndarray[Any, np.dtype[np.float32]]) -> Block:
    losses = part[:, LOSS].astype(np.float64)
    norms = part[:, NORM][np.isfinite(part[:, NORM])]
    return Block(
        step=int(part[-1, STEP]),
        steps=len(part),
        loss=float(losses.mean()),
        low=float(losses.min()),
        high=float(losses.max()),
        rate=float(part[-1, RATE]),
        norm=float(norms.max()) if len(norms) else None,
    )


def _joined(parts: list[Block]) -> Block:
    steps = sum(part.steps for part in parts)
    norms = [part.norm for part in parts if part.norm is not None]
    return Block(
        step=parts[-1].step,
        steps=steps,
        loss=sum(part.loss * part.steps for part in parts) / steps,
        low=min(part.low for part in parts),
        high=max(part.high for part in parts),
        rate=parts[-1].rate,
        norm=max(norms, default=None),
    )
