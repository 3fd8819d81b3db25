"""Which addresses an endpoint may have, as far as the address itself tells."""

from __future__ import annotations

import ipaddress
import socket

import httpx

from providers.guarded import HTTPS, Reach, is_in, is_outside

SCHEMES = frozenset({HTTPS, "http"})
LOCAL = "localhost"  # fixed: RFC 6761 names it
LOOPBACK = "127.0.0.1"  # fixed: where that name leads
# Names that mean something inside a network only (RFC 6761, RFC 6762, RFC 8375, ICANN's own).
INSIDE = (".localhost", ".local", ".internal", ".home.arpa", ".intranet", ".lan")


def objection_to(url_text: str, reach: Reach) -> str | None:
    """Why nothing can be sent there, or None; where a name leads is judged at every delivery."""
    try:
        url = httpx.URL(url_text)
    except httpx.InvalidURL:
        return "an address begins with https:// and its host"
    host = url.host.rstrip(".").lower()
    if url.scheme not in SCHEMES or not host:
        return "an address begins with https:// and its host"
    if url.userinfo or url.fragment or "#" in url_text:
        return "an address has no credentials and no fragment"
    number = LOOPBACK if host == LOCAL else _number(host)
    if number is not None and is_in(number, reach.plain):
        return None
    if url.scheme != HTTPS:
        return "an address begins with https://"
    return _objection_to_host(host, number, reach)


def _objection_to_host(host: str, number: str | None, reach: Reach) -> str | None:
    if host in reach.hosts:
        return None
    if number is None:
        is_inside = "." not in host or host.endswith(INSIDE)
    else:
        is_inside = not (is_outside(number) or is_in(number, reach.networks))
    return f"{host} is inside the network; nothing is sent there" if is_inside else None


def _number(host: str) -> str | None:
    """The address that a host stands for by itself, in whatever dress; None: it is a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):
        return None
