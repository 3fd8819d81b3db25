"""KYC of carriers, and their ties to shippers, over the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.policy import defaults
from serve.gateway import Gateway
from serve.identity.permissions import Role
from store.postgres import AnyConnection
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller

RAVI = {
    "id": "ravi",
    "name": "Ravi Roadlines",
    "gstin": "27AAPFU0939F1ZV",
    "pan": "AAPFU0939F",
    "bank_account": "123456789012",
    "ifsc": "HDFC0000001",
}


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


async def make(caller: Caller, **changes: Any) -> None:
    answer = await caller.ask("POST", "/v1/carriers", json={**RAVI, **changes})
    assert answer.status_code == 201, answer.text


async def step(caller: Caller, **decision: str) -> tuple[int, str]:
    """Status, and the state or the complaint."""
    path = "/v1/carriers/ravi/kyc/decision" if decision else "/v1/carriers/ravi/kyc/submit"
    answer = await caller.ask("POST", path, json=decision or None)
    body = answer.json()
    return answer.status_code, body.get("state") or body["detail"]


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"gstin": "27AAPFU0939F1ZW"}, "/gstin"),
    ({"pan": "AAPXU0939F", "gstin": None}, "/pan"),
    ({"pan": "ABCPK1234L"}, "/pan"),
    ({"ifsc": "HDFC1000001"}, "/ifsc"),
]


async def test_numbers_that_cannot_be_are_refused(caller: Caller) -> None:
    for changes, pointer in IMPOSSIBLE:
        answer = await caller.ask("POST", "/v1/carriers", json={**RAVI, **changes})

        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    await make(caller)
    for changes, pointer in IMPOSSIBLE:
        answer = await caller.ask("PATCH", "/v1/carriers/ravi", json=changes)

        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_carrier_is_verified_and_looked_at_again(
    caller: Caller, gateway: Gateway, bound: BoundTokens
) -> None:
    await make(caller, pan=None)
    own = Caller(
        caller.http,
        caller.tenant,
        bound.token(gateway, caller.tenant, Role.CARRIER, carrier="ravi"),
    )
    lacking = (await own.get("/v1/carriers/ravi/kyc")).json()["lacking"]
    too_early = await step(own)
    await caller.ask("PATCH", "/v1/carriers/ravi", json={"pan": RAVI["pan"]})

    story = [
        await step(own),
        await step(own, step="verify"),
        await step(caller, step="verify"),
        await step(caller, step="verify"),
        await step(caller, step="suspend"),
        await step(caller, step="suspend", reason="Lost a load"),
        await step(caller, step="reinstate"),
        await step(caller, step="verify"),
    ]
    await caller.ask("PATCH", "/v1/carriers/ravi", json={"phone": "9876543210"})
    same = (await caller.get("/v1/carriers/ravi")).json()["kyc_state"]
    await caller.ask("PATCH", "/v1/carriers/ravi", json={"ifsc": "SBIN0000002"})
    again = (await caller.get("/v1/carriers/ravi/kyc")).json()

    assert [(one["code"], one["about"]) for one in lacking] == [("kyc.missing", "pan")]
    assert too_early == (409, "its facts are not complete or not right")
    assert [status for status, _ in story] == [200, 403, 200, 409, 422, 200, 200, 200]
    assert [state for status, state in story if status == 200] == [
        *("submitted", "verified", "suspended"),
        *("submitted", "verified"),
    ]
    assert (same, again["state"], again["lacking"]) == ("verified", "submitted", [])


async def test_documents_of_a_carrier(caller: Caller, gateway: Gateway, bound: BoundTokens) -> None:
    await make(caller)
    await make(caller, id="other")
    own = Caller(
        caller.http,
        caller.tenant,
        bound.token(gateway, caller.tenant, Role.CARRIER, carrier="ravi"),
    )
    path = "/v1/carriers/ravi/documents"

    made = await own.ask("PUT", f"{path}/agreement", json={"valid_until": "2027-01-01"})
    changed = await own.ask("PUT", f"{path}/Agreement", json={"number": "A-2"})
    foreign = await own.ask("PUT", "/v1/carriers/other/documents/agreement", json={})

    assert (made.status_code, changed.json()["version"], foreign.status_code) == (200, 2, 404)
    listed = (await own.get(path)).json()["items"]
    assert [(one["kind"], one["number"], one["valid_until"]) for one in listed] == [
        ("agreement", "A-2", None)
    ]
    assert (await own.ask("DELETE", f"{path}/agreement")).status_code == 204
    assert (await own.ask("DELETE", f"{path}/agreement")).status_code == 404
    # Documents go with their carrier.
    await own.ask("PUT", f"{path}/agreement", json={})
    assert (await caller.ask("DELETE", "/v1/carriers/ravi")).status_code == 204


async def test_documents_of_one_carrier_are_limited(caller: Caller) -> None:
    await make(caller)
    most = defaults().fleet.kyc.documents_max

    for number in range(most):
        path = f"/v1/carriers/ravi/documents/kind-{number}"
        assert (await caller.ask("PUT", path, json={})).status_code == 200
    beyond = await caller.ask("PUT", "/v1/carriers/ravi/documents/one-more", json={})
    replaced = await caller.ask("PUT", "/v1/carriers/ravi/documents/kind-0", json={"number": "1"})

    assert (beyond.status_code, replaced.status_code) == (409, 200)


async def test_a_shipper_says_who_drives_for_it(
    caller: Caller, gateway: Gateway, bound: BoundTokens
) -> None:
    await make(caller)
    mill, port = [
        Caller(
            caller.http,
            caller.tenant,
            bound.token(gateway, caller.tenant, Role.SHIPPER, shipper=name),
        )
        for name in ("mill", "port")
    ]
    path = "/v1/carriers/ravi/ties"

    tied = await mill.ask("POST", path, json={"id": "t", "kind": "blocked", "reason": "Late"})
    twice = await mill.ask("POST", path, json={"kind": "blocked"})
    for_others = await mill.ask("POST", path, json={"kind": "blocked", "shipper": "port"})
    dedicated = await mill.ask("POST", path, json={"kind": "dedicated"})
    unknown = await mill.ask("POST", "/v1/carriers/nobody/ties", json={"kind": "blocked"})

    assert (tied.status_code, tied.json()["shipper"]) == (201, "mill")
    assert (twice.status_code, unknown.status_code) == (409, 404)
    assert for_others.json()["errors"][0]["pointer"] == "/shipper"
    assert dedicated.json()["errors"][0]["pointer"] == "/kind"
    assert (await port.get(path)).json()["items"] == []
    assert (await port.ask("DELETE", f"{path}/t")).status_code == 404
    assert [one["id"] for one in (await caller.get(path)).json()["items"]] == ["t"]
    assert (await mill.ask("DELETE", f"{path}/t")).status_code == 204


async def test_a_tenant_ties_for_all_or_for_one(caller: Caller) -> None:
    await make(caller)
    path = "/v1/carriers/ravi/ties"

    blocked = await caller.ask("POST", path, json={"kind": "blocked"})
    nobodys = await caller.ask("POST", path, json={"kind": "exclusive"})
    dedicated = await caller.ask("POST", path, json={"kind": "dedicated", "shipper": "mill"})

    assert (blocked.status_code, dedicated.status_code) == (201, 201)
    assert nobodys.json()["errors"][0]["pointer"] == "/shipper"


async def test_a_carrier_is_not_told_who_avoids_it(
    caller: Caller, gateway: Gateway, bound: BoundTokens
) -> None:
    await make(caller)
    token = bound.token(gateway, caller.tenant, Role.ADMIN, carrier="ravi")

    answer = await Caller(caller.http, caller.tenant, token).get("/v1/carriers/ravi/ties")

    assert answer.status_code == 403


async def test_a_rating_counts_what_happened(
    caller: Caller, gateway: Gateway, superuser: AnyConnection
) -> None:
    await make(caller)
    await caller.truck("T1", carrier="ravi")
    fresh = (await caller.get("/v1/carriers/ravi/rating")).json()
    await drive(caller, superuser)

    seen = (await caller.get("/v1/carriers/ravi/rating")).json()

    assert (fresh["trips"], fresh["on_time_share"], fresh["score"]) == (0, None, 0.82)
    assert (seen["trips"], seen["promised"], seen["on_time"]) == (3, 2, 1)
    assert (seen["on_time_share"], seen["deviations"]) == (0.5, 1)
    assert (seen["offers"], seen["declines"]) == (3, 2)


async def drive(caller: Caller, superuser: AnyConnection) -> None:
    """Three journeys: in time, late, and without a time; and two deviations, one taken back."""
    line = {"type": "LineString", "coordinates": [[77.0, 28.0], [77.1, 28.0]]}
    await caller.ask("POST", "/v1/routes", json={"id": "r", "name": "R", "shape": line})
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    for number, promised in enumerate((now + hour, now - hour, None)):
        arrival = {"arrival": {"until": promised.isoformat()}} if promised else {}
        body = {"id": f"j{number}", "route": {"id": "r"}, **arrival}
        answer = await caller.ask("PUT", "/v1/trucks/T1/journey", json=body)
        assert answer.is_success, answer.text
        await superuser.execute(
            "UPDATE journeys SET arrived_at = $1 WHERE tenant_key = $2 AND id = $3",
            *(now, caller.tenant.key, f"j{number}"),
        )
    await superuser.execute(
        """
        WITH told AS (
            INSERT INTO events (id, time, known_at, tenant_key, truck_key, type, subject, data)
            SELECT gen_random_uuid(), now(), now(), tenant_key, key, 'truck.route.deviated',
                'trucks/T1', '{}' FROM trucks, generate_series(1, 2)
            WHERE tenant_key = $1 RETURNING *
        )
        INSERT INTO events (id, time, known_at, tenant_key, truck_key, type, subject, data,
            replaces)
        SELECT gen_random_uuid(), now(), now(), tenant_key, truck_key, 'event.retracted', subject,
            '{}', id FROM told LIMIT 1
        """,
        caller.tenant.key,
    )
    async with superuser.transaction():
        # Without the bookings that they were about.
        await superuser.execute("SET LOCAL session_replication_role = replica")
        await superuser.execute(
            """
            INSERT INTO offers (made_at, expires_at, settled_at, tenant_key, version, round, shard,
                bidding, id, booking, leg, carrier, state)
            SELECT now(), now(), now(), $1::int, 1, 1, 0, false, state, 'b', 'L1', 'ravi', state
            FROM unnest(ARRAY['accepted', 'declined', 'expired', 'withdrawn']) AS state
            """,
            caller.tenant.key,
        )
