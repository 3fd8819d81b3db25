"""Tells the audit trail which secrets were read, and keeps leases and keys up to date."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

from config.policy import Settings
from serve.audit.trail import AuditTrail
from store import secret_uses
from store.key_file import KeyFileError
from store.postgres import STORE_FAILURES, AnyPool
from store.secret_names import SecretsError
from store.secrets import Secrets, Use

logger = logging.getLogger("ubertruck.secrets")


class SecretUses:
    """One a process, around its Secrets."""

    def __init__(
        self, secrets: Secrets, trail: AuditTrail, system_pool: AnyPool, settings: Settings
    ) -> None:
        self._secrets = secrets
        self._trail = trail
        self._pool = system_pool
        self._settings = settings
        self._untold: Counter[Use] = Counter()

    async def follow(self) -> None:
        while True:
            await asyncio.sleep(self._settings.now.secrets.uses_flush_s)
            try:
                await self.flush()
                await self._secrets.keep_alive()
                # A key that `secrets rotate` added seals here from now on.
                self._trail.keys.refresh()
            except (*STORE_FAILURES, SecretsError, KeyFileError) as failed:
                logger.warning("cannot tell of secrets' use, or renew: %s", failed)
            except Exception:  # without this loop nobody would learn who reads what
                logger.exception("cannot tell of secrets' use")

    async def close(self) -> None:
        """Tells what it can; at the end nobody waits for a database that is away."""
        try:
            await self.flush()
        except STORE_FAILURES as failed:
            logger.warning("the last uses of secrets were not told: %s", failed)

    async def flush(self) -> None:
        """What could not be written waits, added up."""
        self._untold.update(self._secrets.take_uses())
        if not self._untold:
            return
        told = self._untold
        async with self._pool.acquire() as conn, conn.transaction():
            await secret_uses.add(conn, told)
        self._untold = Counter()
        for use, count in told.items():
            self._note(use, count)

    def _note(self, use: Use, count: int) -> None:
        scope = use.of.scope
        entry = self._trail.entry(
            scope.tenant_key,
            scope.tenant,
            actor=use.reader,
            action="secrets.use",
            subject=f"secrets/{use.of.name}",
            after={"version": use.version, "count": count},
        )
        self._trail.note(entry)
