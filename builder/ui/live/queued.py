"""What a run that waits is told to wait for."""

from builder import runs
from builder.runs.queue import limits
from builder.ui.components.runtable.rows import called

NAMED = 2
"""So many runs ahead are named; the rest are counted."""
GOING = ("preparing", "running", "paused")


def words(run_id: str) -> str:
    """The runs that go on and those that come first, and where the number at once is set.

    Empty where the run does not wait or nothing is ahead of it: then it is about to begin.
    """
    waiting = runs.waiting()
    own = next((one for one in waiting if one.run == run_id), None)
    if own is None:
        return ""
    rows = runs.list_runs()
    names = called(rows)
    going = [row.id for row in rows if row.status in GOING and _same(row.device, own.device)]
    before = [one.run for one in waiting if one.device == own.device and one.place < own.place]
    most = limits(own.device)
    if len(going) + len(before) < most:
        return ""
    ahead = [names.get(one, one) for one in (*going, *before)]
    said = ", ".join(ahead[:NAMED])
    if len(ahead) > NAMED:
        said += f" and {len(ahead) - NAMED} more"
    device = own.device.upper() if own.device == "cpu" else own.device.replace("cuda:", "GPU ")
    count = f"{most} run{'s' if most > 1 else ''} at once on the {device}"
    return f"behind {said} · {count}; change it on Runs, under At once"


def _same(device: str, wanted: str) -> bool:
    return device == wanted or device.split(":")[0] == wanted
