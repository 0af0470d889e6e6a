"""Freed memory stays with the process, so that the next step need not ask the system for it."""

import ctypes
import sys

LARGEST, KEPT = 32 << 20, 256 << 20
"""Bytes: blocks up to here are cut from the heap (glibc allows no more); this much may lie free."""
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Names of settings in glibc's malloc.h; see mallopt(3)."""


def keep() -> bool:
    """Tell the C library; false where it knows no such settings (macOS, Windows, musl).

    By itself glibc gives freed blocks of a few hundred kilobytes back to the system and has their
    pages filled with zeros when they are needed again: 280 page faults in each step of a compiled
    784-256-128-10 network, a third of its time.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(set_option(MMAP_THRESHOLD, LARGEST)) and bool(set_option(TRIM_THRESHOLD, KEPT))
