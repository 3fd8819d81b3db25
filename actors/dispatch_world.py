"""The world as dispatching sees it, put together from what is stored and what shards know."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, date, datetime

import msgspec

from actors.dispatch_zones import Zones
from config.policy import Policy
from freight.booking.state import Booking, Leg, Status
from freight.dispatch.backhaul import finishing
from freight.dispatch.offer_state import LegOffers, OfferState
from freight.dispatch.rules import TravelRules
from freight.dispatch.world import FreeTruck, WaitingLeg
from freight.fleet.classes import payload_kg
from freight.fleet.duty import Spans, hours
from freight.fleet.kyc import KycState, standing_faults
from freight.fleet.papers import PERMITS, PaperRules, PapersHeld
from freight.fleet.ratings import Counts, rating
from freight.fleet.ties import Ties
from freight.fleet.zones import entry_faults, stop_faults
from freight.load import Place, Stop
from freight.tracking.columns import LastArray
from geo.point import haversine_m
from store.dispatch import Engaged, Waiting
from store.fleet_board import BoardTruck

HAZARDOUS = "hazardous"
MS_PER_MINUTE = 60_000
MS_PER_HOUR = 3_600_000
NEVER_ENDS_MS = 2**53  # fixed: later than any paper
# The truck has the load aboard and goes where it will be empty.
_FINISHING = frozenset({Status.IN_TRANSIT, Status.AT_DROP})


@dataclasses.dataclass(frozen=True, slots=True)
class WaitingNow:
    """A leg that waits, with what was asked for it so far."""

    leg: WaitingLeg
    offers: LegOffers


UNSERVED = 1  # the zone that every truck is barred from


def class_zones(board: Iterable[BoardTruck]) -> dict[str, int]:
    """For trucks of each class a zone of its own: all that is closed to them."""
    classes = sorted({truck.truck_class or "" for truck in board})
    return {name: UNSERVED << nr for nr, name in enumerate(classes, start=1)}


@dataclasses.dataclass(frozen=True, slots=True)
class Bars:
    """Who may not, and where nobody may; see class_zones for `closed_to`."""

    ties: Ties
    zones: Zones
    closed_to: Mapping[str, int]


def waiting_legs(
    found: Iterable[Waiting], bars: Bars, policy: Policy, now_ms: int
) -> list[WaitingNow]:
    decode = msgspec.json.Decoder(Booking).decode
    of_offers = msgspec.json.Decoder(LegOffers).decode
    out = []
    for one in found:
        booking = decode(one.state)
        leg = booking.leg(one.leg)
        if leg is None:
            continue
        empty = LegOffers(booking=one.booking, leg=one.leg)
        offers = empty if one.offers is None else of_offers(one.offers)
        declined = [each.asked for each in offers.offers if each.state is OfferState.DECLINED]
        travel = policy.dispatch.travel
        stops = booking.stops_of(leg) or booking.load.stops
        waiting = msgspec.structs.replace(
            _waiting(booking, leg, bars.ties, travel),
            standing=_standing(offers),
            zones=_zones_of(stops, bars, travel, now_ms),
            declined_trucks=frozenset(each.truck for each in declined if each.truck is not None),
            declined_carriers=frozenset(
                each.carrier for each in declined if each.carrier is not None
            ),
        )
        out.append(WaitingNow(waiting, offers))
    return out


def _standing(offers: LegOffers) -> str | None:
    """The truck that its only open offer suggests: a plan keeps it unless another is better.

    What a person has offered is no plan's to turn over.
    """
    asked = [each.asked for each in offers.open]
    return (
        asked[0].truck if len(asked) == 1 and not (asked[0].bidding or asked[0].by_hand) else None
    )


def _zones_of(stops: Sequence[Stop], bars: Bars, travel: TravelRules, now_ms: int) -> int:
    zones = bars.zones
    faults = (
        stop_faults(each.stop, each.kind, each.fences, zones.rules) for each in zones.at(stops)
    )
    mask = UNSERVED if any(faults) else 0
    passages = zones.passages(stops, travel)
    for truck_class, bit in bars.closed_to.items() if passages else ():
        departs_ms = zones.departure_ms(stops, passages, truck_class, now_ms)
        mask |= bit if entry_faults(passages, truck_class, departs_ms) else 0
    return mask


def _waiting(booking: Booking, leg: Leg, ties: Ties, travel: TravelRules) -> WaitingLeg:
    load = booking.load
    stops = booking.stops_of(leg) or load.stops
    first, last = stops[0], stops[-1]
    return WaitingLeg(
        booking=booking.id,
        leg=leg.id,
        lat=first.place.lat,
        lon=first.place.lon,
        drop_lat=last.place.lat,
        drop_lon=last.place.lon,
        weight_kg=leg.weight_kg,
        trip_km=trip_km([stop.place for stop in stops], travel),
        waiting_since_ms=leg.since_ms,
        from_ms=first.window.from_ms,
        to_ms=first.window.to_ms,
        classes=None if load.truck_class is None else frozenset({load.truck_class}),
        bodies=None if load.body is None else frozenset({load.body}),
        # What trucks are equipped with nobody has said: handling needs are told, not matched.
        hazardous=HAZARDOUS in load.handling,
        shipper=booking.shipper,
        exclusive=ties.exclusive_to(booking.shipper),
        blocked=ties.kept_from(booking.shipper),
    )


def trip_km(places: list[Place], travel: TravelRules) -> float:
    """By road, as far as that is known without asking a router."""
    metres = sum(
        float(haversine_m(a.lat, a.lon, b.lat, b.lon)) for a, b in itertools.pairwise(places)
    )
    return metres / 1000.0 * travel.road_factor


# --------------------------------------------------------------------------------------- trucks


@dataclasses.dataclass(frozen=True, slots=True)
class OfLate:
    """What changes slowly and costs much to count: looked up now and then."""

    minutes_left: Mapping[int, int]  # by truck key, of drivers who drove of late
    rested_minutes: int  # of those who did not
    ratings: Mapping[str, float]  # by carrier, of those of whom something was seen


def of_late(
    driven: Mapping[int, Spans], counts: Mapping[str, Counts], policy: Policy, now_ms: int
) -> OfLate:
    duty, best = policy.fleet.duty, policy.dispatch.costs.rating_best
    return OfLate(
        {key: hours(spans, duty, now_ms).left_ms // MS_PER_MINUTE for key, spans in driven.items()},
        hours((), duty, now_ms).left_ms // MS_PER_MINUTE,
        {
            carrier: best * rating(seen, policy.fleet.ratings).score
            for carrier, seen in counts.items()
        },
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Fleet:
    """What is known of a tenant's trucks besides where they are."""

    board: list[BoardTruck]
    engaged: list[Engaged]
    last_loads: Mapping[int, int]
    closed_to: Mapping[str, int]
    of_late: OfLate
    silent: Set[int]  # keys of those out of reach


def free_trucks(fleet: Fleet, positions: LastArray, policy: Policy, now_ms: int) -> list[FreeTruck]:
    """Of trucks that nobody has ever heard of nothing is known: they are nowhere near."""
    seen = {
        key: (ts_ms, lat, lon)
        for key, ts_ms, lat, lon in zip(
            *(positions[name].tolist() for name in ("truck_key", "ts_ms", "lat", "lon")),
            strict=True,
        )
    }
    promises: dict[int, list[Engaged]] = {}
    for one in fleet.engaged:
        promises.setdefault(one.truck_key, []).append(one)
    driving = _drivers_promised(promises)
    classes = policy.fleet.classes.by_code()
    out = []
    for truck in fleet.board:
        if truck.key not in seen:
            continue
        law = policy.fleet.classes.legal_weights.at(day_of(now_ms))
        carries = payload_kg(
            classes.get(truck.truck_class or ""),
            rc_payload_kg=truck.payload_kg,
            rc_gvw_kg=truck.gvw_kg,
            capacity_t=truck.capacity_t,
            law=law,
        )
        ts_ms, lat, lon = seen[truck.key]
        free = _free(truck, carries or 0, (ts_ms, lat, lon), policy, now_ms)
        free = msgspec.structs.replace(
            free,
            driver_minutes_left=_minutes_left(truck, fleet.of_late),
            rating=fleet.of_late.ratings.get(truck.carrier or ""),
            last_load_ms=fleet.last_loads.get(truck.key),
            online=truck.key not in fleet.silent,
            barred_zones=UNSERVED | fleet.closed_to.get(free.truck_class, 0),
            # Whoever is to drive another truck cannot drive this one.
            promised=bool(driving.get(truck.driver or "", set()) - {truck.key}),
        )
        out.append(_with_promises(free, promises.get(truck.key, []), policy, now_ms))
    return out


def _drivers_promised(promises: Mapping[int, list[Engaged]]) -> dict[str, set[int]]:
    """Drivers who count as promised, with the trucks that they are promised with."""
    found: dict[str, set[int]] = {}
    for truck_key, of_truck in promises.items():
        for one in of_truck:
            if one.driver is not None:
                found.setdefault(one.driver, set()).add(truck_key)
    return found


def day_of(now_ms: int) -> date:
    return datetime.fromtimestamp(now_ms / 1000.0, UTC).date()


def _free(
    truck: BoardTruck,
    carries_kg: int,
    seen: tuple[int, float, float],
    policy: Policy,
    now_ms: int,
) -> FreeTruck:
    today = day_of(now_ms)
    ts_ms, lat, lon = seen
    home = truck.home or (None, None)
    return FreeTruck(
        key=truck.key,
        id=truck.id,
        truck_class=truck.truck_class or "",
        body=truck.body or "",
        payload_kg=carries_kg,
        lat=lat,
        lon=lon,
        seen_ms=ts_ms,
        carrier=truck.carrier,
        papers_until_ms=papers_until_ms(truck.papers, policy.fleet.papers),
        hazardous=truck.hazardous_until is not None and truck.hazardous_until >= today,
        driver=truck.driver,
        home_lat=home[0],
        home_lon=home[1],
        available=truck.on_duty is not False,
        cleared=_is_cleared(truck, policy, today),
    )


def papers_until_ms(papers: PapersHeld, rules: PaperRules) -> int | None:
    """Until the first of its papers ends; None: one that must be on record is not."""
    required = rules.required
    if required - PERMITS - papers.kinds or (required & PERMITS and not papers.kinds & PERMITS):
        return None
    permits = [end for end in (papers.national_until, papers.state_until) if end is not None]
    ends = [end for end in (papers.until, max(permits, default=None)) if end is not None]
    if not ends:
        return NEVER_ENDS_MS
    last = min(ends)
    return int(datetime(last.year, last.month, last.day, tzinfo=UTC).timestamp() * 1000)


def _minutes_left(truck: BoardTruck, of_late: OfLate) -> int | None:
    """None: nobody is known to drive it, and nobody has."""
    rested = None if truck.driver is None else of_late.rested_minutes
    return of_late.minutes_left.get(truck.key, rested)


def _is_cleared(truck: BoardTruck, policy: Policy, today: date) -> bool:
    """The tenant's own trucks need no carrier's papers; a driver needs a licence."""
    if truck.licence_until is not None and truck.licence_until < today:
        return False
    if truck.carrier is None or truck.kyc_state is None:
        return True
    state = KycState(truck.kyc_state)
    return not standing_faults(state, truck.documents_until, policy.fleet.kyc, today)


def _with_promises(
    free: FreeTruck, promises: list[Engaged], policy: Policy, now_ms: int
) -> FreeTruck:
    """One that brings a load to its end may be given the next; else who is promised is promised."""
    if not promises:
        return free
    booking = msgspec.json.decode(promises[0].state, type=Booking)
    leg = booking.leg(promises[0].leg)
    if len(promises) > 1 or leg is None or leg.status not in _FINISHING:
        return msgspec.structs.replace(free, promised=True)
    travel = policy.dispatch.travel
    drop = booking.stops_of(leg)[-1].place
    km = float(haversine_m(free.lat, free.lon, drop.lat, drop.lon)) / 1000.0 * travel.road_factor
    drives_ms = 0 if leg.status is Status.AT_DROP else round(km / travel.speed_kmh * MS_PER_HOUR)
    return finishing(free, (drop.lat, drop.lon), now_ms + drives_ms, travel, now_ms)
