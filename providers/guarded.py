"""HTTP to addresses that others name: only where that may lead, and there by the judged address."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass

import httpx

HTTPS = "https"
HTTPS_PORT = 443  # fixed: the scheme's own port
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
ADDRESS = "address"  # extension of a request: where it went

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class FetchError(RuntimeError):
    """The address leads where it must not, or what is there cannot be used."""


class UnknownHostError(FetchError):
    """Nobody knows where it leads, which may be otherwise in a moment."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What of the inside may be asked; of the whole internet everything, by TLS."""

    hosts: Collection[str] = ()  # by name
    networks: Collection[Network] = ()  # by address
    plain: Collection[Network] = ()  # by address, also without TLS


def is_outside(address: str) -> bool:
    """Whether it is one of the whole internet's, also where it stands for an older address."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        within = ip.ipv4_mapped or ip.sixtofour
        if within is None and ip in NAT64:
            within = ipaddress.IPv4Address(ip.packed[-4:])
        return is_outside(str(within)) if within is not None else ip.is_global
    return ip.is_global and not ip.is_multicast


async def judged_address(url: httpx.URL, reach: Reach) -> str:
    """The address that the name leads to now; a FetchError if any of those it has is not for us.

    Numbers in other dress (decimal, octal, mapped) are names to the resolver, and judged by what
    they turn out to be.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(url.host, url.port or HTTPS_PORT, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failed:
        raise UnknownHostError(f"{url.host} is not known") from failed
    addresses = [str(entry[4][0]) for entry in found]
    if all(is_in(address, reach.plain) for address in addresses):
        return addresses[0]
    if url.scheme != HTTPS:
        raise FetchError("only https is asked")
    if url.host not in reach.hosts:
        for address in addresses:
            if not (is_outside(address) or is_in(address, reach.networks)):
                raise FetchError(f"{url.host} is inside the network; it may not be asked")
    return addresses[0]


def is_in(address: str, networks: Collection[Network]) -> bool:
    ip = ipaddress.ip_address(address)
    return any(ip.version == network.version and ip in network for network in networks)


class PinnedTransport(httpx.AsyncBaseTransport):
    """Connects to the address that was judged: a name could lead elsewhere a moment later."""

    def __init__(self, reach: Callable[[], Reach], verify: ssl.SSLContext | bool = True) -> None:
        self._reach = reach
        # A connection is known by its address alone: one made for another name is not this
        # name's, so none is kept.
        alone = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(
            trust_env=False, retries=0, limits=alone, verify=verify
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        address = await judged_address(request.url, self._reach())
        # The certificate is still that of the name.
        more = {"sni_hostname": host, ADDRESS: address}
        request.extensions = {**request.extensions, **more}
        request.url = request.url.copy_with(host=address)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
