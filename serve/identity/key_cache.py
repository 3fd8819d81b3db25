"""API keys that were checked, remembered for a short while, and when each was last used."""

from __future__ import annotations

import dataclasses
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

from config.sections.identity import ApiKeys
from serve.identity.granted import permissions_of
from serve.identity.key_format import hash_of, is_well_formed
from serve.identity.principal import Kind, Principal
from serve.identity.tokens import TokenError
from store import api_keys
from store.postgres import STORE_FAILURES, AnyPool


@dataclasses.dataclass(slots=True)
class Remembered:
    who: Principal
    checked_s: float


class KeyCache:
    """A remembered key costs no I/O; one that was revoked is refused by the revocations too."""

    def __init__(self, pool: AnyPool, limits: Callable[[], ApiKeys]) -> None:
        self._pool = pool
        self._limits = limits
        self._known: OrderedDict[str, Remembered] = OrderedDict()
        self._used: dict[str, datetime] = {}
        self._written_s: dict[str, float] = {}

    async def verify(self, key: str, now_s: float) -> Principal:
        known = self._known.get(key)
        if known is None or now_s - known.checked_s > self._limits().recheck_s:
            known = await self._look_up(key, now_s, known)
        else:
            self._known.move_to_end(key)
        if known.who.expires_s <= now_s:
            self._known.pop(key, None)
            raise TokenError("the API key has expired")
        self._note(known.who.subject, now_s)
        return known.who

    async def _look_up(self, key: str, now_s: float, before: Remembered | None) -> Remembered:
        if not is_well_formed(key):
            raise TokenError("this is no API key")
        try:
            async with self._pool.acquire() as conn:
                found = await api_keys.find(conn, hash_of(key))
                if found is None:
                    self._known.pop(key, None)
                    raise TokenError("the API key is unknown, expired or revoked")
                held = await permissions_of(conn, found.tenant_key, found.maker_roles)
        except STORE_FAILURES:
            if before is None:
                raise
            return before  # what was true a moment ago is better than nothing at all
        who = Principal(
            subject=found.id,
            kind=Kind.API_KEY,
            tenant=found.tenant,
            tenant_key=found.tenant_key,
            permissions=held & frozenset(found.scopes),
            expires_s=int(found.expires_at.timestamp()),
            carrier=found.carrier,
            shipper=found.shipper,
            version=found.version,
        )
        remembered = self._known[key] = Remembered(who, now_s)
        self._known.move_to_end(key)
        while len(self._known) > self._limits().cache_max:
            self._known.popitem(last=False)
        return remembered

    def _note(self, key_id: str, now_s: float) -> None:
        if now_s - self._written_s.get(key_id, 0.0) >= self._limits().used_write_s:
            self._used[key_id] = datetime.fromtimestamp(now_s, UTC)

    async def write_used(self, now_s: float | None = None) -> None:
        """Off the path of requests; each key at most once in the configured while."""
        now_s = time.time() if now_s is None else now_s
        longest_s = self._limits().used_write_s
        self._written_s = {k: at for k, at in self._written_s.items() if now_s - at < longest_s}
        if not self._used:
            return
        used, self._used = self._used, {}
        async with self._pool.acquire() as conn:
            await api_keys.note_used(conn, used)
        self._written_s.update(dict.fromkeys(used, now_s))
