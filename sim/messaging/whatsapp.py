"""Meta's Cloud API for WhatsApp."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sim.messaging.book import Kept
from sim.messaging.door import E164, is_bearer, route
from sim.messaging.twin import Twin

WHATSAPP = "whatsapp"
OUTSIDE_WINDOW = "131047"


def routes(twin: Twin) -> list[Route]:
    path = "/whatsapp/{version}/{phone_number_id}/messages"
    return [route(twin, path, WHATSAPP, _message)]


def _message(twin: Twin, request: Request, body: bytes) -> Response:
    if not is_bearer(request, twin.settings.secret):
        return _no("190", "Error validating access token", HTTPStatus.UNAUTHORIZED)
    try:
        said: dict[str, Any] = json.loads(body)
        to = "+" + str(said["to"]).removeprefix("+")
        is_template = said["type"] == "template"
        text = _text(said["template"]) if is_template else str(said["text"]["body"])
    except (ValueError, KeyError, TypeError):
        return _no("100", "Invalid parameter")
    code = twin.refusal(WHATSAPP, to)
    if code is None and E164.fullmatch(to) is None:
        code = "131009"
    if code is not None:
        return _no(code, "Refused")
    one = Kept(
        nr=twin.book.next_nr(),
        id=twin.new_id("wamid."),
        service=WHATSAPP,
        channel="whatsapp",
        to=to,
        sender=request.path_params["phone_number_id"],
        at_ms=twin.now_ms(),
        text=text,
        ours=str(said.get("biz_opaque_callback_data", "")),
    )
    # It is taken all the same, and fails later on.
    is_free = is_template or to in twin.wrote
    twin.take(one, fails_with="" if is_free else OUTSIDE_WINDOW)
    return JSONResponse(
        {
            "messaging_product": "whatsapp",
            "contacts": [{"input": said["to"], "wa_id": to.removeprefix("+")}],
            "messages": [{"id": one.id, "message_status": "accepted"}],
        }
    )


def _text(template: dict[str, Any]) -> str:
    """Only Meta knows the words; here are its name, and what is put into it."""
    values = [
        str(value["text"])
        for component in template.get("components", [])
        for value in component["parameters"]
    ]
    return f"[{template['name']}, {template['language']['code']}] {', '.join(values)}"


def _no(code: str, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Response:
    error = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": int(code)}
    return JSONResponse({"error": error}, status)
