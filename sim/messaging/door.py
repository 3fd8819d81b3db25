"""The way into each stand-in: a tester's troubles first, then what was asked."""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sim.messaging.faults import OF_REQUESTS, Kind
from sim.messaging.twin import Twin

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
Handler = Callable[[Twin, Request, bytes], Response]


def route(twin: Twin, path: str, service: str, handler: Handler) -> Route:
    return Route(path, _endpoint(twin, service, handler), methods=["POST"])


def _endpoint(
    twin: Twin, service: str, handler: Handler
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        twin.calls[service] += 1
        fault = twin.faults.next_of(service, OF_REQUESTS)
        if fault is None:
            return handler(twin, request, body)
        if fault.kind is Kind.THROTTLE:
            headers = {} if fault.after_s is None else {"Retry-After": str(fault.after_s)}
            return JSONResponse({"code": 20429}, HTTPStatus.TOO_MANY_REQUESTS, headers)
        if fault.kind is Kind.ERROR:
            return PlainTextResponse("it broke", HTTPStatus.INTERNAL_SERVER_ERROR)
        if fault.kind is Kind.TIMEOUT:
            await asyncio.sleep(fault.delay_s)
            return PlainTextResponse("nobody answered", HTTPStatus.GATEWAY_TIMEOUT)
        if fault.kind is Kind.SLOW:
            await asyncio.sleep(fault.delay_s)
            return handler(twin, request, body)
        handler(twin, request, body)
        await asyncio.sleep(fault.delay_s)
        return PlainTextResponse("the answer was lost", HTTPStatus.GATEWAY_TIMEOUT)

    return endpoint


def is_bearer(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode())


def is_basic(request: Request, user: str, password: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        said = base64.b64decode(given)
    except ValueError:
        return False
    return scheme.lower() == "basic" and hmac.compare_digest(said, f"{user}:{password}".encode())
