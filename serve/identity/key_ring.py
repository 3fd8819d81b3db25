"""The signing keys as one replica knows them: which signs now, and which are published."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import math
import time

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from config.sections.identity import SigningKeys
from serve.identity.keys import PublicKey, SigningKey, key_of_pem, new_key
from store import signing_keys
from store.key_file import KeyFile, KeyFileError
from store.postgres import AnyConnection, AnyPool
from store.sealing import Sealer, SealError
from store.signing_keys import StoredSigningKey

PURPOSE = "signing-keys"
logger = logging.getLogger("ubertruck.identity")


@dataclasses.dataclass(frozen=True, slots=True)
class Scheduled:
    stored: StoredSigningKey
    key: SigningKey | None  # None: sealed with a key that this installation does not have
    public: PublicKey


class KeyRing:
    """The key of the installation's file is the first; later ones come from the database.

    A key is known to every replica before it signs, and stays known until the last token that it
    signed has expired, so a change of keys is noticed by nobody.
    """

    def __init__(self, file_key: SigningKey, keys: KeyFile) -> None:
        self._file_key = file_key
        self._sealer = Sealer(keys, PURPOSE)
        self._scheduled: dict[str, Scheduled] = {}
        self._looking = asyncio.Lock()
        self._looked_s = -math.inf

    # ---------------------------------------------------------------------------- reading

    def signing(self, now_s: float) -> SigningKey:
        chosen = self._file_key
        for one in self._scheduled.values():
            if one.key is not None and one.stored.active_from.timestamp() <= now_s:
                chosen = one.key
        return chosen

    def public(self, key_id: str) -> PublicKey | None:
        one = self._scheduled.get(key_id)
        if one is not None:
            return one.public
        return self._file_key.private.public_key() if self._file_serves(key_id) else None

    def jwks(self) -> list[dict[str, str]]:
        published = [one.stored.public_jwk for one in self._scheduled.values()]
        if self._file_serves(self._file_key.key_id):
            published.append(self._file_key.jwk)
        return published

    def stored(self) -> list[StoredSigningKey]:
        """In the order in which they sign."""
        return [one.stored for one in self._scheduled.values()]

    def _file_serves(self, key_id: str) -> bool:
        """The file's key needs no row while it is the only one that can sign."""
        can_sign = any(one.key for one in self._scheduled.values())
        is_listed = key_id in self._scheduled
        return key_id == self._file_key.key_id and not is_listed and not can_sign

    # --------------------------------------------------------------------------- following

    async def refresh(self, pool: AnyPool) -> None:
        async with pool.acquire() as conn:
            rows = await signing_keys.all_keys(conn)
        self._scheduled = {row.id: self._taken(row) for row in rows}

    async def look_again(self, pool: AnyPool, pause_s: float) -> None:
        """For a token with a key unknown here; tokens made up cost one look in a pause at most."""
        async with self._looking:
            if time.monotonic() - self._looked_s < pause_s:
                return
            self._looked_s = time.monotonic()
            await self.refresh(pool)

    def _taken(self, row: StoredSigningKey) -> Scheduled:
        known = self._scheduled.get(row.id)
        if known is not None:
            return known
        public = jwt.PyJWK(row.public_jwk).key
        assert isinstance(public, RSAPublicKey)  # noqa: S101 - we made it
        if row.private_sealed is None:
            is_file = row.id == self._file_key.key_id
            return Scheduled(row, self._file_key if is_file else None, public)
        try:
            pem = self._sealer.open(row.private_sealed, row.id.encode())
            return Scheduled(row, key_of_pem(pem), public)
        except (SealError, KeyFileError, ValueError) as failed:
            logger.error("signing key %s cannot be opened: %s", row.id, failed)
            return Scheduled(row, None, public)

    # ---------------------------------------------------------------------------- rotation

    async def rotate(self, conn: AnyConnection, limits: SigningKeys) -> StoredSigningKey:
        """For SYSTEM, in a transaction: the next key, which signs when all know it."""
        fresh = await asyncio.to_thread(new_key)
        await signing_keys.lock_rotation(conn)
        await self._list_file_key(conn)
        sealed = self._sealer.seal(fresh.pem, fresh.key_id.encode())
        return await signing_keys.add(
            conn, fresh.key_id, fresh.jwk, sealed, limits.publish_before_s
        )

    async def rotate_if_due(self, pool: AnyPool, limits: SigningKeys) -> bool:
        """One replica of all rotates; the others find that it was done."""
        if not self._is_due(self.stored(), limits):
            return False
        async with pool.acquire() as conn, conn.transaction():
            await signing_keys.lock_rotation(conn)
            await self._list_file_key(conn)
            if not self._is_due(await signing_keys.all_keys(conn), limits):
                return True
            made = await self.rotate(conn, limits)
        logger.info("signing key %s takes over at %s", made.id, made.active_from)
        return True

    async def _list_file_key(self, conn: AnyConnection) -> None:
        """From its row on the file's key has an age, and a day on which it is replaced."""
        if not await signing_keys.all_keys(conn):
            await signing_keys.add(conn, self._file_key.key_id, self._file_key.jwk, None, 0.0)

    @staticmethod
    def _is_due(rows: list[StoredSigningKey], limits: SigningKeys) -> bool:
        if not rows:
            return True
        return rows[-1].active_from.timestamp() + limits.rotate_every_s <= time.time()
