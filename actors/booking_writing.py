"""All that one step of a booking writes, in one transaction: log, standing, promises, events."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import msgspec

from actors.booking_rows import held_by, legs_of, standing_of
from freight.booking.announced import announcements
from freight.booking.events import BookingEvent
from freight.booking.evolve import replayed
from freight.booking.state import Booking, Carriage
from freight.events import TruckEvent, aggregate_event_id
from store import awards, bookings, events
from store.awards import Award
from store.bookings import StepRows, Written
from store.errors import NotFoundError
from store.postgres import AnyConnection


class TenantName(msgspec.Struct, frozen=True):
    key: int
    id: str


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    tenant: TenantName
    before: Booking | None
    made: tuple[BookingEvent, ...]
    after: Booking
    at_ms: int

    @classmethod
    def of(
        cls, tenant: TenantName, before: Booking | None, made: Sequence[BookingEvent], at_ms: int
    ) -> Step:
        after = replayed(made, before)
        if after is None:
            raise ValueError("a step has at least one event")
        return cls(tenant, before, tuple(made), after, at_ms)


async def write(conn: AnyConnection, shard: int, step: Step) -> None:
    """StaleVersionError, PromisedError, NotFoundError: nothing of it may be committed."""
    after, tenant_key = step.after, step.tenant.key
    first = 1 if step.before is None else step.before.version + 1
    written = [_written(first + i, event) for i, event in enumerate(step.made)]
    truck_keys = await _truck_keys(conn, after)
    before = [] if step.before is None else legs_of(step.before, truck_keys)
    changed = [leg for leg in legs_of(after, truck_keys) if leg not in before]
    rows = StepRows(written, standing_of(after, step.at_ms), changed)
    await bookings.write(conn, tenant_key, shard, rows)
    for leg in after.legs:
        await _promise(conn, step, leg.id, truck_keys)
    await events.insert(conn, _announced(step))


def _written(version: int, event: BookingEvent) -> Written:
    kind = str(event.__struct_config__.tag)
    return Written(version, kind, event.at_ms, msgspec.json.encode(event))


async def _truck_keys(conn: AnyConnection, booking: Booking) -> dict[str, int]:
    """Of every truck that has or had a part in it."""
    named = {carriage.truck for leg in booking.legs for carriage in leg.carriages}
    found = await awards.truck_keys(conn, sorted(named))
    missing = sorted(named - found.keys())
    if missing:
        raise NotFoundError("truck", missing[0])
    return found


async def _promise(
    conn: AnyConnection, step: Step, leg: str, truck_keys: Mapping[str, int]
) -> None:
    """Promise what the leg counts on now in place of what it counted on before."""
    then = None if step.before is None else held_by(step.before.leg(leg))
    now = held_by(step.after.leg(leg))
    if _said(then) == _said(now):
        return
    if then is not None:
        await awards.release(conn, step.after.id, leg, step.at_ms, step.made[-1].cause.kind)
    if now is None:
        return
    award = Award(
        booking=step.after.id,
        leg=leg,
        truck_key=truck_keys[now.truck],
        carrier=now.carrier,
        driver=now.driver,
        from_ms=now.from_ms,
    )
    if now.from_ms > step.at_ms:
        # A load after the one that the truck still has: that one has it until then.
        await awards.make_room(conn, award)
    await awards.promise(conn, step.tenant.key, award)


def _said(carriage: Carriage | None) -> tuple[str, str | None, int] | None:
    return None if carriage is None else (carriage.truck, carriage.driver, carriage.from_ms)


def _announced(step: Step) -> list[TruckEvent]:
    tenant, after = step.tenant, step.after
    subject = f"bookings/{after.id}"
    told = announcements(step.before, step.made, after)
    return [
        TruckEvent(
            id=aggregate_event_id(tenant.key, subject, after.version, nr),
            type=kind,
            tenant_key=tenant.key,
            truck_key=None,
            tenant=tenant.id,
            subject=subject,
            time_ms=time_ms,
            known_at_ms=step.at_ms,
            data=data,
        )
        for nr, (kind, time_ms, data) in enumerate(told)
    ]
