"""What becomes of a token that was issued: revoked (RFC 7009) and asked about (RFC 7662)."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from serve.gateway import Gateway
from serve.identity.access import Opened
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
from serve.identity.principal import Kind, Principal
from serve.identity.tokens import TokenError, principal_of
from serve.request_record import record_of
from serve.sessions.tokens import refresh_hash
from store import revocations, sessions
from store.clients import OAuthClient
from store.sessions import EndReason, Refreshing
from telemetry import work

router = APIRouter(tags=["identity"])

_FORM_SCHEMA = {
    "type": "object",
    "required": ["token"],
    "properties": {
        "token": {"type": "string", "description": "an access or a refresh token"},
        "token_type_hint": {"type": "string", "description": "not needed"},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
    },
}
_TAKES_A_FORM: dict[str, Any] = {
    "requestBody": {"required": True, "content": {FORM: {"schema": _FORM_SCHEMA}}}
}


class TokenState(BaseModel):
    """Of a token that is not good, or not of the client's tenant, it says nothing but that."""

    active: bool
    scope: str | None = None
    client_id: str | None = None
    token_type: str | None = None
    exp: int | None = None
    iat: int | None = None
    sub: str | None = None
    aud: str | None = None
    iss: str | None = None
    jti: str | None = None
    tenant: str | None = None
    carrier: str | None = None
    shipper: str | None = None


@router.post("/v1/oauth/revoke", response_class=Response, openapi_extra=_TAKES_A_FORM)
async def revoke(request: Request, gateway: Opened) -> Response:
    """Ends an access token, or a refresh token with its whole session, everywhere within five
    seconds. The client proves itself as for a token. 200 also for what is no token of its tenant.
    """
    try:
        client, token = await _asked(request, gateway)
    except OAuthError as refused:
        return answer_refusal(gateway, refused)
    who = _as_principal(client)
    access = _access_claims(gateway, client, token)
    if access is not None:
        await _revoke_access(gateway, who, str(access["jti"]))
    else:
        found = await _refresh_token(gateway, client, token)
        if found is not None:
            await _end_session(gateway, who, found.session_id)
    return Response(headers=NO_STORE)


@router.post("/v1/oauth/introspect", response_model=TokenState, openapi_extra=_TAKES_A_FORM)
async def introspect(request: Request, gateway: Opened) -> Response:
    """Whether a token of the client's tenant is good now, and what it says."""
    try:
        client, token = await _asked(request, gateway)
    except OAuthError as refused:
        return answer_refusal(gateway, refused)
    state = await _state_of(gateway, client, token)
    body = state.model_dump_json(exclude_none=True)
    return Response(body, media_type="application/json", headers=NO_STORE)


async def _asked(request: Request, gateway: Gateway) -> tuple[OAuthClient, str]:
    form = await form_of(request)
    client = await checked_client(gateway, *credentials_of(request, form))
    record = record_of(request.scope)
    record.tenant, record.principal = client.tenant, f"{Kind.CLIENT}:{client.id}"
    work.note(tenant=client.tenant)
    token = form.get("token")
    if not token:
        raise invalid_request("token is missing")
    return client, token


def _as_principal(client: OAuthClient) -> Principal:
    """Holding the token is all the permission that ending it takes."""
    return Principal(
        subject=client.id,
        kind=Kind.CLIENT,
        tenant=client.tenant,
        tenant_key=client.tenant_key,
        permissions=frozenset(),
        expires_s=0,
        roles=client.roles,
        version=client.version,
    )


def _access_claims(gateway: Gateway, client: OAuthClient, token: str) -> dict[str, Any] | None:
    """None unless it is good and of the client's tenant."""
    try:
        claims = gateway.verifier.claims_of(token)
    except TokenError:
        return None
    who = principal_of(claims)
    is_good = who.expires_s > time.time() and not gateway.authority.is_revoked(who)
    is_open = who.tenant_key not in gateway.tenants.closed
    return claims if is_good and is_open and who.tenant_key == client.tenant_key else None


async def _refresh_token(gateway: Gateway, client: OAuthClient, token: str) -> Refreshing | None:
    async with gateway.system_pool.acquire() as conn:
        found = await sessions.find_refresh_token(conn, refresh_hash(token))
    if found is None or found.tenant_key != client.tenant_key:
        return None
    return found if found.is_live and not found.is_used else None


async def _revoke_access(gateway: Gateway, who: Principal, token_id: str) -> None:
    async with gateway.changing(who, "tokens.revoke", f"tokens/{token_id}") as change:
        lives_s = gateway.authority.token_lives_s
        await revocations.revoke_token(change.conn, who.tenant_key, token_id, lives_s)
    await gateway.authority.note_revoked()


async def _end_session(gateway: Gateway, who: Principal, session_id: str) -> None:
    async with gateway.changing(who, "sessions.end", f"sessions/{session_id}") as change:
        await sessions.end(change.conn, session_id, EndReason.ENDED)
        lives_s = gateway.authority.token_lives_s
        await revocations.revoke_session(change.conn, who.tenant_key, session_id, lives_s)
    await gateway.authority.note_revoked()


async def _state_of(gateway: Gateway, client: OAuthClient, token: str) -> TokenState:
    claims = _access_claims(gateway, client, token)
    if claims is not None:
        return TokenState.model_validate(claims | {"active": True, "token_type": "Bearer"})
    found = await _refresh_token(gateway, client, token)
    if found is None:
        return TokenState(active=False)
    return TokenState(active=True, sub=found.user_id, tenant=client.tenant)
