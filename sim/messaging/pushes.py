"""Google's tokens for service accounts, and Firebase Cloud Messaging, version 1."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sim.messaging.book import Kept
from sim.messaging.door import route
from sim.messaging.twin import Twin

FCM, GOOGLE = "fcm", "google"
TOKEN_PATH = "/google/token"  # noqa: S105 - a path
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PAYLOAD_BYTES_MAX = 4096  # fixed: as FCM's API has it
STATUS = {
    "UNREGISTERED": (HTTPStatus.NOT_FOUND, "NOT_FOUND"),
    "SENDER_ID_MISMATCH": (HTTPStatus.FORBIDDEN, "PERMISSION_DENIED"),
    "INVALID_ARGUMENT": (HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT"),
    "QUOTA_EXCEEDED": (HTTPStatus.TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED"),
}


def routes(twin: Twin) -> list[Route]:
    send = "/fcm/v1/projects/{project}/messages:send"
    return [route(twin, TOKEN_PATH, GOOGLE, _token), route(twin, send, FCM, _send)]


def _token(twin: Twin, request: Request, body: bytes) -> Response:
    form = dict(parse_qsl(body.decode()))
    audience = f"{request.url.scheme}://{request.url.netloc}{TOKEN_PATH}"
    try:
        if form.get("grant_type") != GRANT:
            raise jwt.InvalidTokenError("unsupported grant type")
        jwt.decode(
            form.get("assertion", ""),
            twin.settings.push_key,
            algorithms=["RS256"],
            audience=audience,
            options={"require": ["iss", "iat", "exp", "aud"]},
        )
    except jwt.InvalidTokenError as wrong:
        said = {"error": "invalid_grant", "error_description": str(wrong)}
        return JSONResponse(said, HTTPStatus.BAD_REQUEST)
    token, length_s = twin.new_id("ya29."), twin.settings.habits.token_s
    now_s = time.monotonic()
    good = {text: ends_s for text, ends_s in twin.tokens.items() if ends_s > now_s}
    twin.tokens = {**good, token: now_s + length_s}
    return JSONResponse({"access_token": token, "expires_in": length_s, "token_type": "Bearer"})


def _send(twin: Twin, request: Request, body: bytes) -> Response:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if twin.tokens.get(given, 0.0) < time.monotonic():
        error = {"code": 401, "message": "Invalid credentials", "status": "UNAUTHENTICATED"}
        return JSONResponse({"error": error}, HTTPStatus.UNAUTHORIZED)
    try:
        message: dict[str, Any] = json.loads(body)["message"]
        to, shown, data = message["token"], message["notification"], message.get("data", {})
    except (ValueError, KeyError, TypeError):
        return _no("INVALID_ARGUMENT", "Invalid JSON payload received")
    code = twin.refusal(FCM, to)
    if code is not None:
        return _no(code, "Refused")
    if not all(isinstance(value, str) for value in data.values()):
        return _no("INVALID_ARGUMENT", "Invalid value at 'message.data' (TYPE_STRING)")
    if len(json.dumps([shown, data]).encode()) > PAYLOAD_BYTES_MAX:
        return _no("INVALID_ARGUMENT", "Android message is too big")
    android = message.get("android", {})
    one = Kept(
        nr=twin.book.next_nr(),
        id=f"projects/{request.path_params['project']}/messages/{twin.new_id('0:')}",
        service=FCM,
        channel="push",
        to=to,
        at_ms=twin.now_ms(),
        subject=str(shown.get("title", "")),
        text=str(shown.get("body", "")),
        ours=data.get("message_id", ""),
        tag=str(android.get("notification", {}).get("tag", "")),
        is_urgent=android.get("priority") == "high",
    )
    twin.take(one)
    return JSONResponse({"name": one.id})


def _no(code: str, message: str) -> Response:
    http, status = STATUS.get(code, (HTTPStatus.BAD_REQUEST, "INVALID_ARGUMENT"))
    detail = {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}
    error = {"code": int(http), "message": message, "status": status, "details": [detail]}
    return JSONResponse({"error": error}, http)
