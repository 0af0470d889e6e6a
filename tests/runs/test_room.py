"""Memory before the start: too large is refused with a batch that fits; what is reserved waits."""

from collections.abc import Callable

import pytest

from builder import runs
from builder.errors import LaminaError
from builder.home import room as home_room
from builder.project import Project
from builder.runs import hardware, room
from builder.runs.hardware import Device

Make = Callable[..., Project]


def machine(total: int) -> list[Device]:
    return [Device("cpu", "cpu", "Processor", total, total, 0.0)]


def test_a_run_tells_its_memory_and_one_that_cannot_fit_is_refused_with_a_batch(
    make_project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = runs.check(make_project(batch_size=1024))
    assert ready.memory > 300 << 20
    assert "about" in ready.resolved.choices["memory"]
    small = runs.check(make_project(batch_size=32)).memory
    assert small < ready.memory
    limit = int(small / room.SHARE) + 1000
    monkeypatch.setattr(hardware, "devices", lambda: machine(limit))
    with pytest.raises(LaminaError, match="Set the batch size to 32") as caught:
        runs.start(make_project(batch_size=1024), detach=False)
    assert caught.value.place == "recipe.batch_size"
    assert caught.value.code == "out_of_memory"
    monkeypatch.setattr(hardware, "devices", lambda: machine(1000))
    with pytest.raises(LaminaError, match="Make the network smaller"):
        runs.start(make_project(), detach=False)
    assert list(home_room("runs").iterdir()) == []


def test_runs_beyond_a_device_s_memory_wait_and_one_alone_never_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hardware, "devices", lambda: machine(1000))
    room._total.cache_clear()
    assert room.fits("cpu", 5000, 0)
    assert room.fits("cpu", 400, 500)
    assert not room.fits("cpu", 500, 500)
    assert room.fits("cuda:7", 10**12, 1), "a device that is not told of"
    room._total.cache_clear()


def test_rate_and_batch_are_found_for_a_project(make_project: Make) -> None:
    rate = runs.find_rate(make_project(), steps=60)
    assert rate.suggested is not None
    assert 1e-5 < rate.suggested < 2
    batch = runs.find_batch(make_project(), seconds=0.1)
    assert batch.suggested >= 8
    assert batch.trials[0].samples_per_second > 0
    assert list(home_room("runs").iterdir()) == []
    with pytest.raises(LaminaError, match="no optimiser"):
        runs.find_rate(make_project(optimizer={"name": "Adamm"}))
