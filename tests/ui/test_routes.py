"""The guard of Lamina's own routes: another page in the browser can neither ask nor steer this
server.
"""

import asyncio
import json
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from builder.ui import routes

OWN = "127.0.0.1:8501"


@dataclass
class Answer:
    status_code: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Asks an ASGI app as a browser would, header by header."""

    def __init__(self, app: Starlette) -> None:
        self.app = app

    def request(
        self, method: str, target: str, headers: dict[str, str] | None = None, content: bytes = b""
    ) -> Answer:
        path, _, query = target.partition("?")
        sent = {"host": OWN, **{name.lower(): value for name, value in (headers or {}).items()}}
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
            "server": ("127.0.0.1", 8501),
            "scheme": "http",
        }
        status, body = 0, b""

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content}

        async def send(message: Any) -> None:
            nonlocal status, body
            status = message.get("status", status)
            body += message.get("body", b"")

        asyncio.run(self.app(scope, receive, send))
        return Answer(status, body)

    def get(self, target: str, headers: dict[str, str] | None = None) -> Answer:
        return self.request("GET", target, headers)

    def post(
        self, target: str, headers: dict[str, str] | None = None, content: bytes = b""
    ) -> Answer:
        return self.request("POST", target, headers, content)


async def answer(request: Request) -> Response:
    return JSONResponse({"answer": 42})


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("LAMINA_HOME", str(tmp_path))
    routes.token.cache_clear()
    app = Starlette(
        routes=[
            routes.guarded("/lamina/try", answer, methods=("GET", "POST")),
            *routes.collect(),
        ]
    )
    return Client(app)


def headers(**more: str) -> dict[str, str]:
    return {"X-Lamina-Token": routes.token(), **more}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_own_page_is_served_by_get_and_post(client: Client, host: str) -> None:
    own = f"{host}:8501"
    assert client.get("/lamina/try", headers=headers(host=own)).json() == {"answer": 42}
    given = headers(host=own, origin=f"http://{own}")
    assert client.post("/lamina/try", headers=given).status_code == 200


def test_token_may_come_in_the_address_for_event_streams(client: Client) -> None:
    assert client.get(f"/lamina/try?token={routes.token()}").status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8501", "127.0.0.1.evil.example:8501", "127.0.0.1:9999", ""],
)
def test_foreign_host_is_refused(client: Client, host: str) -> None:
    refused = client.get("/lamina/try", headers=headers(host=host))
    assert refused.status_code == 403
    assert "own address" in refused.json()["error"]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_foreign_origin_is_refused(client: Client, origin: str, method: str) -> None:
    refused = client.request(method, "/lamina/try", headers=headers(origin=origin))
    assert refused.status_code == 403
    assert "Another page" in refused.json()["error"]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_request_from_another_site_is_refused(client: Client, site: str) -> None:
    assert client.get("/lamina/try", headers=headers(**{"sec-fetch-site": site})).status_code == 403


def test_change_without_origin_is_refused(client: Client) -> None:
    assert client.post("/lamina/try", headers=headers()).status_code == 403
    own = headers(**{"sec-fetch-site": "same-origin"})
    assert client.post("/lamina/try", headers=own).status_code == 200


@pytest.mark.parametrize("given", [{}, {"X-Lamina-Token": "wrong"}, {"X-Lamina-Token": "é"}])
def test_missing_or_wrong_token_is_refused_with_a_remedy(
    client: Client, given: dict[str, Any]
) -> None:
    refused = client.get("/lamina/try", headers=given)
    assert refused.status_code == 403
    assert "Reload" in refused.json()["error"]


def test_token_survives_a_restart_and_only_its_owner_reads_it(
    client: Client, tmp_path: Path
) -> None:
    first = routes.token()
    routes.token.cache_clear()
    assert routes.token() == first
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_torn_token_file_is_made_anew(client: Client, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("")
    assert len(routes.token()) >= 32
    assert (tmp_path / "token").read_text() == routes.token()


@pytest.fixture
def built(tmp_path: Path) -> Path:
    dist = tmp_path / "part" / "frontend" / "dist"
    dist.mkdir(parents=True)
    (dist / "app-1.js").write_text("export default 1")
    (tmp_path / "part" / "frontend" / "secret.js").write_text("no")
    (dist / "notes.txt").write_text("no")
    return tmp_path


def test_assets_give_built_files(built: Path) -> None:
    found = routes.asset_file(built, "part", "app-1.js")
    assert found is not None
    assert found.read_text() == "export default 1"


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ("part", "../secret.js"),
        ("part", "x/../../secret.js"),
        ("part", "..\\secret.js"),
        ("..", "part/frontend/dist/app-1.js"),
        ("part/..", "app-1.js"),
        ("part", "/etc/passwd"),
        ("part", "notes.txt"),
        ("part", "missing.js"),
        ("part", "app-1.js\0.js"),
    ],
)
def test_assets_give_nothing_outside_their_folder(built: Path, part: str, path: str) -> None:
    assert routes.asset_file(built, part, path) is None


def test_asset_behind_a_link_out_of_the_folder_is_not_given(built: Path) -> None:
    (built / "part/frontend/dist/link.js").symlink_to(built / "part/frontend/secret.js")
    assert routes.asset_file(built, "part", "link.js") is None


@pytest.mark.parametrize(
    "path", ["/lamina/assets/canvas/..%2f..%2froutes.py", "/lamina/assets/canvas/%2e%2e/x.js"]
)
def test_asset_route_refuses_a_way_out(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_assets_demand_the_host_too(client: Client) -> None:
    refused = client.get("/lamina/assets/canvas/x.js", headers={"host": "evil.example"})
    assert refused.status_code == 403


def test_route_outside_lamina_is_no_route() -> None:
    with pytest.raises(ValueError, match="/lamina/"):
        routes.guarded("/other", answer)
