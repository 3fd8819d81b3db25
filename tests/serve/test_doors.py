"""Fixes over HTTP: who may send them, and what each answer means."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Permission, Role
from store.tenants import Tenant
from tests.launch.waiting import until
from tests.serve.caller import Caller
from tests.serve.conftest import token_for
from tests.serve.in_process import InProcessActors

pytestmark = pytest.mark.postgres

POSITIONS, OSMAND = "/v1/ingest/positions", "/v1/ingest/osmand"


def fix(age_ms: int = 0, **more: object) -> dict[str, object]:
    return {"ts": int(time.time() * 1000) - age_ms, "lat": 19.0, "lon": 72.8} | more


async def device(caller: Caller, gateway: Gateway, name: str) -> httpx.BasicAuth:
    """A new truck's, as soon as the gateway knows it."""
    made = await caller.truck(name)
    username, secret = made["device"]["username"], made["device"]["secret"]
    await until(lambda: gateway.directory.of_username(username) is not None)
    return httpx.BasicAuth(username, secret)


def results(answer: httpx.Response) -> list[str]:
    assert answer.status_code == httpx.codes.OK, answer.text
    told: dict[str, Any] = answer.json()
    return [one["result"] for one in told["results"]]


async def test_a_device_sends_its_own_and_reads_it_back(
    http: httpx.AsyncClient, caller: Caller, gateway: Gateway
) -> None:
    auth = await device(caller, gateway, "D1")
    sent = [fix(2000, speed_kmh=40.0), fix(1000, lat=99), fix(0, truck="OTHER")]

    first = await http.post(POSITIONS, json=sent, auth=auth)
    again = await http.post(POSITIONS, json=sent[0], auth=auth)

    assert results(first) == ["stored", "rejected", "stored"]
    assert first.json()["stored"] == 2
    assert first.json()["results"][1]["reason"] == "malformed"
    assert {one["truck"] for one in first.json()["results"]} == {"D1"}
    assert results(again) == ["repeated"]
    position = await caller.get("/v1/trucks/D1/position")
    assert position.json()["lat"] == 19.0


async def test_a_wrong_secret_and_another_scheme_are_refused(
    http: httpx.AsyncClient, caller: Caller, gateway: Gateway
) -> None:
    auth = await device(caller, gateway, "D1")
    for wrong in (
        httpx.BasicAuth(f"{caller.tenant.id}/D1", "guess"),
        httpx.BasicAuth(f"{caller.tenant.id}/D2", "dev-secret"),
    ):
        for path in (POSITIONS, OSMAND):
            answer = await http.post(path, json=fix(), auth=wrong)
            assert answer.status_code == httpx.codes.UNAUTHORIZED
    for header in ("Basic", "Basic ***", "Basic /w=="):
        answer = await http.post(POSITIONS, json=fix(), headers={"Authorization": header})
        assert answer.status_code == httpx.codes.UNAUTHORIZED, header
    revoked = await caller.ask("POST", "/v1/devices/D1/revoke", headers={"If-Match": "*"})
    assert revoked.is_success, revoked.text
    await until(lambda: _is_revoked(gateway, f"{caller.tenant.id}/D1"))
    answer = await http.post(POSITIONS, json=fix(), auth=auth)
    assert answer.status_code == httpx.codes.UNAUTHORIZED


def _is_revoked(gateway: Gateway, username: str) -> bool:
    entry = gateway.directory.of_username(username)
    return entry is not None and entry.revoked


async def test_a_provider_pushes_for_many_trucks_of_its_tenant_only(
    caller: Caller, neighbour: Caller
) -> None:
    await caller.truck("P1")
    await neighbour.truck("P2")

    answer = await caller.ask("POST", POSITIONS, json=[fix(truck="P1"), fix(truck="P2"), fix()])

    assert results(answer) == ["stored", "rejected", "rejected"]
    said = [one["reason"] for one in answer.json()["results"]]
    assert said == [None, "unknown_truck", "unknown_truck"]


async def test_a_key_of_a_provider_can_do_nothing_else(
    http: httpx.AsyncClient, caller: Caller
) -> None:
    await caller.truck("K1")
    maker = await caller.ask("POST", "/v1/clients", json={"name": "Maker", "roles": ["admin"]})
    signed_in = await http.post(
        "/v1/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(maker.json()["id"], maker.json()["secret"]),
    )
    asked = {"name": "A provider", "scopes": [Permission.POSITIONS_WRITE]}
    bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    made = await http.post("/v1/api-keys", json=asked, headers=bearer)
    key = {"X-API-Key": made.json()["key"]}

    assert results(await http.post(POSITIONS, json=fix(truck="K1"), headers=key)) == ["stored"]
    form = _form(f"{caller.tenant.id}/K1")
    assert results(await http.post(OSMAND, data=form, headers=key)) == ["stored"]
    assert (await http.get("/v1/trucks/K1", headers=key)).status_code == httpx.codes.FORBIDDEN


async def test_without_the_permission_nobody_pushes(
    http: httpx.AsyncClient, gateway: Gateway, tenant: Tenant
) -> None:
    viewer = Caller(http, tenant, token_for(gateway, tenant, Role.VIEWER))

    for path in (POSITIONS, OSMAND):
        answer = await viewer.ask("POST", path, json=fix())
        assert answer.status_code == httpx.codes.FORBIDDEN


def _form(device_id: str) -> dict[str, str]:
    return {"id": device_id, "lat": "19.0", "lon": "72.8", "speed": "10"}


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"nonsense", 422, "malformed"),
        (b"[]", 422, "0 fixes"),
        (b'{"ts": 1, "lat": 1, "lon": 2}', 422, "$.ts"),
        (b'{"ts": 4102444800000, "lat": 1, "lon": 2}', 422, "future"),
        (b" " * 2_000_000, 413, "at most"),
    ],
)
async def test_what_nothing_can_be_taken_of_is_a_problem(  # noqa: PLR0917 - fixtures
    http: httpx.AsyncClient,
    caller: Caller,
    gateway: Gateway,
    body: bytes,
    status: int,
    said: str,
) -> None:
    auth = await device(caller, gateway, "D1")

    answer = await http.post(POSITIONS, content=body, auth=auth)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.text


async def test_osmand_names_its_device_in_any_form(http: httpx.AsyncClient, caller: Caller) -> None:
    await caller.truck("O1")
    name = f"{caller.tenant.id}/O1"
    coords = {"latitude": 19.0, "longitude": 72.8, "speed": 10.0}
    now_ms = int(time.time() * 1000)
    body = {"device_id": name, "location": {"timestamp": now_ms - 5, "coords": coords}}

    assert results(await http.get(OSMAND, params=_form(name))) == ["stored"]
    assert results(await http.post(OSMAND, data=_form(name))) == ["stored"]
    assert results(await http.post(OSMAND, json=body)) == ["stored"]
    assert results(await http.post(OSMAND, json=body)) == ["repeated"]
    unknown = await http.get(OSMAND, params=_form("NOBODY-AT-ALL"))
    assert unknown.status_code == httpx.codes.NOT_FOUND
    assert (await http.get(OSMAND)).status_code == httpx.codes.UNPROCESSABLE_ENTITY


async def test_a_fix_too_old_for_us_does_not_stop_a_client_of_osmand(
    http: httpx.AsyncClient, caller: Caller
) -> None:
    await caller.truck("O1")
    old = _form(f"{caller.tenant.id}/O1") | {"timestamp": "1000000000"}

    answer = await http.get(OSMAND, params=old)

    assert results(answer) == ["rejected"]
    assert answer.json()["results"][0]["reason"] == "too_old"


async def test_a_device_signed_in_sends_for_no_other_over_osmand(
    http: httpx.AsyncClient, caller: Caller, gateway: Gateway
) -> None:
    auth = await device(caller, gateway, "O1")
    await caller.truck("O2")

    assert results(await http.get(OSMAND, params=_form("O1"), auth=auth)) == ["stored"]
    foreign = await http.get(OSMAND, params=_form("O2"), auth=auth)
    assert foreign.status_code == httpx.codes.NOT_FOUND


async def test_while_ingest_is_away_it_says_so_and_when_to_come_back(
    http: httpx.AsyncClient, caller: Caller, gateway: Gateway, actors: InProcessActors
) -> None:
    auth = await device(caller, gateway, "D1")
    actors.is_away = True

    answer = await http.post(POSITIONS, json=fix(), auth=auth)

    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert int(answer.headers["retry-after"]) > 0


async def test_a_device_beyond_its_rate_is_told_to_wait(
    http: httpx.AsyncClient, caller: Caller, gateway: Gateway, actors: InProcessActors
) -> None:
    auth = await device(caller, gateway, "D1")
    limits = gateway.policy.ingest.admission
    actors.door.reader.judge_by(limits.model_copy(update={"device_fixes_burst": 1}))

    both = await http.post(POSITIONS, json=[fix(1), fix(0)], auth=auth)
    stop = limits.model_copy(update={"device_fixes_burst": 1, "device_fixes_per_s": 1e-9})
    actors.door.reader.judge_by(stop)
    again = await http.post(POSITIONS, json=[fix(3), fix(2)], auth=auth)

    assert results(both) == ["stored", "rejected"]
    assert again.status_code == httpx.codes.TOO_MANY_REQUESTS
    assert int(again.headers["retry-after"]) > 0
