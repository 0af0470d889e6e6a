"""The rows of the table of runs as JSON, for a table that follows runs under way."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from builder.ui.components.runtable import rows
from builder.ui.routes import guarded


async def _rows(request: Request) -> Response:
    from builder import runs

    def read() -> list[dict[str, object]]:
        return rows.lines(runs.list_runs(request.query_params.get("project") or None))

    found = await run_in_threadpool(read)
    return JSONResponse({"rows": found}, headers={"Cache-Control": "no-store"})


ROUTES = [guarded("/lamina/api/runs", _rows)]
