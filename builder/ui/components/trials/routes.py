"""The rows of a sweep's table of trials as JSON, for a table that follows a sweep under way."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from builder.errors import LaminaError
from builder.ui.components.trials import rows
from builder.ui.routes import guarded


async def _rows(request: Request) -> Response:
    from builder import sweeps

    def read() -> list[dict[str, object]]:
        found = sweeps.open_sweep(request.path_params["sweep"])
        return rows.lines(found.plan, found.trials())

    try:
        lines = await run_in_threadpool(read)
    except LaminaError as error:
        return JSONResponse({"error": str(error)}, status_code=404)
    return JSONResponse({"rows": lines}, headers={"Cache-Control": "no-store"})


ROUTES = [guarded("/lamina/api/sweeps/{sweep}/trials", _rows)]
