"""How a state looks, wherever it is shown: its word, its tone and its sign, in one table."""

from builder.ui import parts

Look = tuple[str, parts.Tone, str]

RUN: dict[str, Look] = {
    "queued": ("Queued", "n", "wait"),
    "preparing": ("Preparing", "acc", "live"),
    "running": ("Training", "acc", "live"),
    "paused": ("Paused", "warn", "pause"),
    "finished": ("Finished", "ok", "check"),
    "stopped": ("Stopped", "n", "stop"),
    "failed": ("Failed", "err", "cross"),
    "unread": ("Cannot be read", "err", "cross"),
}
"""By status of a run. "live" is the dot of something that goes on; the others are `parts.ICONS`."""

SWEEP: dict[str, Look] = {
    "running": ("Running", "acc", "live"),
    "interrupted": ("Interrupted", "warn", "warn"),
    "stopped": RUN["stopped"],
    "finished": RUN["finished"],
    "failed": RUN["failed"],
}
"""By status of a sweep."""

TRIAL: dict[str, Look] = {
    "running": SWEEP["running"],
    "complete": ("Complete", "ok", "check"),
    "pruned": ("Given up", "n", "stop"),
    "failed": RUN["failed"],
    "stopped": RUN["stopped"],
    "waits": ("Waits", "n", "wait"),
}
"""By state of a trial; "waits" where its run has not begun."""


def run(status: str) -> Look:
    """The look of a run of this status."""
    return RUN.get(status, (status, "n", ""))


def path(sign: str) -> str:
    """The sign's line in a 16 × 16 box, for components that draw it; empty for "live"."""
    return parts.ICONS.get(sign, "")
