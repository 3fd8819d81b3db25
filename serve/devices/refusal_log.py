"""Gathers what brokers refuse devices, each kind once a minute, and stores it in batches."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import re
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter

from config.sections.devices import Refusals
from store import audit, device_refusals
from store.audit_chain import Entry, Outcome, Signer
from store.device_refusals import NewRefusal, Reason, Refusal
from store.postgres import STORE_FAILURES, AnyConnection, AnyPool, epoch_ms

log = logging.getLogger(__name__)

USERNAME = re.compile(r"[a-z0-9-]{1,32}/[A-Za-z0-9_-]{1,64}")
TEXT_CHARS_MAX = 256  # fixed: longer topics and client ids only fill logs; nothing depends on it
# Stands for all topics of a device and minute beyond those that are told apart.
OTHERS = "(others)"
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")

Kind = tuple[str, datetime, Reason, str]


class RefusalLog:
    """One a process; noting costs no I/O and never more memory than the policy says."""

    def __init__(self, limits: Refusals, signer: Signer) -> None:
        self._limits = limits
        self._signer = signer
        self._waiting: dict[Kind, Refusal] = {}
        self._topics: Counter[tuple[str, datetime]] = Counter()
        self.counts: Counter[str] = Counter()

    def note(
        self,
        username: str,
        reason: Reason,
        *,
        topic: str = "",
        client_id: str = "",
        origin: str = "",
        at: datetime | None = None,
    ) -> None:
        """What names no device could not be shown to anybody: that is only counted."""
        self.counts[f"refused_{reason}_total"] += 1
        if USERNAME.fullmatch(username) is None:
            return
        at = at or datetime.now(UTC)
        minute = at.replace(second=0, microsecond=0)
        topic = _text(topic)
        kind = (username, minute, reason, topic)
        if kind not in self._waiting and topic:
            self._topics[username, minute] += 1
            if self._topics[username, minute] > self._limits.topics_per_minute_max:
                topic = OTHERS
                kind = (username, minute, reason, topic)
        self._keep(
            kind, Refusal(username, reason, topic, _text(client_id), _text(origin), at, at, 1)
        )

    async def flush(self, pool: AnyPool) -> None:
        """Store what waits; a store that is away gets it with the next ones."""
        waiting, self._waiting = self._waiting, {}
        this_minute = datetime.now(UTC).replace(second=0, microsecond=0)
        self._topics = Counter({k: n for k, n in self._topics.items() if k[1] >= this_minute})
        if not waiting:
            return
        try:
            async with pool.acquire() as conn, conn.transaction():
                news = await device_refusals.record(conn, list(waiting.values()))
                await self._audit(conn, news)
        except STORE_FAILURES:
            for kind, refusal in waiting.items():
                self._keep(kind, refusal)
            raise

    async def _audit(self, conn: AnyConnection, news: list[NewRefusal]) -> None:
        """Into each tenant's chain, in the order of the chains, so that nobody waits in a ring."""
        chain = attrgetter("tenant_key")
        for _, of_tenant in groupby(sorted(news, key=chain), chain):
            await audit.append(conn, self._signer, [_audited(one) for one in of_tenant])

    def _keep(self, kind: Kind, refusal: Refusal) -> None:
        known = self._waiting.get(kind)
        if known is not None:
            self._waiting[kind] = dataclasses.replace(
                known,
                first_at=min(known.first_at, refusal.first_at),
                last_at=max(known.last_at, refusal.last_at),
                count=known.count + refusal.count,
            )
        elif len(self._waiting) < self._limits.waiting_max:
            self._waiting[kind] = refusal
        else:
            self.counts["refusals_not_kept_total"] += refusal.count

    async def run(self, pool: AnyPool) -> None:
        """For ever: store what was noted, forget what is old."""
        purged_s = float("-inf")
        while True:
            await asyncio.sleep(self._limits.flush_s)
            try:
                await self.flush(pool)
                if time.monotonic() > purged_s + self._limits.purge_s:
                    purged_s = time.monotonic()
                    await self._purge(pool)
            except STORE_FAILURES as failed:
                log.warning("refusals of devices wait for the store: %s", failed)
            except Exception:  # without this loop nobody would learn of refusals any more
                log.exception("refusals of devices cannot be stored")

    async def _purge(self, pool: AnyPool) -> None:
        limits = self._limits
        async with pool.acquire() as conn:
            await device_refusals.purge(conn, limits.kept_days, limits.kept_per_device_max)


def _audited(refusal: NewRefusal) -> Entry:
    truck = refusal.username.partition("/")[2]
    return Entry(
        tenant_key=refusal.tenant_key,
        tenant=refusal.tenant,
        actor=f"device:{refusal.username}",
        action=f"devices.{refusal.reason}",
        subject=f"trucks/{truck}",
        at_ms=epoch_ms(refusal.first_at),
        outcome=Outcome.REFUSED,
        origin=refusal.origin or None,
        detail=refusal.topic or None,
    )


def _text(given: str) -> str:
    """What a stranger wrote, short and without control characters."""
    return _UNPRINTABLE.sub("?", given[:TEXT_CHARS_MAX])
