"""The canvas's own routes: it edits without a rerun of Streamlit. The token guards them all."""

import json
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from builder.errors import LaminaError
from builder.ui.canvas import desk as desks
from builder.ui.canvas import wire
from builder.ui.canvas.desk import Desk, Stale
from builder.ui.routes import guarded

MAX_BYTES = 8_000_000
MOST_EDITS = 1000
LONGEST_KEY = 64


async def _catalogue(request: Request) -> Response:  # noqa: ARG001
    return JSONResponse(await run_in_threadpool(wire.catalogue))


async def _state(request: Request) -> Response:
    since = request.query_params.get("since")

    def answer(desk: Desk) -> Response:
        if since is not None and since == desk.stamp():
            return Response(status_code=204)
        return JSONResponse({"state": desk.state()})

    return await _answer(request, answer)


async def _source(request: Request) -> Response:
    return await _answer(request, lambda desk: JSONResponse(desk.source()))


async def _edit(request: Request) -> Response:
    body = await _body(request)
    edits = body.get("edits")
    if not isinstance(edits, list) or len(edits) > MOST_EDITS:
        return _refused(LaminaError("The edits are missing or too many.", code="edit"), None)
    if not all(isinstance(edit, dict) for edit in edits):
        return _refused(LaminaError("An edit is an object.", code="edit"), None)
    return await _change(request, body, lambda desk, base, key: desk.edit(base, edits, key))


async def _undo(request: Request) -> Response:
    return await _change(request, await _body(request), Desk.undo)


async def _redo(request: Request) -> Response:
    return await _change(request, await _body(request), Desk.redo)


async def _change(
    request: Request, body: dict[str, Any], change: Callable[[Desk, int, str], None]
) -> Response:
    base = body.get("base")
    if not isinstance(base, int) or isinstance(base, bool):
        return _refused(LaminaError("The edit names no revision.", code="edit"), None)
    key = body.get("key", "")
    if not isinstance(key, str) or len(key) > LONGEST_KEY:
        return _refused(LaminaError("The edit's key is no short text.", code="edit"), None)

    def answer(desk: Desk) -> Response:
        try:
            change(desk, base, key)
        except Stale:
            return JSONResponse({"stale": True, "state": desk.state()}, status_code=409)
        except LaminaError as error:
            return _refused(error, desk.state())
        return JSONResponse({"state": desk.state()})

    return await _answer(request, answer)


async def _answer(request: Request, answer: Callable[[Desk], Response]) -> Response:
    def work() -> Response:
        try:
            return answer(desks.desk(request.path_params["project"]))
        except LaminaError as error:
            return _refused(error, None)

    return await run_in_threadpool(work)


def _refused(error: LaminaError, state: dict[str, Any] | None) -> Response:
    return JSONResponse({"failure": error.to_dict(), "state": state}, status_code=422)


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent; an empty one where it is none or too large."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BYTES:
            return {}
        chunks.append(chunk)
    try:
        body = json.loads(b"".join(chunks))
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


_BASE = "/lamina/api/build"
ROUTES: list[BaseRoute] = [
    guarded(f"{_BASE}/{{project}}/catalogue", _catalogue),
    guarded(f"{_BASE}/{{project}}/state", _state),
    guarded(f"{_BASE}/{{project}}/source", _source),
    guarded(f"{_BASE}/{{project}}/edit", _edit, ["POST"]),
    guarded(f"{_BASE}/{{project}}/undo", _undo, ["POST"]),
    guarded(f"{_BASE}/{{project}}/redo", _redo, ["POST"]),
]
