"""Simulated drivers: they go where their legs lead, load, run late, break down and deliver."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from config.sections.market import Drivers as Rules
from geo.point import haversine_m
from sim.chance import chance, span
from sim.fleet import TruckIdentity
from sim.parties import Parties
from sim.world import World

UNDER_WAY = ("assigned", "en_route", "at_pickup", "loaded", "in_transit", "at_drop")
HANDOVER = "handover"
Code = Callable[[str, str, str], Awaitable[str | None]]
Spans = tuple[float, float]


@dataclass(slots=True)
class Job:
    """One truck's share of a booking, as far as its driver has come with it."""

    booking: str
    leg: str
    row: int
    stop: str | None = None  # where it is sent
    ready_ms: int | None = None  # when it will be loaded or unloaded there
    finished: set[str] = field(default_factory=set)
    breaks_ms: int | None = None
    broke_ms: int | None = None
    is_helped: bool = False


class Drivers:
    """What happens to a driver is drawn from the booking's id and the truck's."""

    def __init__(
        self,
        parties: Parties,
        world: World,
        trucks: Sequence[TruckIdentity],
        rules: Rules,
        code: Code,
    ) -> None:
        self._parties = parties
        self._world = world
        self._trucks = trucks
        self._rules = rules
        self._code = code
        self._row_of = {truck.id: row for row, truck in enumerate(trucks)}
        self._jobs: dict[tuple[str, str, int], Job] = {}
        # Where a load waits beside the truck that broke down with it.
        self._handovers: dict[tuple[str, str], dict[str, float]] = {}

    async def look(self, bookings: Sequence[dict[str, Any]], ours: set[str]) -> None:
        """Trucks go for everybody's bookings; what is signed for people, they sign themselves."""
        chosen = self._chosen(bookings)
        found = {(booking["id"], leg["id"], row) for row, (booking, leg) in chosen.items()}
        for key in self._jobs.keys() - found:
            del self._jobs[key]
            if key[2] not in chosen:
                self._world.release(key[2])
        legs = {key[:2] for key in found}
        self._handovers = {leg: at for leg, at in self._handovers.items() if leg in legs}
        for row, (booking, leg) in chosen.items():
            key = (booking["id"], leg["id"], row)
            job = self._jobs.setdefault(key, Job(*key))
            await self._drive(job, booking, leg, is_ours=booking["id"] in ours)

    def _chosen(
        self, bookings: Sequence[dict[str, Any]]
    ) -> dict[int, tuple[dict[str, Any], dict[str, Any]]]:
        """Of each truck what it is to do now: what is nearer to its end comes first."""
        carried = [
            (UNDER_WAY.index(leg["status"]), self._row_of[leg["truck"]], booking, leg)
            for booking in bookings
            for leg in booking["legs"]
            if leg["status"] in UNDER_WAY and leg["truck"] in self._row_of
        ]
        carried.sort(key=lambda one: (one[0], one[2]["id"]))
        return {row: (booking, leg) for _, row, booking, leg in carried}

    async def _drive(
        self, job: Job, booking: dict[str, Any], leg: dict[str, Any], *, is_ours: bool
    ) -> None:
        stop = self._next_stop(job, leg)
        if stop is None or await self._is_broken(job, leg):
            return
        if job.stop != stop:
            self._set_out(job, stop, booking)
        world = self._world
        if not world.has_come(job.row):
            return
        if job.ready_ms is None:
            minutes = self._rng(job, f"handling {stop}").uniform(*self._rules.handling_minutes)
            job.ready_ms = world.now_ms + round(minutes * 60_000)
        if world.now_ms >= job.ready_ms:
            await self._finish(job, booking, leg, is_ours=is_ours)

    def _next_stop(self, job: Job, leg: dict[str, Any]) -> str | None:
        handover = self._handovers.get((job.booking, job.leg))
        if handover is not None and HANDOVER not in job.finished:
            return HANDOVER
        for at in leg["stops"]:
            if at["left"] is None and not at["proven"] and at["stop"] not in job.finished:
                return str(at["stop"])
        return None

    def _set_out(self, job: Job, stop: str, booking: dict[str, Any]) -> None:
        world, is_first = self._world, job.stop is None
        kinds = {one["id"]: one for one in booking["stops"]}
        place = self._handovers[job.booking, job.leg] if stop == HANDOVER else kinds[stop]["place"]
        spot = world.spot(place["lat"], place["lon"])
        job.stop, job.ready_ms = stop, None
        if spot is None or not world.send(job.row, spot):
            self._parties.said(f"{self._trucks[job.row].id} finds no road to {job.booking} {stop}")
            return
        carries = stop != HANDOVER and kinds[stop]["kind"] == "drop"
        rules = self._rules
        if is_first and not carries and self._happens(job, "late", rules.late_share):
            world.hold(job.row, self._minutes(job, "late", rules.late_minutes))
            self._parties.counts["late"] += 1
        is_helper = HANDOVER in job.finished  # one misfortune is enough for a load
        if carries and not is_helper and self._happens(job, "breaks", rules.breakdown_share):
            after_ms = self._minutes(job, "breaks", rules.breaks_after_minutes)
            job.breaks_ms = job.breaks_ms or world.now_ms + after_ms

    async def _finish(
        self, job: Job, booking: dict[str, Any], leg: dict[str, Any], *, is_ours: bool
    ) -> None:
        """Not before the platform has seen the truck here, as a driver sees on the phone; but one
        that stood here already is not seen arriving, and goes on after a while."""
        stop = str(job.stop)
        waited_ms = self._world.now_ms - (job.ready_ms or 0)
        if stop == HANDOVER:
            job.finished.add(stop)
            return
        (at,) = (one for one in leg["stops"] if one["stop"] == stop)
        if at["arrived"] is None and waited_ms < self._rules.unseen_minutes * 60_000:
            return
        (kind,) = (one["kind"] for one in booking["stops"] if one["id"] == stop)
        if kind == "pickup" or (is_ours and await self._proves(job, leg, stop)):
            job.finished.add(stop)
        else:
            job.ready_ms = self._world.now_ms + round(self._rules.unseen_minutes * 60_000)

    async def _proves(self, job: Job, leg: dict[str, Any], stop: str) -> bool:
        parties = self._parties
        who = parties.dispatcher
        if leg["carrier"] == parties.carrier.client_id:
            who = parties.carrier
        code = await self._code(job.booking, job.leg, stop)
        body = {"leg": job.leg, "stop": stop, "kind": "signature", "receiver": "The storekeeper"}
        if code is not None:
            body |= {"kind": "otp", "code": code}
        path = f"/v1/bookings/{job.booking}/proofs"
        return await parties.tell(who, "delivered", path, **body) is not None

    async def _is_broken(self, job: Job, leg: dict[str, Any]) -> bool:
        world, rules = self._world, self._rules
        if job.breaks_ms is None or world.now_ms < job.breaks_ms or world.has_come(job.row):
            return False
        if job.broke_ms is None:
            job.broke_ms = world.now_ms
            world.hold(job.row, self._minutes(job, "repair", rules.breakdown_minutes))
            self._parties.counts["broken down"] += 1
        late_ms = world.now_ms - job.broke_ms
        if not job.is_helped and late_ms >= rules.help_after_s * 1000:
            job.is_helped = True
            await self._send_help(job, leg)
        return not bool(world.driving[job.row])

    async def _send_help(self, job: Job, leg: dict[str, Any]) -> None:
        """The dispatcher asks the nearest trucks that can take the load over; else it waits."""
        lat, lon = self._place(job.row)
        parties, where = self._parties, {"lat": lat, "lon": lon}
        path = f"/v1/bookings/{job.booking}/swap"
        for row in self._helpers(leg["weight_kg"], lat, lon)[: self._rules.helpers_max]:
            body = {"leg": job.leg, "truck": self._trucks[row].id, "reason": "breakdown"}
            if await parties.tell(parties.dispatcher, "swapped", path, **body, **where) is not None:
                self._handovers[job.booking, job.leg] = where
                return

    def _helpers(self, weight_kg: int, lat: float, lon: float) -> list[int]:
        free = np.flatnonzero(~self._world.on_errand).tolist()
        able = [row for row in free if self._trucks[row].truck_class.payload_kg >= weight_kg]

        def far_m(row: int) -> float:
            at_lat, at_lon = self._place(row)
            return float(haversine_m(lat, lon, at_lat, at_lon))

        near = {row: far_m(row) for row in able}
        most_m = self._rules.help_km_max * 1000.0
        return sorted((row for row in able if near[row] <= most_m), key=near.__getitem__)

    def _place(self, row: int) -> tuple[float, float]:
        at = self._world.places(np.array([row]), np.zeros(1))
        return round(float(at.lat[0]), 6), round(float(at.lon[0]), 6)

    def _rng(self, job: Job, what: str) -> random.Random:
        return random.Random(f"{what} {job.booking} {job.leg} {self._trucks[job.row].id}")

    def _happens(self, job: Job, what: str, share: float) -> bool:
        return chance(f"{what}? {job.booking} {job.leg} {self._trucks[job.row].id}", share)

    def _minutes(self, job: Job, what: str, minutes: Spans) -> int:
        least, most = minutes
        return span(self._rng(job, what), (60.0 * least, 60.0 * most))
