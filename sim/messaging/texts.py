"""Twilio's texts and calls, and MSG91's flows."""

from __future__ import annotations

import hmac
import json
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sim.messaging.book import Kept
from sim.messaging.door import E164, is_basic, route
from sim.messaging.twin import Twin

TWILIO, MSG91 = "twilio", "msg91"
BODY_CHARS_MAX = 1600  # fixed: as Twilio's API has it
# fixed: Twilio's own numbers for those who test
MAGIC = {"+15005550001": "21211", "+15005550004": "21610", "+15005550009": "21614"}
TAGS = re.compile(r"<[^>]+>")
FLOW_VARIABLE = re.compile(r"##(\w+)##")
IDS = frozenset({"mobiles", "CRQID", "UUID"})


def routes(twin: Twin) -> list[Route]:
    account = "/twilio/2010-04-01/Accounts/{sid}"
    return [
        route(twin, f"{account}/Messages.json", TWILIO, _message),
        route(twin, f"{account}/Calls.json", TWILIO, _call),
        route(twin, "/msg91/api/v5/flow", MSG91, _flow),
        route(twin, "/msg91/api/v5/flow/", MSG91, _flow),
    ]


def _message(twin: Twin, request: Request, body: bytes) -> Response:
    form = dict(parse_qsl(body.decode()))
    wrong = _wrong(twin, request, form)
    if wrong is not None:
        return wrong
    text = form.get("Body", "")
    if not text:
        return _no("21602", "Message body is required")
    if len(text) > BODY_CHARS_MAX:
        return _no("21617", "The concatenated message body exceeds the 1600 character limit")
    return _made(twin, form, "SM", "sms", text)


def _call(twin: Twin, request: Request, body: bytes) -> Response:
    form = dict(parse_qsl(body.decode()))
    wrong = _wrong(twin, request, form)
    if wrong is not None:
        return wrong
    spoken = TAGS.sub(" ", form.get("Twiml", "")).strip()
    if not spoken:
        return _no("21205", "Url parameter is required")
    return _made(twin, form, "CA", "voice", spoken)


def _wrong(twin: Twin, request: Request, form: dict[str, str]) -> Response | None:
    if not is_basic(request, request.path_params["sid"], twin.settings.secret):
        return _no("20003", "Authenticate", HTTPStatus.UNAUTHORIZED)
    to = form.get("To", "")
    code = twin.refusal(TWILIO, to) or MAGIC.get(to)
    if code is None and E164.fullmatch(to) is None:
        code = "21211"
    if code is None and not (form.get("From") or form.get("MessagingServiceSid")):
        code = "21603"
    return None if code is None else _no(code, f"Invalid: {to}")


def _no(code: str, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Response:
    said = {"code": int(code), "message": message, "status": int(status)}
    return JSONResponse(said, status)


def _made(twin: Twin, form: dict[str, str], prefix: str, channel: str, text: str) -> Response:
    callback = form.get("StatusCallback", "")
    one = Kept(
        nr=twin.book.next_nr(),
        id=twin.new_id(prefix),
        service=TWILIO,
        channel=channel,
        to=form["To"],
        sender=form.get("From") or form["MessagingServiceSid"],
        at_ms=twin.now_ms(),
        text=text,
        ours=parse_qs(urlsplit(callback).query).get("message", [""])[0],
        callback=callback,
        state="queued",
    )
    twin.take(one)
    return JSONResponse({"sid": one.id, "status": "queued"}, HTTPStatus.CREATED)


def _flow(twin: Twin, request: Request, body: bytes) -> Response:
    key = request.headers.get("authkey", "")
    if not hmac.compare_digest(key.encode(), twin.settings.secret.encode()):
        return _error("Authentication failure", HTTPStatus.UNAUTHORIZED)
    try:
        said: dict[str, Any] = json.loads(body)
        flow, recipients = said.get("template_id") or said.get("flow_id"), said["recipients"]
        numbers = ["+" + str(each["mobiles"]) for each in recipients]
    except (ValueError, KeyError, TypeError):
        return _error("Please provide recipients")
    if not flow:
        return _error("template id missing")
    for number in numbers:
        refused = twin.refusal(MSG91, number)
        if refused is not None:
            return _error(refused)
        if E164.fullmatch(number) is None:
            return _error("Invalid mobile number")
    request_id = twin.new_id("3")[:24]
    for number, each in zip(numbers, recipients, strict=True):
        one = Kept(
            nr=twin.book.next_nr(),
            id=request_id,
            service=MSG91,
            channel="sms",
            to=number,
            sender=str(said.get("sender", "")),
            at_ms=twin.now_ms(),
            text=_filled(twin, str(flow), each),
            ours=str(each.get("CRQID", "")),
        )
        twin.take(one)
    return JSONResponse({"type": "success", "message": request_id})


def _filled(twin: Twin, flow: str, variables: dict[str, Any]) -> str:
    """The flow's text, where a tester has told it; else its name, and what is put into it."""
    template = twin.templates.get(flow)
    if template is not None:
        return FLOW_VARIABLE.sub(lambda found: str(variables.get(found[1], "")), template)
    told = ", ".join(f"{name}: {value}" for name, value in variables.items() if name not in IDS)
    return f"[{flow}] {told}"


def _error(message: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return JSONResponse({"type": "error", "message": message}, status)
