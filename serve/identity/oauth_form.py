"""What all OAuth endpoints share: forms in, clients that prove themselves, refusals out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Request, Response

from serve.gateway import Gateway
from serve.identity.patience import Attempt, key_of
from serve.problems import problem_response
from store import clients
from store.clients import OAuthClient

FORM = "application/x-www-form-urlencoded"
FIELDS_MAX = 20  # fixed: more fields than OAuth knows
RETRY_AFTER_S = "10"  # a hint; nothing is refused to who comes sooner
BASIC = "basic"
NO_STORE = {"Cache-Control": "no-store"}


class OAuthError(Exception):
    """A refusal by the names of RFC 6749."""

    def __init__(self, error: str, description: str, status: HTTPStatus) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


def invalid_request(description: str) -> OAuthError:
    return OAuthError("invalid_request", description, HTTPStatus.BAD_REQUEST)


def invalid_client(description: str) -> OAuthError:
    return OAuthError("invalid_client", description, HTTPStatus.UNAUTHORIZED)


async def form_of(request: Request) -> dict[str, str]:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM:
        raise invalid_request(f"send the parameters as {FORM}")
    try:
        text = (await request.body()).decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError as failed:
        raise invalid_request("the form cannot be read") from failed
    form = dict(pairs)
    if len(form) != len(pairs):
        raise invalid_request("a parameter is given twice")
    return form


def credentials_of(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == BASIC:
        if "client_secret" in form:
            raise invalid_request("credentials are given twice, in the header and the form")
        try:
            text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError) as failed:
            raise invalid_client("the Basic credentials cannot be read") from failed
        client_id, _, secret = text.partition(":")
        return unquote_plus(client_id), unquote_plus(secret)
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if not client_id or not secret:
        raise invalid_client("client id and secret are missing")
    return client_id, secret


async def checked_client(gateway: Gateway, client_id: str, secret: str) -> OAuthClient:
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
        raise invalid_client("unknown client or wrong secret")
    await attempt.succeeded()
    return client


def answer_refusal(gateway: Gateway, refused: OAuthError) -> Response:
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
