"""The audit trail as routes write it: changes with their transaction, refusals behind answers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from store import audit
from store.audit import Wanted
from store.audit_chain import INSTALLATION_KEY
from tests.serve.caller import Caller
from tests.serve.conftest import token_for


async def rows_of(gateway: Gateway, tenant_key: int) -> list[dict[str, Any]]:
    """The oldest first, and refusals among them."""
    await gateway.audit.flush()
    async with gateway.system_pool.acquire() as conn:
        found = await audit.list_page(conn, tenant_key, Wanted(), None, 1000)
    return [msgspec.json.decode(row.body) for row in reversed(found)]


async def test_a_change_is_recorded_with_how_it_was_and_is(
    caller: Caller, gateway: Gateway
) -> None:
    await caller.truck("T1", registration="MH 12")
    headers = {"X-Correlation-ID": "order-66"}
    await caller.ask("PATCH", "/v1/trucks/T1", json={"capacity_t": 9}, headers=headers)
    await caller.ask("DELETE", "/v1/trucks/T1")

    made, changed, deleted = await rows_of(gateway, caller.tenant.key)

    assert (made["action"], made["before"]) == ("trucks.create", None)
    assert made["after"]["registration"] == "MH 12"
    assert "secret" not in str(made["after"])
    assert changed["action"] == "trucks.change"
    assert changed["subject"] == "trucks/T1"
    assert changed["actor"] == f"client:{caller.tenant.id}-admin"
    assert changed["tenant"] == caller.tenant.id
    assert changed["outcome"] == "done"
    assert changed["correlation_id"] == "order-66"
    assert changed["origin"] == "127.0.0.1"
    assert (changed["before"]["capacity_t"], changed["after"]["capacity_t"]) == (None, 9.0)
    assert (deleted["before"]["capacity_t"], deleted["after"]) == (9.0, None)


async def test_fences_too(caller: Caller, gateway: Gateway) -> None:
    body = {"name": "Yard", "shape": {"center": {"lat": 28.6, "lon": 77.2}, "radius_m": 500}}
    made = await caller.ask("POST", "/v1/fences", json=body)
    path = f"/v1/fences/{made.json()['id']}"
    await caller.ask("PUT", path, json={**body, "name": "Gate"})
    await caller.ask("PATCH", path, json={"kind": "depot"})
    await caller.ask("DELETE", path)

    rows = await rows_of(gateway, caller.tenant.key)

    assert [row["action"] for row in rows] == [
        *("fences.create", "fences.replace", "fences.change", "fences.delete")
    ]
    assert {row["subject"] for row in rows} == {path.removeprefix("/v1/")}
    assert (rows[1]["before"]["name"], rows[1]["after"]["name"]) == ("Yard", "Gate")


async def test_a_change_that_fails_is_a_refusal_and_nothing_else(
    caller: Caller, gateway: Gateway
) -> None:
    await caller.truck("T1")
    stale = {"If-Match": '"7"'}
    await caller.ask("POST", "/v1/trucks", json={"id": "T1"})
    await caller.ask("PATCH", "/v1/trucks/T1", json={"class": "x"}, headers=stale)
    await caller.ask("PATCH", "/v1/trucks/T2", json={"class": "x"})
    await caller.ask("POST", "/v1/trucks", json={"id": "not fit"})
    await caller.get("/v1/trucks/T2")  # a read that finds nothing is no attempt

    refused = (await rows_of(gateway, caller.tenant.key))[1:]

    assert [(row["action"], row["subject"], row["detail"][:3]) for row in refused] == [
        ("trucks.create", "trucks/T1", "409"),
        ("trucks.change", "trucks/T1", "412"),
        ("trucks.change", "trucks/T2", "404"),
        ("POST /v1/trucks", "trucks", "422"),
    ]
    assert {row["outcome"] for row in refused} == {"refused"}
    assert refused[0]["detail"] == "409 truck 'T1' already exists"


async def test_a_caller_without_the_permission_is_recorded(
    caller: Caller, gateway: Gateway
) -> None:
    viewer = Caller(caller.http, caller.tenant, token_for(gateway, caller.tenant, Role.VIEWER))
    answer = await viewer.ask("POST", "/v1/trucks", json={"id": "T1"})

    (row,) = await rows_of(gateway, caller.tenant.key)

    assert answer.status_code == 403
    assert row["actor"] == f"client:{caller.tenant.id}-viewer"
    assert row["detail"] == "403 this token lacks the permission trucks:write"


async def test_nobody_is_not_recorded(caller: Caller, gateway: Gateway) -> None:
    await caller.http.post("/v1/trucks", json={"id": "T1"})
    await caller.http.post("/v1/trucks", headers={"Authorization": "Bearer made-up"})

    assert await rows_of(gateway, caller.tenant.key) == []


async def test_when_too_many_wait_they_are_counted(caller: Caller, gateway: Gateway) -> None:
    refused = gateway.audit.limits.refused.model_copy(update={"waiting_max": 3})
    gateway.audit.limits = gateway.audit.limits.model_copy(update={"refused": refused})
    for number in range(5):
        gateway.audit.refused(
            caller.tenant.key,
            caller.tenant.id,
            actor="client:x",
            action="trucks.create",
            subject=f"trucks/{number}",
            detail="403",
        )

    rows = await rows_of(gateway, caller.tenant.key)

    assert [row["subject"] for row in rows] == ["trucks/0", "trucks/1", "trucks/2", "audit"]
    assert rows[-1]["action"] == "audit.left_out"
    assert rows[-1]["after"] == {"count": 2}


async def test_what_an_operator_does_is_in_the_installations_own_chain(
    caller: Caller, gateway: Gateway
) -> None:
    who = gateway.verifier.verify(caller.token, 0)
    subject = f"tenants/{caller.tenant.id}"

    async with gateway.operating(who, "tenants.create", subject) as change:
        change.after = None
    with pytest.raises(KeyError):
        async with gateway.operating(who, "tenants.suspend", subject):
            raise KeyError

    mine = [row for row in await rows_of(gateway, INSTALLATION_KEY) if row["subject"] == subject]
    assert [row["action"] for row in mine] == ["tenants.create"]
    assert mine[0]["tenant"] == "*"
    assert await rows_of(gateway, caller.tenant.key) == []
