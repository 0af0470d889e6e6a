"""Sources by name, and reading with a small memory of what was read last."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from typing import Any

from builder import scan
from builder.data import absent, measures, sources, store
from builder.data.base import Raw, Source
from builder.errors import LaminaError
from builder.progress import Progress, silent
from builder.project import Data

_KEPT = 3
_kept: OrderedDict[str, Raw] = OrderedDict()
_lock = threading.Lock()


@cache
def catalogue() -> dict[str, Source]:
    """All sources by kind."""
    found = scan.classes(sources, Source)  # type: ignore[type-abstract]
    return {source.kind: source() for source in found}


def source_of(data: Data) -> Source:
    """The source that the project names. Raises LaminaError for none, or an unknown one."""
    known = catalogue()
    if not data.source:
        raise LaminaError(
            "The project has no data yet.",
            place="data.source",
            remedy="Choose data on the Data page, or set data.source.",
            code="no_data",
        )
    if data.source not in known:
        raise LaminaError(
            f"There is no data source called {data.source!r}.",
            place="data.source",
            remedy=f"Take one of {', '.join(known)}.",
        )
    source = known[data.source]
    allowed = {option.name for option in source.params}
    for name in data.options:
        if name not in allowed:
            raise LaminaError(
                f"The source {data.source!r} has no option {name!r}.",
                place=f"data.options.{name}",
                remedy=f"Its options are {', '.join(sorted(allowed))}.",
            )
    return source


def fingerprint(data: Data) -> list[dict[str, Any]]:
    """The source's files with a digest of their content. Raises LaminaError for a file that is not
    there."""
    found = []
    for path in source_of(data).files(data.options):
        try:
            found.append({"path": str(path), "digest": store.digest_file(path)})
        except OSError as error:
            raise LaminaError(
                f"The file cannot be read: {error.strerror}.",
                place=str(path),
                remedy="Check the path and that you may read it.",
            ) from error
    return found


def read(data: Data, progress: Progress = silent) -> Raw:
    """All rows of the project's data, what stands for nothing known left blank; the last few are
    kept in memory, by content, and with them what was worked out from them.
    """
    source = source_of(data)
    digests = [file["digest"] for file in fingerprint(data)]
    key = store.digest_json([data.source, dict(data.options), digests])
    raw = _remembered(key, lambda: source.read(data.options, progress))
    if signed := measures.asked(data):
        key, words = store.digest_json([key, signed]), raw
        raw = _remembered(key, lambda: measures.measured(words, signed))
    if not (gone := absent.asked(data)):
        return raw
    return _remembered(store.digest_json([key, gone]), lambda: absent.blanked(raw, gone))


def _remembered(key: str, make: Callable[[], Raw]) -> Raw:
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    raw = make()
    with _lock:
        _kept[key] = raw
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return raw
