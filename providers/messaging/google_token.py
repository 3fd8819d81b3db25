"""Tokens for a Google service account: asked for with a signed claim, kept until they are old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import urlencode

import jwt
import msgspec

from freight.redaction import redacted_text
from providers.calling import Call, Caller
from providers.errors import ProviderUndoneError, ProviderUnsetError
from providers.messaging.answers import FORM, decoded, decoded_or

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"  # fixed: a right, and no address
CLAIM_S = 3600  # fixed: the longest that Google takes
MS = 1000


class ServiceAccount(msgspec.Struct, frozen=True):
    """Its key file, as far as it is read."""

    project_id: str
    client_email: str
    private_key: str
    private_key_id: str = ""

    def __repr__(self) -> str:
        return f"ServiceAccount({self.project_id})"


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int


class _Refusal(msgspec.Struct, frozen=True):
    error: str = ""
    error_description: str = ""


@dataclass(frozen=True, slots=True)
class _Held:
    text: str = field(repr=False)
    ends_ms: int


def service_account(text: str) -> ServiceAccount:
    try:
        return msgspec.json.decode(text, type=ServiceAccount)
    except msgspec.MsgspecError as wrong:
        raise ProviderUnsetError("what is kept is no key file of a service account") from wrong


class GoogleTokens:
    """One a process, for all service accounts."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._held: dict[bytes, _Held] = {}
        self._asking = asyncio.Lock()

    async def of(
        self, caller: Caller, account: ServiceAccount, token_url: str, spare_s: float
    ) -> str:
        """One that will be good for `spare_s` more."""
        known = _known_by(account, token_url)
        async with self._asking:  # else a burst of messages would ask as often
            held = self._held.get(known)
            if held is None or held.ends_ms - self._now_ms() < spare_s * MS:
                self._drop_old()
                held = await self._asked(caller, account, token_url)
                self._held[known] = held
        return held.text

    def drop(self, account: ServiceAccount, token_url: str) -> None:
        """It was refused."""
        self._held.pop(_known_by(account, token_url), None)

    def _drop_old(self) -> None:
        """So that accounts that are used no more, and keys of before, do not stay for ever."""
        now_ms = self._now_ms()
        self._held = {known: held for known, held in self._held.items() if held.ends_ms > now_ms}

    async def _asked(self, caller: Caller, account: ServiceAccount, token_url: str) -> _Held:
        now_ms = self._now_ms()
        form = {"grant_type": GRANT, "assertion": _claim(account, token_url, now_ms // MS)}
        call = Call(
            operation="token.ask",
            method="POST",
            url=token_url,
            is_repeatable=True,
            headers=FORM,
            body=urlencode(form).encode(),
        )
        answer = await caller.ask(call)
        if not answer.is_success:
            said = decoded_or(answer, _Refusal, _Refusal())
            says = redacted_text(said.error_description or said.error or str(answer.status))
            raise ProviderUndoneError(f"gives us no token: {says}")
        token = decoded(answer, _Token)
        return _Held(token.access_token, now_ms + token.expires_in * MS)


def _known_by(account: ServiceAccount, token_url: str) -> bytes:
    """By the key as well: after a rotation the token of the key before is not used any more."""
    return sha256(f"{token_url}\n{account.client_email}\n{account.private_key}".encode()).digest()


def _claim(account: ServiceAccount, token_url: str, now_s: int) -> str:
    claims = {
        "iss": account.client_email,
        "scope": SCOPE,
        "aud": token_url,
        "iat": now_s,
        "exp": now_s + CLAIM_S,
    }
    headers = {"kid": account.private_key_id} if account.private_key_id else None
    try:
        return jwt.encode(claims, account.private_key, algorithm="RS256", headers=headers)
    except (jwt.PyJWTError, ValueError, TypeError) as wrong:
        raise ProviderUnsetError("the service account's key is none") from wrong
