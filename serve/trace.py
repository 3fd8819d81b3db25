"""W3C trace context: the caller's trace goes on, or one begins here."""

from __future__ import annotations

import random
import re

HEADER = b"traceparent"
_FIT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_NONE = (b"0" * 32, b"0" * 16)


def continued(given: bytes | None) -> tuple[str, str]:
    """The trace's id, and the header that names this request's own part of it."""
    found = None if given is None else _FIT.fullmatch(given)
    # Not a secret, only unlikely to meet another.
    span = f"{random.getrandbits(64) or 1:016x}"
    if found is None or not _is_fit(found):
        trace = f"{random.getrandbits(128) or 1:032x}"
        return trace, f"00-{trace}-{span}-01"
    trace, flags = found[2].decode(), found[4].decode()
    return trace, f"00-{trace}-{span}-{flags}"


def _is_fit(found: re.Match[bytes]) -> bool:
    version, trace, parent, _ = found.groups()
    is_longer = found.end(4) != found.end()
    # Version 0 has exactly four parts, later ones may have more; ff is forbidden.
    return (
        version != b"ff"
        and not (version == b"00" and is_longer)
        and (trace != _NONE[0] and parent != _NONE[1])
    )
