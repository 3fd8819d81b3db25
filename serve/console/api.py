"""The dispatcher's console at /: files from its build, answered where no route of the API is."""

from __future__ import annotations

import mimetypes
import re
from http import HTTPStatus
from pathlib import Path, PurePosixPath

from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from serve.problems import NotFoundError

API_PATHS = ("/v1", "/.well-known")
OTHER_VERSION = re.compile(r"/v(?!1(?:/|$))\d+(?:/|$)")
INDEX = "index.html"
# The build puts a hash of the content into these files' names.
HASHED_FOLDER = "assets"
FOR_EVER = "public, max-age=31536000, immutable"
ASK_EVERY_TIME = "no-cache"

NOT_BUILT = """<!doctype html><meta charset="utf-8"><title>UberTruck</title>
<h1>UberTruck is running</h1><p>The console is not built: run <code>make console</code> and reload.
The API is described at <a href="/docs">/docs</a>.</p>"""

mimetypes.add_type("application/geo+json", ".geojson")
mimetypes.add_type("application/x-protobuf", ".pbf")


def serve_console(folder: Path) -> ASGIApp:
    """The router's last resort: what matched no route comes here."""
    root = folder.resolve()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        response = _response(root, scope["method"], scope["path"])
        await response(scope, receive, send)

    return answer


def _response(root: Path, method: str, path: str) -> Response:
    if OTHER_VERSION.match(path):
        raise NotFoundError("there is no such version of the API; the present one is at /v1")
    is_api = any(path == known or path.startswith(f"{known}/") for known in API_PATHS)
    if is_api or method not in ("GET", "HEAD"):
        raise NotFoundError("there is nothing at this address")
    asked = PurePosixPath(path.lstrip("/") or INDEX)
    file = _inside(root, asked)
    if file is not None:
        is_hashed = asked.parts[0] == HASHED_FOLDER
        caching = FOR_EVER if is_hashed else ASK_EVERY_TIME
        return FileResponse(file, headers={"Cache-Control": caching})
    # An address within the console: its own router reads it. A missing file stays missing.
    index = _inside(root, PurePosixPath(INDEX))
    if asked.suffix and asked.name != INDEX:
        raise NotFoundError("there is no such file")
    if index is not None:
        return FileResponse(index, headers={"Cache-Control": ASK_EVERY_TIME})
    return HTMLResponse(NOT_BUILT, HTTPStatus.OK)


def _inside(root: Path, asked: PurePosixPath) -> Path | None:
    """The file, unless it is missing or the path climbs out of the folder."""
    if "\0" in str(asked):
        return None
    file = (root / asked).resolve()
    return file if file.is_relative_to(root) and file.is_file() else None
