"""What is known of a booking: its load, its price, and the legs by which trucks carry it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from freight.booking.sightings import Pin, Sighting
from freight.load import Load, Stop


class Status(StrEnum):
    """Of a leg, and of the booking: its least advanced leg's that is not cancelled."""

    CREATED = "created"
    CONFIRMED = "confirmed"
    FAILED = "failed"  # nobody carries it now; it may be dispatched again
    DISPATCHING = "dispatching"
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    AT_PICKUP = "at_pickup"
    LOADED = "loaded"
    IN_TRANSIT = "in_transit"
    AT_DROP = "at_drop"
    DELIVERED = "delivered"
    CLOSED = "closed"
    CANCELLED = "cancelled"


RANK = {status: rank for rank, status in enumerate(Status)}  # as a booking advances
# A truck has it.
UNDER_WAY = frozenset(
    {
        *(Status.ASSIGNED, Status.EN_ROUTE, Status.AT_PICKUP, Status.LOADED),
        *(Status.IN_TRANSIT, Status.AT_DROP),
    }
)
OVER = frozenset({Status.CLOSED, Status.CANCELLED})


class Side(StrEnum):
    SHIPPER = "shipper"
    CARRIER = "carrier"
    OPERATOR = "operator"


class ActorKind(StrEnum):
    USER = "user"
    CLIENT = "client"
    DRIVER = "driver"
    TRUCK = "truck"
    SYSTEM = "system"


class Actor(msgspec.Struct, frozen=True):
    kind: ActorKind
    name: str


class Cause(msgspec.Struct, frozen=True, omit_defaults=True):
    """What made a step: a command, what a truck did, a rule; and the reason if one was given."""

    kind: str  # "command", "truck", "rule"
    about: str | None = None  # the command's name, the truck event's id, the rule's name
    reason: str | None = None


class TermKind(StrEnum):
    ADVANCE = "advance"
    BALANCE = "balance"
    CREDIT = "credit"
    COD = "cod"


class Term(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of the price, and when it is paid; the shares of all parts make the whole."""

    kind: TermKind
    share_bp: int  # of 10 000
    credit_days: int | None = None


class FreeTime(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was agreed on waiting at stops of one kind."""

    free_minutes: int
    basis_minutes: int  # an hour or a day; each one begun counts
    basis_minor: int
    cap_minor: int | None = None


class Quoted(msgspec.Struct, frozen=True, omit_defaults=True):
    """A price as it is taken over from a quote; the quote itself keeps the lines."""

    quote: str
    total_minor: int
    digest: str
    currency: str
    expires_ms: int | None = None
    pickup: FreeTime | None = None  # waiting as the quote has it; None: as the tenant's rules do
    drop: FreeTime | None = None


class Adjustment(msgspec.Struct, frozen=True):
    """Agreed later by the unit: so many of something at so much for each `per` of them."""

    id: str  # "A1", "A2", ...
    head: str  # "weight_difference", "toll", ...
    unit: str  # "kg", "km", "trip", ...
    quantity: int
    per: int
    unit_minor: int
    amount_minor: int  # rounded; negative: a deduction
    leg: str | None = None


class ChargeHead(StrEnum):
    DETENTION = "detention"
    CANCELLATION = "cancellation"
    RETURN = "return"


class Charge(msgspec.Struct, frozen=True):
    """Owed beside the price."""

    id: str  # the same for the same matter, so that a correction replaces it
    head: ChargeHead
    leg: str
    stop: str | None
    payer: Side
    amount_minor: int


class Source(StrEnum):
    """Who says that a milestone was reached."""

    TRUCK = "truck"
    HAND = "hand"
    PROOF = "proof"
    INFERRED = "inferred"  # from a later one: it must have been


class Milestone(StrEnum):
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    WORKING = "working"  # loading or unloading
    DONE = "done"  # loaded or unloaded
    LEFT = "left"


class Mark(msgspec.Struct, frozen=True):
    at_ms: int
    source: Source
    about: str | None = None  # the truck event, the proof


class Carriage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A truck's and a driver's part of a leg."""

    truck: str
    carrier: str | None
    driver: str | None
    offer: str | None
    from_ms: int  # before, the truck may still carry something else
    to_ms: int | None = None
    assigned_ms: int | None = None
    void: bool = False  # it gave the leg back before anything was aboard: what it did counts not
    handover_lat: float | None = None  # where its part ended
    handover_lon: float | None = None
    driven_m: int | None = None


class ProofKind(StrEnum):
    OTP = "otp"
    SIGNATURE = "signature"
    PHOTO = "photo"
    DOCUMENT = "document"


class Code(msgspec.Struct, frozen=True):
    """A one-time password for a stop, salted and hashed before it comes here."""

    digest: str
    salt: str
    expires_ms: int | None = None
    misses: int = 0


class Received(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was handed over of one material, as its receiver says."""

    material: str
    quantity_kg: int | None = None
    packages: int | None = None
    damaged_kg: int | None = None  # of the quantity
    remarks: str | None = None


class Weighing(msgspec.Struct, frozen=True, omit_defaults=True):
    """On a weighbridge: the truck with what it carries of this stop, and without."""

    tare_kg: int
    gross_kg: int
    slip: str | None = None  # the document
    bridge: str | None = None  # which one, or its slip's number

    @property
    def net_kg(self) -> int:
        return self.gross_kg - self.tare_kg


class Proof(msgspec.Struct, frozen=True, omit_defaults=True):
    stop: str
    kind: ProofKind
    at_ms: int  # when it was taken, which may be long before it was sent
    receiver: str | None = None
    reference: str | None = None  # of the picture or paper, kept elsewhere
    remarks: str | None = None
    received: tuple[Received, ...] = ()  # by material
    weighing: Weighing | None = None
    documents: tuple[str, ...] = ()  # pictures, signatures and papers that are kept here


class Exclusion(msgspec.Struct, frozen=True):
    """Time that does not count for detention."""

    stop: str
    from_ms: int
    to_ms: int
    why: str


class Fee(msgspec.Struct, frozen=True, omit_defaults=True):
    """What cancelling costs at one stage: the larger of the fixed amount and the share."""

    free_minutes: int = 0  # since the stage was entered
    fixed_minor: int = 0
    share_bp: int = 0
    refused: bool = False


class Agreed(msgspec.Struct, frozen=True):
    """What was agreed when the booking was confirmed; a rule changed since does not touch it."""

    pickup: FreeTime
    drop: FreeTime
    fees: dict[str, dict[str, Fee]]  # by side and stage


class StopProgress(msgspec.Struct, frozen=True, omit_defaults=True):
    arrived: Mark | None = None
    working: Mark | None = None
    done: Mark | None = None
    left: Mark | None = None


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One truck's share of the load; carried and proven for itself."""

    id: str  # "L1", "L2", ...
    weight_kg: int
    shares: dict[str, int]  # kilograms by stop; it visits these, in the load's order
    standing: Status  # without a truck: how far it is; with one: assigned; or how it ended
    status: Status
    since_ms: int  # when it took this status
    carriages: tuple[Carriage, ...] = ()
    en_route: Mark | None = None
    stops: dict[str, StopProgress] = {}
    sightings: dict[str, Sighting] = {}
    pins: tuple[Pin, ...] = ()
    codes: dict[str, Code] = {}
    proofs: tuple[Proof, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    delivered_ms: int | None = None
    silent_ms: int | None = None  # its truck is out of reach, and was heard last then

    @property
    def carriage(self) -> Carriage | None:
        """The one that has it now."""
        last = self.carriages[-1] if self.carriages else None
        return last if last is not None and last.to_ms is None else None

    @property
    def is_active(self) -> bool:
        return self.standing is not Status.CANCELLED

    @property
    def has_cargo(self) -> bool:
        """Something was loaded, and not all of it is delivered."""
        if self.delivered_ms is not None:
            return False
        return any(progress.done is not None for progress in self.stops.values())

    def at(self, stop: str) -> StopProgress:
        return self.stops.get(stop, StopProgress())


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    shipper: str | None
    version: int  # how many events made it
    status: Status
    load: Load
    legs: tuple[Leg, ...]
    terms: tuple[Term, ...]
    price: Quoted | None
    needs_quote: bool  # the price is for another load or other stops
    created_ms: int
    references: dict[str, str] = {}
    documents: tuple[str, ...] = ()  # required
    declared_value_minor: int | None = None  # of the goods
    adjustments: tuple[Adjustment, ...] = ()
    charges: dict[str, Charge] = {}
    agreed: Agreed | None = None
    confirmed_ms: int | None = None
    keys: tuple[str, ...] = ()  # of the commands that made it

    def leg(self, leg_id: str) -> Leg | None:
        return next((leg for leg in self.legs if leg.id == leg_id), None)

    @property
    def active_legs(self) -> tuple[Leg, ...]:
        return tuple(leg for leg in self.legs if leg.is_active)

    @property
    def agreed_minor(self) -> int | None:
        """The price with what was adjusted, without charges."""
        if self.price is None:
            return None
        return self.price.total_minor + sum(a.amount_minor for a in self.adjustments)

    def stops_of(self, leg: Leg) -> tuple[Stop, ...]:
        return tuple(stop for stop in self.load.stops if leg.shares.get(stop.id, 0) > 0)
