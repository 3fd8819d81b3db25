"""Which addresses an issuer may have, as far as the address itself tells."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

import httpx

from providers.guarded import is_outside
from serve.identity.development import is_development

LOCAL = "localhost"  # fixed: RFC 6761 names it
# Names that mean something inside a network only (RFC 6761, RFC 6762, RFC 8375, ICANN's own).
INSIDE = (".localhost", ".local", ".internal", ".home.arpa", ".intranet", ".lan")


def objection_to(issuer: str, internal_hosts: Collection[str]) -> str | None:
    """Why this cannot be an issuer, or None; where its name leads is judged at every request."""
    try:
        url = httpx.URL(issuer)
    except httpx.InvalidURL:
        return "an issuer is an address that begins with its scheme"
    host = url.host.rstrip(".").lower()
    if not host or url.userinfo or url.query or url.fragment or "?" in issuer or "#" in issuer:
        return "an issuer is an address without credentials, query and fragment"
    if is_development() and url.scheme in {"http", "https"} and _is_loopback(host):
        return None
    if url.scheme != "https":
        return "an issuer's address begins with https://"
    if host not in internal_hosts and _is_inside(host):
        return f"{host} is inside the network; it cannot be an issuer"
    return None


def _is_loopback(host: str) -> bool:
    if host == LOCAL:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_inside(host: str) -> bool:
    try:
        return not is_outside(host)
    except ValueError:
        return "." not in host or host.endswith(INSIDE)
