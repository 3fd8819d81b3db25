"""Headers that tell browsers what an answer of ours may and may not be used for."""

from __future__ import annotations

RawHeaders = tuple[tuple[bytes, bytes], ...]

EVERYWHERE: RawHeaders = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), payment=(), usb=()"),
    (b"x-frame-options", b"DENY"),
)
# Answers of the API are data: opened as a page they may do nothing at all.
OF_DATA = b"default-src 'none'; frame-ancestors 'none'"
# The page explains itself with a script of its own inside of it.
OF_DOCS = (
    b"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The map's worker is a file of the build, the live feed a WebSocket; tiles may come from a server
# that the operator chose. Styles that scripts set need no permission, those in the markup do. In
# frames stand papers that were fetched with the token, as PDF and as nothing else.
OF_CONSOLE = (
    b"default-src 'self'; script-src 'self'; style-src 'self'; "
    b"img-src 'self' data: blob: https:; connect-src 'self' ws: wss: https:; frame-src blob:; "
    b"worker-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    b"frame-ancestors 'none'"
)
POLICY = b"content-security-policy"

_DATA = (*EVERYWHERE, (POLICY, OF_DATA))
_DOCS = (*EVERYWHERE, (POLICY, OF_DOCS))
_CONSOLE = (*EVERYWHERE, (POLICY, OF_CONSOLE))
_PATHS_OF_DATA = ("/v1/", "/.well-known/", "/livez", "/readyz", "/metrics", "/openapi.json")


def headers_of(path: str, given: set[bytes]) -> RawHeaders:
    """What the answer at this path says unless its route has said it already."""
    found = _DOCS if path == "/docs" else _CONSOLE
    if path.startswith(_PATHS_OF_DATA):
        found = _DATA
    if given.isdisjoint(_NAMES):
        return found
    return tuple(pair for pair in found if pair[0] not in given)


_NAMES = frozenset(name for name, _ in _DATA)
