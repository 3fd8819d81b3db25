"""/v1/sessions: users sign in and out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response

from serve.fields import PathId
from serve.identity.access import Opened, SignedIn
from serve.paging import ListOf, Paged
from serve.problems import MEDIA_TYPE
from serve.sessions import service
from serve.sessions.sign_in import sign_in
from serve.sessions.wire import NewSession, NewSessionOut, SessionOut

router = APIRouter(tags=["sessions"])

_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
REFUSED: dict[int | str, dict[str, Any]] = {
    HTTPStatus.UNAUTHORIZED.value: {
        "description": "Something of it is wrong, or a code is needed",
        "content": _CONTENT,
    },
    HTTPStatus.FORBIDDEN.value: {"description": "The tenant is suspended", "content": _CONTENT},
}


@router.post("/v1/sessions", status_code=HTTPStatus.CREATED, responses=REFUSED)
async def create_session(
    new: NewSession,
    gateway: Opened,
    response: Response,
    user_agent: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> NewSessionOut:
    """Sign in. A 401 of the type `code-required` asks for the same with a one-time code."""
    made = await sign_in(gateway, new, user_agent)
    response.headers["Cache-Control"] = "no-store"
    return made


@router.get("/v1/sessions")
async def list_sessions(gateway: Opened, who: SignedIn, page: Paged) -> ListOf[SessionOut]:
    """Where you are signed in."""
    return await service.list_page(gateway, who, page)


@router.delete("/v1/sessions/current", status_code=HTTPStatus.NO_CONTENT)
async def sign_out(gateway: Opened, who: SignedIn) -> None:
    await service.end_current(gateway, who)


@router.delete("/v1/sessions/{id}", status_code=HTTPStatus.NO_CONTENT)
async def end_session(session_id: PathId, gateway: Opened, who: SignedIn) -> None:
    """One of your own, wherever it is; its tokens end within seconds."""
    await service.end(gateway, who, session_id)
