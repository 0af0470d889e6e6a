"""All pages that watch a run share one look into its folder; each gets every step once."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.errors import LaminaError
from builder.ui.live import channel
from builder.ui.live.stream import Follower
from tests.ui.test_live import RUN, Folder


@pytest.fixture
def run(lamina_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    monkeypatch.setattr("builder.runs.process.alive", lambda *_: True)
    monkeypatch.setattr(channel, "TICK", 0.001)
    made = Folder(lamina_home)
    yield made
    made.series.close()


async def steps(count: int) -> list[int]:
    """The steps that one page is told until it has `count` of them, or the run has ended."""
    found: list[int] = []
    async for text in channel.news(RUN, 0.01):
        message: dict[str, Any] = json.loads(text) if text else {}
        told = message.get("steps") or {"step": [], "reset": False}
        assert not told["reset"] or not found, "the whole comes first, and once"
        found += told["step"]
        if len(found) >= count:
            break
    return found


def test_pages_that_come_early_and_late_get_every_step_once(run: Folder) -> None:
    async def watched() -> list[list[int]]:
        run.train(10)
        pages = [asyncio.create_task(steps(60)) for _ in range(3)]
        for _ in range(5):
            await asyncio.sleep(0.005)
            run.train(10)
            pages.append(asyncio.create_task(steps(60)))
        return await asyncio.gather(*pages)

    found = asyncio.run(watched())
    assert len(found) == 8
    assert all(one == list(range(1, 61)) for one in found)
    assert not channel._open, "the last one's going ends it"


def test_many_pages_cost_as_many_looks_as_one(run: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    real = Follower.poll

    def counted(self: Follower) -> dict[str, Any] | None:
        nonlocal looks
        looks += 1
        if looks == 20:
            run.say("finished")
        return real(self)

    monkeypatch.setattr(Follower, "poll", counted)
    run.train(5)

    async def watched() -> list[list[int]]:
        return await asyncio.gather(*(steps(1000) for _ in range(20)))

    assert asyncio.run(watched()) == [[1, 2, 3, 4, 5]] * 20
    assert looks <= 20 + 1


def test_a_page_that_takes_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "BEHIND", 2)

    async def late() -> bool:
        watcher = channel.Watcher()
        for _ in range(3):
            watcher.tell(({}, "{}"))
        return watcher.lost

    assert asyncio.run(late())


def test_a_run_that_is_not_there_says_so(lamina_home: Path) -> None:
    assert lamina_home
    with pytest.raises(LaminaError, match="no run"):
        asyncio.run(steps(1))
