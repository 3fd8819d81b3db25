"""Which topic is whose, and by what else a truck is found, while trucks and bindings change."""

from __future__ import annotations

import dataclasses

from config.policy import policy
from ingest.decode import native, owntracks
from ingest.decode.status import read_status
from ingest.topics import AddressBook
from store.directory import DirectoryEntry

SHARDS = policy().tracking.shards
T1 = DirectoryEntry(7, "acme", 101, "T1", "hash", 1, False, unique_id="356307042441013")
POSITION = "v1/acme/trucks/T1/position"


def book(*entries: DirectoryEntry) -> AddressBook:
    made = AddressBook(SHARDS)
    made.learn(list(entries))
    return made


def owner(made: AddressBook, topic: str) -> int | None:
    line = made.find(topic)
    return None if line is None else line.address.truck_key


def test_each_topic_of_a_truck_has_its_dialect() -> None:
    made = book(T1)

    found = {
        topic: made.find(topic)
        for topic in (POSITION, "v1/acme/trucks/T1/status", "owntracks/acme/T1")
    }

    assert [line and line.decode for line in found.values()] == [
        native.decode,
        read_status,
        owntracks.decode,
    ]
    assert {line and line.address.truck_key for line in found.values()} == {101}
    assert owner(made, "teltonika/356307042441013/data") == 101
    assert made.find("v1/acme/trucks/T1/receipts") is None


def test_a_binding_that_changes_takes_its_topic_along() -> None:
    made = book(T1)
    other = dataclasses.replace(T1, truck_key=102, truck="T2", unique_id=None)

    made.learn([dataclasses.replace(T1, unique_id=None)])
    assert owner(made, "teltonika/356307042441013/data") is None

    made.learn([dataclasses.replace(other, unique_id="356307042441013")])
    assert owner(made, "teltonika/356307042441013/data") == 102
    assert (owner(made, POSITION), len(made)) == (101, 2)


def test_a_binding_that_moves_in_one_look_belongs_to_the_newer_truck() -> None:
    made = book(T1)
    newer = dataclasses.replace(T1, truck_key=102, truck="T2")

    made.learn([newer, dataclasses.replace(T1, unique_id=None)])

    assert owner(made, "teltonika/356307042441013/data") == 102


def test_a_deleted_truck_takes_nothing_of_a_newer_one_of_its_name() -> None:
    made = book(T1)
    newer = dataclasses.replace(T1, truck_key=103, unique_id=None)

    made.learn([newer, dataclasses.replace(T1, deleted=True)])

    assert owner(made, POSITION) == 103
    assert made.of_truck(101) is None
    assert len(made) == 1


def test_a_device_is_found_by_number_by_truck_and_by_both() -> None:
    theirs = dataclasses.replace(T1, tenant="zeta", tenant_key=8, truck_key=201, unique_id=None)
    made = book(T1, theirs)

    def found(name: str, tenant: str | None = None) -> list[int]:
        return sorted(one.truck_key for one in made.named(name, tenant))

    assert found("356307042441013") == [101]
    assert found("356307042441013", "zeta") == [], "another tenant's device"
    assert found("T1") == [101, 201]
    assert found("T1", "zeta") == [201]
    assert found("zeta/T1") == [201]
    assert found("zeta/T1", "acme") == []
    assert found("acme/") == []
    made.learn([dataclasses.replace(theirs, deleted=True)])
    assert found("T1") == [101]
