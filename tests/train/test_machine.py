"""How much is held in memory follows the machine, its container, and the GPU."""

from pathlib import Path

import psutil
import pytest
import torch

from builder.train import feeds, machine
from builder.train.machine import Memory

GIB = 1 << 30


@pytest.fixture
def container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 64 GiB, 40 of them free, and the control group of this process."""
    own = tmp_path / "cgroup"
    own.write_text("0::/lamina/one\n")
    monkeypatch.setattr(machine, "MINE", own)
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(machine, "_machine", lambda: Memory(64 * GIB, 40 * GIB))
    folder = tmp_path / "groups" / "lamina" / "one"
    folder.mkdir(parents=True)
    return folder


def test_without_a_limit_the_machine_counts(container: Path) -> None:
    (container / "memory.max").write_text("max\n")
    assert machine.memory() == Memory(64 * GIB, 40 * GIB)


def test_a_container_s_limit_counts_less_what_it_holds_but_not_its_cached_files(
    container: Path,
) -> None:
    (container / "memory.max").write_text(f"{8 * GIB}\n")
    (container / "memory.current").write_text(f"{5 * GIB}\n")
    (container / "memory.stat").write_text(f"anon {2 * GIB}\ninactive_file {3 * GIB}\n")
    assert machine.memory() == Memory(8 * GIB, 6 * GIB)


def test_the_limit_of_a_group_around_counts_too(container: Path) -> None:
    (container.parent / "memory.max").write_text(str(GIB))
    (container.parent / "memory.current").write_text(str(2 * GIB))
    assert machine.memory() == Memory(GIB, 0)


def test_the_older_control_groups_are_read(container: Path, tmp_path: Path) -> None:
    machine.MINE.write_text("3:cpu:/\n4:memory:/box\n")
    folder = tmp_path / "groups" / "memory" / "box"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text(str(4 * GIB))
    (folder / "memory.usage_in_bytes").write_text(str(GIB))
    assert machine.memory() == Memory(4 * GIB, 3 * GIB)
    assert container.exists()


def test_this_machine_has_memory() -> None:
    found = machine.memory()
    assert 0 < found.free <= found.total <= psutil.virtual_memory().total


@pytest.mark.parametrize(("free", "held"), [(100 * GIB, True), (32, False)])
def test_rows_are_held_up_to_a_share_of_what_is_free(
    monkeypatch: pytest.MonkeyPatch, free: int, held: bool
) -> None:
    monkeypatch.setattr(feeds, "memory", lambda: Memory(free, free))
    table = {"x": torch.zeros(10, 1)}  # 40 bytes
    cpu = torch.device("cpu")
    found, words = feeds.rows(table, {}, cpu, channels_last=False, keep_stored=False)
    assert ("resident" in words) == held
    assert (found.tensors["x"] is table["x"]) == (not held)


def test_a_gpu_s_own_free_memory_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (24 * GIB, 80 * GIB))
    assert feeds._room(torch.device("cuda", 0)) == 12 * GIB
