"""How far something is, as JSON."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from builder.ui.components import busy
from builder.ui.routes import guarded


async def _progress(request: Request) -> Response:
    told = dict(busy.progress(request.path_params["name"]))
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


ROUTES = [guarded("/lamina/api/busy/{name}", _progress)]
