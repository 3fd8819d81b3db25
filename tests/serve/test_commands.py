"""/v1/trucks/{id}/commands: written down, within bounds, and as far as the device has come."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from config.policy import policy
from config.sections.ingest import Receipts
from ingest.command_sender import CommandSender
from ingest.delivery import Delivery
from ingest.messages import Address, Notice
from ingest.mqtt_client import BrokerAwayError, Session
from ingest.windows import Window
from serve.gateway import Gateway
from serve.identity.permissions import Role
from store.postgres import AnyPool
from store.tenants import Tenant
from tests.serve.caller import Caller
from tests.serve.conftest import token_for

pytestmark = pytest.mark.postgres


class Broker:
    """A session with one, which confirms or dies as the test says."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.is_away = False

    async def publish(self, topic: str, payload: bytes, _: Receipts) -> None:
        self.sent.append((topic, msgspec.json.decode(payload)))

    async def until_confirmed(self, _: Receipts) -> None:
        if self.is_away:
            raise BrokerAwayError("killed by this test")

    def to(self, topic: str) -> list[dict[str, Any]]:
        """Tests share the database: others' commands are sent, too."""
        return [body for where, body in self.sent if where == topic]


def sender(system: AnyPool, broker: Broker) -> CommandSender:
    session: Any = broker
    return CommandSender(system, lambda: _as_session(session), policy().ingest.receipts, Counter())


def _as_session(broker: Any) -> Session:
    session: Session = broker
    return session


async def command(caller: Caller, truck: str, **fields: Any) -> dict[str, Any]:
    body = {"kind": "reboot", **fields}
    answer = await caller.ask("POST", f"/v1/trucks/{truck}/commands", json=body)
    assert answer.status_code == httpx.codes.CREATED, answer.text
    assert answer.headers["Location"] == f"/v1/trucks/{truck}/commands/{answer.json()['id']}"
    made: dict[str, Any] = answer.json()
    return made


async def state(caller: Caller, truck: str, made: dict[str, Any]) -> dict[str, Any]:
    answer = await caller.get(f"/v1/trucks/{truck}/commands/{made['id']}")
    assert answer.status_code == httpx.codes.OK, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def told_by_device(
    gateway: Gateway, system: AnyPool, caller: Caller, truck: str, payload: bytes
) -> None:
    """As the ingest worker takes it from the status topic."""
    await gateway.directory.refresh(gateway.system_pool)
    entry = gateway.directory.by_name[caller.tenant.id, truck]
    address = Address(entry.tenant, truck, entry.tenant_key, entry.truck_key, 0)
    delivery = Delivery(
        shards=[],
        limits=policy().ingest,
        counts=Counter(),
        of_truck=lambda _: None,
        telemetry=system,
        system=system,
    )
    at_ms = int(datetime.now(UTC).timestamp() * 1000)
    await delivery.store(Window(notices=[Notice(address, payload, at_ms)]))


async def test_a_command_goes_from_queued_to_acknowledged(
    caller: Caller, gateway: Gateway, system: AnyPool
) -> None:
    await caller.truck("C1")
    made = await command(caller, "C1", kind="set-interval", payload={"s": 30})
    assert (made["state"], made["sendings"]) == ("queued", 0)
    broker = Broker()
    while await sender(system, broker).send_some():
        pass
    topic = f"v1/{caller.tenant.id}/trucks/C1/commands"
    (message,) = broker.to(topic)
    assert (message["id"], message["kind"], message["payload"]) == (
        made["id"],
        "set-interval",
        {"s": 30},
    )
    assert (await state(caller, "C1", made))["state"] == "sent"

    said = msgspec.json.encode({"command": made["id"], "result": "done", "detail": "every 30 s"})
    await told_by_device(gateway, system, caller, "C1", said)

    over = await state(caller, "C1", made)
    assert (over["state"], over["result"], over["detail"]) == (
        "acknowledged",
        "done",
        "every 30 s",
    )


async def test_what_the_broker_did_not_confirm_is_sent_again(
    caller: Caller, system: AnyPool
) -> None:
    await caller.truck("C1")
    made = await command(caller, "C1")
    broker = Broker()
    broker.is_away = True
    with pytest.raises(BrokerAwayError):
        await sender(system, broker).send_some()
    assert (await state(caller, "C1", made))["state"] == "queued"

    broker.is_away = False
    while await sender(system, broker).send_some():
        pass

    topic = f"v1/{caller.tenant.id}/trucks/C1/commands"
    assert [one["id"] for one in broker.to(topic)] == [made["id"]] * 2, "with the same id"


async def test_a_device_that_comes_back_is_told_again_and_its_state_is_shown(
    caller: Caller, gateway: Gateway, system: AnyPool
) -> None:
    await caller.truck("C1")
    assert (await caller.get("/v1/devices/C1")).json()["is_online"] is None
    await command(caller, "C1")
    broker = Broker()
    while await sender(system, broker).send_some():
        pass

    await told_by_device(gateway, system, caller, "C1", b"offline")
    assert (await caller.get("/v1/devices/C1")).json()["is_online"] is False
    await told_by_device(gateway, system, caller, "C1", b"online")
    while await sender(system, broker).send_some():
        pass

    assert len(broker.to(f"v1/{caller.tenant.id}/trucks/C1/commands")) == 2
    shown = (await caller.get("/v1/devices/C1")).json()
    assert shown["is_online"] is True
    assert shown["connection_changed_at"] is not None


async def test_commands_are_listed_the_newest_first(caller: Caller) -> None:
    await caller.truck("C1")
    made = [(await command(caller, "C1", kind=f"k{i}"))["id"] for i in range(3)]

    first = (await caller.get("/v1/trucks/C1/commands", params={"limit": 2})).json()
    cursor = {"cursor": first["next_cursor"]}
    rest = (await caller.get("/v1/trucks/C1/commands", params=cursor)).json()

    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/kind"),
        ({"kind": "two words"}, "/kind"),
        ({"kind": "k", "payload": "text"}, "/payload"),
        ({"kind": "k", "payload": {"x": "y" * 5000}}, "/payload"),
        ({"kind": "k", "expires_s": 0}, "/expires_s"),
        ({"kind": "k", "expires_s": 1e9}, "/expires_s"),
        ({"kind": "k", "now": True}, "/now"),
    ],
)
async def test_what_no_command_can_be_is_refused(
    caller: Caller, body: dict[str, Any], pointer: str
) -> None:
    await caller.truck("C1")

    answer = await caller.ask("POST", "/v1/trucks/C1/commands", json=body)

    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


async def test_more_than_may_wait_for_an_answer_are_refused(
    caller: Caller, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await caller.truck("C1")
    most = gateway.policy.doors.commands.open_per_truck_max
    for _ in range(most):
        await command(caller, "C1")

    answer = await caller.ask("POST", "/v1/trucks/C1/commands", json={"kind": "k"})

    assert answer.status_code == httpx.codes.CONFLICT


async def test_the_same_request_twice_is_one_command(caller: Caller) -> None:
    await caller.truck("C1")
    key = {"Idempotency-Key": "once"}

    answers = [
        await caller.ask("POST", "/v1/trucks/C1/commands", json={"kind": "k"}, headers=key)
        for _ in range(2)
    ]

    assert answers[0].json()["id"] == answers[1].json()["id"]
    listed = (await caller.get("/v1/trucks/C1/commands")).json()["items"]
    assert len(listed) == 1


async def test_neighbours_and_viewers_command_nothing(
    http: httpx.AsyncClient, caller: Caller, neighbour: Caller, gateway: Gateway, tenant: Tenant
) -> None:
    await caller.truck("C1")
    made = await command(caller, "C1")
    viewer = Caller(http, tenant, token_for(gateway, tenant, Role.VIEWER))

    path = "/v1/trucks/C1/commands"
    foreign = await neighbour.ask("POST", path, json={"kind": "k"})
    assert foreign.status_code == httpx.codes.NOT_FOUND
    shown = await neighbour.get(f"{path}/{made['id']}")
    assert shown.status_code == httpx.codes.NOT_FOUND
    refused = await viewer.ask("POST", path, json={"kind": "k"})
    assert refused.status_code == httpx.codes.FORBIDDEN
    unknown = await caller.get(f"{path}/{uuid.uuid4()}")
    assert unknown.status_code == httpx.codes.NOT_FOUND
    assert (await caller.get(f"{path}/nothing")).status_code == httpx.codes.NOT_FOUND


async def test_a_device_on_a_port_of_ours_gets_its_commands_there(
    caller: Caller, system: AnyPool
) -> None:
    await caller.truck("C9")
    await caller.truck("C10")
    there, not_now = await command(caller, "C9"), await command(caller, "C10")
    broker = Broker()
    ways = {there["id"]: True, not_now["id"]: False}
    session: Any = broker
    one = CommandSender(
        system,
        lambda: _as_session(session),
        policy().ingest.receipts,
        Counter(),
        lambda due: ways.get(str(due.id)),
    )
    while await one.send_some():
        pass

    assert (await state(caller, "C9", there))["state"] == "sent"
    assert (await state(caller, "C10", not_now))["state"] == "queued"
    assert broker.to(f"v1/{caller.tenant.id}/trucks/C9/commands") == []
    assert broker.to(f"v1/{caller.tenant.id}/trucks/C10/commands") == []
