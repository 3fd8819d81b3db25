"""What can be done with a tenant's bookings: asked of their actors, which alone write them."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from typing import Any

from actors.booking_writing import TenantName
from actors.bookings import Refused
from actors.handles import ActorAwayError
from freight.booking import commands as asked
from freight.booking.commands import Command
from freight.booking.legs import proposed
from freight.booking.state import Actor, ActorKind, Booking, FreeTime, Quoted, Side
from freight.load import Contact, Window
from freight.money import INR
from freight.pricing.quotes import Quote
from freight.refusal import Refusal
from serve.bookings import contacts, fitness, wire
from serve.bookings.answers import BookingOut
from serve.bookings.credit import refuse_beyond_credit
from serve.bookings.problems import problem_of
from serve.bookings.reading import shown, standing
from serve.gateway import Gateway
from serve.identity.principal import Kind, Principal
from serve.loads.reading import load_of
from serve.loads.wire import Carried, ContactFields, WindowFields
from serve.problems import (
    InvalidError,
    UnavailableError,
)
from serve.quotes.service import for_booking
from serve.request_record import current
from store import bookings, quotes, trucks
from store.errors import NotFoundError as UnknownError
from store.quotes import KeptQuote

MINUTES_PER_HOUR = 60


async def create(gateway: Gateway, who: Principal, new: wire.NewBooking) -> BookingOut:
    shipper = _shipper_of(who, new.shipper)
    key = command_key()
    # The same request again, though its answer was lost, is about the same booking.
    booking_id = f"bk-{secrets.token_hex(8) if key is None else key}"
    if new.quote is not None:
        kept = await _quote(gateway, who, new.quote)
        load, shipper = kept.quote.request.load, shipper or kept.quote.request.shipper
        price: Quoted | None = _quoted(kept.quote, kept.digest)
    elif new.load is not None and new.stops is not None:
        carried = Carried(load=new.load, stops=new.stops)
        given = load_of(carried, gateway.policy_of(who).loads)
        load = contacts.sealed_load(given, gateway.personal)
        made = await for_booking(gateway, who, load, shipper)
        price = None if made is None else _quoted(*made)
    else:
        raise InvalidError.at("/load", "give a quote, or load and stops")
    command = asked.Create(
        **stamp(who),
        id=booking_id,
        shipper=shipper,
        load=load,
        price=price,
        terms=tuple(term.term() for term in new.terms),
        references=new.references,
        documents=tuple(new.documents),
        declared_value_minor=_declared_minor(new),
        legs_kg=tuple(new.legs_kg),
    )
    wish = Wish(booking_id, "bookings.create", command)
    async with gateway.asking(who, wish.action, f"bookings/{booking_id}") as asking:
        asking.after = booked = await take(gateway, who, wish)
    return booked


async def _quote(gateway: Gateway, who: Principal, quote_id: str) -> KeptQuote:
    async with gateway.as_tenant(who) as conn:
        try:
            return await quotes.get(conn, quote_id)
        except UnknownError as missing:
            raise InvalidError.at("/quote", str(missing)) from missing


def _declared_minor(new: wire.NewBooking) -> int | None:
    return None if new.declared_value is None else new.declared_value.amount_minor


def _quoted(quote: Quote, digest: str) -> Quoted:
    """What was quoted of waiting holds too."""
    terms = quote.price.detention
    waiting = None
    if terms is not None:
        waiting = FreeTime(terms.free_minutes, MINUTES_PER_HOUR, terms.minor_per_hour)
    return Quoted(
        quote=quote.id,
        total_minor=quote.price.total_minor,
        digest=digest,
        currency=INR,
        expires_ms=quote.expires_ms,
        pickup=waiting,
        drop=waiting,
    )


async def reprice(
    gateway: Gateway,
    who: Principal,
    booking_id: str,
    given: wire.Repricing,
    expected: int | None,
) -> BookingOut:
    """By a quote for the very load and stops that are booked."""
    async with gateway.as_tenant(who) as conn:
        booked = (await standing(conn, booking_id)).load
    quote = await _quote(gateway, who, given.quote)
    if contacts.without(booked) != contacts.without(quote.quote.request.load):
        raise InvalidError.at("/quote", "it is for another load, or for other stops")
    command = asked.Reprice(**stamp(who, given.reason), price=_quoted(quote.quote, quote.digest))
    return await tell(gateway, who, Wish(booking_id, "bookings.reprice", command, expected))


async def amend(
    gateway: Gateway,
    who: Principal,
    booking_id: str,
    wanted: wire.BookingChange,
    expected: int | None,
) -> BookingOut:
    load = None
    if wanted.load is not None and wanted.stops is not None:
        carried = Carried(load=wanted.load, stops=wanted.stops)
        rules = gateway.policy_of(who).loads
        load = contacts.sealed_load(load_of(carried, rules), gateway.personal)
    command = asked.Amend(
        **stamp(who, wanted.reason),
        load=load,
        windows=None
        if wanted.windows is None
        else {stop: _window(given) for stop, given in wanted.windows.items()},
        contacts=None
        if wanted.contacts is None
        else {stop: _contact(gateway, given) for stop, given in wanted.contacts.items()},
        terms=None if wanted.terms is None else tuple(term.term() for term in wanted.terms),
        references=wanted.references,
        documents=None if wanted.documents is None else tuple(wanted.documents),
        legs_kg=tuple(wanted.legs_kg),
    )
    return await tell(gateway, who, Wish(booking_id, "bookings.amend", command, expected))


async def assign(
    gateway: Gateway,
    who: Principal,
    booking_id: str,
    given: wire.Assignment,
    expected: int | None,
) -> BookingOut:
    carrier = await _carrier_of(gateway, who, booking_id, given.truck)
    await fitness.refuse_unfit(gateway, who, booking_id, given)
    command = asked.Assign(
        **stamp(who, given.reason),
        leg=given.leg,
        truck=given.truck,
        carrier=carrier,
        driver=given.driver,
        from_ms=wire.ms_of(given.since),
    )
    return await tell(gateway, who, Wish(booking_id, "bookings.assign", command, expected))


async def confirm(
    gateway: Gateway,
    who: Principal,
    booking_id: str,
    given: wire.Reasoned | None,
    expected: int | None,
) -> BookingOut:
    await fitness.refuse_unserved(gateway, who, booking_id)
    command = asked.Confirm(**stamp(who, None if given is None else given.reason))
    wish = Wish(booking_id, "bookings.confirm", command, expected)
    async with gateway.changing(who, wish.action, f"bookings/{booking_id}") as change:
        booking = await standing(change.conn, booking_id)
        await refuse_beyond_credit(gateway, who, change.conn, booking)
        change.before = shown(gateway, who, booking)
        change.after = after = await take(gateway, who, wish)
    return after


async def split(
    gateway: Gateway,
    who: Principal,
    booking_id: str,
    given: wire.SplitFields,
    expected: int | None,
) -> BookingOut:
    """Without shares, as few trucks as can be, by what the classes of trucks carry."""
    weights = given.weights_kg
    if not weights:
        async with gateway.as_tenant(who) as conn:
            booking = await standing(conn, booking_id)
        leg = booking.leg(given.leg)
        weights = [] if leg is None else _proposed(gateway, who, booking, leg.weight_kg)
    command = asked.Split(**stamp(who, given.reason), leg=given.leg, weights_kg=tuple(weights))
    return await tell(gateway, who, Wish(booking_id, "bookings.split", command, expected))


def _proposed(gateway: Gateway, who: Principal, booking: Booking, weight_kg: int) -> list[int]:
    policy = gateway.policy_of(who)
    wanted = booking.load.truck_class
    carried = [
        min(one.payload_kg_max, policy.booking_rules.leg_kg_max)
        for one in policy.fleet.classes.table
        if wanted in (None, one.code)
    ]
    try:
        return [part.weight_kg for part in proposed(weight_kg, carried)]
    except Refusal as refusal:
        raise problem_of(Refused(refusal.code, refusal.detail)) from refusal


async def swap(
    gateway: Gateway, who: Principal, booking_id: str, given: wire.Swap, expected: int | None
) -> BookingOut:
    carrier = (
        None if given.truck is None else await _carrier_of(gateway, who, booking_id, given.truck)
    )
    await fitness.refuse_unfit(gateway, who, booking_id, given)
    command = asked.Swap(
        **stamp(who, given.reason),
        leg=given.leg,
        truck=given.truck,
        driver=given.driver,
        carrier=carrier,
        at_ms=wire.ms_of(given.at),
        lat=given.lat,
        lon=given.lon,
    )
    return await tell(gateway, who, Wish(booking_id, "bookings.swap", command, expected))


async def _carrier_of(
    gateway: Gateway, who: Principal, booking_id: str, truck_id: str
) -> str | None:
    """Of a truck for a booking that the caller can see."""
    async with gateway.as_tenant(who) as conn:
        await bookings.get(conn, booking_id)
        try:
            return (await trucks.get(conn, truck_id)).carrier
        except UnknownError as missing:
            raise InvalidError.at("/truck", str(missing)) from missing


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """What a caller wants of a booking, and the version that it wants it of."""

    booking: str
    action: str  # as the audit trail names it
    command: Command
    expected: int | None = None
    done_already: tuple[str, ...] = ()  # refusals that mean that it is as was wanted


async def tell(gateway: Gateway, who: Principal, wish: Wish) -> BookingOut:
    """To a booking that the caller can see."""
    async with gateway.changing(who, wish.action, f"bookings/{wish.booking}") as change:
        change.before = shown(gateway, who, await standing(change.conn, wish.booking))
        change.after = after = await take(gateway, who, wish)
    return after


async def take(gateway: Gateway, who: Principal, wish: Wish) -> BookingOut:
    tenant = TenantName(who.tenant_key, who.tenant)
    try:
        answer = await gateway.actors.command(tenant, wish.booking, wish.command, wish.expected)
    except ActorAwayError as error:
        retry_s = gateway.policy.edge.overloaded_retry_s
        detail = "bookings cannot be changed now; try again"
        raise UnavailableError(detail, retry_after_s=retry_s) from error
    if isinstance(answer, Refused) and answer.code in wish.done_already:
        async with gateway.as_tenant(who) as conn:
            return shown(gateway, who, await standing(conn, wish.booking))
    if isinstance(answer, Refused):
        raise problem_of(answer)
    return shown(gateway, who, answer.booking)


# ------------------------------------------------------------------------------------- callers


def stamp(who: Principal, reason: str | None = None) -> dict[str, Any]:
    """What every command says of who asks."""
    return {"by": actor_of(who), "key": command_key(), "reason": reason}


def actor_of(who: Principal) -> Actor:
    kinds = {Kind.USER: ActorKind.USER, Kind.SERVICE: ActorKind.SYSTEM}
    return Actor(kinds.get(who.kind, ActorKind.CLIENT), who.subject)


def side_of(who: Principal, said: Side | None) -> Side:
    """Who is bound to a side speaks for it; others say for whom they act."""
    own = Side.CARRIER if who.carrier is not None else Side.SHIPPER if who.shipper else None
    if own is not None and said not in (None, own):
        raise InvalidError.at("/side", f"you speak for the {own}")
    return own or said or Side.OPERATOR


def command_key() -> str | None:
    """Names the request for its booking, so that a repetition is known there too."""
    record = current()
    repeatable = None if record is None else record.repeatable
    if repeatable is None or repeatable.of is None:
        return None
    return hashlib.blake2b(repeatable.of.place, digest_size=12).hexdigest()


def _shipper_of(who: Principal, said: str | None) -> str | None:
    if who.shipper is not None and said not in (None, who.shipper):
        raise InvalidError.at("/shipper", f"you book for {who.shipper}")
    return who.shipper or said


def _window(given: WindowFields) -> Window:
    return Window(wire.ms_of(given.since), wire.ms_of(given.until))


def _contact(gateway: Gateway, given: ContactFields | None) -> Contact | None:
    if given is None:
        return None
    return contacts.sealed(Contact(given.name, given.phone), gateway.personal)
