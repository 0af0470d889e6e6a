"""Lamina's own routes beside Streamlit's: who may ask, the files of the front ends, and the list
of all routes.

Every route demands an allowed Host and Origin; what gives or takes data also demands the token
that the page handed to
its component. Without that, any page in the browser could steer this server.
"""

import hmac
import importlib
import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from builder.home import home
from builder.ui import places

Endpoint = Callable[[Request], Awaitable[Response]]

HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
PARTS = ("canvas", "live", "components/busy", "components/runtable", "components/trials")
"""The folders of builder/ui whose routes.py may define ROUTES."""

TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".map": "application/json",
    ".woff2": "font/woff2",
    ".png": "image/png",
}


@cache
def token() -> str:
    """The server's secret: handed to components, sent back by them as `X-Lamina-Token` or
    `?token=`.

    Kept under LAMINA_HOME (readable by its owner only), so that an open page goes on after the
    server was restarted.
    """
    path = home() / "token"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_text(encoding="ascii").strip()
        if len(kept) >= 32:
            return kept
        path.unlink()
        token.cache_clear()
        return token()
    fresh = secrets.token_urlsafe(32)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(fresh)
    return fresh


def refusal(request: Request, *, needs_token: bool = True) -> str | None:
    """Why this request is not served, in words; None where it may be."""
    host = request.headers.get("host", "").lower()
    name, _, port = host.rpartition(":") if ":" in host.rpartition("]")[2] else (host, "", "")
    server = request.scope.get("server")
    own = str(server[1]) if server and server[1] else ""
    if name not in HOSTS or (own and (port or "80") != own):
        return "This server answers to its own address only."
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):
        return "Another page may not ask this server."
    if site is not None and site not in ("same-origin", "none"):
        return "Another page may not ask this server."
    if request.method not in ("GET", "HEAD") and origin is None and site != "same-origin":
        return "A change must come from Lamina's own page."
    if needs_token:
        given = request.headers.get("x-lamina-token") or request.query_params.get("token") or ""
        if not hmac.compare_digest(given.encode(), token().encode()):
            return "The page is not known to this server. Reload it."
    return None


def guarded(
    path: str, endpoint: Endpoint, methods: Sequence[str] = ("GET",), *, needs_token: bool = True
) -> Route:
    """A route that answers 403 with a sentence unless Host, Origin and token are right. `path`
    begins with /lamina/.
    """
    if not path.startswith("/lamina/"):
        raise ValueError(f"{path} does not begin with /lamina/")

    async def checked(request: Request) -> Response:
        why = refusal(request, needs_token=needs_token)
        if why:
            return JSONResponse({"error": why}, status_code=403)
        return await endpoint(request)

    return Route(path, checked, methods=list(methods))


async def _asset(request: Request) -> Response:
    part, path = request.path_params["part"], request.path_params["path"]
    file = asset_file(places.UI, part, path)
    if file is None:
        return JSONResponse({"error": "There is no such file."}, status_code=404)
    return FileResponse(
        file,
        media_type=TYPES[file.suffix],
        headers={
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
        },
    )


def asset_file(root: Path, part: str, path: str) -> Path | None:
    """The built file of a front end, or None: nothing outside <root>/<part>/frontend/dist is ever
    given.
    """
    if not part.isidentifier() or "\\" in path or "\0" in path:
        return None
    folder = (root / part / "frontend" / "dist").resolve()
    file = (folder / path).resolve()
    if not file.is_relative_to(folder) or file.suffix not in TYPES or not file.is_file():
        return None
    return file


def collect() -> list[BaseRoute]:
    """All own routes: the files of the front ends, and ROUTES of each part's routes.py."""
    found: list[BaseRoute] = [
        guarded("/lamina/assets/{part}/{path:path}", _asset, needs_token=False)
    ]
    for part in PARTS:
        name = f"builder.ui.{part.replace('/', '.')}.routes"
        if (places.UI / part / "routes.py").is_file():
            found.extend(importlib.import_module(name).ROUTES)
    return found
