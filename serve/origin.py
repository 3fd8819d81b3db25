"""Where a request came from, and how: through the proxies that may be believed, and no others."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from starlette.types import Scope

FORWARDED_FOR = b"x-forwarded-for"
FORWARDED_PROTO = b"x-forwarded-proto"
CACHED_ADDRESSES = 4096

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Proxies:
    """Serve's own proxy adds exactly one address, its peer's; what stands before that is hearsay
    unless the peer is itself a proxy that the installation trusts."""

    def __init__(self, serve: Iterable[str], trusted: Iterable[str]) -> None:
        self._serve = [ipaddress.ip_network(network, strict=False) for network in serve]
        self._trusted = [ipaddress.ip_network(network, strict=False) for network in trusted]
        self._is_serve = lru_cache(CACHED_ADDRESSES)(lambda text: _is_in(text, self._serve))
        self._is_trusted = lru_cache(CACHED_ADDRESSES)(lambda text: _is_in(text, self._trusted))

    def origin_of(self, scope: Scope, last_forwarded: bytes | None) -> str | None:
        """`last_forwarded` is the last X-Forwarded-For line, which the nearest proxy wrote."""
        client = scope.get("client")
        if not client:
            return None
        peer = str(client[0])
        if last_forwarded is None or not (self._is_serve(peer) or self._is_trusted(peer)):
            return peer
        if b"," not in last_forwarded and not self._trusted:
            return _fit(last_forwarded) or peer
        return self._walk(scope, peer)

    def is_tls(self, scope: Scope, forwarded_proto: bytes | None, last: bytes | None) -> bool:
        """As the nearest trusted proxy says; Serve's own passes on what anybody claims."""
        if scope["scheme"] in ("https", "wss"):
            return True
        if forwarded_proto != b"https" or not self._trusted:
            return False
        peer = str(scope["client"][0]) if scope.get("client") else ""
        if self._is_serve(peer) and last is not None:
            peer = _fit(last.rpartition(b",")[2]) or ""
        return self._is_trusted(peer)

    def _walk(self, scope: Scope, peer: str) -> str:
        lines = [value for name, value in scope["headers"] if name == FORWARDED_FOR]
        hops = b",".join(lines).split(b",")
        found = peer
        believed = self._is_serve(peer) or self._is_trusted(peer)
        while believed and hops:
            hop = _fit(hops.pop())
            if hop is None:
                break
            found = hop
            believed = self._is_trusted(hop)
        return found


def masked(address: str | None) -> str | None:
    """For logs: the network a caller is in, not the caller; /24 of IPv4 and /48 of IPv6."""
    return None if address is None else _network_of(address, 24, 48)


def subject_of(address: str | None) -> str:
    """What is limited as one address: with IPv6 a household's /64, which has more than it needs."""
    return "unknown" if address is None else _network_of(address, 32, 64)


@lru_cache(CACHED_ADDRESSES)
def _network_of(address: str, bits_v4: int, bits_v6: int) -> str:
    try:
        parsed = _parsed(address)
    except ValueError:
        return "unknown"
    bits = bits_v4 if parsed.version == 4 else bits_v6
    return str(ipaddress.ip_network((parsed, bits), strict=False))


def _parsed(text: str) -> Address:
    parsed = ipaddress.ip_address(text)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed


def _is_in(text: str, networks: list[Network]) -> bool:
    try:
        address = _parsed(text)
    except ValueError:
        return False
    return any(address in network for network in networks)


@lru_cache(CACHED_ADDRESSES)
def _fit(raw: bytes) -> str | None:
    """An address as proxies write it, perhaps with a port."""
    text = raw.decode("latin-1").strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(_parsed(text))
    except ValueError:
        return None
