"""Tokens for clients, and the keys to check them with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from serve.gateway import Gateway
from serve.identity.access import Opened
from serve.identity.foreign_issuers import AssertionRefusedError, IssuerAwayError
from serve.identity.granted import permissions_of
from serve.identity.oauth_form import (
    FORM,
    NO_STORE,
    OAuthError,
    answer_refusal,
    checked_client,
    credentials_of,
    form_of,
    invalid_request,
)
from serve.oidc.grant import JWT_BEARER, issue_to, vouched
from serve.request_record import record_of
from serve.sessions.refresh import RefreshRefusedError, refresh
from store.clients import OAuthClient

router = APIRouter(tags=["identity"])

CLIENT_CREDENTIALS = "client_credentials"
REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a grant


class Token(BaseModel):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int
    scope: str
    refresh_token: str | None = None
    refresh_expires_in: int | None = None


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
        form = await form_of(request)
        answer = await _GRANTS[_grant_of(form)](request, gateway, form)
    except OAuthError as refused:
        return answer_refusal(gateway, refused)
    body = answer.model_dump_json(exclude_none=True)
    return Response(body, media_type="application/json", headers=NO_STORE)


async def _for_client(request: Request, gateway: Gateway, form: Mapping[str, str]) -> Token:
    client_id, secret = credentials_of(request, form)
    client = await checked_client(gateway, client_id, secret)
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
        raise invalid_request(f"{REFRESH_TOKEN} is missing")
    try:
        return Token(**dict(await refresh(gateway, given)))
    except RefreshRefusedError as refused:
        raise OAuthError("invalid_grant", str(refused), HTTPStatus.BAD_REQUEST) from None


async def _for_assertion(request: Request, gateway: Gateway, form: Mapping[str, str]) -> Token:
    for name in ("assertion", "tenant"):
        if not form.get(name):
            raise invalid_request(f"{name} is missing")
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


def _grant_of(form: Mapping[str, str]) -> str:
    grant = form.get("grant_type")
    if not grant:
        raise invalid_request("grant_type is missing")
    if grant not in _GRANTS:
        description = f"only {' and '.join(_GRANTS)} are offered"
        raise OAuthError("unsupported_grant_type", description, HTTPStatus.BAD_REQUEST)
    return grant


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
