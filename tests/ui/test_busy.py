"""Work under way is told by an own route until it is over."""

import threading

from builder.progress import Progress
from builder.ui import routes, work
from builder.ui.components import busy


def test_a_job_tells_how_far_it_is_and_then_that_it_is_over() -> None:
    go_on = threading.Event()

    def count(report: Progress) -> int:
        report("Counting sheep", 3, 12)
        go_on.wait(30)
        return 12

    running = work.Job(count)
    while running.what != "Counting sheep" or running.total == 0:
        pass
    busy._watched[running.name] = running
    now = busy.progress(running.name)
    assert (now["over"], now["what"], now["count"], now["share"]) == (
        False,
        "Counting sheep",
        "3 of 12",
        0.25,
    )
    assert now["known"] is True
    go_on.set()
    assert running.finished(30)
    assert busy.progress(running.name)["over"] is True


def test_before_the_first_step_nothing_is_known_of_how_far_it_is() -> None:
    go_on = threading.Event()

    def begin(report: Progress) -> None:
        report("Counting sheep", 0, 12)
        go_on.wait(30)

    running = work.Job(begin)
    while running.total == 0:
        pass
    assert running.progress()["known"] is False
    go_on.set()
    assert running.finished(30)


def test_what_nobody_holds_any_more_is_over() -> None:
    busy._watched["gone"] = busy.Until(lambda: False)
    assert busy.progress("gone") == {"over": True}


def test_it_has_a_route() -> None:
    assert "/lamina/api/busy/{name}" in {route.path for route in routes.collect()}
