"""What surveys find: how things stand, as conditions that rules are held against."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import msgspec

from actors.booking_writing import TenantName
from actors.desk import WorkDesk
from actors.money.eway_counter import Counter
from actors.money.eway_facts import expected_arrival_ms
from freight.alerts.circumstances import Circumstances
from freight.alerts.kinds import Kind
from freight.alerts.signals import Condition, Place
from freight.booking.detention import clocks
from freight.booking.state import Booking
from freight.weights import debit_of
from store import alert_surveys, watch_spells
from store.alert_surveys import Standing, Whole
from store.postgres import AnyConnection

MINUTE_MS = 60_000
DAY_MS = 86_400_000

Told = tuple[TenantName, Condition]


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    conditions: list[Told]
    is_cut: bool  # there may be more


async def dues(desk: WorkDesk, conn: AnyConnection, now_ms: int) -> Found:
    limit = desk.settings.now.watch.surveys.found_max
    rows = await alert_surveys.overdue_dues(conn, now_ms, limit)
    told = [
        _told(
            Kind.PAYMENT_OVERDUE,
            row,
            Circumstances(
                booking=row.booking,
                customer=row.facts["shipper"],
                value=(now_ms - row.since_ms) // DAY_MS,
            ),
            days=(now_ms - row.since_ms) // DAY_MS,
        )
        for row in rows
    ]
    return Found(told, len(rows) == limit)


async def unheard(desk: WorkDesk, conn: AnyConnection, now_ms: int) -> Found:
    surveys = desk.settings.now.watch.surveys
    rows = await alert_surveys.unheard_trips(conn, now_ms, surveys.unheard_s, surveys.found_max)
    return Found([_told(Kind.UNTRACKED_TRIP, row) for row in rows], len(rows) == surveys.found_max)


async def late_starts(desk: WorkDesk, conn: AnyConnection, now_ms: int) -> Found:
    limit = desk.settings.now.watch.surveys.found_max
    rows = await alert_surveys.late_starts(conn, now_ms, limit)
    return Found([_told(Kind.TRIP_NOT_STARTED, row) for row in rows], len(rows) == limit)


async def blindness(desk: WorkDesk, conn: AnyConnection, now_ms: int) -> Found:
    """That we do not see is itself something that people are to know."""
    del now_ms
    limit = desk.settings.now.watch.surveys.found_max
    rows = await watch_spells.blind_tenants(conn, limit)
    told = [
        (
            TenantName(row.tenant_key, row.tenant),
            Condition(
                kind=Kind.WATCH_IMPAIRED,
                subject=f"tenants/{row.tenant}",
                since_ms=row.since_ms,
                facts={"why": row.why},
            ),
        )
        for row in rows
    ]
    return Found(told, len(rows) == limit)


# ------------------------------------------------------------------------- of whole bookings


async def detention(desk: WorkDesk, conn: AnyConnection, now_ms: int) -> Found:
    limit = desk.settings.now.watch.surveys.found_max
    rows = await alert_surveys.at_stops(conn, limit)
    return Found([told for row in rows for told in _waiting(desk, row, now_ms)], len(rows) == limit)


def _waiting(desk: WorkDesk, row: Whole, now_ms: int) -> Iterator[Told]:
    tenant = TenantName(row.tenant_key, row.tenant)
    booking = msgspec.json.decode(row.state, type=Booking)
    for clock in clocks(booking, desk.policy_of(tenant).booking_rules, now_ms):
        if clock.running_since_ms is None or clock.to_ms is not None:
            continue
        yield (
            tenant,
            Condition(
                kind=Kind.DETENTION_RUNNING,
                subject=f"bookings/{booking.id}",
                about=f"{clock.leg}/{clock.stop}",
                since_ms=clock.running_since_ms,
                facts={
                    "leg": clock.leg,
                    "stop": clock.stop,
                    "minutes": clock.minutes,
                    "charge_minor": clock.charge_minor,
                },
                around=Circumstances(booking=booking.id, leg=clock.leg, value=float(clock.minutes)),
            ),
        )


async def weights(desk: WorkDesk, conn: AnyConnection, now_ms: int) -> Found:
    surveys = desk.settings.now.watch.surveys
    since_ms = now_ms - round(surveys.weights_s * 1000)
    rows = await alert_surveys.unloaded(conn, since_ms, surveys.found_max)
    told = [each for row in rows for each in _short(desk, row, now_ms)]
    return Found(told, len(rows) == surveys.found_max)


def _short(desk: WorkDesk, row: Whole, now_ms: int) -> Iterator[Told]:
    tenant = TenantName(row.tenant_key, row.tenant)
    booking = msgspec.json.decode(row.state, type=Booking)
    for leg in booking.active_legs:
        debit = debit_of(booking, leg, desk.policy_of(tenant).weights)
        if debit is None or debit.shortage.missing_kg <= debit.shortage.tolerated_kg:
            continue
        missing = debit.shortage
        beyond_kg = missing.missing_kg - missing.tolerated_kg
        facts = {"leg": leg.id, "beyond_kg": beyond_kg, **msgspec.to_builtins(missing)}
        since_ms = max(proof.at_ms for proof in leg.proofs)
        yield (
            tenant,
            Condition(
                kind=Kind.WEIGHT_SHORTAGE,
                subject=f"bookings/{booking.id}",
                about=leg.id,
                since_ms=min(since_ms, now_ms),
                facts=facts,
                around=Circumstances(booking=booking.id, leg=leg.id, value=float(beyond_kg)),
            ),
        )


# --------------------------------------------------------------------- held against arrivals


async def eway_bills(desk: WorkDesk, conn: AnyConnection, now_ms: int) -> Found:
    surveys = desk.settings.now.watch.surveys
    rows = await alert_surveys.ending_bills(conn, now_ms, surveys.horizon_s, surveys.found_max)
    told = await _against_arrivals(desk, Kind.EWAY_BILL_EXPIRING, rows, now_ms)
    return Found(told, len(rows) == surveys.found_max)


async def papers(desk: WorkDesk, conn: AnyConnection, now_ms: int) -> Found:
    """By the clock by which the tenants' days go."""
    surveys = desk.settings.now.watch.surveys
    zone = desk.settings.now.alerts.working_hours.time_zone
    rows = await alert_surveys.ending_papers(
        conn, now_ms, surveys.horizon_s, zone, surveys.found_max
    )
    told = await _against_arrivals(desk, Kind.DOCUMENT_EXPIRING, rows, now_ms)
    return Found(told, len(rows) == surveys.found_max)


async def _against_arrivals(
    desk: WorkDesk, kind: Kind, rows: Iterable[Standing], now_ms: int
) -> list[Told]:
    """How long before the truck is expected to arrive it ends; where nothing says when that is,
    how long ago it did."""
    arrivals: dict[tuple[int, str], int | None] = {}
    horizon_ms = round(desk.settings.now.watch.surveys.horizon_s * 1000)
    told: list[Told] = []
    for row in rows:
        place = row.tenant_key, row.truck or ""
        if place not in arrivals:
            arrivals[place] = await _arrival_ms(desk, row)
        arrival_ms, ends_ms = arrivals[place], row.facts["ends_ms"]
        minutes = ((arrival_ms or now_ms) - ends_ms) // MINUTE_MS
        around = Circumstances(truck=row.truck, booking=row.booking, leg=row.leg, value=minutes)
        # It is a matter since it came into view, which no later look changes.
        seen = dataclasses.replace(row, since_ms=ends_ms - horizon_ms)
        told.append(_told(kind, seen, around, arrival_ms=arrival_ms, minutes=minutes))
    return told


async def _arrival_ms(desk: WorkDesk, row: Standing) -> int | None:
    if row.truck is None:
        return None
    tenant = TenantName(row.tenant_key, row.tenant)
    async with desk.writing(tenant) as conn:
        at = Counter(conn, tenant, desk.policy_of(tenant), desk.now_ms())
        return await expected_arrival_ms(at, row.truck)


def _told(kind: Kind, row: Standing, around: Circumstances | None = None, **more: object) -> Told:
    given = Circumstances() if around is None else around
    mine = Circumstances(truck=row.truck, booking=row.booking, leg=row.leg, journey=row.journey)
    place = None if row.lat is None or row.lon is None else Place(row.lat, row.lon)
    return (
        TenantName(row.tenant_key, row.tenant),
        Condition(
            kind=kind,
            subject=row.subject,
            about=row.about,
            since_ms=row.since_ms,
            place=place,
            facts={**row.facts, **more},
            around=given.with_known(mine),
        ),
    )
