"""The simulated fleet on the roads: every truck a row, moved on in equal steps of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from config.sections.simulation import Simulation
from geo.point import haversine_m
from geo.roads import Leg, RoadGraph
from sim.errands import Here, Spot, way_to
from sim.journeys import RECURRING, HaltKind, Planner
from sim.lanes import Trip
from sim.tracks import Bools, Floats, Ints, Place, Tracks, moved

# fixed: the roads are India's, and so is their night
IST_OFFSET_MS = 19_800_000  # Indian Standard Time is UTC + 5:30
HOUR_MS = 3_600_000
DAY_HOURS = 24
# So close before its halt a truck stands.
ARRIVED_M = 2.0
# A truck turns into its yard over this distance.
YARD_TURN_M = 600.0
# Farther from every road than this, a position is not one that this world has sent.
OFF_ROAD_M_MAX = 1000.0  # fixed: the road data's own exactness
UNTIL_TOLD_MS = 2**60  # fixed: no clock comes there


@dataclass(frozen=True, slots=True)
class LastKnown:
    """Where the platform last saw a truck, so that a new run can go on from there."""

    lat: float
    lon: float
    heading_deg: float | None = None
    odometer_km: float | None = None
    fuel_pct: float | None = None


class World:
    """Pure and seeded: the same arguments give the same fleet, step by step, on any machine."""

    def __init__(
        self, graph: RoadGraph, policy: Simulation, *, trucks: int, seed: int, start_ms: int
    ) -> None:
        self.graph = graph
        self.tracks = Tracks(graph)
        self.now_ms = start_ms
        self._policy = policy
        self._rng = np.random.default_rng([seed, 1])
        self.planner = Planner(graph, policy, np.random.default_rng([seed, 2]))
        self.edge: Ints = np.zeros(trucks, dtype=np.int64)
        self.forward: Bools = np.zeros(trucks, dtype=bool)
        self.along_m: Floats = np.zeros(trucks)  # since the beginning of the edge
        self.speed_mps: Floats = np.zeros(trucks)
        self.halt_m: Floats = np.full(trucks, np.inf)
        self.halt: Ints = np.zeros(trucks, dtype=np.int64)  # HaltKind it drives to or stands at
        self.standing_until_ms: Ints = np.zeros(trucks, dtype=np.int64)  # 0: it drives
        self.driven_m: Floats = self._rng.uniform(20e6, 600e6, trucks)
        self.fuel_l: Floats = policy.gps.tank_l * self._rng.uniform(0.5, 0.95, trucks)
        self._first_leg: Bools = np.zeros(trucks, dtype=bool)
        self._last_leg: Bools = np.zeros(trucks, dtype=bool)
        self._legs: list[tuple[Leg, ...]] = [()] * trucks
        self._leg_no: Ints = np.zeros(trucks, dtype=np.int64)
        self.trips: Ints = np.zeros(trucks, dtype=np.int64)  # how many it has set out on
        self.on_errand: Bools = np.zeros(trucks, dtype=bool)
        self._ends_m: Floats = np.full(trucks, np.inf)  # on the last leg, if before its end
        self._due_m: dict[HaltKind, Floats] = {kind: np.zeros(trucks) for kind in RECURRING}
        driving = policy.driving
        self._pace = 1.0 + driving.pace_spread * np.clip(self._rng.normal(size=trucks), -2, 2)
        self._wander: Floats = self._rng.normal(size=trucks)
        yard_m = driving.yard_offset_m_max * np.sqrt(self._rng.uniform(size=trucks))
        yard_angle = self._rng.uniform(0, 2 * np.pi, trucks)
        self._yard_north_m, self._yard_east_m = (
            yard_m * np.cos(yard_angle),
            yard_m * np.sin(yard_angle),
        )
        for truck in range(trucks):
            self._put_on_the_road(truck)

    def __len__(self) -> int:
        return len(self.edge)

    @property
    def driving(self) -> Bools:
        return np.equal(self.standing_until_ms, 0)

    def step(self, step_s: float) -> None:
        for truck in np.flatnonzero(
            (self.standing_until_ms > 0) & (self.standing_until_ms <= self.now_ms)
        ).tolist():
            self._depart(truck)
        self._drive(step_s)
        self.now_ms += round(step_s * 1000)
        arrived = self.driving & (self.halt_m - self.along_m <= ARRIVED_M)
        for truck in np.flatnonzero(arrived).tolist():
            self._arrive(truck)
        over = self.driving & (self.along_m >= self.tracks.length_m[self.edge])
        for truck in np.flatnonzero(over).tolist():
            self._next_leg(truck)

    def places(self, trucks: Ints, ahead_s: Floats) -> Place:
        """Where these trucks truly are, each so many seconds after the last step."""
        edge, forward = self.edge[trucks], self.forward[trucks]
        along_m = self.along_m[trucks] + self.speed_mps[trucks] * ahead_s
        along_m = np.minimum(along_m, np.minimum(self.halt_m[trucks], self.tracks.length_m[edge]))
        road = self.tracks.locate(edge, forward, along_m)
        left = np.radians(road.heading_deg - 90.0)
        lane_m = self._policy.driving.lane_offset_m
        from_yard_m = np.where(self._first_leg[trucks], along_m, np.inf)
        to_yard_m = np.where(self._last_leg[trucks], self.tracks.length_m[edge] - along_m, np.inf)
        near = np.clip(1.0 - np.minimum(from_yard_m, to_yard_m) / YARD_TURN_M, 0.0, 1.0)
        near = near * near * (3.0 - 2.0 * near)
        north_m = lane_m * np.cos(left) + near * self._yard_north_m[trucks]
        east_m = lane_m * np.sin(left) + near * self._yard_east_m[trucks]
        lat, lon = moved(road.lat, road.lon, north_m, east_m)
        return Place(lat, lon, road.heading_deg)

    def resume(self, truck: int, known: LastKnown) -> None:
        """Put a truck where it was last seen, in the direction it had, on a new trip."""
        edge_no, drawn_m, off_m = self.tracks.nearest(known.lat, known.lon)
        if off_m > OFF_ROAD_M_MAX:
            return
        self._keep_odometer(truck, known)
        self._go_on(truck, edge_no, self._is_forward(edge_no, drawn_m, known.heading_deg), drawn_m)

    def spot(self, lat: float, lon: float) -> Spot | None:
        """Where trucks stop for this place; None: it is too far from every road."""
        town = self.graph.nearest_town(lat, lon)
        at = self.graph.towns[town]
        edge, drawn_m, off_m = self.tracks.nearest(lat, lon)
        if float(haversine_m(at.lat, at.lon, lat, lon)) <= self._policy.setup.depot_radius_m:
            return Spot(edge, drawn_m, town)
        return None if off_m > OFF_ROAD_M_MAX else Spot(edge, drawn_m)

    def send(self, truck: int, spot: Spot) -> bool:
        """It drives there and stays until it is sent on or released; False: no road leads there."""
        edge, forward = self.graph.edges[int(self.edge[truck])], bool(self.forward[truck])
        here = Here(edge, forward, float(self.along_m[truck]))
        way = way_to(self.graph, self.planner.ways_from, here, spot)
        if way is None:
            return False
        first = way.legs[0]
        stays_on = (first.edge.index, first.forward) == (edge.index, forward)
        from_yard = bool(self._first_leg[truck]) if stays_on else way.along_m <= 0.0
        if not stays_on:
            self.speed_mps[truck] = 0.0
        self.standing_until_ms[truck] = 0
        self._legs[truck] = way.legs
        self._ends_m[truck] = np.inf if way.ends_m is None else way.ends_m
        self.on_errand[truck] = True
        self.trips[truck] += 1
        self._take_leg(truck, 0, way.along_m)
        self._first_leg[truck] = from_yard
        return True

    def has_come(self, truck: int) -> bool:
        """Whether it stands where it was sent."""
        return bool(self.on_errand[truck]) and int(self.standing_until_ms[truck]) == UNTIL_TOLD_MS

    def hold(self, truck: int, for_ms: int) -> None:
        """It stands where it is for so long, for whatever reason, and then goes on."""
        if self.has_come(truck):
            return
        self.halt[truck], self.speed_mps[truck] = HaltKind.REST, 0.0
        until_ms = max(int(self.standing_until_ms[truck]), self.now_ms + for_ms)
        self.standing_until_ms[truck] = until_ms

    def release(self, truck: int) -> None:
        """It is its own master again, and goes where it likes."""
        if self.has_come(truck):
            self.standing_until_ms[truck] = max(self.now_ms, 1)
        elif np.isfinite(self._ends_m[truck]):
            self._ends_m[truck] = np.inf
            if self.driving[truck]:
                self._plan_halt(truck)
        self.on_errand[truck] = False

    def _go_on(self, truck: int, edge_no: int, forward: bool, drawn_m: float) -> None:
        """On a new trip from somewhere on a road."""
        edge = self.graph.edges[edge_no]
        onward = self.planner.trip(edge.end if forward else edge.start).legs
        if onward[0].edge.index == edge_no:  # the way leads back: the truck turns round here
            legs, forward = onward, not forward
        else:
            legs = (Leg(edge, forward), *onward)
        self.standing_until_ms[truck], self.speed_mps[truck] = 0, 0.0
        self._legs[truck], self._ends_m[truck] = legs, np.inf
        self.trips[truck] += 1
        along_m = drawn_m if forward else edge.length_m - drawn_m
        self._take_leg(truck, 0, min(along_m, edge.length_m - 2.0 * ARRIVED_M))
        self._first_leg[truck] = False  # it does not come out of a yard

    def _is_forward(self, edge: int, drawn_m: float, heading_deg: float | None) -> bool:
        if heading_deg is None:
            return True
        road = self.tracks.locate(np.array([edge]), np.array([True]), np.array([drawn_m]))
        return bool(np.cos(np.radians(road.heading_deg[0] - heading_deg)) >= 0.0)

    def _keep_odometer(self, truck: int, known: LastKnown) -> None:
        if known.odometer_km is not None:
            driven_m = known.odometer_km * 1000.0
            for due_m in self._due_m.values():
                due_m[truck] += driven_m - self.driven_m[truck]
            self.driven_m[truck] = driven_m
        if known.fuel_pct is not None:
            self.fuel_l[truck] = known.fuel_pct / 100.0 * self._policy.gps.tank_l

    def _drive(self, step_s: float) -> None:
        rule = self._policy.driving
        memory = np.exp(-step_s / rule.wander_memory_s)
        fresh = self._rng.normal(size=len(self))
        self._wander = memory * self._wander + np.sqrt(1 - memory**2) * fresh
        wanted = self.tracks.truck_mps[self.edge] * self._pace * self._night_pace()
        wanted = wanted * (1.0 + rule.wander * np.clip(self._wander, -2, 2))
        to_town_m = np.minimum(self.along_m, self.tracks.length_m[self.edge] - self.along_m)
        wanted = np.where(to_town_m < rule.town_radius_m, wanted * rule.town_pace, wanted)
        to_halt_m = np.maximum(self.halt_m - self.along_m, 0.0)
        wanted = np.minimum(wanted, np.sqrt(2.0 * rule.braking_mps2 * to_halt_m))
        wanted = np.minimum(wanted, rule.speed_kmh_max / 3.6)
        slowest = np.maximum(self.speed_mps - 2.0 * rule.braking_mps2 * step_s, 0.0)
        speed = np.clip(wanted, slowest, self.speed_mps + rule.acceleration_mps2 * step_s)
        self.speed_mps = np.where(self.driving, speed, 0.0)
        driven_m = np.minimum(self.speed_mps * step_s, to_halt_m)
        self.along_m = self.along_m + driven_m
        self.driven_m = self.driven_m + driven_m
        litres_per_m = self._policy.gps.consumption_l_per_100km / 100_000.0
        self.fuel_l = np.maximum(self.fuel_l - driven_m * litres_per_m, 0.0)

    def _night_pace(self) -> float:
        rule = self._policy.driving
        hour = (self.now_ms + IST_OFFSET_MS) // HOUR_MS % DAY_HOURS
        night_hours = (rule.night_to_hour - rule.night_from_hour) % DAY_HOURS
        is_night = (hour - rule.night_from_hour) % DAY_HOURS < night_hours
        return rule.night_pace if is_night else 1.0

    def _put_on_the_road(self, truck: int) -> None:
        """At the start the fleet is under way: most trucks somewhere on a trip, some loading."""
        for kind in RECURRING:
            share = self._rng.uniform(0.05, 1.0)
            self._due_m[kind][truck] = self.driven_m[truck] + share * self.planner.metres_until(
                kind
            )
        self._set_out(truck, self.planner.home())
        if self._rng.uniform() < self._policy.trips.loading_share_at_start:
            self._stand(truck, HaltKind.DEPOT, share=float(self._rng.uniform(0.1, 1.0)))
            return
        legs = self._legs[truck]
        to_go_m = self._rng.uniform() * sum(leg.edge.length_m for leg in legs)
        leg_no = 0
        while leg_no < len(legs) - 1 and to_go_m > legs[leg_no].edge.length_m:
            to_go_m -= legs[leg_no].edge.length_m
            leg_no += 1
        self._take_leg(truck, leg_no, min(to_go_m, legs[leg_no].edge.length_m * 0.95))
        self.speed_mps[truck] = 0.7 * self.tracks.truck_mps[self.edge[truck]]

    def trip(self, truck: int) -> Trip:
        legs, leg_no = self._legs[truck], int(self._leg_no[truck])
        before_m = sum(leg.edge.length_m for leg in legs[:leg_no])
        ends_m = float(self._ends_m[truck])
        return Trip(
            legs, before_m + float(self.along_m[truck]), ends_m if np.isfinite(ends_m) else None
        )

    def _set_out(self, truck: int, town: int) -> None:
        self._legs[truck], self._ends_m[truck] = self.planner.trip(town).legs, np.inf
        self.trips[truck] += 1
        self._take_leg(truck, 0, 0.0)

    def _take_leg(self, truck: int, leg_no: int, along_m: float) -> None:
        leg = self._legs[truck][leg_no]
        self._leg_no[truck] = leg_no
        self.edge[truck], self.forward[truck] = leg.edge.index, leg.forward
        self.along_m[truck] = along_m
        self._first_leg[truck] = leg_no == 0
        self._last_leg[truck] = leg_no == len(self._legs[truck]) - 1
        self._plan_halt(truck)

    def _plan_halt(self, truck: int) -> None:
        due_m = {k: float(self._due_m[k][truck] - self.driven_m[truck]) for k in RECURRING}
        leg = self._legs[truck][self._leg_no[truck]]
        end_m = min(leg.edge.length_m, float(self._ends_m[truck]))
        self.halt_m[truck], self.halt[truck] = self.planner.next_halt(
            leg,
            float(self.along_m[truck]),
            end_m=end_m if self._last_leg[truck] else None,
            until_due_m=due_m,
        )

    def _next_leg(self, truck: int) -> None:
        beyond_m = float(self.along_m[truck] - self.tracks.length_m[self.edge[truck]])
        self._take_leg(truck, int(self._leg_no[truck]) + 1, beyond_m)

    def _arrive(self, truck: int) -> None:
        kind = HaltKind(int(self.halt[truck]))
        if kind is HaltKind.DEPOT and self.on_errand[truck]:
            self.speed_mps[truck], self.standing_until_ms[truck] = 0.0, UNTIL_TOLD_MS
            return
        self._stand(truck, kind)
        if kind is HaltKind.FUEL:
            self.fuel_l[truck] = 0.95 * self._policy.gps.tank_l
        if kind in self._due_m:
            self._due_m[kind][truck] = self.driven_m[truck] + self.planner.metres_until(kind)

    def _stand(self, truck: int, kind: HaltKind, share: float = 1.0) -> None:
        self.halt[truck] = kind
        self.speed_mps[truck] = 0.0
        for_ms = round(share * self.planner.minutes_at(kind) * 60_000)
        self.standing_until_ms[truck] = self.now_ms + max(for_ms, 1)

    def _depart(self, truck: int) -> None:
        self.standing_until_ms[truck] = 0
        at_the_end = self._last_leg[truck] and self.along_m[truck] > 0.0
        if self.halt[truck] == HaltKind.DEPOT and at_the_end:
            leg = self._legs[truck][-1]
            if np.isfinite(self._ends_m[truck]):
                length_m, along_m = leg.edge.length_m, float(self.along_m[truck])
                drawn_m = along_m if leg.forward else length_m - along_m
                self._go_on(truck, leg.edge.index, leg.forward, drawn_m)
                return
            self._set_out(truck, leg.edge.end if leg.forward else leg.edge.start)
        else:
            self._plan_halt(truck)
