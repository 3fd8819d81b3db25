"""How a journey goes, as the gateway tells it while its truck drives."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from serve.gateway import Gateway
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors, now_ms

JOURNEY = "/v1/trucks/T1/journey"
KM = 1.0 / 111.195  # of latitude, in degrees
# Sixty kilometres due north.
LINE = {"type": "LineString", "coordinates": [[77.0, 20.0 + km * KM] for km in range(0, 61, 5)]}
EVERY_S = 30


class Driver:
    """Drives T1 along the line at 60 km/h; its clock began two hours ago."""

    def __init__(self, caller: Caller, actors: InProcessActors, truck_key: int) -> None:
        self.caller = caller
        self.actors = actors
        self.truck_key = truck_key
        self.ts_ms = now_ms() - 7_200_000

    async def drive(self, kms: Iterable[float], aside_km: float = 0.0) -> None:
        fixes = []
        for km in kms:
            self.ts_ms += EVERY_S * 1000
            fixes.append(
                {
                    "truck_key": self.truck_key,
                    "ts_ms": self.ts_ms,
                    "lat": 20.0 + km * KM,
                    "lon": 77.0 + aside_km * KM / 0.9397,
                    "speed_kmh": 60.0,
                    "heading_deg": 0.0,
                }
            )
        await self.actors.report(self.caller.tenant.key, fixes)

    async def journey(self) -> Any:
        answer = await self.caller.get(JOURNEY)
        assert answer.status_code == 200, answer.text
        return answer.json()


def half_kms(first: int, last: int) -> list[float]:
    return [half / 2.0 for half in range(2 * first, 2 * last)]


@pytest.fixture
async def driver(caller: Caller, gateway: Gateway, actors: InProcessActors) -> Driver:
    """Of a truck that is to follow the line since two hours ago."""
    await caller.truck("T1")
    await gateway.directory.refresh(gateway.system_pool)
    key = gateway.directory.by_name[caller.tenant.id, "T1"].truck_key
    made = Driver(caller, actors, key)
    await caller.ask("POST", "/v1/routes", json={"id": "r", "name": "North", "shape": LINE})
    told = {
        "id": "j",
        "route": {"id": "r"},
        "from": str_of(made.ts_ms),
        "arrival": {"until": str_of(made.ts_ms + 5_400_000)},
    }
    answer = await caller.ask("PUT", JOURNEY, json=told)
    assert answer.is_success, answer.text
    return made


def str_of(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000.0, UTC).isoformat()


async def test_a_truck_is_seen_along_its_route_until_it_arrives(driver: Driver) -> None:
    before = await driver.journey()
    await driver.drive(half_kms(0, 20))
    on_its_way = await driver.journey()
    await driver.drive(half_kms(20, 61))
    at_its_end = await driver.journey()

    assert (before["state"], before["progress"]) == ("active", None)
    progress = on_its_way["progress"]
    assert (progress["mode"], progress["away"], progress["is_wrong_way"]) == (
        *("under_way", None),
        False,
    )
    assert progress["along_m"] == pytest.approx(19_500.0, abs=50.0)
    assert progress["remaining_m"] == pytest.approx(40_500.0, abs=50.0)
    assert progress["share"] == pytest.approx(0.325, abs=0.001)
    assert progress["off_m"] == pytest.approx(0.0, abs=1.0)
    expected = progress["expected"]
    assert expected["p50"] < expected["p80"] < expected["p95"]
    assert 0.0 <= expected["late_probability"] <= 1.0
    assert (at_its_end["state"], at_its_end["progress"]["mode"]) == ("arrived", "over")
    assert at_its_end["arrived_at"] is not None
    assert at_its_end["version"] == before["version"]


async def test_off_its_route_it_is_away(driver: Driver) -> None:
    await driver.drive(half_kms(0, 10))
    await driver.drive(half_kms(10, 15), aside_km=2.0)

    away = (await driver.journey())["progress"]["away"]

    assert away["is_deviation"]
    assert away["farthest_m"] == pytest.approx(2000.0, rel=0.02)
    query = {"truck": "T1", "type": "truck.route.deviated"}
    (told,) = (await driver.caller.get("/v1/events", params=query)).json()["items"]
    assert told["data"]["journey"] == "j"


async def test_what_is_seen_changes_the_tag_but_not_the_version(driver: Driver) -> None:
    first = await driver.caller.get(JOURNEY)
    same = await driver.caller.get(JOURNEY, headers={"If-None-Match": first.headers["ETag"]})
    await driver.drive(half_kms(0, 20))
    moved = await driver.caller.get(JOURNEY, headers={"If-None-Match": first.headers["ETag"]})

    assert (same.status_code, moved.status_code) == (304, 200)
    change = {"route": {"id": "r"}, "corridor_m": 500}
    tag = {"If-Match": first.headers["ETag"]}
    changed = await driver.caller.ask("PUT", JOURNEY, json=change, headers=tag)
    stale = await driver.caller.ask("PUT", JOURNEY, json=change, headers=tag)
    assert (changed.status_code, stale.status_code) == (200, 412)


async def test_the_plan_is_read_also_while_the_shard_is_away(driver: Driver) -> None:
    await driver.drive(half_kms(0, 20))
    driver.actors.is_away = True

    journey = await driver.journey()

    assert (journey["id"], journey["progress"]) == ("j", None)
