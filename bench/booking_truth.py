"""What clients were told about their bookings, against all that the store holds of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import msgspec

from freight.booking.events import BookingEvent
from freight.booking.evolve import replayed
from freight.booking.state import Booking
from store.postgres import AnyConnection

_OVERLAPS = """
    SELECT count(*) FROM awards a JOIN awards b
        ON a.nr < b.nr AND a.truck_key = b.truck_key AND a.during && b.during
"""
_STANDING_TWICE = """
    SELECT count(*) FROM (SELECT FROM awards WHERE stands
        GROUP BY booking, leg HAVING count(*) > 1) twice
"""
# Not only those that stand: at no time was a leg promised to two trucks.
_AWARDED_TWICE = """
    SELECT count(*) FROM awards a JOIN awards b ON a.nr < b.nr
        AND a.booking = b.booking AND a.leg = b.leg AND a.during && b.during
"""
_ACCEPTED_TWICE = """
    SELECT count(*) FROM (SELECT FROM offers WHERE state = 'accepted'
        GROUP BY booking, leg HAVING count(*) > 1) twice
"""
_BOOKED_TWICE = """
    SELECT count(*) FROM (SELECT FROM booking_log
        WHERE type = 'created' AND event->'references'->>'po' LIKE 'po-%'
        GROUP BY event->'references'->>'po' HAVING count(*) > 1) twice
"""
# A step of a later version that was told before one of an earlier version.
_OUT_OF_ORDER = """
    SELECT count(*) FROM (
        SELECT (data->>'version')::int AS version,
            lag((data->>'version')::int) OVER (PARTITION BY subject ORDER BY seq) AS before
        FROM events WHERE subject LIKE 'bookings/%' AND data ? 'version'
    ) told WHERE version < before
"""
_UNTOLD = """
    SELECT count(*) FROM bookings b WHERE b.status IS DISTINCT FROM (
        SELECT substr(e.type, 9) FROM events e
        WHERE e.subject = 'bookings/' || b.id AND e.type = 'booking.' || (e.data->>'status')
        ORDER BY e.seq DESC LIMIT 1)
"""


@dataclasses.dataclass
class Acked:
    """Commands that were answered as taken."""

    created: dict[str, str] = dataclasses.field(default_factory=dict)  # reference -> booking
    confirmed: set[str] = dataclasses.field(default_factory=set)
    cancelled: set[str] = dataclasses.field(default_factory=set)
    accepted: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)  # by offer
    again: int = 0  # requests that were sent once more

    @property
    def count(self) -> int:
        return sum(map(len, (self.created, self.confirmed, self.cancelled, self.accepted)))


@dataclasses.dataclass(frozen=True)
class BookingAccount:
    bookings: int
    awards: int
    faults: dict[str, int]  # by what is wrong: all zero

    @property
    def is_whole(self) -> bool:
        return not any(self.faults.values())


async def account(conn: AnyConnection, acked: Acked) -> BookingAccount:
    """`conn` sees one tenant."""
    logs = await _logs(conn)
    kinds = {booking: [type(event).__name__ for event in log] for booking, log in logs.items()}
    stored = await conn.fetch("SELECT id, state FROM bookings")
    sql = {
        "overlapping_promises": _OVERLAPS,
        "legs_promised_twice": _STANDING_TWICE,
        "legs_awarded_twice": _AWARDED_TWICE,
        "legs_accepted_twice": _ACCEPTED_TWICE,
        "booked_twice": _BOOKED_TWICE,
        "events_out_of_order": _OUT_OF_ORDER,
        "statuses_untold": _UNTOLD,
    }
    faults = {name: int(await conn.fetchval(query)) for name, query in sql.items()}
    faults |= {
        "lost_created": _missing(acked.created.values(), kinds, "Created"),
        "lost_confirmed": _missing(acked.confirmed, kinds, "Confirmed"),
        "lost_cancelled": _missing(acked.cancelled, kinds, "LegCancelled"),
        "lost_accepted": await _lost_accepts(conn, acked),
        "confirmed_twice": sum(log.count("Confirmed") > 1 for log in kinds.values()),
        "logs_unlike_their_state": sum(
            replayed(logs.get(row["id"], [])) != msgspec.json.decode(row["state"], type=Booking)
            for row in stored
        ),
    }
    awards = int(await conn.fetchval("SELECT count(*) FROM awards"))
    return BookingAccount(len(stored), awards, faults)


async def _logs(conn: AnyConnection) -> dict[str, list[BookingEvent]]:
    """Each whole: its versions are 1, 2, 3 ... by its primary key and the state they must give."""
    decode = msgspec.json.Decoder(BookingEvent).decode
    logs: dict[str, list[BookingEvent]] = {}
    rows = await conn.fetch("SELECT booking, event FROM booking_log ORDER BY booking, version")
    for row in rows:
        event = row["event"]
        logs.setdefault(row["booking"], []).append(
            decode(event) if isinstance(event, str) else msgspec.convert(event, BookingEvent)
        )
    return logs


def _missing(bookings: Iterable[str], kinds: dict[str, list[str]], kind: str) -> int:
    return sum(kind not in kinds.get(booking, ()) for booking in bookings)


async def _lost_accepts(conn: AnyConnection, acked: Acked) -> int:
    """Each gave its leg to the truck, whatever became of it afterwards."""
    given = {
        (row["booking"], row["offer"])
        for row in await conn.fetch(
            """
            SELECT booking, event->'carriage'->>'offer' AS offer FROM booking_log
            WHERE type = 'assigned'
            """
        )
    }
    return sum((booking, offer) not in given for offer, (booking, _) in acked.accepted.items())
