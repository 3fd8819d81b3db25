"""What somebody sees who opens a link: the truck only while it has the goods aboard."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from actors.booking_journeys import turn_of
from actors.handles import ActorAwayError
from actors.life import now_ms
from config.policy import Policy
from freight.booking.state import Booking, Leg
from freight.load import Stop
from freight.sharing import shown
from freight.sharing.shown import Phase, StopSeen
from freight.sharing.words import WORDS, Language
from freight.tracking.machines.promise import Expected
from freight.tracking.names import TruckName
from geo.hexagons import neighbourhood
from geo.polyline import decode
from serve.bookings.reading import standing
from serve.gateway import Gateway
from serve.origin import masked
from serve.problems import NotFoundError
from serve.request_record import current
from serve.routes.lines import PRECISION
from serve.sharing.service import digest_of
from serve.sharing.wire import PointOut, SharedOut, SharedStop, SharedTruck
from store import fixes, routes, sharing, trucks
from store.booking_journeys import name_of
from store.errors import NotFoundError as MissingError
from store.fixes import StoredFix
from store.postgres import AnyConnection, as_tenant, moment
from store.sharing import Share

GONE = WORDS[Language.ENGLISH]["gone"]
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_DIGITS = 5
MS = 1000


@dataclass(frozen=True, slots=True)
class _Looking:
    """At which booking, by which link."""

    gateway: Gateway
    tenant: str
    tenant_key: int
    booking: Booking
    share: Share
    policy: Policy
    names: Mapping[str, str | None]  # what stands on the trucks' plates


async def view(gateway: Gateway, token: str, form: str, language: Language | None) -> SharedOut:
    """NotFoundError for any link that is not good, for whatever reason."""
    tenant_key, tenant, share_id = await _whose(gateway, token)
    now = datetime.now(UTC)
    record = current()
    origin = None if record is None else masked(record.origin)
    async with gateway.turns, as_tenant(gateway.app_pool, tenant_key) as conn:
        share = await sharing.good(conn, share_id, now)
        if share is None:
            raise NotFoundError(GONE)
        await sharing.note_access(conn, tenant_key, share.id, now, form, origin)
        booking = await standing(conn, share.booking)
        legs = shown.carrying(booking)
        policy = gateway.settings.of(tenant)
        may = [leg for leg in legs if await _may_be_followed(conn, booking, leg, policy)]
        names = await _names(conn, may)
        line = await _line(conn, booking, may, share, policy)
    looking = _Looking(gateway, tenant, tenant_key, booking, share, policy, names)
    seen = [await _seen(looking, leg) for leg in may]
    return _shown(looking, seen, line, language, is_withheld=len(may) < len(legs))


async def _whose(gateway: Gateway, token: str) -> sharing.Found:
    if _TOKEN.fullmatch(token) is None:
        raise NotFoundError(GONE)
    async with gateway.system_pool.acquire() as conn:
        found = await sharing.whose(conn, digest_of(token))
    if found is None or found.tenant_key in gateway.tenants.closed:
        raise NotFoundError(GONE)
    return found


async def _may_be_followed(conn: AnyConnection, booking: Booking, leg: Leg, policy: Policy) -> bool:
    carriage = leg.carriage
    if carriage is None:
        return False
    drivers = [] if carriage.driver is None else [carriage.driver]
    carriers = [] if carriage.carrier is None else [carriage.carrier]
    said = await sharing.last_said(conn, drivers, carriers)
    words = [shown.Consent(one.agreed, one.shipper) for one in said]
    is_required = policy.sharing.consent_required
    return shown.may_be_followed(words, booking.shipper, is_required=is_required)


async def _names(conn: AnyConnection, legs: Sequence[Leg]) -> dict[str, str | None]:
    """What stands on the trucks' plates."""
    ids = [leg.carriage.truck for leg in legs if leg.carriage is not None]
    return await trucks.registrations(conn, ids)


async def _line(
    conn: AnyConnection, booking: Booking, legs: Sequence[Leg], share: Share, policy: Policy
) -> list[tuple[float, float]]:
    """The route of the first truck that has one, in a few points; none while it is coarse."""
    if share.coarse:
        return []
    for leg in legs:
        try:
            route = await routes.get(conn, name_of(booking.id, leg.id, turn_of(leg)))
        except MissingError:
            continue
        points = decode(route.line, PRECISION)
        step = max(1, -(-len(points) // policy.sharing.route_points_max))
        few = [*points[::step].tolist(), points[-1].tolist()]
        return [(round(lat, _DIGITS), round(lon, _DIGITS)) for lat, lon in few]
    return []


async def _seen(at: _Looking, leg: Leg) -> SharedTruck:
    truck = leg.carriages[-1].truck
    async with at.gateway.one_question() as conn:
        fix = await fixes.last_fix_of(conn, at.tenant_key, truck)
    fix = fix if fix is not None and _may_be_shown(fix, leg, at.policy) else None
    expected = await _expected(at, leg, truck)
    point, radius_m = (None, None) if fix is None else _place(at, fix.lat, fix.lon)
    return SharedTruck(
        registration=None if at.share.coarse else at.names.get(truck),
        point=point,
        radius_m=radius_m,
        seen_at=None if fix is None else moment(fix.ts_ms),
        eta_from=None if expected is None else moment(expected.p50_ms),
        eta_likely=None if expected is None else moment(expected.p80_ms),
        eta_to=None if expected is None else moment(expected.p95_ms),
    )


def _may_be_shown(fix: StoredFix, leg: Leg, policy: Policy) -> bool:
    """Where it was before the goods were aboard is nobody's business, and old news mislead."""
    loaded = [visit.done.at_ms for visit in leg.stops.values() if visit.done is not None]
    age_ms = now_ms() - fix.ts_ms
    is_new = age_ms <= policy.sharing.position_age_s_max * MS
    return is_new and bool(loaded) and fix.ts_ms >= min(loaded)


def _place(at: _Looking, lat: float, lon: float) -> tuple[PointOut, float | None]:
    if not at.share.coarse:
        return PointOut(lat=round(lat, _DIGITS), lon=round(lon, _DIGITS)), None
    lat, lon, radius_m = neighbourhood(lat, lon, at.policy.sharing.coarse_resolution)
    return PointOut(lat=round(lat, _DIGITS), lon=round(lon, _DIGITS)), round(radius_m)


async def _expected(at: _Looking, leg: Leg, truck: str) -> Expected | None:
    """Of the journey that is this leg's, and of no other that the truck may be on."""
    entry = at.gateway.directory.by_name.get((at.tenant, truck))
    if entry is None:
        return None
    try:
        seen = await at.gateway.actors.progress(TruckName(at.tenant, truck), entry.truck_key)
    except ActorAwayError:
        return None
    own = name_of(at.booking.id, leg.id, turn_of(leg))
    return None if seen is None or seen.journey != own else seen.expected


def _shown(
    at: _Looking,
    seen: Sequence[SharedTruck],
    line: list[tuple[float, float]],
    language: Language | None,
    *,
    is_withheld: bool,
) -> SharedOut:
    booking, phase = at.booking, shown.phase_of(at.booking)
    spoken = language or Language(at.share.language)
    delivered_ms = shown.delivered_ms(booking)
    visits = {visit.stop: visit for visit in shown.stops_seen(booking)}
    return SharedOut(
        phase=phase,
        title=WORDS[spoken][phase.value],
        reference=booking.id,
        material=booking.load.material,
        language=spoken,
        coarse=at.share.coarse,
        stops=[_stop(at, stop, visits[stop.id]) for stop in booking.load.stops],
        trucks=list(seen) if phase is Phase.ABOARD else [],
        delivered_at=None if delivered_ms is None else moment(delivered_ms),
        withheld=is_withheld,
        route=line if phase is Phase.ABOARD else [],
        generated_at=moment(now_ms()),
        refresh_s=at.policy.sharing.refresh_s,
    )


def _stop(at: _Looking, stop: Stop, visit: StopSeen) -> SharedStop:
    point, _ = _place(at, stop.place.lat, stop.place.lon)
    return SharedStop(
        kind=stop.kind.value,
        name=stop.place.name,
        point=point,
        arrived_at=None if visit.arrived_ms is None else moment(visit.arrived_ms),
        done_at=None if visit.done_ms is None else moment(visit.done_ms),
    )
