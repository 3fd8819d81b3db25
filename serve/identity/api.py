"""Tokens for clients, and the keys to check them with."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from serve.gateway import Gateway
from serve.identity.access import Opened
from serve.identity.foreign_issuers import AssertionRefusedError, IssuerAwayError
from serve.identity.granted import permissions_of
from serve.identity.patience import Attempt, key_of
from serve.oidc.grant import JWT_BEARER, issue_to, vouched
from serve.problems import problem_response
from serve.request_record import record_of
from serve.sessions.refresh import RefreshRefusedError, refresh
from store import clients
from store.clients import OAuthClient

router = APIRouter(tags=["identity"])

FORM = "application/x-www-form-urlencoded"
FIELDS_MAX = 20  # fixed: more fields than OAuth knows
RETRY_AFTER_S = "10"  # fixed: a hint; nothing is refused to who comes sooner
BASIC = "basic"
CLIENT_CREDENTIALS = "client_credentials"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a grant
NO_STORE = {"Cache-Control": "no-store"}


class Token(BaseModel):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int
    scope: str
    refresh_token: str | None = None
    refresh_expires_in: int | None = None


class OAuthError(Exception):
    """A refusal by the names of RFC 6749."""

    def __init__(self, error: str, description: str, status: HTTPStatus) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


def _invalid_request(description: str) -> OAuthError:
    return OAuthError("invalid_request", description, HTTPStatus.BAD_REQUEST)


def _invalid_client(description: str) -> OAuthError:
    return OAuthError("invalid_client", description, HTTPStatus.UNAUTHORIZED)


_FORM_SCHEMA = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": [CLIENT_CREDENTIALS, REFRESH_TOKEN, JWT_BEARER]},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
        "scope": {"type": "string"},
        REFRESH_TOKEN: {"type": "string"},
        "assertion": {"type": "string", "description": "what the tenant's own issuer signed"},
        "tenant": {"type": "string", "description": "goes with an assertion"},
    },
}


@router.post(
    "/v1/oauth/token",
    response_model=Token,
    openapi_extra={"requestBody": {"required": True, "content": {FORM: {"schema": _FORM_SCHEMA}}}},
)
async def token(request: Request, gateway: Opened) -> Response:
    """OAuth 2: a client's credentials by HTTP Basic or in the form, or a user's refresh token."""
    try:
        form = await _form_of(request)
        answer = await _GRANTS[_grant_of(form)](request, gateway, form)
    except OAuthError as refused:
        return _answer(gateway, refused)
    body = answer.model_dump_json(exclude_none=True)
    return Response(body, media_type="application/json", headers=NO_STORE)


async def _for_client(request: Request, gateway: Gateway, form: Mapping[str, str]) -> Token:
    client_id, secret = _credentials_of(request, form)
    client = await _checked(gateway, client_id, secret)
    record_of(request.scope).tenant = client.tenant
    granted = await _granted(gateway, client, form.get("scope"))
    issued = gateway.issuer.issue(
        client_id=client.id,
        tenant=client.tenant,
        tenant_key=client.tenant_key,
        permissions=granted,
        now_s=int(time.time()),
        roles=client.roles,
        carrier=client.carrier,
        shipper=client.shipper,
        version=client.version,
    )
    return Token(
        access_token=issued, expires_in=gateway.issuer.ttl_s, scope=" ".join(sorted(granted))
    )


async def _for_session(_: Request, gateway: Gateway, form: Mapping[str, str]) -> Token:
    given = form.get(REFRESH_TOKEN)
    if not given:
        raise _invalid_request(f"{REFRESH_TOKEN} is missing")
    try:
        return Token(**dict(await refresh(gateway, given)))
    except RefreshRefusedError as refused:
        raise OAuthError("invalid_grant", str(refused), HTTPStatus.BAD_REQUEST) from None


async def _for_assertion(request: Request, gateway: Gateway, form: Mapping[str, str]) -> Token:
    for name in ("assertion", "tenant"):
        if not form.get(name):
            raise _invalid_request(f"{name} is missing")
    try:
        who = await vouched(gateway, form["tenant"], form["assertion"])
    except AssertionRefusedError as refused:
        gateway.metrics.refused.labels("assertion").inc()
        raise OAuthError("invalid_grant", str(refused), HTTPStatus.BAD_REQUEST) from refused
    except IssuerAwayError as away:
        description = "the issuer cannot be asked for its keys"
        status = HTTPStatus.SERVICE_UNAVAILABLE
        raise OAuthError("temporarily_unavailable", description, status) from away
    record_of(request.scope).tenant = who.tenant
    granted = _narrowed(who.permissions, form.get("scope"))
    return Token(
        access_token=issue_to(gateway, who, granted),
        expires_in=gateway.issuer.ttl_s,
        scope=" ".join(sorted(granted)),
    )


_GRANTS = {
    CLIENT_CREDENTIALS: _for_client,
    REFRESH_TOKEN: _for_session,
    JWT_BEARER: _for_assertion,
}


@router.get("/.well-known/jwks.json")
async def jwks(gateway: Opened) -> dict[str, list[dict[str, str]]]:
    """The public keys that our tokens are signed with."""
    return {"keys": gateway.authority.keys.jwks()}


async def _form_of(request: Request) -> dict[str, str]:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM:
        raise _invalid_request(f"send the parameters as {FORM}")
    try:
        text = (await request.body()).decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError as failed:
        raise _invalid_request("the form cannot be read") from failed
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _invalid_request("a parameter is given twice")
    return form


def _grant_of(form: Mapping[str, str]) -> str:
    grant = form.get("grant_type")
    if not grant:
        raise _invalid_request("grant_type is missing")
    if grant not in _GRANTS:
        description = f"only {' and '.join(_GRANTS)} are offered"
        raise OAuthError("unsupported_grant_type", description, HTTPStatus.BAD_REQUEST)
    return grant


def _credentials_of(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == BASIC:
        if "client_secret" in form:
            raise _invalid_request("credentials are given twice, in the header and the form")
        try:
            text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError) as failed:
            raise _invalid_client("the Basic credentials cannot be read") from failed
        client_id, _, secret = text.partition(":")
        return unquote_plus(client_id), unquote_plus(secret)
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if not client_id or not secret:
        raise _invalid_client("client id and secret are missing")
    return client_id, secret


async def _checked(gateway: Gateway, client_id: str, secret: str) -> OAuthClient:
    attempt = Attempt(gateway, key_of("client", client_id), is_password=False)
    await attempt.begin()
    client = None
    if "\0" not in client_id and client_id.isprintable():
        async with gateway.system_pool.acquire() as conn:
            client = await clients.find(conn, client_id)
    is_right = await gateway.secrets.check(secret, client.secret_hash if client else None)
    if client is not None and not is_right and client.previous_hash is not None:
        is_right = await gateway.secrets.check(secret, client.previous_hash)
    if client is None or not is_right:
        gateway.audit.sign_in_refused(
            f"client:{client_id}",
            client.tenant_key if client else None,
            client.tenant if client else None,
            "wrong secret" if client else "unknown client",
        )
        await attempt.failed()
        raise _invalid_client("unknown client or wrong secret")
    await attempt.succeeded()
    return client


async def _granted(gateway: Gateway, client: OAuthClient, scope: str | None) -> frozenset[str]:
    """All that the client's roles allow now, or the part of it that it asks for."""
    async with gateway.system_pool.acquire() as conn:
        held = await permissions_of(conn, client.tenant_key, client.roles)
    return _narrowed(held, scope)


def _narrowed(held: frozenset[str], scope: str | None) -> frozenset[str]:
    wanted = frozenset((scope or "").split())
    if not wanted <= held:
        description = f"its roles do not allow {' '.join(sorted(wanted - held))}"
        raise OAuthError("invalid_scope", description, HTTPStatus.BAD_REQUEST)
    return wanted or held


def _answer(gateway: Gateway, refused: OAuthError) -> Response:
    headers = {"Cache-Control": "no-store"}
    if refused.error == "invalid_client":
        gateway.metrics.refused.labels("client").inc()
        headers["WWW-Authenticate"] = 'Basic realm="ubertruck"'
    if refused.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = RETRY_AFTER_S
    return problem_response(
        refused.status,
        refused.description,
        kind=refused.error.replace("_", "-"),
        headers=headers,
        more={"error": refused.error, "error_description": refused.description},
    )
