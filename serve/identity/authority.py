"""All that one replica needs to tell who is asking, and the task that keeps it up to date."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from config.installation import Installation
from config.patience import OIDC, patience_with
from config.policy import Policy
from providers.metering import Meter
from serve.identity.foreign_issuers import ForeignIssuers
from serve.identity.key_cache import KeyCache
from serve.identity.key_ring import KeyRing
from serve.identity.keys import load_key
from serve.identity.passwords import PasswordBook
from serve.identity.principal import Principal
from serve.identity.tokens import TokenError, TokenIssuer, TokenVerifier, UnknownKeyError
from store import revocations, sessions, sign_in_failures, signing_keys, used_assertions
from store.key_file import KeyFile
from store.postgres import STORE_FAILURES, AnyPool
from store.revocations import RevocationDirectory
from store.sealing import Sealer

TOTP_PURPOSE = "one-time-codes"
logger = logging.getLogger("ubertruck.identity")


@dataclasses.dataclass(frozen=True, slots=True)
class Authority:
    policy: Callable[[], Policy]
    pool: AnyPool  # of the SYSTEM role: who asks is not known before
    keys: KeyRing
    issuer: TokenIssuer
    verifier: TokenVerifier
    api_keys: KeyCache
    revoked: RevocationDirectory
    passwords: PasswordBook
    seeds: Sealer  # of one-time codes
    foreign: ForeignIssuers
    # Called with the test for who is revoked, whenever somebody was.
    when_revoked: list[Callable[[Callable[[Principal], bool]], None]]

    async def verify_token(self, token: str) -> Principal:
        try:
            who = self.verifier.verify(token, time.time())
        except UnknownKeyError:
            # This replica may have been too busy to hear of a key that signs elsewhere by now.
            await self.keys.look_again(self.pool, self.policy().identity.follow_s)
            who = self.verifier.verify(token, time.time())
        self._refuse_revoked(who)
        return who

    async def verify_key(self, key: str) -> Principal:
        who = await self.api_keys.verify(key, time.time())
        self._refuse_revoked(who)
        return who

    def is_revoked(self, who: Principal) -> bool:
        return self.revoked.is_revoked(
            name=who.name,
            version=who.version,
            token_id=who.token_id,
            session_id=who.session_id,
        )

    def _refuse_revoked(self, who: Principal) -> None:
        if self.is_revoked(who):
            raise TokenError("this was revoked")

    @property
    def token_lives_s(self) -> float:
        """What was revoked must be remembered for so long: no token in use is older."""
        return float(self.issuer.ttl_s) + self.policy().identity.signing_keys.keep_after_s

    # -------------------------------------------------------------------------- following

    async def note_revoked(self) -> None:
        """After a revocation of our own: known here at once, unless the store has gone away.

        What is committed is done, and must not be answered as if it had failed; the poll hears it.
        """
        with contextlib.suppress(*STORE_FAILURES):
            await self.take_revocations()

    async def take_revocations(self) -> None:
        if await self.revoked.refresh(self.pool):
            for tell in self.when_revoked:
                tell(self.is_revoked)

    async def follow(self) -> None:
        """Runs for the life of the replica."""
        swept_s = time.monotonic()
        while True:
            limits = self.policy().identity
            await asyncio.sleep(limits.follow_s)
            try:
                await self.take_revocations()
                await self.keys.refresh(self.pool)
                await self.api_keys.write_used()
                if await self.keys.rotate_if_due(self.pool, limits.signing_keys):
                    await self.keys.refresh(self.pool)
                if time.monotonic() - swept_s >= limits.sweep_s:
                    swept_s = time.monotonic()
                    await self._sweep()
            except STORE_FAILURES as failed:
                logger.warning("cannot follow revocations and keys: %s", failed)
            except Exception:  # without this loop nobody could be revoked here any more
                logger.exception("cannot follow revocations and keys")

    async def _sweep(self) -> None:
        """What has expired is of no use to anybody; every table and memory stays bounded."""
        limits = self.policy().identity
        self.revoked.forget_expired()
        self.foreign.forget_unwanted()
        async with self.pool.acquire() as conn:
            await revocations.delete_expired(conn, limits.sweep_rows_max)
            await used_assertions.delete_expired(conn, limits.sweep_rows_max)
            await sessions.delete_expired(conn, limits.sessions.kept_s, limits.sweep_rows_max)
            lockout = limits.lockout
            await sign_in_failures.delete_old(conn, lockout.forget_after_s, lockout.rows_max)
            await signing_keys.delete_retired(conn, self.token_lives_s)


@asynccontextmanager
async def open_authority(
    where: Installation,
    policy: Callable[[], Policy],
    pool: AnyPool,
    keys: KeyFile,
    meter: Meter | None = None,
) -> AsyncIterator[Authority]:
    now = policy()
    ring = KeyRing(load_key(where.jwt_key_file), keys)
    await ring.refresh(pool)
    revoked = RevocationDirectory()
    await revoked.refresh(pool)
    async with ForeignIssuers(
        lambda: policy().identity.oidc, lambda: patience_with(policy(), OIDC), meter
    ) as foreign:
        yield Authority(
            policy=policy,
            pool=pool,
            keys=ring,
            issuer=TokenIssuer(ring, where.instance, now.api.token_ttl_s),
            verifier=TokenVerifier(ring, where.instance, now.api.token_cache_max),
            api_keys=KeyCache(pool, lambda: policy().identity.api_keys),
            revoked=revoked,
            passwords=PasswordBook(lambda: policy().identity.passwords),
            seeds=Sealer(keys, TOTP_PURPOSE),
            foreign=foreign,
            when_revoked=[],
        )
