"""One look into a run's folder for all who watch it: however many pages are open, the run's files
are read once a tick, and the run keeps the processor.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from starlette.concurrency import run_in_threadpool

from builder.home import home
from builder.ui.live.stream import Follower

TICK = 0.1
"""Seconds between two looks into the run folder."""
SOON = 0.02
"""The same until the first step is there: somebody has just clicked Train."""
BEHIND = 600
"""Messages that a page may be late with; one that is later is cut off, and comes back by itself."""

Message = dict[str, Any]
_open: dict[tuple[int, str, str], "Channel"] = {}


class Watcher:
    """One page: the messages that wait for it, and the last step that it knows."""

    def __init__(self) -> None:
        self.waiting: asyncio.Queue[tuple[Message, str] | None] = asyncio.Queue(BEHIND)
        self.step = 0
        self.lost = False

    def tell(self, item: tuple[Message, str] | None) -> None:
        """Have it sent; a page that takes nothing any more is given up."""
        try:
            self.waiting.put_nowait(item)
        except asyncio.QueueFull:
            self.lost = True

    def fresh(self, message: Message, text: str) -> str | None:
        """The message without the steps that this page has; None where nothing is left."""
        steps = message.get("steps")
        if not steps or not steps["step"]:
            return text
        first, before = steps["step"][0], self.step
        self.step = steps["step"][-1] if steps["reset"] else max(before, steps["step"][-1])
        if steps["reset"] or first > before:
            return text
        known = sum(1 for step in steps["step"] if step <= before)
        rest = {name: x if name == "reset" else x[known:] for name, x in steps.items()}
        left = {**message, "steps": rest}
        if not rest["step"]:
            del left["steps"]
        return encoded(left) if left else None


class Channel:
    """One run's news. The first watcher begins it, the last one's going ends it."""

    def __init__(self, run_id: str, follower: Follower) -> None:
        self.run_id, self.follower = run_id, follower
        self.watchers: set[Watcher] = set()
        self.begun = False
        self.task: asyncio.Task[None] | None = None

    async def _lead(self) -> None:
        try:
            while self.watchers and not self.follower.over:
                message = await run_in_threadpool(self.follower.poll)
                self.begun = True
                if message is not None:
                    item = (message, encoded(message))
                    for watcher in self.watchers:
                        watcher.tell(item)
                if not self.follower.over:
                    await asyncio.sleep(TICK if self.follower.begun else SOON)
        finally:
            _open.pop(_key(self.run_id), None)
            for watcher in self.watchers:
                watcher.tell(None)

    def join(self) -> tuple[Watcher, bool]:
        """A new watcher, and whether it has to read the whole by itself, as others were told it
        before.
        """
        watcher = Watcher()
        self.watchers.add(watcher)
        if self.task is None:
            self.task = asyncio.create_task(self._lead())
        return watcher, self.begun


async def news(run_id: str, pause: float) -> AsyncGenerator[str | None, None]:
    """The run's messages as JSON, at first the whole, until it has ended; None after each `pause`
    (seconds) without any. Raises LaminaError where there is no such run.
    """
    key = _key(run_id)
    if key not in _open:
        follower = await run_in_threadpool(Follower, run_id)
        _open.setdefault(key, Channel(run_id, follower))
    channel = _open[key]
    watcher, late = channel.join()
    try:
        if late:
            own = await run_in_threadpool(Follower, run_id)
            whole = await run_in_threadpool(own.poll)
            if whole is not None:
                yield watcher.fresh(whole, encoded(whole))
        while not watcher.lost:
            try:
                item = await asyncio.wait_for(watcher.waiting.get(), pause)
            except TimeoutError:
                yield None
                continue
            if item is None:
                return
            text = watcher.fresh(*item)
            if text is not None:
                yield text
    finally:
        channel.watchers.discard(watcher)


def encoded(message: Message) -> str:
    """JSON without blanks."""
    return json.dumps(message, separators=(",", ":"))


def _key(run_id: str) -> tuple[int, str, str]:
    return id(asyncio.get_running_loop()), str(home()), run_id
