"""Runs that wait can be put in order on the Runs page."""

import time

from psutil import Process

from builder import runs
from builder.home import room
from builder.runs import folder
from builder.runs.orders import queue_marker
from builder.train import files
from tests.ui.apptest import open_page, text_of


def test_a_waiting_run_is_put_first_and_a_device_takes_more() -> None:
    ids = [f"20260101-00000{at}-abcdef" for at in range(3)]
    for at, run in enumerate(ids):
        path = room("runs") / run
        path.mkdir()
        folder.write_status(path, folder.Status())
        info = {"id": run, "name": f"<i>run {at}</i>", "created": float(at)}
        files.write_json(path / "run.json", info)
        marker = {"device": "cpu", "time": time.time() + at, "priority": runs.queue.USUAL}
        files.write_json(queue_marker(run), marker)
    own = Process()
    paused = folder.Status("paused", pid=own.pid, created=own.create_time(), device="cpu")
    path = room("runs") / "20260101-000009-abcdef"
    path.mkdir()
    folder.write_status(path, paused)
    files.write_json(path / "run.json", {"id": path.name, "name": "<i>held</i>"})
    app = open_page("runs")
    assert not app.exception
    held = "&#x27;&lt;i&gt;held&lt;/i&gt;&#x27; is paused and keeps its place: resume or stop it."
    assert held in text_of(app)
    assert "&lt;i&gt;run 2&lt;/i&gt;" in text_of(app)
    app.button(f"queue_first_{ids[2]}").click().run()
    assert [one.run for one in runs.waiting()] == [ids[2], ids[0], ids[1]]
    app.number_input("queue_limit_cpu").set_value(4).run()
    assert runs.limits("cpu") == 4


def test_without_waiting_runs_there_is_no_queue() -> None:
    app = open_page("runs")
    assert not app.exception
    assert "Waiting" not in text_of(app)


def test_how_many_runs_a_device_takes_is_set_where_nothing_waits() -> None:
    app = open_page("runs")
    assert app.number_input("queue_limit_cpu").value == runs.limits("cpu")
    app.number_input("queue_limit_cpu").set_value(3).run()
    assert not app.exception
    assert runs.limits("cpu") == 3
