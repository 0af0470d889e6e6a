"""Freed memory is kept: the same work again needs no new pages."""

import subprocess
import sys

import pytest

from builder.train import allocator

WORK = """
import mmap, resource, torch
from builder.train import allocator
assert allocator.keep()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def work():
    parts = [torch.ones(200_000) for _ in range(8)]
    return sum(float(part[0]) for part in parts)
work()
before = faults()
for _ in range(10):
    work()
print((faults() - before) * mmap.PAGESIZE)
"""


@pytest.mark.skipif(not allocator.keep(), reason="this C library has no such settings")
def test_the_same_work_again_asks_the_system_for_no_memory() -> None:
    found = subprocess.run(
        [sys.executable, "-c", WORK], capture_output=True, text=True, check=True, timeout=120
    )
    assert int(found.stdout) < 8 * 200_000 * 4  # less than the tensors of a single turn of ten


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator.sys, "platform", "darwin")
    assert not allocator.keep()
