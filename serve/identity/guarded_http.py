"""HTTP to addresses that a tenant names: only where that may lead, and only so much of it."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from config.sections.identity import Oidc
from serve.identity.development import is_development

HTTPS_PORT = 443  # fixed: the scheme's own port
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052


class FetchError(RuntimeError):
    """The address leads where it must not, or what is there cannot be used."""


def is_outside(address: str) -> bool:
    """Whether it is one of the whole internet's, also where it stands for an older address."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        within = ip.ipv4_mapped or ip.sixtofour
        if within is None and ip in NAT64:
            within = ipaddress.IPv4Address(ip.packed[-4:])
        return is_outside(str(within)) if within is not None else ip.is_global
    return ip.is_global and not ip.is_multicast


class PinnedTransport(httpx.AsyncBaseTransport):
    """Connects to the address that was judged: a name could lead elsewhere a moment later."""

    def __init__(self, limits: Callable[[], Oidc]) -> None:
        self._limits = limits
        # A connection is known by its address alone: one made for another name is not this
        # name's, so none is kept.
        alone = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(trust_env=False, retries=0, limits=alone)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        address = await self._judged(request.url)
        # The certificate is still that of the name.
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        return await self._inner.handle_async_request(request)

    async def _judged(self, url: httpx.URL) -> str:
        loop = asyncio.get_running_loop()
        port = url.port or HTTPS_PORT
        try:
            found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        except OSError as failed:
            raise FetchError(f"{url.host} is not known") from failed
        addresses = [str(entry[4][0]) for entry in found]
        is_local = all(ipaddress.ip_address(each).is_loopback for each in addresses)
        if is_local and is_development():
            return addresses[0]
        if url.scheme != "https":
            raise FetchError("only https is asked")
        if url.host not in self._limits().internal_hosts:
            for each in addresses:
                if not is_outside(each):
                    raise FetchError(f"{url.host} is inside the network; it may not be asked")
        return addresses[0]

    async def aclose(self) -> None:
        await self._inner.aclose()


class GuardedHttp:
    def __init__(self, limits: Callable[[], Oidc]) -> None:
        self._limits = limits
        self._client = httpx.AsyncClient(
            transport=PinnedTransport(limits), follow_redirects=False, trust_env=False
        )

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
