"""Topics of the public contract: whose device publishes where, and where we answer it."""

from __future__ import annotations

from actors.placement import shard_of
from ingest.messages import Address
from store.directory import DirectoryEntry

POSITIONS = "v1/+/trucks/+/position"


def position_topic(tenant: str, truck: str) -> str:
    return f"v1/{tenant}/trucks/{truck}/position"


def receipts_topic(address: Address) -> str:
    return f"v1/{address.tenant}/trucks/{address.truck}/receipts"


class AddressBook:
    """Topic -> truck, kept in step with the directory; a lookup is one dictionary access."""

    def __init__(self, shards: int) -> None:
        self._shards = shards
        self._by_topic: dict[str, Address] = {}

    def learn(self, changes: list[DirectoryEntry]) -> None:
        for entry in changes:
            topic = position_topic(entry.tenant, entry.truck)
            if entry.deleted:
                known = self._by_topic.get(topic)
                # The id may belong to a newer truck by now.
                if known is not None and known.truck_key == entry.truck_key:
                    del self._by_topic[topic]
                continue
            self._by_topic[topic] = Address(
                entry.tenant,
                entry.truck,
                entry.tenant_key,
                entry.truck_key,
                shard_of(entry.tenant, entry.truck, self._shards),
            )

    def find(self, topic: str) -> Address | None:
        return self._by_topic.get(topic)

    def __len__(self) -> int:
        return len(self._by_topic)
