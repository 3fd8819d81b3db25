"""Which shard an entity lives on: rendezvous hashing, known to this file alone."""

from __future__ import annotations

import hashlib


def shard_of(tenant: str, entity_id: str, shards: int) -> int:
    """The shard with the highest weight for this entity.

    When a shard is added, only the entities that now weigh most on it move.
    """
    name = f"{tenant}\x1f{entity_id}".encode()

    def weight(shard: int) -> bytes:
        return hashlib.blake2b(name, digest_size=8, salt=shard.to_bytes(4, "big")).digest()

    return max(range(shards), key=weight)
