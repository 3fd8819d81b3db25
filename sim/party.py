"""One who takes part over the public API: signs in with a development client, and is patient."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httpx

from config.sections.simulation import SimulationSetup

PAGE_LIMIT = 500  # fixed: the published API's largest page
# A server that fails is not helped by being asked again; one that is away or busy is.
PASSING = frozenset(
    {
        *(HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE),
        *(HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT),
    }
)


class SetupError(RuntimeError):
    """The installation cannot be prepared; the message says what it answered."""


class Party:
    def __init__(
        self,
        http: httpx.AsyncClient,
        client_id: str,
        policy: SimulationSetup,
        say: Callable[[str], None],
    ) -> None:
        self._http = http
        self.client_id = client_id
        self._policy = policy
        self._say = say
        self._token: str | None = None
        self._is_signing_in = asyncio.Lock()

    async def sign_in(self) -> None:
        """Waits, with words, while the server is still starting."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": f"{self.client_id}-secret",
        }
        answer = await self._patiently("POST", "/v1/oauth/token", data=form)
        if answer.status_code != HTTPStatus.OK:
            raise SetupError(f"no token for {self.client_id}: {says(answer)}")
        self._token = answer.json()["access_token"]

    async def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Signs in when that is needed; a token that is over is replaced once, not for ever."""
        if self._token is None:
            await self._renewed(None)
        token = self._token
        answer = await self._patiently(method, path, token=token, **request)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            await self._renewed(token)
            answer = await self._patiently(method, path, token=self._token, **request)
        return answer

    async def post(self, path: str, **body: Any) -> httpx.Response:
        """Once, however often it has to be sent."""
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        return await self.ask("POST", path, json=body, headers=headers)

    async def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All pages of a list."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            asked = {"limit": str(PAGE_LIMIT), **query} | ({"cursor": cursor} if cursor else {})
            answer = await self.ask("GET", path, params=asked)
            if answer.status_code != HTTPStatus.OK:
                raise SetupError(f"cannot list {path}: {says(answer)}")
            page = answer.json()
            found += page["items"]
            cursor = page["next_cursor"]
            if not cursor:
                return found

    async def _renewed(self, old: str | None) -> None:
        async with self._is_signing_in:
            if self._token == old:
                await self.sign_in()

    async def _patiently(
        self, method: str, path: str, *, token: str | None = None, **request: Any
    ) -> httpx.Response:
        """Repeats what fails because the server is away, starting or busy; nothing else."""
        deadline = time.monotonic() + self._policy.ready_within_s
        if token is not None:
            bearer = {"Authorization": f"Bearer {token}"}
            request["headers"] = request.get("headers", {}) | bearer
        said = ""
        while True:
            wait_s = self._policy.retry_wait_s
            try:
                answer = await self._http.request(method, path, **request)
            except httpx.TransportError as error:
                problem = f"{self._http.base_url} does not answer ({type(error).__name__})"
            else:
                if not _is_passing(answer):
                    return answer
                problem = f"{self._http.base_url} is not ready ({says(answer)})"
                wait_s = _retry_after_s(answer, wait_s)
            if time.monotonic() + wait_s > deadline:
                raise SetupError(f"{problem}, for {self._policy.ready_within_s:g} s")
            if problem != said:
                self._say(f"waiting: {problem}")
                said = problem
            await asyncio.sleep(wait_s)


def _is_passing(answer: httpx.Response) -> bool:
    return answer.status_code in PASSING


def _retry_after_s(answer: httpx.Response, otherwise_s: float) -> float:
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else otherwise_s


def says(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return f"{answer.status_code} {answer.reason_phrase}"
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return f"{answer.status_code} {detail or answer.reason_phrase}"
