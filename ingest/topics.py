"""Topics of the public contract: whose device publishes where, and where we answer it."""

from __future__ import annotations

from collections import Counter

from actors.placement import shard_of
from config.policy import policy_of
from freight.device_topics import (
    owntracks_topic,
    position_topic,
    status_topic,
    teltonika_topic,
)
from ingest.decode import native, owntracks, teltonika_json
from ingest.decode.rows import Decoded
from ingest.decode.status import read_status
from ingest.messages import Address, Decode, Line
from store.directory import DirectoryEntry


def receipts_topic(address: Address) -> str:
    return f"v1/{address.tenant}/trucks/{address.truck}/receipts"


class AddressBook:
    """Topic -> truck and dialect, kept in step with the directory; a lookup is one dictionary
    access."""

    def __init__(self, shards: int) -> None:
        self._shards = shards
        self._by_topic: dict[str, Line] = {}
        # Under which topics a truck stands now: its device may come to be called something else.
        self._topics_of: dict[int, tuple[str, ...]] = {}
        self._addresses: dict[int, Address] = {}
        # How many trucks each tenant has.
        self._tenants: Counter[str] = Counter()

    def learn(self, changes: list[DirectoryEntry]) -> None:
        for entry in changes:
            self._forget(entry.truck_key)
            if not entry.deleted:
                self._enter(entry)

    def find(self, topic: str) -> Line | None:
        return self._by_topic.get(topic)

    def of_truck(self, truck_key: int) -> Address | None:
        return self._addresses.get(truck_key)

    def named(self, device: str, tenant: str | None) -> list[Address]:
        """By what a device calls itself: its unique id, tenant/truck, or its truck's id alone,
        which several tenants may have."""
        bound = self._by_topic.get(teltonika_topic(device))
        if bound is not None:
            return [bound.address] if tenant in {None, bound.address.tenant} else []
        owner, slash, truck = device.partition("/")
        if slash:
            tenants = [owner] if tenant in {None, owner} else []
        else:
            tenants, truck = list(self._tenants) if tenant is None else [tenant], device
        found = (self._by_topic.get(position_topic(one, truck)) for one in tenants)
        return [line.address for line in found if line is not None]

    def __len__(self) -> int:
        return len(self._addresses)

    def _forget(self, truck_key: int) -> None:
        gone = self._addresses.pop(truck_key, None)
        if gone is not None:
            self._tenants[gone.tenant] -= 1
            if not self._tenants[gone.tenant]:
                del self._tenants[gone.tenant]
        for topic in self._topics_of.pop(truck_key, ()):
            known = self._by_topic.get(topic)
            # The id may belong to a newer truck by now.
            if known is not None and known.address.truck_key == truck_key:
                del self._by_topic[topic]

    def _enter(self, entry: DirectoryEntry) -> None:
        tenant, truck = entry.tenant, entry.truck
        shard = shard_of(tenant, truck, self._shards)
        address = Address(tenant, truck, entry.tenant_key, entry.truck_key, shard)
        lines = {
            position_topic(tenant, truck): Line(address, native.decode),
            status_topic(tenant, truck): Line(address, read_status),
            owntracks_topic(tenant, truck): Line(address, owntracks.decode),
        }
        if entry.unique_id is not None:
            lines[teltonika_topic(entry.unique_id)] = Line(address, _teltonika(tenant))
        self._by_topic |= lines
        self._topics_of[entry.truck_key] = tuple(lines)
        self._addresses[entry.truck_key] = address
        self._tenants[tenant] += 1


def _teltonika(tenant: str) -> Decode:
    """What its numbers mean is the tenant's to say."""

    def decode(payload: bytes, fixes_max: int) -> Decoded:
        meaning = policy_of(tenant).dialects.teltonika
        return teltonika_json.decode(payload, fixes_max, meaning)

    return decode
