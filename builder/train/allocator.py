"""Freed memory stays with the process, so that the next step need not ask the system for it."""

import ctypes
import sys

LARGEST, KEPT = 32 << 20, 1 << 30
"""Bytes: threads other than the first cut blocks up to here from a heap of theirs (glibc allows no
more); this much may lie free at a heap's end."""
TRIM_THRESHOLD, MMAP_THRESHOLD, MMAP_MAX = -1, -3, -4
"""Names of settings in glibc's malloc.h; see mallopt(3)."""


def keep() -> bool:
    """Tell the C library; false where it knows no such settings (macOS, Windows, musl).

    By itself glibc gives freed blocks of a few hundred kilobytes back to the system and has their
    pages filled with zeros when they are needed again: 280 page faults in each step of a compiled
    784-256-128-10 network, a third of its time. Blocks above `LARGEST` it maps singly, each time
    anew, unless it may map none: the working memory of a recurrent layer cost 9,400 page faults
    and 25 of 80 ms in each step. See `give_back` for when the work is done.
    """
    library = _library()
    if library is None:
        return False
    try:
        set_option = library.mallopt
    except AttributeError:
        return False
    found = [set_option(MMAP_THRESHOLD, LARGEST), set_option(MMAP_MAX, 0)]
    return all(found) and bool(set_option(TRIM_THRESHOLD, KEPT))


def give_back() -> bool:
    """Return what lies free to the system, holes between blocks in use included; false where the C
    library cannot, or there was nothing.
    """
    library = _library()
    try:
        return library is not None and bool(library.malloc_trim(0))
    except AttributeError:
        return False


def _library() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL(None)
    except OSError:
        return None
