"""JSON from issuers that a tenant names: only where that may lead, and only so much of it."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from config.sections.identity import Oidc
from providers.guarded import FetchError, PinnedTransport, Reach
from serve.identity.development import is_development

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


class GuardedHttp:
    def __init__(self, limits: Callable[[], Oidc]) -> None:
        self._limits = limits
        self._client = httpx.AsyncClient(
            transport=PinnedTransport(self._reach), follow_redirects=False, trust_env=False
        )

    def _reach(self) -> Reach:
        plain = LOOPBACK if is_development() else ()
        return Reach(hosts=self._limits().internal_hosts, plain=plain)

    async def json(self, url: str) -> dict[str, Any]:
        """An object, whole and in time; anything else is a FetchError."""
        limits = self._limits()
        try:
            async with (
                asyncio.timeout(limits.deadline_s),
                self._client.stream("GET", url, headers={"Accept": "application/json"}) as answer,
            ):
                if answer.status_code != httpx.codes.OK:
                    raise FetchError(f"{url} answers {answer.status_code}")
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > limits.body_bytes_max:
                        raise FetchError(f"{url} answers more than {limits.body_bytes_max} bytes")
            return msgspec.json.decode(body, type=dict[str, Any])
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, msgspec.MsgspecError) as failed:
            raise FetchError(f"{url} gives no usable answer: {type(failed).__name__}") from failed

    async def close(self) -> None:
        await self._client.aclose()
