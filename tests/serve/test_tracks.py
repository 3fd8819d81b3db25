"""Tracks as files to take away: simplified, with what is not believed, whole, and played again."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config.policy import Policy, policy
from freight.cloudevents import rfc3339
from geo.point import haversine_m
from ingest.decode import native
from serve.gateway import Gateway
from sim import recordings
from sim.recordings import RecordedFix
from store.postgres import AnyConnection, AnyPool, moment
from tests.serve.caller import Caller
from tests.serve.holding import hold
from tests.serve.in_process import InProcessActors
from tests.serve.told_spans import tell

START = 1_760_000_000_000
STEP_MS = 10_000
FIXES = 400
STOOD = (200, 220)  # the numbers of the fixes between which it stood
ALL = {"from": str(START), "to": str(START + FIXES * STEP_MS)}


@pytest.fixture
async def keys(caller: Caller, gateway: Gateway) -> dict[str, int]:
    for name in ("T1", "T2"):
        await caller.truck(name)
    await gateway.directory.refresh(gateway.system_pool)
    return {n: gateway.directory.by_name[caller.tenant.id, n].truck_key for n in ("T1", "T2")}


@pytest.fixture
async def driven(caller: Caller, actors: InProcessActors, keys: dict[str, int]) -> list[Any]:
    """Straight north, a stop, then straight east; every value that a device may send."""
    fixes = []
    for number in range(FIXES):
        north, east = min(number, STOOD[0]), max(0, number - STOOD[1])
        fixes.append(
            {
                "truck_key": keys["T1"],
                "ts_ms": START + number * STEP_MS,
                "lat": 18.0 + north * 0.002,
                "lon": 73.0 + east * 0.002,
                "speed_kmh": 80.25 if number % 3 else np.nan,
                "heading_deg": number % 360,
                "accuracy_m": 4.75,
                "altitude_m": 512.5,
                "odometer_km": 120_000.125 + number,
                "hdop": 0.9,
                "battery_v": 4.1,
                "external_v": 24.31,
                "fuel_pct": 66.6,
                "seq": number,
                "satellites": 11,
                "ignition": number % 2,
                "alarm": 1 if number == 7 else -128,
            }
        )
    await actors.report(caller.tenant.key, fixes)
    return fixes


@pytest.fixture
def quick(quick: Policy) -> Policy:
    """Read in pieces as large as in the product; a day more for whole files than they last."""
    api = quick.api.model_copy(update={"track_chunk_fixes": 150, "track_export_days_max": 1})
    assert policy().api.track_chunk_fixes > 150
    return quick.model_copy(update={"api": api})


async def track(caller: Caller, truck: str = "T1", **query: Any) -> list[dict[str, Any]]:
    answer = await caller.get(f"/v1/trucks/{truck}/track", params={**ALL, **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_the_shape_of_a_track(caller: Caller, driven: list[Any]) -> None:
    whole = await track(caller)
    simple = await track(caller, simplify_m=20)

    # A corner, both ends, and where pieces meet: 150 fixes each.
    assert len(whole) == FIXES
    assert 4 <= len(simple) <= 10
    assert [simple[0]["ts"], simple[-1]["ts"]] == [whole[0]["ts"], whole[-1]["ts"]]
    assert all(fix in whole for fix in simple)
    lat, lon = (np.array([fix[name] for fix in simple]) for name in ("lat", "lon"))
    corner = haversine_m(18.0 + STOOD[0] * 0.002, 73.0, lat, lon)
    assert float(np.min(corner)) < 20.0


async def test_stops_stay_in_a_simplified_track(
    caller: Caller, telemetry: AnyPool, keys: dict[str, int], driven: list[Any]
) -> None:
    """Each at its begin and its end, so that it is seen how long the truck stood."""
    begin_ms, end_ms = START + 50 * STEP_MS, START + 60 * STEP_MS
    await tell(telemetry, caller.tenant, keys["T1"], ("stop", "", begin_ms, end_ms, {}))

    times = [fix["ts"] for fix in await track(caller, simplify_m=20)]

    assert rfc3339(begin_ms) in times
    assert rfc3339(end_ms) in times


async def test_pages_of_a_simplified_track(caller: Caller, driven: list[Any]) -> None:
    """A limit counts what is given, however much is read for it."""
    whole, cursor = await track(caller, simplify_m=20), None
    seen: list[dict[str, Any]] = []
    while cursor is not None or not seen:
        query = {**ALL, "simplify_m": 20, "limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await caller.get("/v1/trucks/T1/track", params=query)).json()
        assert len(page["items"]) <= 3
        seen += page["items"]
        cursor = page["next_cursor"]

    assert {fix["ts"] for fix in seen} >= {whole[0]["ts"], whole[-1]["ts"]}
    assert len({fix["ts"] for fix in seen}) == len(seen) < 20


async def test_what_is_not_believed_is_left_out_unless_asked_for(
    caller: Caller, superuser: AnyConnection, keys: dict[str, int], driven: list[Any]
) -> None:
    await superuser.execute(
        "UPDATE fixes SET flaw = 1 WHERE truck_key = $1 AND ts = $2",
        keys["T1"],
        moment(START + 5 * STEP_MS),
    )

    believed, all_of_them = await track(caller), await track(caller, flawed="true")

    assert (len(believed), len(all_of_them)) == (FIXES - 1, FIXES)
    assert [fix["ts"] for fix in all_of_them if fix["flaw"]] == [rfc3339(START + 5 * STEP_MS)]
    assert all_of_them[5]["flaw"] == "jump"
    for form in ("csv", "gpx", "geojson"):
        query = {**ALL, "format": form}
        texts = [
            (await caller.get("/v1/trucks/T1/track", params={**query, "flawed": flawed})).text
            for flawed in ("false", "true")
        ]
        found = [rfc3339(START + 5 * STEP_MS) in text for text in texts]
        assert found == [False, True]


async def test_one_fix_by_one_as_all_of_them(caller: Caller, driven: list[Any]) -> None:
    """A track is written by columns, everything else fix by fix: they say the same."""
    position = (await caller.get("/v1/trucks/T1/position")).json()
    last = (await track(caller))[-1]

    assert {name: position[name] for name in last} == last


async def test_files_are_whole_or_refused(
    caller: Caller, gateway: Gateway, driven: list[Any]
) -> None:
    hold(gateway.settings, "api", track_fixes_max=10)
    day = {"from": str(START), "to": str(START + 86_400_000)}
    longer = {**day, "to": str(START + 86_400_001)}

    for form, fixes in (("csv", FIXES + 1), ("gpx", FIXES)):
        query = {**day, "format": form}
        answer = await caller.get("/v1/trucks/T1/track", params=query)
        ends = answer.text.count("\n" if form == "csv" else "<trkpt ")
        assert ends == fixes
        refused = await caller.get("/v1/trucks/T1/track", params={**longer, "format": form})
        assert refused.status_code == 422
        part = await caller.get(
            "/v1/trucks/T1/track", params={**longer, "format": form, "limit": 9}
        )
        assert part.status_code == 200


async def played(
    actors: InProcessActors, tenant_key: int, truck_key: int, fixes: list[RecordedFix]
) -> None:
    """As `replay --keep-times` sends them, decoded as ingest does."""
    rows = []
    for fix in fixes:
        decoded = native.decode(recordings.message_of(fix, 0), 1)
        (row,) = decoded.rows
        values = dict(zip(NAMES, row, strict=False))
        values["truck_key"], values["ts_ms"] = truck_key, values.pop("ts")
        alarm = values.pop("alarm")
        rows.append({k: v for k, v in values.items() if v is not None})
        if alarm is not None:
            rows[-1]["alarm"] = 1
    await actors.report(tenant_key, rows)


NAMES = (
    *("ts", "lat", "lon", "speed_kmh", "heading_deg", "accuracy_m", "altitude_m", "odometer_km"),
    *("hdop", "battery_v", "external_v", "fuel_pct", "seq", "satellites", "ignition", "alarm"),
)
CARRIED = {
    "csv": set(NAMES) | {"extra"},
    "geojson": {"ts", "lat", "lon", "speed_kmh"},
    "gpx": {"ts", "lat", "lon"},
}


@pytest.mark.parametrize("form", ["csv", "geojson", "gpx"])
async def test_a_track_that_is_played_again_is_the_same(  # noqa: PLR0917 - fixtures
    caller: Caller,
    actors: InProcessActors,
    keys: dict[str, int],
    driven: list[Any],
    tmp_path: Path,
    form: str,
) -> None:
    answer = await caller.get("/v1/trucks/T1/track", params={**ALL, "format": form})
    file = tmp_path / f"track.{form}"
    file.write_text(answer.text)

    fixes = recordings.read(file, policy().simulation.replay)
    await played(actors, caller.tenant.key, keys["T2"], fixes)

    original, again = await track(caller), await track(caller, "T2")
    assert len(again) == FIXES
    for one, other in zip(original, again, strict=True):
        assert {n: one[n] for n in CARRIED[form]} == {n: other[n] for n in CARRIED[form]}


async def test_a_csv_says_yes_and_no_as_json_does(caller: Caller, driven: list[Any]) -> None:
    answer = await caller.get("/v1/trucks/T1/track", params={**ALL, "format": "csv"})

    first, second, *_ = csv.DictReader(io.StringIO(answer.text))
    assert (first["ignition"], second["ignition"]) == ("false", "true")
    assert (first["speed_kmh"], second["speed_kmh"]) == ("", "80.25")
