"""A sweep's trials as JSON, for a table and for charts that follow a sweep under way."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from builder.errors import LaminaError
from builder.ui.components.trials import charts, rows
from builder.ui.routes import guarded

if TYPE_CHECKING:
    from builder.sweeps import Plan, Trial


def _table(plan: "Plan", trials: Sequence["Trial"]) -> dict[str, Any]:
    return {"rows": rows.lines(plan, trials)}


PARTS: dict[str, Callable[["Plan", Sequence["Trial"]], dict[str, Any]]] = {
    "trials": _table,
    **charts.CHARTS,
}


def address(sweep: str, part: str) -> str:
    """Where that part of a sweep is told: "trials", or a chart by its name."""
    return f"/lamina/api/sweeps/{sweep}/{part}"


async def _part(request: Request) -> Response:
    from builder import sweeps

    make = PARTS.get(request.path_params["part"])
    if make is None:
        return JSONResponse({"error": "A sweep has no such part."}, status_code=404)

    def read() -> dict[str, Any]:
        found = sweeps.open_sweep(request.path_params["sweep"])
        return make(found.plan, found.trials())

    try:
        told = await run_in_threadpool(read)
    except LaminaError as error:
        return JSONResponse({"error": str(error)}, status_code=404)
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


ROUTES = [guarded(address("{sweep}", "{part}"), _part)]
