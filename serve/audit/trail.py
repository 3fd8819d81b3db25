"""Writes the audit trail: changes inside their own transaction, refused attempts behind answers."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import logging
import time
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from pydantic import BaseModel

from config.policy import Settings
from config.sections.audit import Audit
from freight.redaction import redacted_text
from serve.identity.principal import Principal
from serve.request_record import current
from store import audit
from store.audit_chain import INSTALLATION, INSTALLATION_KEY, Entry, Outcome, Signer
from store.key_file import KeyFile
from store.postgres import STORE_FAILURES, AnyConnection, AnyPool

logger = logging.getLogger("ubertruck.audit")
LEFT_OUT = "audit.left_out"
OURSELVES = "service:gateway"
STRANGER_CHARS_MAX = 80  # fixed: the form of a stored row


@dataclasses.dataclass(slots=True)
class LeftOut:
    """Refused attempts of one chain for which there was no room."""

    tenant: str
    count: int = 0


class AuditTrail:
    def __init__(
        self,
        keys: KeyFile,
        settings: Settings,
        system_pool: AnyPool,
    ) -> None:
        self.keys = keys
        self._settings = settings
        self._signer = Signer(keys, settings.now.audit.value_bytes_max)
        self._pool = system_pool
        self._waiting: collections.deque[Entry] = collections.deque()
        self._left_out: dict[int, LeftOut] = {}
        self._is_time = asyncio.Event()

    @property
    def limits(self) -> Audit:
        return self._settings.now.audit

    async def changed(
        self,
        conn: AnyConnection,
        who: Principal,
        action: str,
        subject: str,
        *,
        before: BaseModel | None,
        after: BaseModel | None,
        of_installation: bool = False,
    ) -> None:
        """The last statement of the transaction that made the change."""
        key = INSTALLATION_KEY if of_installation else who.tenant_key
        tenant = INSTALLATION if of_installation else who.tenant
        entry = self._change(who, key, tenant, action, subject, before=before, after=after)
        await self.append(conn, [entry])

    def added(self, who: Principal, action: str, subject: str, after: BaseModel) -> Entry:
        return self._change(who, who.tenant_key, who.tenant, action, subject, after=after)

    async def append(self, conn: AnyConnection, entries: Sequence[Entry]) -> None:
        """Rows of one tenant, the last statement of a transaction."""
        await audit.append(conn, self._signer, entries)

    def _change(
        self,
        who: Principal,
        tenant_key: int,
        tenant: str,
        action: str,
        subject: str,
        *,
        before: BaseModel | None = None,
        after: BaseModel | None = None,
    ) -> Entry:
        return self.entry(
            tenant_key,
            tenant,
            actor=who.name,
            action=action,
            subject=subject,
            before=None if before is None else before.model_dump(mode="json"),
            after=None if after is None else after.model_dump(mode="json"),
        )

    def entry(
        self, tenant_key: int, tenant: str, *, actor: str, action: str, subject: str, **more: Any
    ) -> Entry:
        """With what the request at hand says of itself."""
        request = current()
        return Entry(
            tenant_key=tenant_key,
            tenant=tenant,
            actor=actor,
            action=action,
            subject=subject,
            at_ms=time.time_ns() // 1_000_000,
            origin=request.origin if request else None,
            correlation_id=request.correlation_id if request else None,
            config_version=self._settings.snapshot.revision,
            **more,
        )

    def refused(
        self, tenant_key: int, tenant: str, *, actor: str, action: str, subject: str, detail: str
    ) -> None:
        """Notes an attempt for the background writer; never waits, and never fails a request.

        For what belongs to no tenant (a sign-in under an unknown name): INSTALLATION_KEY and
        INSTALLATION of store.audit_chain.
        """
        if len(self._waiting) >= self.limits.refused.waiting_max:
            self._left_out.setdefault(tenant_key, LeftOut(tenant)).count += 1
            return
        self.note(
            self.entry(
                tenant_key,
                tenant,
                actor=actor,
                action=action,
                subject=subject,
                outcome=Outcome.REFUSED,
                detail=detail,
            )
        )

    def sign_in_refused(
        self, actor: str, tenant_key: int | None, tenant: str | None, detail: str
    ) -> None:
        """`client:ID` or `user:ID`; who is not known at all goes to the installation's chain.

        What a stranger calls himself may be anything, so it is cut short and masked.
        """
        known = tenant_key is not None and tenant is not None
        self.refused(
            tenant_key if tenant_key is not None and known else INSTALLATION_KEY,
            tenant if tenant is not None and known else INSTALLATION,
            actor=actor if known else redacted_text(actor[:STRANGER_CHARS_MAX]),
            action="sign-in",
            subject="sign-ins",
            detail=detail,
        )

    def note(self, entry: Entry) -> None:
        """For the background writer, whether there is room or not."""
        self._waiting.append(entry)
        if len(self._waiting) >= self.limits.refused.batch_rows:
            self._is_time.set()

    async def write_refusals(self) -> None:
        """The background writer; while Postgres is away, what fits waits for it."""
        while True:
            try:
                async with asyncio.timeout(self.limits.refused.flush_s):
                    await self._is_time.wait()
            except TimeoutError:
                pass
            self._is_time.clear()
            await self.flush()

    async def flush(self) -> None:
        """Writes all that waits."""
        try:
            while self._waiting or self._left_out:
                await self._write_some()
        except STORE_FAILURES as failed:
            logger.warning("cannot write refused attempts yet: %s", failed)
        except Exception:  # without the writer no attempt would be recorded for ever
            logger.exception("cannot write refused attempts")

    async def _write_some(self) -> None:
        size = min(len(self._waiting), self.limits.refused.batch_rows)
        batch = [self._waiting[place] for place in range(size)]
        left_out = {key: LeftOut(left.tenant, left.count) for key, left in self._left_out.items()}
        rows = batch + [self._left_out_row(key, left) for key, left in left_out.items()]
        await self._write(rows)
        for _ in batch:
            self._waiting.popleft()
        for key, written in left_out.items():
            self._left_out[key].count -= written.count
            if not self._left_out[key].count:
                del self._left_out[key]

    async def _write(self, rows: Sequence[Entry]) -> None:
        """All or nothing, in the order of the chains, so that two writers never wait in a ring."""
        chain = attrgetter("tenant_key")
        async with self._pool.acquire() as conn, conn.transaction():
            for _, of_chain in groupby(sorted(rows, key=chain), chain):
                await audit.append(conn, self._signer, list(of_chain))

    def _left_out_row(self, tenant_key: int, left: LeftOut) -> Entry:
        return self.entry(
            tenant_key,
            left.tenant,
            actor=OURSELVES,
            action=LEFT_OUT,
            subject="audit",
            outcome=Outcome.REFUSED,
            detail=f"{left.count} refused attempts were not recorded one by one",
            after={"count": left.count},
        )
