"""/v1/devices: secrets shown once, rotated with an overlap, revoked; bound once in the world."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import bcrypt
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from config.installation import BrokerControl
from config.policy import policy
from serve.gateway import Gateway
from store import device_refusals
from store.device_refusals import Reason, Refusal
from store.device_sealing import unseal
from store.directory import DirectoryEntry, TruckDirectory
from store.postgres import AnyConnection, AnyPool
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors

NOW = datetime.now(UTC)


async def known_as(system: AnyPool, caller: Caller, truck: str) -> DirectoryEntry:
    """What every process knows of a truck."""
    directory = TruckDirectory()
    await directory.refresh(system)
    return directory.by_name[caller.tenant.id, truck]


def opens(secret: str, entry: DirectoryEntry, at: datetime = NOW) -> bool:
    return any(bcrypt.checkpw(secret.encode(), known.encode()) for known in entry.hashes_at(at))


async def rotated(caller: Caller, device: str, **body: Any) -> dict[str, Any]:
    answer = await caller.ask("POST", f"/v1/devices/{device}/rotate", json=body)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_trucks_device_has_the_trucks_id(caller: Caller) -> None:
    await caller.truck("TRK-1")

    answer = await caller.get("/v1/devices/TRK-1")

    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"1"'
    shown = answer.json()
    assert "secret" not in shown
    assert shown.pop("created_at")
    assert shown == {
        "id": "TRK-1",
        "truck": "TRK-1",
        "username": f"{caller.tenant.id}/TRK-1",
        "unique_id": None,
        "rotated_at": None,
        "previous_until": None,
        "revoked_at": None,
        "last_seen_at": None,
        "last_refused_at": None,
        "is_online": None,
        "connection_changed_at": None,
        "version": 1,
    }


async def test_a_truck_without_a_device_is_given_one(
    caller: Caller, system: AnyPool, superuser: AnyConnection
) -> None:
    await caller.truck("TRK-1")
    await superuser.execute(
        "DELETE FROM device_credentials WHERE tenant_key = $1", caller.tenant.key
    )
    body = {"truck": "TRK-1", "id": "box-7", "unique_id": f"86{caller.tenant.key:013}"}

    made = await caller.ask("POST", "/v1/devices", json=body)
    again = await caller.ask("POST", "/v1/devices", json=body | {"id": "box-8", "unique_id": None})
    nowhere = await caller.ask("POST", "/v1/devices", json={"truck": "TRK-2"})

    assert (made.status_code, again.status_code, nowhere.status_code) == (201, 409, 404)
    assert made.json().items() >= body.items()
    assert made.headers["Location"] == "/v1/devices/box-7"
    entry = await known_as(system, caller, "TRK-1")
    assert opens(made.json()["secret"], entry)
    assert entry.unique_id == body["unique_id"]


async def test_both_secrets_are_good_during_the_overlap(caller: Caller, system: AnyPool) -> None:
    old = (await caller.truck("TRK-1"))["device"]["secret"]

    shown = await rotated(caller, "TRK-1", overlap_s=600)

    entry = await known_as(system, caller, "TRK-1")
    assert shown["previous_until"] is not None
    assert opens(old, entry)
    assert opens(shown["secret"], entry)
    later = datetime.now(UTC) + timedelta(seconds=700)
    assert not opens(old, entry, later)
    assert opens(shown["secret"], entry, later)


async def test_without_an_overlap_the_old_secret_ends_at_once(
    caller: Caller, system: AnyPool
) -> None:
    old = (await caller.truck("TRK-1"))["device"]["secret"]

    shown = await rotated(caller, "TRK-1", overlap_s=0)

    entry = await known_as(system, caller, "TRK-1")
    assert shown["previous_until"] is None
    assert not opens(old, entry)
    assert opens(shown["secret"], entry)


async def test_an_overlap_has_a_limit(caller: Caller) -> None:
    await caller.truck("TRK-1")
    most_s = policy().devices.overlap_s_max

    for overlap_s in (most_s + 1, -1):
        answer = await caller.ask("POST", "/v1/devices/TRK-1/rotate", json={"overlap_s": overlap_s})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/overlap_s"


async def test_a_revoked_device_is_kept_out_until_it_has_a_new_secret(
    caller: Caller, system: AnyPool
) -> None:
    old = (await caller.truck("TRK-1"))["device"]["secret"]
    between = (await rotated(caller, "TRK-1", overlap_s=600))["secret"]

    revoked = await caller.ask("POST", "/v1/devices/TRK-1/revoke")
    again = await caller.ask("POST", "/v1/devices/TRK-1/revoke")

    assert revoked.status_code == 200
    assert revoked.json()["revoked_at"] == again.json()["revoked_at"] is not None
    assert (await known_as(system, caller, "TRK-1")).hashes_at(NOW) == ()
    new = (await rotated(caller, "TRK-1", overlap_s=600))["secret"]
    entry = await known_as(system, caller, "TRK-1")
    assert [opens(secret, entry) for secret in (old, between, new)] == [False, False, True]


async def test_every_change_is_known_by_its_revision(caller: Caller, system: AnyPool) -> None:
    await caller.truck("TRK-1")
    directory = TruckDirectory()
    await directory.refresh(system)

    await rotated(caller, "TRK-1")
    (entry,) = [e for e in await directory.refresh(system) if e.tenant == caller.tenant.id]
    assert entry.previous_hash is not None
    await caller.ask("POST", "/v1/devices/TRK-1/revoke")
    (entry,) = [e for e in await directory.refresh(system) if e.tenant == caller.tenant.id]
    assert entry.revoked


async def test_the_devices_of_a_suspended_tenant_are_kept_out(
    caller: Caller, system: AnyPool, superuser: AnyConnection
) -> None:
    secret = (await caller.truck("TRK-1"))["device"]["secret"]
    directory = TruckDirectory()
    await directory.refresh(system)
    suspend = "UPDATE tenants SET status = $2 WHERE key = $1"

    await superuser.execute(suspend, caller.tenant.key, "suspended")
    (entry,) = [e for e in await directory.refresh(system) if e.tenant == caller.tenant.id]
    assert entry.hashes_at(NOW) == ()
    assert entry.truck_key in directory.by_key, "its trucks stay known, so that nothing is lost"
    await superuser.execute(suspend, caller.tenant.key, "active")
    (entry,) = [e for e in await directory.refresh(system) if e.tenant == caller.tenant.id]
    assert opens(secret, entry)


async def test_a_unique_id_is_bound_once_in_the_installation(
    caller: Caller, neighbour: Caller
) -> None:
    imei = f"35{caller.tenant.key:013}"
    await caller.truck("TRK-1")
    await neighbour.truck("THEIRS")
    bound = await neighbour.ask("PATCH", "/v1/devices/THEIRS", json={"unique_id": imei})
    assert bound.json()["unique_id"] == imei

    refused = await caller.ask("PATCH", "/v1/devices/TRK-1", json={"unique_id": imei})

    assert refused.status_code == 409
    assert neighbour.tenant.id not in refused.text
    assert "THEIRS" not in refused.text
    await neighbour.ask("PATCH", "/v1/devices/THEIRS", json={"unique_id": None})
    freed = await caller.ask("PATCH", "/v1/devices/TRK-1", json={"unique_id": imei})
    assert freed.json()["unique_id"] == imei


async def test_a_removed_trucks_device_frees_its_ids(caller: Caller) -> None:
    imei = f"36{caller.tenant.key:013}"
    await caller.truck("TRK-1")
    await caller.ask("PATCH", "/v1/devices/TRK-1", json={"unique_id": imei})

    await caller.ask("DELETE", "/v1/trucks/TRK-1")

    assert (await caller.get("/v1/devices/TRK-1")).status_code == 404
    await caller.truck("TRK-1")
    bound = await caller.ask("PATCH", "/v1/devices/TRK-1", json={"unique_id": imei})
    assert bound.status_code == 200


async def test_a_stale_version_changes_nothing(caller: Caller) -> None:
    await caller.truck("TRK-1")
    await rotated(caller, "TRK-1")
    stale = {"If-Match": '"1"'}

    for path, body in (("rotate", {}), ("revoke", None)):
        answer = await caller.ask("POST", f"/v1/devices/TRK-1/{path}", json=body, headers=stale)
        assert answer.status_code == 412

    assert (await caller.get("/v1/devices/TRK-1")).json()["revoked_at"] is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/devices/TRK-1"),
        ("PATCH", "/v1/devices/TRK-1"),
        ("POST", "/v1/devices/TRK-1/rotate"),
        ("POST", "/v1/devices/TRK-1/revoke"),
        ("GET", "/v1/devices/TRK-1/refusals"),
    ],
)
async def test_another_tenants_device_is_not_there(
    caller: Caller, neighbour: Caller, method: str, path: str
) -> None:
    await caller.truck("TRK-1")
    body = {"unique_id": None} if method == "PATCH" else {}

    assert (await neighbour.ask(method, path, json=body)).status_code == 404


async def test_a_list_goes_on_with_its_cursor(caller: Caller, neighbour: Caller) -> None:
    for number in range(3):
        await caller.truck(f"T{number}")
    await neighbour.truck("THEIRS")

    first = (await caller.get("/v1/devices", params={"limit": 2})).json()
    rest = await caller.get("/v1/devices", params={"limit": 2, "cursor": first["next_cursor"]})

    assert [one["id"] for one in first["items"]] == ["T0", "T1"]
    assert [one["id"] for one in rest.json()["items"]] == ["T2"]
    only = (await caller.get("/v1/devices", params={"truck": "T1"})).json()
    assert [one["id"] for one in only["items"]] == ["T1"]


async def test_when_it_was_last_seen(
    caller: Caller, actors: InProcessActors, system: AnyPool
) -> None:
    await caller.truck("TRK-1")
    key = (await known_as(system, caller, "TRK-1")).truck_key
    await actors.report(caller.tenant.key, [{"truck_key": key, "lat": 19.0, "lon": 73.0}])

    shown = (await caller.get("/v1/devices/TRK-1")).json()

    assert datetime.fromisoformat(shown["last_seen_at"]) >= NOW


def refused(username: str, topic: str = "", count: int = 1, at: datetime = NOW) -> Refusal:
    reason = Reason.PUBLISH if topic else Reason.SIGN_IN
    return Refusal(username, reason, topic, "client", "127.0.0.1", at, at, count)


async def test_what_was_refused_is_the_tenants_to_see(
    caller: Caller, neighbour: Caller, system: AnyPool
) -> None:
    await caller.truck("TRK-1")
    me = caller.tenant.id
    async with system.acquire() as conn:
        await device_refusals.record(conn, [refused(f"{me}/TRK-1", "v1/x/trucks/y/position", 3)])
        await device_refusals.record(conn, [refused(f"{me}/TRK-1", "v1/x/trucks/y/position", 2)])
        await device_refusals.record(
            conn, [refused(f"{me}/guess1"), refused(f"{me}/guess2"), refused("nobody/T")]
        )

    of_device = (await caller.get("/v1/devices/TRK-1/refusals")).json()["items"]
    of_tenant = (await caller.get("/v1/device-refusals")).json()["items"]

    (one,) = of_device
    assert (one["reason"], one["topic"], one["count"]) == ("publish", "v1/x/trucks/y/position", 5)
    assert [(r["username"], r["count"]) for r in of_tenant] == [
        (f"{me}/guess2", 2),
        (f"{me}/TRK-1", 5),
    ]
    assert (await caller.get("/v1/devices/TRK-1")).json()["last_refused_at"] is not None
    assert (await neighbour.get("/v1/device-refusals")).json()["items"] == []


async def test_old_and_too_many_refusals_are_forgotten(caller: Caller, system: AnyPool) -> None:
    await caller.truck("TRK-1")
    name = f"{caller.tenant.id}/TRK-1"
    old = NOW - timedelta(days=40)
    many = [refused(name, f"t/{number}") for number in range(5)]
    async with system.acquire() as conn:
        await device_refusals.record(conn, [refused(name, "old", at=old), *many])
        await device_refusals.purge(conn, kept_days=30, kept_per_device=3)

    left = (await caller.get("/v1/devices/TRK-1/refusals")).json()["items"]

    assert [one["topic"] for one in left] == ["t/4", "t/3", "t/2"]


async def test_a_secret_is_kept_only_for_a_broker_that_must_be_told_it(
    caller: Caller, gateway_app: FastAPI, gateway: Gateway, system: AnyPool
) -> None:
    await caller.truck("HASHED")
    assert (await known_as(system, caller, "HASHED")).sealed_secret is None
    control = BrokerControl(username="admin", password=SecretStr("p"))
    mqtt = gateway.installation.mqtt.model_copy(update={"control": control})
    told = gateway.installation.model_copy(update={"mqtt": mqtt})
    gateway_app.state.gateway = dataclasses.replace(gateway, installation=told)

    first = (await caller.truck("TOLD"))["device"]["secret"]
    second = (await rotated(caller, "TOLD", overlap_s=60))["secret"]

    entry = await known_as(system, caller, "TOLD")
    assert entry.sealed_secret is not None
    assert entry.previous_sealed is not None
    keys, username = gateway.audit.keys, entry.username
    assert unseal(keys, username, entry.sealed_secret) == second
    assert unseal(keys, username, entry.previous_sealed) == first
