"""The routes of the live view: a run's news as server-sent events, orders and treatments."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from builder import runs
from builder.errors import LaminaError
from builder.ui.live import made
from builder.ui.live.channel import news
from builder.ui.live.component import API
from builder.ui.live.stream import finite
from builder.ui.routes import guarded

QUIET = 15.0
"""Seconds of silence after which a comment line keeps the connection open."""

LOOK = 1.0
"""Seconds between two looks whether a page of a silent run is still there."""

MAX_ORDER = 10_000


async def stream(request: Request) -> Response:
    """The run's news until it has ended or the page is closed."""
    run = request.path_params["run"]
    try:
        await run_in_threadpool(runs.open_run, run)
    except LaminaError as error:
        return JSONResponse({"error": str(error)}, status_code=404)
    return StreamingResponse(
        _news(request, run),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _news(request: Request, run: str) -> AsyncIterator[str]:
    silence = 0.0
    async with aclosing(news(run, LOOK)) as messages:
        async for text in messages:
            if await request.is_disconnected():
                return
            silence = silence + LOOK if text is None else 0.0
            if text is not None:
                yield f"data: {text}\n\n"
            elif silence >= QUIET:
                silence = 0.0
                yield ": still here\n\n"


async def order(request: Request) -> Response:
    """Give the run an order; 400 with a sentence where it makes no sense."""
    body = await request.body()
    if len(body) > MAX_ORDER:
        return JSONResponse({"error": "The order is too long."}, status_code=413)
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        return JSONResponse({"error": "An order is a JSON object."}, status_code=400)
    try:
        name = await run_in_threadpool(runs.order, request.path_params["run"], asked)
    except LaminaError as error:
        return JSONResponse({"error": str(error)}, status_code=400)
    return JSONResponse({"ok": True, "id": name})


async def made_at(request: Request) -> Response:
    """What the network made at a moment of its training; 404 where it is not there."""

    def read() -> dict[str, Any]:
        run = runs.open_run(request.path_params["run"])
        return finite(made.moment(run, request.path_params["at"]))  # type: ignore[no-any-return]

    try:
        return JSONResponse(await run_in_threadpool(read))
    except LaminaError as error:
        return JSONResponse({"error": str(error)}, status_code=404)


async def made_beside(request: Request) -> Response:
    """Images of the data, to compare what was made with; 404 where there are none."""

    def read() -> dict[str, Any]:
        return made.real(runs.open_run(request.path_params["run"]), request.path_params["count"])

    try:
        return JSONResponse(await run_in_threadpool(read))
    except LaminaError as error:
        return JSONResponse({"error": str(error)}, status_code=404)


async def treat(request: Request) -> Response:
    """Do what the doctor proposes in a new run; gives its id. 400 with a sentence where it cannot
    be.
    """
    body = await request.body()
    try:
        asked = json.loads(body) if len(body) <= MAX_ORDER else None
    except ValueError:
        asked = None
    kind, change = (asked.get("kind"), asked.get("change")) if isinstance(asked, dict) else ("", "")
    if not isinstance(kind, str) or not isinstance(change, int) or isinstance(change, bool):
        words = 'A treatment is {"kind": a symptom, "change": its number}.'
        return JSONResponse({"error": words}, status_code=400)
    try:
        found = await run_in_threadpool(runs.treat, request.path_params["run"], kind, change)
    except LaminaError as error:
        return JSONResponse({"error": str(error)}, status_code=400)
    return JSONResponse({"run": found.id})


ROUTES = [
    guarded(f"{API}/{{run}}/stream", stream),
    guarded(f"{API}/{{run}}/order", order, methods=("POST",)),
    guarded(f"{API}/{{run}}/treat", treat, methods=("POST",)),
    guarded(f"{API}/{{run}}/made/{{at:int}}", made_at),
    guarded(f"{API}/{{run}}/real/{{count:int}}", made_beside),
]
