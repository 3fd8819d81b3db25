"""Signing keys: what is signed before, during and after a change of keys is believed all along."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import pytest

from config.installation import DatabaseRole, Postgres
from config.policy import defaults, policy
from serve.identity.key_ring import KeyRing
from serve.identity.keys import new_key
from serve.identity.tokens import TokenError, TokenIssuer, TokenVerifier
from store import signing_keys
from store.key_file import KeyFile, create_key_ring
from store.migrate import migrate
from store.postgres import AnyPool, open_pool
from tests.conftest import TEST_POOL
from tests.launch.waiting import until

SOON = defaults().identity.signing_keys.model_copy(update={"publish_before_s": 0.3})
CLAIMS = {"client_id": "c", "tenant": "t", "tenant_key": 1, "permissions": ["trucks:read"]}


@dataclasses.dataclass
class Replica:
    ring: KeyRing
    issuer: TokenIssuer
    verifier: TokenVerifier

    def issue(self) -> str:
        return self.issuer.issue(**CLAIMS, now_s=int(time.time()))  # type: ignore[arg-type]

    def believes(self, token: str) -> bool:
        try:
            return bool(self.verifier.verify(token, time.time()))
        except TokenError:
            return False


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    create_key_ring(path)
    return path


async def test_a_change_of_keys_is_noticed_by_nobody(
    empty_database: Postgres, key_path: Path
) -> None:
    await migrate(empty_database, policy().storage)
    storage, first = policy().storage, new_key()
    async with await open_pool(empty_database, DatabaseRole.SYSTEM, TEST_POOL, storage) as pool:
        replicas = [_replica(KeyRing(first, KeyFile(key_path))) for _ in range(3)]
        assert await replicas[0].ring.rotate_if_due(pool, SOON)
        await _follow(replicas, pool)
        old = replicas[0].issue()
        async with pool.acquire() as conn, conn.transaction():
            made = await replicas[0].ring.rotate(conn, SOON)

        async def taken_over() -> bool:
            await _follow(replicas, pool)
            tokens = [replica.issue() for replica in replicas]
            assert all(one.believes(token) for one in replicas for token in (old, *tokens))
            return replicas[0].ring.signing(time.time()).key_id == made.id

        await until(taken_over, poll_s=0.02)
        assert {key["kid"] for key in replicas[1].ring.jwks()} == {first.key_id, made.id}
        assert not replicas[0].ring._is_due(replicas[0].ring.stored(), SOON)

        async with pool.acquire() as conn:
            await signing_keys.delete_retired(conn, 0.0)
        await _follow(replicas, pool)
        assert [key["kid"] for key in replicas[2].ring.jwks()] == [made.id]
        assert not _replica(replicas[0].ring).believes(old)


async def test_tokens_made_up_cost_one_look_in_a_pause(
    empty_database: Postgres, key_path: Path
) -> None:
    await migrate(empty_database, policy().storage)
    storage, first = policy().storage, new_key()
    ahead, behind = (KeyRing(first, KeyFile(key_path)) for _ in range(2))
    async with await open_pool(empty_database, DatabaseRole.SYSTEM, TEST_POOL, storage) as pool:
        async with pool.acquire() as conn, conn.transaction():
            heard = await ahead.rotate(conn, SOON)
        await behind.look_again(pool, pause_s=3600.0)
        async with pool.acquire() as conn, conn.transaction():
            unheard = await ahead.rotate(conn, SOON)
        await behind.look_again(pool, pause_s=3600.0)

        assert behind.public(heard.id) is not None
        assert behind.public(unheard.id) is None
        await behind.look_again(pool, pause_s=0.0)
        assert behind.public(unheard.id) is not None


async def test_the_database_alone_signs_nothing(
    empty_database: Postgres, key_path: Path, tmp_path: Path
) -> None:
    await migrate(empty_database, policy().storage)
    other_path, first = tmp_path / "other.json", new_key()
    create_key_ring(other_path)
    storage, ring = policy().storage, KeyRing(first, KeyFile(key_path))
    async with await open_pool(empty_database, DatabaseRole.SYSTEM, TEST_POOL, storage) as pool:
        async with pool.acquire() as conn, conn.transaction():
            made = await ring.rotate(conn, SOON)
        stolen = KeyRing(new_key(), KeyFile(other_path))
        await stolen.refresh(pool)

        assert stolen.signing(time.time() + 60).key_id not in {first.key_id, made.id}
        assert b"PRIVATE" not in (made.private_sealed or b"")


def _replica(ring: KeyRing) -> Replica:
    return Replica(ring, TokenIssuer(ring, "i", 60), TokenVerifier(ring, "i", 100))


async def _follow(replicas: list[Replica], pool: AnyPool) -> None:
    for replica in replicas:
        await replica.ring.refresh(pool)
