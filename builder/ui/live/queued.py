"""What a run that waits is told to wait for."""

from builder import runs
from builder.ui.components.runtable.rows import called


def words(run_id: str) -> str:
    """The runs that go on and those that come first, and where the number at once is set.

    Empty where the run does not wait or nothing is ahead of it: then it is about to begin.
    """
    if not any(one.run == run_id for one in runs.waiting()):
        return ""
    said = runs.awaits(run_id, called(runs.list_runs()))
    return f"{said}; change the number on Runs, under At once" if said else ""
