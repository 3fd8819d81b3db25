"""Rooms of Slack and Teams, behind their incoming webhooks."""

from __future__ import annotations

import hmac
import json
from html import unescape
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sim.messaging.book import Kept
from sim.messaging.door import route
from sim.messaging.twin import Twin

SLACK, TEAMS = "slack", "teams"
TEAMS_BYTES_MAX = 28 * 1024  # fixed: as Teams has it
STATUS = {
    "invalid_payload": HTTPStatus.BAD_REQUEST,
    "action_prohibited": HTTPStatus.FORBIDDEN,
    "channel_not_found": HTTPStatus.NOT_FOUND,
    "no_service": HTTPStatus.NOT_FOUND,
    "channel_is_archived": HTTPStatus.GONE,
}


def routes(twin: Twin) -> list[Route]:
    return [
        route(twin, "/slack/{secret}/{room}", SLACK, _slack),
        route(twin, "/teams/{secret}/{room}", TEAMS, _teams),
    ]


def _slack(twin: Twin, request: Request, body: bytes) -> Response:
    room, code = request.path_params["room"], _refused(twin, SLACK, request)
    if code is not None:
        return PlainTextResponse(code, STATUS.get(code, HTTPStatus.BAD_REQUEST))
    try:
        text = str(json.loads(body)["text"])
    except (ValueError, KeyError, TypeError):
        return PlainTextResponse("invalid_payload", HTTPStatus.BAD_REQUEST)
    title, _, rest = text.partition("*\n") if text.startswith("*") else ("", "", text)
    _keep(twin, SLACK, room, unescape(title.removeprefix("*")), unescape(rest))
    return PlainTextResponse("ok")


def _teams(twin: Twin, request: Request, body: bytes) -> Response:
    room, code = request.path_params["room"], _refused(twin, TEAMS, request)
    if code is not None:
        return PlainTextResponse(code, STATUS.get(code, HTTPStatus.BAD_REQUEST))
    if len(body) > TEAMS_BYTES_MAX:
        said = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP"
        return PlainTextResponse(f"{said} error 413")
    try:
        said_body: dict[str, Any] = json.loads(body)
        blocks = said_body["attachments"][0]["content"]["body"]
        lines = [str(block["text"]) for block in blocks]
    except (ValueError, KeyError, TypeError, IndexError):
        return PlainTextResponse("Bad payload received", HTTPStatus.BAD_REQUEST)
    _keep(twin, TEAMS, room, lines[0] if len(lines) > 1 else "", lines[-1])
    return PlainTextResponse("", HTTPStatus.ACCEPTED)


def _refused(twin: Twin, service: str, request: Request) -> str | None:
    given = request.path_params["secret"]
    if not hmac.compare_digest(given.encode(), twin.settings.secret.encode()):
        return "no_service"
    return twin.refusal(service, request.path_params["room"])


def _keep(twin: Twin, service: str, room: str, subject: str, text: str) -> None:
    one = Kept(
        nr=twin.book.next_nr(),
        id=twin.new_id(""),
        service=service,
        channel=service,
        to=room,
        at_ms=twin.now_ms(),
        subject=subject,
        text=text,
    )
    twin.take(one)
