"""Commands and connections of devices: what is due, what is over, and which word counts."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

import pytest

from store import device_commands, device_states
from store.device_commands import Answer, State, StoredCommand
from store.device_states import Told
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant
from tests.store.test_isolation import add_truck

pytestmark = pytest.mark.postgres

AT_MS = 1_763_700_000_000
HOUR_S = 3600.0


class Truck:
    """One of a tenant, to which commands are sent."""

    def __init__(self, app: AnyPool, tenant: Tenant, key: int) -> None:
        self.app = app
        self.tenant = tenant
        self.key = key

    async def command(self, kind: str = "reboot", expires_s: float = HOUR_S) -> StoredCommand:
        async with as_tenant(self.app, self.tenant.key) as conn:
            return await device_commands.create(
                conn,
                self.tenant.key,
                self.key,
                id=uuid.uuid4(),
                kind=kind,
                payload={"in_s": 5},
                created_by="client:test",
                expires_s=expires_s,
            )

    async def now(self, command: StoredCommand) -> StoredCommand:
        async with as_tenant(self.app, self.tenant.key) as conn:
            return await device_commands.get(conn, self.key, command.id)


@pytest.fixture
async def truck(app: AnyPool, tenant: Tenant) -> Truck:
    return Truck(app, tenant, await add_truck(app, tenant, f"T{secrets.token_hex(3)}"))


async def due(conn: AnyConnection, truck: Truck) -> list[str]:
    """The kinds of this truck's: tests share the database."""
    found = await device_commands.due(conn, 10_000)
    return [one.kind for one in found if one.tenant == truck.tenant.id]


def answer(truck: Truck, command: StoredCommand, **more: Any) -> Answer:
    said = {"is_failure": False, "result": "done", "detail": None, "at_ms": AT_MS}
    return Answer(**{"id": command.id, "truck_key": truck.key, **said, **more})


async def test_a_command_is_due_until_it_is_sent_and_again_until_it_is_answered(
    truck: Truck, system: AnyPool
) -> None:
    first, second = await truck.command("first"), await truck.command("second")
    async with system.acquire() as conn:
        assert await due(conn, truck) == ["first", "second"]

        await device_commands.note_sent(conn, [first.id, second.id], HOUR_S)
        assert await due(conn, truck) == []
        sent = await truck.now(first)
        assert (sent.state, sent.sendings, sent.payload) == (State.SENT, 1, {"in_s": 5})

        await device_commands.note_sent(conn, [first.id], 0.0)
        assert await due(conn, truck) == ["first"], "its time to be sent again has come"

        await device_commands.note_answers(conn, [answer(truck, first)])
        assert await due(conn, truck) == []
    over = await truck.now(first)
    assert (over.state, over.result, over.sendings) == (State.ACKNOWLEDGED, "done", 2)
    assert over.ended_at is not None


async def test_what_is_over_is_not_sent_but_a_late_answer_counts(
    truck: Truck, system: AnyPool
) -> None:
    command = await truck.command(expires_s=-1.0)
    async with system.acquire() as conn:
        assert await due(conn, truck) == []
        assert (await truck.now(command)).state == State.EXPIRED

        told = answer(truck, command, is_failure=True, result="failed", detail="no\x00 fuel")
        await device_commands.note_answers(conn, [told])
    late = await truck.now(command)
    assert (late.state, late.result, late.detail) == (State.FAILED, "failed", "no� fuel")


async def test_the_first_answer_counts_and_no_other_trucks(
    truck: Truck, system: AnyPool, app: AnyPool, other_tenant: Tenant
) -> None:
    command = await truck.command()
    stranger = await add_truck(app, other_tenant, "S1")
    async with system.acquire() as conn:
        await device_commands.note_answers(conn, [answer(truck, command, truck_key=stranger)])
        assert (await truck.now(command)).state == State.QUEUED

        await device_commands.note_answers(conn, [answer(truck, command)])
        late = answer(truck, command, is_failure=True, result="failed")
        await device_commands.note_answers(conn, [late])
    assert (await truck.now(command)).state == State.ACKNOWLEDGED


async def test_a_device_that_comes_gets_again_what_it_may_have_missed(
    truck: Truck, system: AnyPool
) -> None:
    command = await truck.command()
    async with system.acquire() as conn:
        await device_commands.note_sent(conn, [command.id], HOUR_S)
        came = await device_states.note(conn, [Told(truck.key, truck.tenant.key, True, AT_MS)])
        await device_commands.send_again(conn, came)

        assert came == [truck.key]
        assert await due(conn, truck) == ["reboot"]
        still = await device_states.note(conn, [Told(truck.key, truck.tenant.key, True, AT_MS + 1)])
        assert still == [], "it was there already"


async def test_the_last_word_on_a_connection_counts(
    truck: Truck, system: AnyPool, app: AnyPool
) -> None:
    async with system.acquire() as conn:
        for is_online, at_ms in ((True, 10), (True, 20), (False, 30), (True, 25)):
            told = Told(truck.key, truck.tenant.key, is_online, AT_MS + at_ms)
            await device_states.note(conn, [told])
        unknown = Told(-1, truck.tenant.key, True, AT_MS)
        assert await device_states.note(conn, [unknown]) == []
    async with as_tenant(app, truck.tenant.key) as conn:
        state = await device_states.find(conn, truck.key)

    assert state is not None
    assert state.is_online is False
    assert state.changed_at == state.told_at
    assert state.told_at.microsecond == 30_000


async def test_commands_of_a_suspended_tenant_wait(
    truck: Truck, system: AnyPool, owner: AnyConnection
) -> None:
    await truck.command()
    await owner.execute("UPDATE tenants SET status = 'suspended' WHERE key = $1", truck.tenant.key)
    async with system.acquire() as conn:
        assert await due(conn, truck) == []


async def test_what_was_over_long_ago_is_forgotten(truck: Truck, system: AnyPool) -> None:
    old, fresh = await truck.command(), await truck.command()
    async with system.acquire() as conn:
        day_ms = 86_400_000
        long_ago = answer(truck, old, at_ms=AT_MS - 400 * day_ms)
        await device_commands.note_answers(conn, [long_ago])
        assert await device_commands.forget(conn, 500) >= 1
        assert (await truck.now(fresh)).state == State.QUEUED


async def test_neighbours_see_none_of_it(
    truck: Truck, app: AnyPool, other_tenant: Tenant, system: AnyPool
) -> None:
    await truck.command()
    async with system.acquire() as conn:
        await device_states.note(conn, [Told(truck.key, truck.tenant.key, True, AT_MS)])
    async with as_tenant(app, other_tenant.key) as conn:
        assert await device_commands.list_page(conn, truck.key, None, 10) == []
        assert await device_states.find(conn, truck.key) is None
