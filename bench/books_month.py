"""A made-up month of a haulier's business: who ships and carries, and what becomes of each booking.

September 2025, within which the law itself changed the rate of forward charge. The same seed gives
the same month.
"""

from __future__ import annotations

import dataclasses
import random
from enum import StrEnum

from freight.booking.state import Side, Term, TermKind
from freight.fleet.identifiers import gstin_check_character

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
START_MS = 1_756_665_000_000  # midnight of 1 September 2025 in India
DAYS = 30
HOME = "27"
OTHER_STATES = ("29", "24", "07", "33", "04")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MATERIALS = ("cement", "steel", "tyres", "paint", "rice", "milk")
ADVANCE_BP = 7_000


class Paying(StrEnum):
    """What shippers do of the part that is due."""

    WHOLE = "whole"
    PART = "part"
    TOO_MUCH = "too_much"
    NOTHING = "nothing"


class Way(StrEnum):
    TRANSFER = "transfer"
    PROVIDER = "provider"
    CASH = "cash"
    BALANCE = "balance"


class Ending(StrEnum):
    DELIVERED = "delivered"
    CLOSED = "closed"
    CONFIRMED = "confirmed"  # and cancelled; so are the next ones
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    AT_PICKUP = "at_pickup"


CANCELLED = frozenset({Ending.CONFIRMED, Ending.ASSIGNED, Ending.EN_ROUTE, Ending.AT_PICKUP})


@dataclasses.dataclass(frozen=True)
class Shipper:
    id: str
    state: str
    gstin: str | None
    mode: str | None  # of GST, as agreed; None: the tenant's, reverse charge


@dataclasses.dataclass(frozen=True)
class Carrier:
    id: str
    pan: str | None
    is_weekly: bool
    is_declared: bool  # few trucks: nothing is deducted


@dataclasses.dataclass(frozen=True)
class Plan:
    """One booking, and all that its people will do."""

    id: str
    shipper: str
    carrier: str
    begin_ms: int
    state: str  # where the goods are
    material: str
    weight_kg: int
    freight_minor: int  # without tax
    fee_minor: int
    carriage_minor: int  # the carrier's
    terms: tuple[Term, ...]
    ending: Ending
    side: Side  # that cancels
    days: int  # on the way
    way: Way
    advance: Paying
    balance: Paying
    balance_days: int
    is_fumbled: bool  # at the provider it fails first, or comes after it expired
    waits_minutes: int  # beyond what is free
    short_kg: int
    adjusted_minor: int  # agreed later; before or after the invoice
    is_adjusted_late: bool
    noted_minor: int  # a credit note by hand
    carrier_advance: str | None  # how
    has_refund: bool  # a person gives back what was too much

    @property
    def steps(self) -> list[tuple[int, str]]:
        """When its people do what, in order."""
        at, day = self.begin_ms, DAY_MS
        told = [(at, "book"), (at + HOUR_MS // 2, "pay_advance")]
        if self.ending is Ending.CONFIRMED:
            return [*told, (at + 2 * HOUR_MS, "cancel")]
        told.append((at + HOUR_MS, "assign"))
        if self.carrier_advance is not None:
            told.append((at + day, "advance_carrier"))
        if self.ending in CANCELLED:
            reached = [(at + day, "set_out"), (at + day + HOUR_MS, "reach_pickup")]
            far = (Ending.ASSIGNED, Ending.EN_ROUTE, Ending.AT_PICKUP).index(self.ending)
            return [*told, *reached[:far], (at + day + 2 * HOUR_MS, "cancel")]
        told.append((at + day + HOUR_MS, "load"))
        done = at + (1 + self.days) * day
        late = done + day if self.is_adjusted_late else done - HOUR_MS
        told += [(done, "deliver"), (late, "adjust"), (done + 2 * day, "note")]
        told += [(done + self.balance_days * day + HOUR_MS, "pay_balance")]
        last = done + (self.balance_days + 1) * day
        if self.ending is Ending.CLOSED:
            told.append((max(last, done + 3 * day), "close"))
        elif self.has_refund:
            told.append((last, "give_back"))
        return sorted(told)


@dataclasses.dataclass(frozen=True)
class Month:
    shippers: tuple[Shipper, ...]
    carriers: tuple[Carrier, ...]
    plans: tuple[Plan, ...]


def month(bookings: int, seed: int) -> Month:
    draw = random.Random(seed)
    shippers = tuple(_shipper(draw, nr) for nr in range(max(12, bookings // 40)))
    carriers = tuple(_carrier(draw, nr) for nr in range(max(8, bookings // 25)))
    plans = tuple(_plan(draw, nr, shippers, carriers) for nr in range(bookings))
    return Month(shippers, carriers, plans)


def _pan(draw: random.Random, holder: str) -> str:
    letters = [draw.choice(LETTERS) for _ in range(5)]
    return f"{''.join(letters[:3])}{holder}{letters[3]}{draw.randrange(10_000):04}{letters[4]}"


def _gstin(draw: random.Random, state: str) -> str:
    begins = f"{state}{_pan(draw, 'C')}1Z"
    return begins + gstin_check_character(begins)


def _shipper(draw: random.Random, nr: int) -> Shipper:
    """Every fourth is not registered; of the others half are taxed by us."""
    state = HOME if draw.random() < 0.5 else draw.choice(OTHER_STATES)
    is_registered = nr % 4 != 3
    return Shipper(
        id=f"s{nr}",
        state=state,
        gstin=_gstin(draw, state) if is_registered else None,
        mode=(None, "gta_fcm_18", "gta_fcm_5", None)[nr % 4],
    )


def _carrier(draw: random.Random, nr: int) -> Carrier:
    return Carrier(
        id=f"c{nr}",
        pan=None if nr % 8 == 7 else _pan(draw, "CPFH"[nr % 4]),
        is_weekly=nr % 3 == 0,
        is_declared=nr % 8 == 5,
    )


def _plan(
    draw: random.Random, nr: int, shippers: tuple[Shipper, ...], carriers: tuple[Carrier, ...]
) -> Plan:
    shipper, carrier = draw.choice(shippers), draw.choice(carriers)
    freight_minor = draw.randrange(5_000_00, 90_000_00)
    begin_ms = START_MS + draw.randrange(DAYS) * DAY_MS
    return Plan(
        id=f"bk-{nr:06}",
        shipper=shipper.id,
        carrier=carrier.id,
        begin_ms=begin_ms + draw.randrange(8 * 60, 18 * 60) * MINUTE_MS,
        state=HOME if draw.random() < 0.5 else draw.choice(OTHER_STATES),
        material=draw.choice(MATERIALS),
        weight_kg=draw.randrange(5_000, 20_000),
        freight_minor=freight_minor,
        fee_minor=freight_minor // 100 if draw.random() < 0.3 else 0,
        carriage_minor=freight_minor * draw.randrange(70, 95) // 100,
        terms=_terms(draw),
        ending=draw.choices(tuple(Ending), (60, 24, 4, 4, 4, 4))[0],
        side=draw.choices((Side.SHIPPER, Side.OPERATOR), (4, 1))[0],
        days=draw.randrange(1, 5),
        way=draw.choices(tuple(Way), (60, 12, 20, 8))[0],
        advance=draw.choices(tuple(Paying), (70, 12, 8, 10))[0],
        balance=draw.choices(tuple(Paying), (60, 15, 10, 15))[0],
        balance_days=draw.randrange(1, 8),
        is_fumbled=draw.random() < 0.3,
        waits_minutes=draw.randrange(1, 600) if draw.random() < 0.3 else 0,
        short_kg=draw.randrange(20, 400) if draw.random() < 0.2 else 0,
        adjusted_minor=draw.randrange(-900_00, 2_000_00) if draw.random() < 0.3 else 0,
        is_adjusted_late=draw.random() < 0.6,
        noted_minor=draw.randrange(100_00, 900_00) if draw.random() < 0.1 else 0,
        carrier_advance=draw.choice((None, None, None, "payout", "cash", "fuel_card")),
        has_refund=draw.random() < 0.5,
    )


def _terms(draw: random.Random) -> tuple[Term, ...]:
    advance = Term(TermKind.ADVANCE, ADVANCE_BP)
    rest = 10_000 - ADVANCE_BP
    return draw.choices(
        (
            (advance, Term(TermKind.BALANCE, rest)),
            (advance, Term(TermKind.COD, rest)),
            (Term(TermKind.CREDIT, 10_000, 15),),
            (),
        ),
        (6, 2, 2, 1),
    )[0]
