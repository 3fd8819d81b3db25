"""/v1/brokers: brokers ask here whether a device may sign in, publish or subscribe.

Not for clients and so not in /openapi.json; docs/devices.md says how to set brokers up.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from serve.brokers.door import is_one_of
from serve.brokers.wire import EmqxAct, EmqxAnswer, GoAuthAct, GoAuthAnswer, SignIn
from serve.identity.access import Opened
from serve.problems import InvalidError, NotFoundError, UnauthorisedError

BEARER = "bearer "
FORM = "application/x-www-form-urlencoded"
T = TypeVar("T", bound=BaseModel)


async def known_broker(request: Request, gateway: Opened) -> None:
    """EMQX sends the secret as a bearer token. mosquitto-go-auth can set no header of a request
    but User-Agent, so there the secret is that."""
    known = tuple(s.get_secret_value() for s in gateway.installation.mqtt.callback_secrets)
    if not known:
        raise NotFoundError("this installation's broker does not ask over HTTP")
    header = request.headers.get("authorization", "")
    is_bearer = header[: len(BEARER)].lower() == BEARER
    given = header[len(BEARER) :].strip() if is_bearer else request.headers.get("user-agent", "")
    if not is_one_of(given, known):
        gateway.metrics.refused.labels("broker").inc()
        raise UnauthorisedError("only this installation's broker may ask this")


router = APIRouter(
    prefix="/v1/brokers",
    include_in_schema=False,
    dependencies=[Depends(known_broker)],
)


async def body_of(request: Request) -> Mapping[str, Any]:
    """JSON or a form, as the broker was told to send."""
    if request.headers.get("content-type", "").startswith(FORM):
        return dict(await request.form())
    try:
        body = msgspec.json.decode(await request.body())
    except msgspec.DecodeError as failed:
        raise InvalidError(f"the body is not JSON: {failed}") from failed
    return body if isinstance(body, dict) else {}


Body = Annotated[Mapping[str, Any], Depends(body_of)]


def _read(kind: type[T], body: Mapping[str, Any]) -> T:
    try:
        return kind.model_validate(body)
    except ValidationError as failed:
        wrong = ", ".join(".".join(map(str, error["loc"])) for error in failed.errors())
        raise InvalidError(f"the broker's question cannot be read: {wrong}") from failed


@router.post("/emqx/authentication")
async def emqx_signs_in(body: Body, gateway: Opened) -> EmqxAnswer:
    asked = _read(SignIn, body)
    return EmqxAnswer.of(await gateway.door.sign_in(asked.client, asked.password or ""))


@router.post("/emqx/authorization")
async def emqx_acts(body: Body, gateway: Opened) -> EmqxAnswer:
    asked = _read(EmqxAct, body)
    return EmqxAnswer.of(gateway.door.may(asked.client, asked.act, asked.topic))


@router.post("/mosquitto-go-auth/user")
async def go_auth_signs_in(body: Body, gateway: Opened) -> JSONResponse:
    asked = _read(SignIn, body)
    return _go_auth(await gateway.door.sign_in(asked.client, asked.password or ""))


@router.post("/mosquitto-go-auth/superuser")
async def go_auth_superuser() -> JSONResponse:
    """Nobody is: our own ingest has topics of its own, too."""
    return _go_auth(False)


@router.post("/mosquitto-go-auth/acl")
async def go_auth_acts(body: Body, gateway: Opened) -> JSONResponse:
    asked = _read(GoAuthAct, body)
    acts = asked.acts
    may = [gateway.door.may(asked.client, act, asked.topic) for act in acts]
    return _go_auth(bool(acts) and all(may))


def _go_auth(is_allowed: bool) -> JSONResponse:
    answer = GoAuthAnswer(Ok=is_allowed, Error="" if is_allowed else "refused")
    status = HTTPStatus.OK if is_allowed else HTTPStatus.FORBIDDEN
    return JSONResponse(answer.model_dump(), status)
