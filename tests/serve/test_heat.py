"""Heat by H3 cell: trucks as they are now, minutes that they stood, of those the caller may see."""

from __future__ import annotations

from typing import Any

import h3
import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from serve.tracking.heat import HeatOut
from store.postgres import AnyPool
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.holding import hold
from tests.serve.in_process import InProcessActors, now_ms
from tests.serve.told_spans import tell

MINUTE = 60_000
START = 1_760_000_000_000
DELHI, MUMBAI = (28.6139, 77.209), (19.076, 72.8777)
PLACES = {"D1": DELHI, "D2": DELHI, "M1": MUMBAI}


@pytest.fixture
async def fleet(caller: Caller, actors: InProcessActors, gateway: Gateway) -> dict[str, int]:
    for name in PLACES:
        await caller.truck(name)
    await gateway.directory.refresh(gateway.system_pool)
    keys = {name: gateway.directory.by_name[caller.tenant.id, name].truck_key for name in PLACES}
    fixes = [
        {"truck_key": keys[name], "lat": lat, "lon": lon} for name, (lat, lon) in PLACES.items()
    ]
    await actors.report(caller.tenant.key, fixes)
    return keys


@pytest.fixture
async def stops(caller: Caller, telemetry: AnyPool, fleet: dict[str, int]) -> None:
    """Twice in Delhi for ten minutes each, once in Mumbai for an hour; one goes on in Delhi."""

    def stop(at: tuple[float, float], begin: int, end: int | None) -> Any:
        from_ms = START + begin * MINUTE
        to_ms = None if end is None else START + end * MINUTE
        return ("stop", "", from_ms, to_ms, {"lat": at[0], "lon": at[1], "halt": "unknown"})

    await tell(telemetry, caller.tenant, fleet["D1"], stop(DELHI, 0, 10), stop(DELHI, 20, 30))
    await tell(telemetry, caller.tenant, fleet["M1"], stop(MUMBAI, 0, 60))
    await tell(telemetry, caller.tenant, fleet["D2"], stop(DELHI, 90, None))


async def heat(caller: Caller, **query: Any) -> dict[str, Any]:
    answer = await caller.get("/v1/positions/heat", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def values(found: dict[str, Any]) -> list[tuple[str, float]]:
    return [(cell["cell"], cell["value"]) for cell in found["cells"]]


async def test_trucks_by_cell(caller: Caller, fleet: dict[str, int]) -> None:
    found = await heat(caller, resolution=7)

    delhi, mumbai = (h3.latlng_to_cell(*place, 7) for place in (DELHI, MUMBAI))
    assert values(found) == [(delhi, 2.0), (mumbai, 1.0)]
    assert (found["measure"], found["resolution"], found["is_cut"]) == ("trucks", 7, False)
    assert found["cells"][0]["center"]["lat"] == pytest.approx(DELHI[0], abs=0.05)
    assert HeatOut.model_validate(found).model_dump() == found
    assert values(await heat(caller, bbox="70,15,75,20", resolution=7)) == [(mumbai, 1.0)]
    assert len(values(await heat(caller, resolution=0))) <= 2


def minutes(begin: int, end: int) -> dict[str, str]:
    return {"from": str(START + begin * MINUTE), "to": str(START + end * MINUTE)}


async def test_minutes_that_trucks_stood(caller: Caller, stops: None) -> None:
    delhi, mumbai = (h3.latlng_to_cell(*place, 6) for place in (DELHI, MUMBAI))

    whole = await heat(caller, **minutes(-5, 60))
    assert whole["measure"] == "stop_minutes"
    assert values(whole) == [(mumbai, 60.0), (delhi, 20.0)]
    assert [cell["stops"] for cell in whole["cells"]] == [1, 2]
    # Only the part of a stop that lies in the interval, and of one that goes on as far as it came.
    assert values(await heat(caller, **minutes(5, 25))) == [(mumbai, 20.0), (delhi, 10.0)]
    assert values(await heat(caller, **minutes(80, 100))) == [(delhi, 10.0)]
    assert values(await heat(caller, bbox="70,15,75,20", **minutes(0, 60))) == [(mumbai, 60.0)]
    assert values(await heat(caller, **minutes(-50, -10))) == []
    ahead = {"from": str(now_ms() + MINUTE), "to": str(now_ms() + 9 * MINUTE)}
    assert values(await heat(caller, **ahead)) == []


async def test_cells_to_be_drawn(caller: Caller, fleet: dict[str, int]) -> None:
    found = await heat(caller, format="geojson")

    assert found["type"] == "FeatureCollection"
    assert [feature["properties"]["value"] for feature in found["features"]] == [2.0, 1.0]
    (ring,) = found["features"][0]["geometry"]["coordinates"]
    assert ring[0] == ring[-1]


async def test_what_is_too_much_is_cut_or_refused(
    caller: Caller, gateway: Gateway, stops: None
) -> None:
    hold(gateway.settings, "api", heat_cells_max=1, heat_places_max=1, heat_days_max=1)

    found = await heat(caller)
    assert (len(found["cells"]), found["is_cut"]) == (1, True)
    for query in (minutes(0, 60), minutes(0, 2000)):
        assert (await caller.get("/v1/positions/heat", params=query)).status_code == 422


NO_HEAT = [{"resolution": 16}, {"bbox": "1,2"}, {"from": "x"}, {"format": "gpx"}]


async def test_a_heat_that_cannot_be(caller: Caller) -> None:
    for query in NO_HEAT:
        assert (await caller.get("/v1/positions/heat", params=query)).status_code == 422


async def test_only_of_trucks_that_the_caller_may_see(
    caller: Caller,
    neighbour: Caller,
    gateway: Gateway,
    stops: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await caller.ask("POST", "/v1/carriers", json={"id": "ravi", "name": "Ravi"})
    await caller.ask("PATCH", "/v1/trucks/M1", json={"carrier": "ravi"})
    await gateway.directory.refresh(gateway.system_pool)
    token = BoundTokens(monkeypatch).token(gateway, caller.tenant, Role.CARRIER, carrier="ravi")
    ravi = Caller(caller.http, caller.tenant, token)

    for query in ({}, minutes(0, 60)):
        assert values(await heat(neighbour, **query)) == []
        assert len(values(await heat(ravi, **query))) == 1
        assert len(values(await heat(caller, **query))) == 2
