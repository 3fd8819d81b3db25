"""What a document is about: looked up as its sender sees it, and its paper kept in step."""

from __future__ import annotations

from dataclasses import dataclass

from freight.documents.rules import About
from freight.fleet.kyc import CarrierDocument
from freight.fleet.papers import Paper, PaperKind
from serve.bookings.reading import standing
from serve.documents.wire import DocumentFields
from serve.gateway import Gateway
from serve.identity.access import require
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.problems import InvalidError
from store import carrier_documents, carriers, drivers, errors, truck_papers, trucks
from store.documents import NewDocument
from store.postgres import AnyConnection


@dataclass(frozen=True, slots=True)
class Place:
    about: About
    subject: str
    key: int | None = None  # of a truck or driver
    booking: str | None = None


async def placed(
    gateway: Gateway, conn: AnyConnection, who: Principal, given: DocumentFields
) -> Place:
    if (given.booking is None) == (given.subject is None):
        raise InvalidError.at("/subject", "say a booking, or another subject")
    subject = given.subject or f"bookings/{given.booking}"
    kind, _, name = subject.partition("/")
    about = About(kind)
    _refuse_strange_parts(about, given)
    if about not in {About.BOOKINGS, About.SHIPPERS}:
        require(gateway, who, Permission.PAPERS_WRITE)
    try:
        return await _found(gateway, conn, who, given, Place(about, subject), name)
    except errors.NotFoundError as missing:
        pointer = "/booking" if given.booking else "/subject"
        raise InvalidError.at(pointer, str(missing)) from missing


async def _found(  # noqa: PLR0917 - what is looked up, for whom, and where
    gateway: Gateway,
    conn: AnyConnection,
    who: Principal,
    given: DocumentFields,
    place: Place,
    name: str,
) -> Place:
    key = booking_id = None
    match place.about:
        case About.BOOKINGS:
            booking, booking_id = await standing(conn, name), name
            leg = None if given.leg is None else booking.leg(given.leg)
            if given.leg is not None and leg is None:
                raise InvalidError.at("/leg", f"the booking has no leg {given.leg}")
            stops = booking.load.stops if leg is None else booking.stops_of(leg)
            if given.stop is not None and given.stop not in {stop.id for stop in stops}:
                raise InvalidError.at("/stop", f"there is no stop {given.stop}")
        case About.TRUCKS:
            key = (await trucks.get(conn, name)).key
        case About.DRIVERS:
            key = (await drivers.get(conn, gateway.personal, name)).key
        case About.CARRIERS:
            await carriers.get(conn, gateway.personal, name)
        case About.SHIPPERS:
            # A shipper is whoever bookings name; nothing else is known of one here.
            if who.shipper not in {None, name} or who.carrier is not None:
                raise errors.NotFoundError("shipper", name)
    return Place(place.about, place.subject, key, booking_id)


def _refuse_strange_parts(about: About, given: DocumentFields) -> None:
    if about is not About.BOOKINGS and (given.leg or given.stop):
        raise InvalidError.at("/leg", "only a booking has legs and stops")
    if given.paper is None:
        return
    if about not in {About.TRUCKS, About.CARRIERS}:
        raise InvalidError.at("/paper", "papers are of a truck or a carrier")
    if about is About.TRUCKS and given.paper not in set(PaperKind):
        raise InvalidError.at("/paper", f"there are no papers but {', '.join(PaperKind)}")


async def keep_paper(conn: AnyConnection, who: Principal, new: NewDocument, place: Place) -> None:
    """The paper that the document shows ends when it says; without an end it says nothing."""
    if new.paper is None or new.valid_until is None:
        return
    if place.about is About.TRUCKS and place.key is not None:
        kind = PaperKind(new.paper)
        known = await truck_papers.find(conn, place.key, kind)
        number, states = (None, frozenset[str]()) if known is None else _facts(known.paper)
        paper = Paper(kind, number, new.valid_until, states)
        await truck_papers.put(conn, who.tenant_key, place.key, paper, None)
        return
    carrier = place.subject.partition("/")[2]
    held = await carrier_documents.find(conn, carrier, new.paper)
    number = None if held is None else held.document.number
    document = CarrierDocument(new.paper, number, new.valid_until)
    await carrier_documents.put(conn, who.tenant_key, carrier, document, None)


def _facts(paper: Paper) -> tuple[str | None, frozenset[str]]:
    return paper.number, paper.states
