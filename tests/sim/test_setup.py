"""A tenant is prepared through the public API: patiently, once, and with clear words."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from config.policy import policy
from config.sections.simulation import SimulationSetup
from sim.fleet import fleet
from sim.party import SetupError
from sim.setup import TenantSetup
from sim.world import LastKnown

QUICK = policy().simulation.setup.model_copy(
    update={"retry_wait_s": 0.01, "ready_within_s": 0.3, "requests_at_once": 4}
)


class Api:
    """The few answers of the gateway that a simulator needs, as the contract says."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {
            "/v1/trucks": {},
            "/v1/fences": {},
            "/v1/carriers": {},
        }
        self.positions: dict[str, dict[str, Any]] = {}
        self.not_ready = 0
        self.refused_cells: dict[str, tuple[str, str]] = {}
        self.refusing: Callable[[dict[str, Any]], httpx.Response | None] = lambda _: None
        self.posts = self.at_once = self.at_once_max = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.not_ready:
            self.not_ready -= 1
            return httpx.Response(503, json={"title": "starting", "detail": "still starting"})
        path = request.url.path
        if path == "/v1/oauth/token":
            form = {k: v[0] for k, v in parse_qs(request.content.decode()).items()}
            good = form["client_secret"] == "demo-admin-secret"
            return httpx.Response(200, json={"access_token": "t"}) if good else _problem(401)
        if request.headers.get("Authorization") != "Bearer t":
            return _problem(401)
        if path.endswith("/position"):
            return self._position(path.split("/")[3])
        if request.method == "GET":
            return self._page(path, request)
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        taken = self._import if path.endswith("/import") else self._create
        return taken(path.removesuffix("/import"), request)

    def _import(self, path: str, request: httpx.Request) -> httpx.Response:
        self.posts += 1
        faults = []
        rows = csv.DictReader(io.StringIO(request.content.decode()))
        for number, row in enumerate(rows, start=2):
            wrong = self.refused_cells.get(row["id"])
            if wrong is None and row["id"] in self.objects[path]:
                wrong = ("id", "is taken already")
            if wrong is not None:
                faults.append({"row": number, "column": wrong[0], "detail": wrong[1]})
            else:
                self.objects[path][row["id"]] = row
        return httpx.Response(200, json={"faults": faults})

    def _position(self, truck: str) -> httpx.Response:
        position = self.positions.get(truck)
        return httpx.Response(200, json=position) if position else _problem(404)

    def _page(self, path: str, request: httpx.Request) -> httpx.Response:
        ids = sorted(self.objects[path])
        rest = [i for i in ids if i > request.url.params.get("cursor", "")][:3]
        more = bool(rest) and rest[-1] != ids[-1]
        body = {"items": [{"id": i} for i in rest], "next_cursor": rest[-1] if more else None}
        return httpx.Response(200, json=body)

    def _create(self, path: str, request: httpx.Request) -> httpx.Response:
        self.posts += 1
        body = httpx.Response(200, content=request.content).json()
        refusal = self.refusing(body)
        if refusal is not None:
            return refusal
        if body["id"] in self.objects[path]:
            return _problem(409)
        self.objects[path][body["id"]] = body
        return httpx.Response(201, json=body)


def _problem(status: int, detail: str = "no") -> httpx.Response:
    return httpx.Response(status, json={"status": status, "detail": detail})


class Prepared:
    def __init__(self, api: Api, tenant: str = "demo", policy: SimulationSetup = QUICK) -> None:
        self.said: list[str] = []
        transport = httpx.MockTransport(api)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://test")
        self.setup = TenantSetup(self.http, tenant, policy, self.said.append)


async def test_a_second_run_creates_nothing() -> None:
    api, trucks = Api(), fleet(10)
    first = Prepared(api)
    await first.setup.sign_in()
    assert await first.setup.ensure_trucks(trucks[:7]) == set()
    second = Prepared(api)
    await second.setup.sign_in()
    known = await second.setup.ensure_trucks(trucks)
    assert known == {truck.id for truck in trucks[:7]}
    assert await second.setup.ensure_fences([{"id": "a"}, {"id": "b"}]) == 2
    assert await second.setup.ensure_fences([{"id": "a"}, {"id": "b"}]) == 0

    given = [truck["carrier"] for truck in api.objects["/v1/trucks"].values()]
    assert set(given) == {"demo-carrier", ""}
    assert list(api.objects["/v1/carriers"]) == ["demo-carrier"]
    truck = api.objects["/v1/trucks"][trucks[0].id]
    assert truck.keys() >= {"id", "registration", "class", "capacity_t", "payload_kg", "body"}
    assert api.at_once_max <= QUICK.requests_at_once


async def test_a_server_that_starts_is_waited_for_and_told_once() -> None:
    api = Api()
    api.not_ready = 4
    prepared = Prepared(api)
    await prepared.setup.sign_in()

    assert prepared.said == ["waiting: http://test is not ready (503 still starting)"]


async def test_a_server_that_never_comes_ends_with_its_last_word() -> None:
    api = Api()
    api.not_ready = 10_000
    with pytest.raises(SetupError, match=r"not ready \(503 still starting\), for 0\.3 s"):
        await Prepared(api).setup.sign_in()


async def test_nobody_listening_is_said_as_such() -> None:
    async with httpx.AsyncClient(base_url="http://127.0.0.1:9") as http:
        setup = TenantSetup(http, "demo", QUICK, lambda _: None)
        with pytest.raises(SetupError, match=r"127\.0\.0\.1:9 does not answer"):
            await setup.sign_in()


async def test_a_refused_secret_is_not_tried_again() -> None:
    with pytest.raises(SetupError, match="no token for acme-admin: 401"):
        await Prepared(Api(), tenant="acme").setup.sign_in()


async def test_one_refused_truck_is_named() -> None:
    api, trucks = Api(), fleet(5)
    api.refused_cells[trucks[2].id] = ("class", "is too long")
    prepared = Prepared(api)
    await prepared.setup.sign_in()

    with pytest.raises(SetupError, match=f"/v1/trucks/{trucks[2].id}: class is too long"):
        await prepared.setup.ensure_trucks(trucks)


async def test_trucks_that_another_simulator_made_first_are_passed_over() -> None:
    api, trucks = Api(), fleet(5)
    api.refused_cells[trucks[2].id] = ("id", "is taken already")
    prepared = Prepared(api)
    await prepared.setup.sign_in()
    await prepared.setup.ensure_trucks(trucks)

    assert len(api.objects["/v1/trucks"]) == 4


async def test_more_rows_than_a_file_takes_come_in_several() -> None:
    api, trucks = Api(), fleet(5)
    prepared = Prepared(api, policy=QUICK.model_copy(update={"import_rows": 2}))
    await prepared.setup.sign_in()
    await prepared.setup.ensure_trucks(trucks)

    assert len(api.objects["/v1/trucks"]) == 5
    assert api.posts == 3 + len(api.objects["/v1/carriers"])


async def test_too_many_requests_are_repeated_after_the_time_named() -> None:
    api = Api()
    limited = iter([httpx.Response(429, headers={"Retry-After": "0"})])
    api.refusing = lambda _: next(limited, None)
    prepared = Prepared(api)
    await prepared.setup.sign_in()

    assert await prepared.setup.ensure_fences([{"id": "a"}]) == 1


async def test_trucks_that_were_seen_say_where() -> None:
    api = Api()
    last = {"lat": 19.0, "lon": 73.0, "heading_deg": 90, "odometer_km": 120.5, "fuel_pct": None}
    api.positions["A"] = last
    prepared = Prepared(api)
    await prepared.setup.sign_in()

    assert await prepared.setup.last_known(["A", "B"]) == {"A": LastKnown(19.0, 73.0, 90, 120.5)}
