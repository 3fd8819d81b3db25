"""Secrets in HashiCorp Vault's KV version 2 engine, by its HTTP API."""

from __future__ import annotations

import asyncio
import dataclasses
import ssl
import time
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from config.installation import VaultServer
from config.sections.providers import Patience
from store.postgres import epoch_ms
from store.secret_names import (
    OF_INSTALLATION,
    Scope,
    SecretInfo,
    SecretMissingError,
    SecretName,
    SecretsAwayError,
    SecretsRefusedError,
    SecretValue,
    SecretVersion,
)
from store.vault_asking import Asking

FIELD = "value"
APPROLE_LOGIN = "auth/approle/login"
RENEW_SELF = "auth/token/renew-self"
LOOKUP_SELF = "auth/token/lookup-self"
# The request did not get anywhere: whatever it was, it may be sent again.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# Vault advises to renew when two thirds of a lease are over.
RENEWED_AT_SHARE = 2 / 3


@dataclasses.dataclass(frozen=True, slots=True)
class Lease:
    """The right to ask, for a while."""

    token: str
    is_renewable: bool
    taken_s: float
    length_s: float  # 0: for ever

    def is_due(self, now_s: float) -> bool:
        past_s = now_s - self.taken_s
        return self.length_s > 0 and past_s >= self.length_s * RENEWED_AT_SHARE


class VaultSecrets:
    """Each secret is one entry with one field; Vault numbers and keeps its versions."""

    def __init__(
        self, where: VaultServer, asking: Asking, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._where = where
        self._asking = asking
        self._clock_s = clock_s
        headers = {"X-Vault-Request": "true"}
        if where.namespace:
            headers["X-Vault-Namespace"] = where.namespace
        self._http = httpx.AsyncClient(
            base_url=where.address.rstrip("/") + "/v1/",
            headers=headers,
            limits=httpx.Limits(max_connections=None),  # who asks patiently has a limit
            verify=ssl.create_default_context(cafile=where.ca_file) if where.ca_file else True,
            trust_env=False,
        )
        self._lease: Lease | None = None
        self._signing_in = asyncio.Lock()

    async def read(self, of: SecretName, version: int | None) -> SecretValue:
        query = {} if version is None else {"version": str(version)}
        answer = await self._ask("read", "GET", self._path("data", of), params=query)
        if answer is None:
            raise SecretMissingError(of, version)
        data, about = answer["data"]["data"], answer["data"]["metadata"]
        text = data.get(FIELD) if isinstance(data, dict) else None
        if not isinstance(text, str):
            raise SecretsRefusedError(f"Vault has {of.name!r}, but no text in its field {FIELD!r}")
        return SecretValue(text, about["version"], _ms(about["created_time"]))

    async def put(self, of: SecretName, text: str) -> SecretVersion:
        body = {"data": {FIELD: text}}
        # Not sent twice: it would be two versions, and the one before would be the same.
        answer = await self._ask(
            "put", "POST", self._path("data", of), is_repeatable=False, json=body
        )
        if answer is None:
            raise SecretsRefusedError(f"Vault has no KV engine under {self._where.mount!r}")
        return SecretVersion(answer["data"]["version"], _ms(answer["data"]["created_time"]))

    async def list_of(self, scope: Scope) -> list[SecretInfo]:
        folder = f"{self._where.mount}/metadata/{self._folder(scope)}"
        answer = await self._ask("list", "GET", folder, params={"list": "true"})
        names = [] if answer is None else answer["data"]["keys"]
        # What ends in a slash is a folder, and not ours.
        return [
            await self._info(SecretName(scope, name)) for name in names if not name.endswith("/")
        ]

    async def delete(self, of: SecretName) -> None:
        if await self._ask("about", "GET", self._path("metadata", of)) is None:
            raise SecretMissingError(of)
        await self._ask("delete", "DELETE", self._path("metadata", of))

    async def keep_alive(self) -> None:
        """Renews the lease before it ends; call it every so often."""
        lease = self._lease
        if lease is None or not lease.is_due(self._clock_s()):
            return
        if lease.is_renewable:
            answer = await self._send("renew", "POST", RENEW_SELF, lease.token, json={})
            if answer.status_code == HTTPStatus.OK:
                self._lease = self._lease_of(answer.json()["auth"])
                return
        self._lease = None  # it cannot be renewed for ever: sign in anew

    async def close(self) -> None:
        await self._http.aclose()

    async def _info(self, of: SecretName) -> SecretInfo:
        answer = await self._ask("about", "GET", self._path("metadata", of))
        versions = {} if answer is None else answer["data"]["versions"]
        alive = (
            SecretVersion(int(number), _ms(about["created_time"]))
            for number, about in versions.items()
            if not about["destroyed"] and not about["deletion_time"]
        )
        return SecretInfo(of.name, tuple(sorted(alive, key=lambda v: v.version, reverse=True)))

    async def _ask(
        self, operation: str, method: str, path: str, **more: Any
    ) -> dict[str, Any] | None:
        """None when it is not there. A token that is refused is fetched anew, once."""
        lease = await self._signed_in(refused=None)
        answer = await self._send(operation, method, path, lease.token, **more)
        if answer.status_code == HTTPStatus.FORBIDDEN:
            lease = await self._signed_in(refused=lease)
            answer = await self._send(operation, method, path, lease.token, **more)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if answer.status_code == HTTPStatus.FORBIDDEN:
            raise SecretsRefusedError(f"Vault refuses us {path}: {_errors(answer)}")
        if not answer.is_success:
            raise SecretsRefusedError(f"Vault answers {answer.status_code}: {_errors(answer)}")
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    async def _send(
        self,
        operation: str,
        method: str,
        path: str,
        token: str | None,
        *,
        is_repeatable: bool = True,
        **more: Any,
    ) -> httpx.Response:
        more["headers"] = {"X-Vault-Token": token} if token else {}

        async def once(patience: Patience) -> httpx.Response:
            return await self._once(patience, method, path, **more)

        return await self._asking(operation, once, is_repeatable=is_repeatable)

    async def _once(
        self, patience: Patience, method: str, path: str, **more: Any
    ) -> httpx.Response:
        where = f"Vault at {self._where.address}"
        timeout = httpx.Timeout(patience.attempt_s, connect=patience.connect_s)
        try:
            async with (
                asyncio.timeout(patience.attempt_s),
                self._http.stream(method, path, timeout=timeout, **more) as answer,
            ):
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > patience.answer_bytes_max:
                        says = f"{where} answers more than {patience.answer_bytes_max} bytes"
                        raise SecretsRefusedError(says)
        except TimeoutError:
            says = f"{where} has not answered in {patience.attempt_s:g} s"
            raise SecretsAwayError(says) from None
        except httpx.HTTPError as failed:
            says = f"{where} does not answer: {type(failed).__name__}"
            raise SecretsAwayError(says, is_undone=isinstance(failed, _NOT_SENT)) from failed
        whole = httpx.Response(answer.status_code, content=bytes(body))
        _judge(whole, answer.headers.get("retry-after", ""))
        return whole

    async def _signed_in(self, refused: Lease | None) -> Lease:
        async with self._signing_in:
            if self._lease is None or self._lease is refused:
                self._lease = await self._sign_in()
            return self._lease

    async def _sign_in(self) -> Lease:
        where = self._where
        if where.role_id is None:
            return await self._lease_of_token(_read_secret(where.token_file))
        credentials = {"role_id": where.role_id, "secret_id": _read_secret(where.secret_id_file)}
        # Not sent twice: a secret id may be good for so many uses.
        answer = await self._send(
            "sign in", "POST", APPROLE_LOGIN, None, is_repeatable=False, json=credentials
        )
        if not answer.is_success:
            raise SecretsRefusedError(f"Vault refuses our AppRole: {_errors(answer)}")
        return self._lease_of(answer.json()["auth"])

    async def _lease_of_token(self, token: str) -> Lease:
        """A given token ends too, unless it is a root token; it may not be allowed to look."""
        answer = await self._send("look up", "GET", LOOKUP_SELF, token)
        about = answer.json()["data"] if answer.is_success else {}
        return Lease(token, bool(about.get("renewable")), self._clock_s(), about.get("ttl", 0))

    def _lease_of(self, auth: dict[str, Any]) -> Lease:
        token, length_s = auth["client_token"], float(auth["lease_duration"])
        return Lease(token, auth["renewable"], self._clock_s(), length_s)

    def _folder(self, scope: Scope) -> str:
        whose = "installation" if scope == OF_INSTALLATION else f"tenants/{scope.tenant}"
        return f"{self._where.prefix}/{whose}"

    def _path(self, kind: str, of: SecretName) -> str:
        return f"{self._where.mount}/{kind}/{self._folder(of.scope)}/{of.name}"


def _judge(answer: httpx.Response, asked: str) -> None:
    """Raises for what is no answer: too busy, sealed, broken."""
    is_throttled = answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
    if is_throttled or answer.is_server_error:
        raise SecretsAwayError(
            f"Vault answers {answer.status_code}: {_errors(answer)}",
            is_throttled=is_throttled,
            after_s=float(asked) if asked.isdecimal() else 0.0,
        )


def _read_secret(path: Path | None) -> str:
    """Read each time: whoever rotates it replaces the file."""
    if path is None:
        raise SecretsRefusedError("Vault needs a token_file, or a role_id and a secret_id_file")
    try:
        return path.read_text().strip()
    except OSError as failed:
        raise SecretsRefusedError(f"cannot read {path}: {failed}") from failed


def _errors(answer: httpx.Response) -> str:
    try:
        return "; ".join(answer.json()["errors"]) or answer.reason_phrase
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase


def _ms(text: str) -> int:
    """Vault writes nanoseconds, of which Python reads the first six digits."""
    return epoch_ms(datetime.fromisoformat(text))
