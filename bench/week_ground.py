"""What a week's trucks need before the first fix: classes, fences, routes, journeys, rules."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from bench.alerts_lives import DAY, Trip, Way
from bench.alerts_week import Week
from bench.chaos_alerts_ground import (
    AT_ONCE,
    JOURNEYS_KNOWN_S,
    PRECISION,
    Office,
    fences_known,
    people_told,
)
from bench.chaos_receiver import Receiver
from bench.seeding import add_trucks, devices_settled
from config.policy import defaults
from freight.cloudevents import rfc3339
from geo.polyline import encode

# While a process is being killed nothing comes in; that is no silence of trucks.
PATIENCE_S = 300.0
HORIZON_S = 10 * 86400.0
TENANT_WIDE: dict[str, Any] = {
    "/v1/config/*/services/tracking/*/technical/late_horizon_s": HORIZON_S,
    "/v1/config/*/services/tracking/*/technical/silence_s_min": PATIENCE_S,
}
WARM = 16


def truck_id(key: int) -> str:
    return f"week-{key:04}"


def shift_of(made: Week) -> int:
    """By whole days, so that nights are nights; the week ends at the last midnight."""
    return (time.time_ns() // 1_000_000 - made.end_ms) // DAY * DAY


async def prepare(office: Office, made: Week, receiver: Receiver) -> list[str]:
    """Everything stands, and every shard knows it; the people that are told."""
    warm = [f"week-warm-{nr}" for nr in range(WARM)]
    classes = {truck_id(key): f"C{key}" for key in made.lives}
    await add_trucks(office.running, [*classes, *warm], classes)
    await office.configure("alerts/*/business", late_rules())
    people = await people_told(office)
    turns = asyncio.Semaphore(AT_ONCE)
    drawn = [*made.yards, *(fence for life in made.lives.values() for fence in life.fences)]
    async with asyncio.TaskGroup() as group:
        for fence in drawn:
            group.create_task(_fence(office, fence, turns))
    names = await _routes(office, made)
    shift_ms = shift_of(made)
    async with asyncio.TaskGroup() as group:
        for life in made.lives.values():
            group.create_task(_journeys(office, life.key, life.trips, names, shift_ms, turns))
    await asyncio.to_thread(devices_settled, len(classes))
    await fences_known(office, warm)
    await asyncio.sleep(JOURNEYS_KNOWN_S)
    body = {"url": receiver.url, "types": ["alert.*"]}
    receiver.secret = (await office.post("/v1/webhook-endpoints", body))["secret"]
    return people


def late_rules() -> dict[str, Any]:
    """The usual ones, but that what is over when it comes in is told all the same, and our own
    absence holds nothing back: the incidents are all old."""
    given: dict[str, Any] = defaults().alerts.model_dump(mode="json", exclude_unset=True)
    kinds = given["kinds"]
    for rule in kinds.values():
        rule |= {"late_s_max": HORIZON_S, "held_when_blind": False}
    return {"kinds": kinds, "kept_wait_s": PATIENCE_S}


async def _fence(office: Office, fence: dict[str, Any], turns: asyncio.Semaphore) -> None:
    body = {**fence, "id": fence["fence_id"], "name": fence["fence_id"]}
    del body["fence_id"]
    async with turns:
        await office.post("/v1/fences", body)


async def _routes(office: Office, made: Week) -> dict[int, str]:
    """Each way once; by its identity."""
    ways: dict[int, Way] = {}
    for life in made.lives.values():
        ways |= {id(trip.way): trip.way for trip in life.trips}
    names = {key: f"week-{nr}" for nr, key in enumerate(ways)}
    for key, way in ways.items():
        line = {"polyline": encode(way.shape, PRECISION), "precision": PRECISION}
        await office.post("/v1/routes", {"id": names[key], "name": names[key], **line})
    return names


async def _journeys(  # noqa: PLR0917 - one truck's week
    office: Office,
    key: int,
    trips: list[Trip],
    names: dict[int, str],
    shift_ms: int,
    turns: asyncio.Semaphore,
) -> None:
    for nr, trip in enumerate(trips):
        body = {
            "id": f"{truck_id(key)}-{nr}",
            "route": {"id": names[id(trip.way)]},
            "from": rfc3339(trip.from_ms + shift_ms),
            "departure": {"until": rfc3339(trip.start_by_ms + shift_ms)},
            "arrival": {"until": rfc3339(trip.promised_ms + shift_ms)},
        }
        async with turns:
            await office.put(f"/v1/trucks/{truck_id(key)}/journey", body)
