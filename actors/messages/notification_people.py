"""Who is meant by a role, a level on call or a part in a booking, and where they are reached."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from actors.messages.notification_desk import Scene
from freight.booking.state import Booking
from freight.load import Stop
from freight.notifying.planning import Person
from store import bookings, inbox, notification_people, on_call
from store.notification_people import SealedReach
from store.personal import PersonalData

USERS, ROOMS = "users/", "rooms/"


class Address(msgspec.Struct, frozen=True, omit_defaults=True):
    """As it is sealed beside a message."""

    email: str | None = None
    phone: str | None = None
    room: str | None = None


class Recipients:
    """Of one fact; what it asks the store for twice it asks once."""

    def __init__(self, scene: Scene, data: Mapping[str, Any]) -> None:
        self._scene = scene
        self._data = data
        self._booking: Booking | None = None
        self._most = scene.policy.notifying.sending.recipients_max

    async def of(self, wanted: Sequence[str]) -> list[Person]:
        """Each once, no more than one fact may tell."""
        found: dict[str, Person] = {}
        for name in wanted:
            for person in await self._people(name):
                found.setdefault(person.key, person)
        people = list(found.values())[: self._most]
        keys = [person.key for person in people]
        reached = await inbox.with_phones(self._scene.conn, keys)
        return [
            msgspec.structs.replace(person, has_push=person.key in reached) for person in people
        ]

    async def booking(self) -> Booking | None:
        name = self._data.get("booking")
        if self._booking is None and isinstance(name, str):
            state = await bookings.load(self._scene.conn, name)
            self._booking = None if state is None else msgspec.json.decode(state, type=Booking)
        return self._booking

    async def _people(self, name: str) -> list[Person]:
        of, _, what = name.partition(":")
        match of:
            case "room":
                return [Person(key=ROOMS + what, name=what)]
            case "role":
                found = await notification_people.with_roles(self._scene.conn, [what], self._most)
            case "on_call":
                at_ms = self._scene.at_ms
                people = await on_call.called_at(self._scene.conn, int(what), at_ms)
                found = await self._users(people)
            case "user":
                found = await self._users([USERS + what])
            case "assigned":
                to = str(self._data.get("assigned_to") or "").replace("user:", USERS)
                found = await self._users([to])
            case _:
                return await self._of_the_matter(name)
        return [opened(self._scene.desk.personal, one) for one in found]

    async def _users(self, people: Iterable[str]) -> list[SealedReach]:
        ids = [one.removeprefix(USERS) for one in people if one.startswith(USERS)]
        return await notification_people.users(self._scene.conn, ids)

    async def _of_the_matter(self, name: str) -> list[Person]:
        """Who has to do with the booking or truck that it is about."""
        conn, most = self._scene.conn, self._most
        match name:
            case "booking.pickup" | "booking.drop":
                return await self._contacts(name.partition(".")[2])
            case "booking.shipper":
                shipper = await self._said("shipper")
                found = await notification_people.of_shipper(conn, shipper, most) if shipper else []
            case "booking.driver" | "truck.driver":
                found = await notification_people.drivers(
                    conn, driver=await self._said("driver"), truck=await self._said("truck")
                )
            case _:
                carrier = await self._said("carrier")
                truck = await self._said("truck")
                if carrier is None and truck is not None:
                    carrier = await notification_people.carrier_of_truck(conn, truck)
                found = await notification_people.of_carrier(conn, carrier, most) if carrier else []
        return [opened(self._scene.desk.personal, one) for one in found]

    async def _said(self, what: str) -> str | None:
        """By the fact, else by the booking that it is about."""
        value = self._data.get(what)
        if isinstance(value, str) and value:
            return value
        booking = await self.booking()
        if booking is None:
            return None
        if what == "shipper":
            return booking.shipper
        named = [
            getattr(leg.carriage, what)
            for leg in booking.active_legs
            if leg.carriage is not None and self._data.get("leg") in {None, leg.id}
        ]
        return next((one for one in named if one), None)

    async def _contacts(self, kind: str) -> list[Person]:
        booking = await self.booking()
        if booking is None:
            return []
        wanted = self._data.get("stop")
        stops = [stop for stop in booking.load.stops if stop.kind == kind]
        named = [stop for stop in stops if stop.id == wanted]
        personal = self._scene.desk.personal
        return [
            found
            for stop in named or stops
            if (found := _contact(personal, booking.id, stop)) is not None
        ]


def opened(personal: PersonalData, reach: SealedReach) -> Person:
    def text(sealed: bytes | None) -> str | None:
        return None if sealed is None else personal.open(sealed)

    return Person(
        key=reach.key,
        name=reach.name or text(reach.name_sealed),
        email=text(reach.email_sealed),
        phone=text(reach.phone_sealed),
    )


def address_of(person: Person) -> Address:
    room = person.key.removeprefix(ROOMS) if person.key.startswith(ROOMS) else None
    return Address(email=person.email, phone=person.phone, room=room)


def _contact(personal: PersonalData, booking: str, stop: Stop) -> Person | None:
    contact = stop.contact
    if contact is None or contact.phone is None:
        return None
    phone = personal.open(base64.b64decode(contact.phone))
    return Person(key=f"contacts/{booking}-{stop.id}", name=contact.name, phone=phone)
