"""A request that carries an Idempotency-Key, from its first byte to its answer."""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.types import Scope

from store.idempotency import KeyOf

# What of an answer's headers says something about the object or the body.
KEPT_HEADERS = frozenset({"content-type", "etag", "location", "link", "content-disposition"})


class Repeatable:
    """The body is digested as it is read, so that nothing of it need be kept."""

    __slots__ = ("_digest", "claimed", "is_read", "key", "of", "scope")

    def __init__(self, scope: Scope, key: str) -> None:
        self.scope = scope
        self.key = key
        self.is_read = False
        self.of: KeyOf | None = None
        # Set when what it does was begun: then its answer is kept.
        self.claimed = False
        asked = f"{scope['method']} {scope['path']}?"
        self._digest = hashlib.sha256(asked.encode() + scope["query_string"] + b"\n")

    def take(self, part: bytes, *, is_last: bool) -> None:
        self._digest.update(part)
        self.is_read = is_last

    @property
    def fingerprint(self) -> bytes:
        return self._digest.digest()

    @property
    def route_answers_with(self) -> Any:
        return getattr(self.scope.get("route"), "response_model", None)

    @property
    def route_status(self) -> int | None:
        return getattr(self.scope.get("route"), "status_code", None)
