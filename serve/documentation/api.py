"""/docs: the API for people, readable without internet."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

router = APIRouter()

DESCRIPTION = """\
Books, dispatches and tracks trucks. Get a token from `POST /v1/oauth/token`, send it as
`Authorization: Bearer`. Errors are RFC 9457 problem documents, times RFC 3339 UTC, lists go on with
`cursor`. The live feed is a WebSocket at `/v1/live`; `docs/live-feed.md` describes its frames.
"""
PAGE = (Path(__file__).parent / "page.html").read_text()


@router.get("/docs", include_in_schema=False)
async def docs() -> HTMLResponse:
    return HTMLResponse(PAGE)
