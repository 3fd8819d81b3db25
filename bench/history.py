"""bench history: a truck's day, trips, stops, events and the nearest trucks, read back among
millions of fixes.

Days of fixes lie as they arrive, so that a truck's day is spread all over its partition. Every
question goes through the whole application, and is asked of another truck and day each time. The
floor of a track is the bare scan of the same range of the primary key.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx
import numpy as np

from bench import stack
from bench.history_ground import DAY_MS, DAYS, FIXES_A_DAY, Ground, Size, client, fill
from bench.history_ground import standing as standing_fleet
from bench.own_servers import servers
from bench.report import Report
from config.installation import DatabaseRole
from store.postgres import AnyConnection, connect, moment

FIXES = 3_000_000
FLEET = 100_000
ASKED = 200
P99_MS_AT_MOST = 200.0
SEED = 7


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fixes", type=int, default=FIXES, help="30000000 is what is promised")
    parser.add_argument("--fleet", type=int, default=FLEET, help="trucks that have a position")
    parser.add_argument("--asked", type=int, default=ASKED, help="how often each question is asked")


def run(args: argparse.Namespace) -> Report:
    report = Report("history")
    size = Size(args.fixes, max(args.fleet, 1))
    with stack.scratch() as folder, servers(folder) as where:
        ground = asyncio.run(fill(where, size))
        asyncio.run(_measure(ground, size, args.asked, report))
        report.add("fixes", size.trucks * FIXES_A_DAY * DAYS)
        report.add("filled_s", ground.filled_s)
        report.add("data_gb", _bytes_of(folder / "data") / 2**30)
    report.note(f"{size.trucks} trucks, {DAYS} days of {FIXES_A_DAY} fixes; {args.fleet} in all")
    report.note("the gateway runs in this process, so its client's time is in every figure")
    return report


def _bytes_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


async def _measure(ground: Ground, size: Size, asked: int, report: Report) -> None:
    draw = random.Random(SEED)

    def truck() -> int:
        return draw.randrange(size.trucks)

    def day() -> tuple[int, int]:
        start_ms = ground.first_day_ms + draw.randrange(DAYS) * DAY_MS
        return start_ms, start_ms + DAY_MS

    floor = await _floor(ground, truck, day, asked)
    questions = _questions(ground, truck, day)
    async with client(ground, standing_fleet(ground, SEED)) as http:
        for name, path in questions.items():
            times = await _times(asked, partial(_ask, http, path))
            is_track = name == "track_day"
            bounds = {"floor": floor[1], "at_most": P99_MS_AT_MOST} if is_track else {}
            report.add(f"{name}_p50_ms", times[0], floor=floor[0] if is_track else None)
            report.add(f"{name}_p99_ms", times[1], **bounds)


def _questions(
    ground: Ground, truck: Callable[[], int], day: Callable[[], tuple[int, int]]
) -> dict[str, Callable[[], str]]:
    def of_day(what: str) -> Callable[[], str]:
        def path() -> str:
            start_ms, end_ms = day()
            joined = "&" if "?" in what else "?"
            truck_id = ground.truck_ids[truck()]
            return what.replace("{id}", truck_id) + f"{joined}from={start_ms}&to={end_ms}"

        return path

    def near() -> str:
        lat, lon = 10.0 + truck() % 20, 72.0 + truck() % 14
        return f"/v1/positions?near={lat},{lon}&radius_km=300&limit=20&status=moving"

    track = "/v1/trucks/{id}/track"
    week_ms = ground.first_day_ms - 7 * DAY_MS
    return {
        "track_day": of_day(track),
        "track_day_csv": of_day(f"{track}?format=csv"),
        "track_day_gpx": of_day(f"{track}?format=gpx"),
        "track_day_geojson": of_day(f"{track}?format=geojson"),
        "track_day_simplified": of_day(f"{track}?simplify_m=50"),
        "trips_page": lambda: f"/v1/trucks/{ground.truck_ids[truck()]}/trips",
        "trips_day": of_day("/v1/trucks/{id}/trips"),
        "stops_day": of_day("/v1/trucks/{id}/stops"),
        "events_day": of_day("/v1/events?truck={id}"),
        "events_truck_page": lambda: f"/v1/events?truck={ground.truck_ids[truck()]}",
        "events_newest_of_type": lambda: "/v1/events?type=truck.fence.entered",
        "nearest_20": near,
        "heat_now": lambda: "/v1/positions/heat",
        "heat_of_stops_week": lambda: f"/v1/positions/heat?from={week_ms}&to={day()[0]}",
    }


async def _ask(http: httpx.AsyncClient, path: Callable[[], str]) -> None:
    answer = await http.get(path())
    answer.raise_for_status()


async def _floor(
    ground: Ground, truck: Callable[[], int], day: Callable[[], tuple[int, int]], asked: int
) -> tuple[float, float]:
    """The rows of the range, and nothing made of them; no row level security either."""
    conn = await connect(ground.installation.postgres, DatabaseRole.TELEMETRY)
    try:
        return await _times(asked, lambda: _scan(conn, ground.truck_keys[truck()], *day()))
    finally:
        await conn.close()


async def _scan(conn: AnyConnection, truck_key: int, from_ms: int, to_ms: int) -> None:
    await conn.fetch(
        "SELECT * FROM fixes WHERE truck_key = $1 AND ts >= $2 AND ts < $3 ORDER BY ts",
        truck_key,
        moment(from_ms),
        moment(to_ms),
    )


async def _times(asked: int, ask: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """p50 and p99 in milliseconds, one after another."""
    took = []
    for _ in range(asked):
        begun = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - begun) * 1000.0)
    p50, p99 = np.percentile(took, [50, 99])
    return float(p50), float(p99)
