"""Freed memory is kept: the same work again needs no new pages; given back when a run is over."""

import subprocess
import sys

import pytest

from builder.train import allocator

WORK = """
import mmap, resource, sys, torch
from builder.train import allocator
assert allocator.keep()
count, size = map(int, sys.argv[1:])
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def work():
    parts = [torch.ones(size) for _ in range(count)]
    return sum(float(part[0]) for part in parts)
for _ in range(5):  # blocks find their places
    work()
before = faults()
for _ in range(10):
    work()
print((faults() - before) * mmap.PAGESIZE)
"""
AFTERWARDS = """
import mmap, torch
from builder.train import allocator
assert allocator.keep()
def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * mmap.PAGESIZE
before = held()
parts = [torch.ones(2_000_000) for _ in range(50)]
last = torch.ones(10)  # so that the blocks are a hole, not the heap's end
during = held()
del parts
kept = held()
assert allocator.give_back()
print(before, during, kept, held())
"""
LINUX = pytest.mark.skipif(not allocator.keep(), reason="this C library has no such settings")


def carried_out(code: str, *given: int) -> list[int]:
    found = subprocess.run(
        [sys.executable, "-c", code, *map(str, given)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [int(word) for word in found.stdout.split()]


@LINUX
@pytest.mark.parametrize(("count", "size"), [(8, 200_000), (2, 12_000_000)])
def test_the_same_work_again_asks_the_system_for_no_memory(count: int, size: int) -> None:
    """Blocks of 0.8 MB; and of 48 MB, more than glibc would cut from its heap by itself."""
    (bytes_anew,) = carried_out(WORK, count, size)
    assert bytes_anew < count * size * 4  # less than the tensors of a single turn of ten


@LINUX
def test_what_was_kept_is_given_back_when_the_work_is_done() -> None:
    before, during, kept, after = carried_out(AFTERWARDS)
    size = 50 * 2_000_000 * 4
    assert during - before > 0.9 * size
    assert kept - before > 0.9 * size
    assert after - before < 0.2 * size


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator.sys, "platform", "darwin")
    assert not allocator.keep()
    assert not allocator.give_back()
