"""The audit trail as routes write it: changes with their transaction, refusals behind answers."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from store import audit
from store.audit import Wanted
from store.audit_chain import INSTALLATION_KEY
from store.postgres import AnyConnection
from tests.serve.caller import Caller
from tests.serve.conftest import token_for
from tests.serve.holding import hold


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
    refused = gateway.settings.now.audit.refused.model_copy(update={"waiting_max": 3})
    hold(gateway.settings, "audit", refused=refused)
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


async def ask(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    answer = await caller.get(f"/v1/audit{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_the_trail_is_asked_by_object_actor_action_and_time(caller: Caller) -> None:
    await caller.truck("T1")
    await caller.truck("T2", **{"class": "32ft"})
    await caller.ask("PATCH", "/v1/trucks/T1", json={"capacity_t": 4})

    rows = await ask(caller)

    assert [(row["seq"], row["action"], row["subject"]) for row in rows] == [
        (3, "trucks.change", "trucks/T1"),
        (2, "trucks.create", "trucks/T2"),
        (1, "trucks.create", "trucks/T1"),
    ]
    assert rows[1]["after"]["class"] == "32ft"
    assert rows[0]["actor"] == f"client:{caller.tenant.id}-admin"

    async def seqs(query: str) -> list[int]:
        return [row["seq"] for row in await ask(caller, query)]

    assert await seqs("?subject=trucks/T1") == [3, 1]
    assert await seqs("?object=trucks/T2") == [2]
    assert await seqs("?subject=trucks&action=trucks.create") == [2, 1]
    assert await seqs("?actor=client:nobody") == []
    assert await seqs(f"?from={rows[0]['at']}") == [3]
    assert await seqs("?outcome=refused") == []
    page = (await caller.get("/v1/audit?limit=2")).json()
    assert [row["seq"] for row in page["items"]] == [3, 2]
    assert await seqs(f"?limit=2&cursor={page['next_cursor']}") == [1]


async def test_each_tenant_sees_its_own_trail(caller: Caller, neighbour: Caller) -> None:
    await caller.truck("T1")

    assert await ask(neighbour) == []
    assert (await neighbour.get("/v1/audit/export")).text == ""
    assert (await neighbour.get("/v1/audit/verify")).json()["rows"] == 0


async def test_reading_it_needs_the_permission(caller: Caller, gateway: Gateway) -> None:
    viewer = Caller(caller.http, caller.tenant, token_for(gateway, caller.tenant, Role.VIEWER))

    for path in ("/v1/audit", "/v1/audit/verify", "/v1/audit/export"):
        assert (await viewer.get(path)).status_code == 403
        # The installation's own chain is for its operators.
        assert (await caller.get(path, params={"chain": "installation"})).status_code == 403


PROOF = "/v1/audit/verify?chain=installation"


async def test_an_operator_reads_the_installations_chain(caller: Caller, gateway: Gateway) -> None:
    operator = Caller(
        caller.http,
        caller.tenant,
        gateway.issuer.issue(
            client_id="operator",
            tenant=caller.tenant.id,
            tenant_key=caller.tenant.key,
            permissions=("audit:read", "installation:write"),
            now_s=int(time.time()),
        ),
    )
    who = gateway.verifier.verify(operator.token, time.time())
    # Other tests write this chain too, under keys of their own.
    before = (await operator.get(PROOF)).json()["head"]
    async with gateway.operating(who, "tenants.create", f"tenants/{caller.tenant.id}"):
        pass

    query = f"?chain=installation&subject=tenants/{caller.tenant.id}"

    assert [row["actor"] for row in await ask(operator, query)] == ["client:operator"]
    assert (await operator.get(f"{PROOF}&after={before}")).json()["ok"]


async def test_the_trail_is_proved_and_tampering_named(
    caller: Caller, superuser: AnyConnection
) -> None:
    for number in range(4):
        await caller.truck(f"T{number}")
    whole = (await caller.get("/v1/audit/verify")).json()
    await superuser.execute("SET session_replication_role = replica")
    own = f"tenant_key = {caller.tenant.key} AND seq"
    await superuser.execute(
        f"UPDATE audit_log SET body = replace(body, 'T2', 'T9') WHERE {own} = 3"
    )

    broken = (await caller.get("/v1/audit/verify")).json()

    assert (whole["ok"], whole["rows"], whole["is_complete"]) == (True, 4, True)
    assert whole["reached"] == whole["head"]
    assert not broken["ok"]
    assert [fault["seq"] for fault in broken["faults"]] == [3]
    after = {"after": whole["head"]}
    assert (await caller.get("/v1/audit/verify", params=after)).json()["rows"] == 0
    noted = {"expect": "9:" + "00" * 32}
    faults = (await caller.get("/v1/audit/verify", params=noted)).json()["faults"]
    assert faults[-1] == {"seq": 5, "what": "to 9 were removed"}


async def test_an_export_is_what_was_signed(caller: Caller, gateway: Gateway) -> None:
    hold(gateway.settings, "audit", read_rows=2)
    for number in range(5):
        await caller.truck(f"T{number}")

    answer = await caller.get("/v1/audit/export")

    lines = [msgspec.json.decode(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert [line["body"]["seq"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line["body"]["prev"] for line in lines[1:]] == [line["hash"] for line in lines[:-1]]


@pytest.mark.parametrize(
    "query", ["?from=yesterday", "?outcome=maybe", "?actor=%00", "?chain=theirs", "?cursor=%00"]
)
async def test_what_cannot_be_asked_is_refused(caller: Caller, query: str) -> None:
    assert (await caller.get(f"/v1/audit{query}")).status_code == 422
    if "chain" not in query:
        assert (await caller.get("/v1/audit/verify?after=7")).status_code == 422


async def test_failed_sign_ins_are_recorded(caller: Caller, gateway: Gateway) -> None:
    stranger = f"{caller.tenant.id}-asha@example.com"
    form = {"grant_type": "client_credentials", "client_id": stranger, "client_secret": "wrong"}
    assert (await caller.http.post("/v1/oauth/token", data=form)).status_code == 401
    gateway.audit.sign_in_refused("user:u1", caller.tenant.key, caller.tenant.id, "wrong password")

    (known,) = await rows_of(gateway, caller.tenant.key)
    strangers = await rows_of(gateway, INSTALLATION_KEY)

    assert (known["action"], known["actor"]) == ("sign-in", "user:u1")
    assert (known["outcome"], known["detail"]) == ("refused", "wrong password")
    assert strangers[-1]["action"] == "sign-in"
    assert strangers[-1]["actor"].startswith("client:")
    assert "asha@" not in str(strangers)
