"""What the doctor says reaches the page: a card, a mark on the node, a line of the log."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from builder import runs
from builder.errors import LaminaError
from builder.ui import routes
from builder.ui.live.routes import ROUTES
from builder.ui.live.stream import Follower, marked
from tests.ui.test_routes import OWN, Client

RUN = "20260101-000000-abcdef"
DEAD = {
    "kind": "dead_relu",
    "title": "relu1 is dead",
    "message": "100 % of the units are 0.",
    "why": "So.",
    "state": "found",
    "severity": "warning",
    "node": "relu1",
    "nodes": ["relu1"],
    "step": 5,
    "time": 2.0,
    "changes": [{"label": "Leaky", "why": "So.", "edits": []}],
}


@pytest.fixture
def folder(lamina_home: Path) -> Path:
    made = lamina_home / "runs" / RUN
    made.mkdir(parents=True)
    (made / "run.json").write_text(json.dumps({"id": RUN, "name": "one"}))
    (made / "status.json").write_text(json.dumps({"status": "finished", "step": 9}))
    nodes = [{"node": "fc1", "gradient": 0.1}, {"node": "relu1", "dead": 1.0}]
    write(made, "health", {"step": 5, "nodes": nodes})
    write(made, "events", {"kind": "started", "time": 1.0, "step": 0})
    return made


def write(folder: Path, name: str, line: dict[str, Any]) -> None:
    with (folder / f"{name}.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def test_a_symptom_comes_with_its_node_marked_and_a_line_in_the_log(folder: Path) -> None:
    follower = Follower(RUN)
    assert follower.poll() is not None
    write(folder, "symptoms", DEAD)
    message = follower.poll()
    assert message is not None
    assert [symptom["kind"] for symptom in message["symptoms"]] == ["dead_relu"]
    assert [row.get("ails") for row in message["health"]] == [None, "relu1 is dead"]
    assert [row["text"] for row in message["events"]] == ["Started", "Doctor: relu1 is dead"]
    assert follower.poll() is None


def test_a_symptom_that_is_over_takes_its_mark_away(folder: Path) -> None:
    write(folder, "symptoms", DEAD)
    write(folder, "symptoms", {**DEAD, "state": "gone", "time": 3.0})
    message = Follower(RUN).poll()
    assert message is not None
    assert message["symptoms"] == []
    assert all("ails" not in row for row in marked(runs.open_run(RUN)))
    assert message["events"][-1]["text"] == "Over: relu1 is dead"


@pytest.fixture
def client() -> Client:
    return Client(Starlette(routes=list(ROUTES)))


def ask(client: Client, body: Any, token: str = "") -> Any:
    headers = {"X-Lamina-Token": token or routes.token(), "Origin": f"http://{OWN}"}
    return client.post(f"/lamina/api/runs/{RUN}/treat", headers, json.dumps(body).encode())


def test_a_change_is_made_in_a_new_run_whose_id_comes_back(
    folder: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    class Made:
        id = "20260101-000001-abcdef"

    def treat(*given: Any) -> Made:
        asked.append(given)
        return Made()

    monkeypatch.setattr(runs, "treat", treat)
    answer = ask(client, {"kind": "dead_relu", "change": 0})
    assert answer.status_code == 200
    assert answer.json() == {"run": Made.id}
    assert asked == [(RUN, "dead_relu", 0)]


@pytest.mark.parametrize("body", [None, [], {}, {"kind": 1, "change": 0}, {"kind": "x"}])
def test_what_is_no_treatment_is_refused_in_words(folder: Path, client: Client, body: Any) -> None:
    answer = ask(client, body)
    assert answer.status_code == 400
    assert "treatment" in answer.json()["error"]


def test_a_change_that_cannot_be_is_refused_in_words(
    folder: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def treat(*given: Any) -> None:
        raise LaminaError("It cannot be.")

    monkeypatch.setattr(runs, "treat", treat)
    answer = ask(client, {"kind": "dead_relu", "change": 0})
    assert answer.status_code == 400
    assert answer.json()["error"] == "It cannot be."


def test_a_foreign_page_begins_no_run(folder: Path, client: Client) -> None:
    assert ask(client, {"kind": "dead_relu", "change": 0}, token="wrong").status_code == 403
