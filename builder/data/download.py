"""Fetch a known file once: with progress, a checksum, limits and timeouts, and a clear word when
there is no network."""

import hashlib
import os
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from builder.errors import LaminaError
from builder.progress import Progress, silent

CONNECT_SECONDS = 8.0
STALL_SECONDS = 20.0
BLOCK = 1 << 16


@dataclass(frozen=True)
class Remote:
    """A file on the web: where it may be had, what it is called here, its MD5 as published, and its
    most bytes."""

    urls: tuple[str, ...]
    name: str
    md5: str
    most_bytes: int = 1_000_000_000


def fetch(remote: Remote, folder: Path, progress: Progress = silent) -> Path:
    """The file in `folder`, downloaded where it is not there yet; written aside, checked, then
    renamed.

    Raises LaminaError within seconds where no address answers, and for a wrong checksum or a full
    disk.
    """
    path = folder / remote.name
    if path.is_file() and _md5(path) == remote.md5:
        return path
    reasons: list[str] = []
    for url in remote.urls:
        try:
            _download(url, path, remote, progress)
        except LaminaError:
            raise
        except (OSError, ValueError, urllib.error.URLError) as error:
            reasons.append(_reason(error))
        else:
            return path
    raise LaminaError(
        f"{remote.name} could not be downloaded: {reasons[-1]}.",
        place=remote.urls[0],
        remedy=f"Connect to the network and try again, or put the file into {folder} yourself.",
        code="offline",
    )


def _reason(error: BaseException) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code}"
    cause = getattr(error, "reason", error)
    text = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return text.rstrip(".").lower() if "timed out" in text else text.rstrip(".")


def _open(url: str) -> IO[bytes]:
    """Connect in a thread of its own: looking up a name may hang for minutes, and no timeout
    reaches it there."""
    answer: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def connect() -> None:
        try:
            answer.put(urllib.request.urlopen(url, timeout=STALL_SECONDS))
        except Exception as error:  # handed over to the thread that waits
            answer.put(error)

    threading.Thread(target=connect, daemon=True).start()
    try:
        result = answer.get(timeout=CONNECT_SECONDS)
    except queue.Empty:
        raise TimeoutError(f"no answer within {CONNECT_SECONDS:.0f} seconds") from None
    if isinstance(result, Exception):
        raise result
    stream: IO[bytes] = result
    return stream


def _download(url: str, path: Path, remote: Remote, progress: Progress) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with _open(url) as stream, aside.open("wb") as file:
            total = int(getattr(stream, "headers", {}).get("Content-Length") or 0)
            done, told = 0, 0.0
            while block := stream.read(BLOCK):
                done += len(block)
                if done > remote.most_bytes:
                    raise LaminaError(
                        f"{remote.name} is larger than it should be.", place=url, code="download"
                    )
                file.write(block)
                digest.update(block)
                if time.monotonic() - told > 0.1:
                    told = time.monotonic()
                    progress(f"Downloading {remote.name}", done, total)
        if digest.hexdigest() != remote.md5:
            raise LaminaError(
                f"{remote.name} did not arrive as it was published (its checksum differs).",
                place=url,
                remedy="Try again; if it stays so, the network or the server changes the file.",
                code="download",
            )
        os.replace(aside, path)
        progress(f"Downloading {remote.name}", done, done)
    finally:
        aside.unlink(missing_ok=True)


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def several(remotes: Sequence[Remote], folder: Path, progress: Progress = silent) -> list[Path]:
    """All files, one after the other."""
    return [fetch(remote, folder, progress) for remote in remotes]
