"""Phone numbers of stops: sealed before a booking keeps them, opened or masked to show them."""

from __future__ import annotations

import base64
from collections.abc import Callable

from msgspec.structs import replace

from freight.load import Contact, Load
from freight.personal import PersonalKind, masked
from store.personal import PersonalData


def sealed(contact: Contact | None, personal: PersonalData) -> Contact | None:
    if contact is None or contact.phone is None:
        return contact
    return replace(contact, phone=base64.b64encode(personal.seal(contact.phone)).decode())


def sealed_load(load: Load, personal: PersonalData) -> Load:
    return _with(load, lambda contact: sealed(contact, personal))


def shown_load(load: Load, personal: PersonalData, *, unmasked: bool) -> Load:
    def opened(contact: Contact | None) -> Contact | None:
        if contact is None or contact.phone is None:
            return contact
        phone = personal.open(base64.b64decode(contact.phone))
        return replace(contact, phone=phone if unmasked else masked(PersonalKind.PHONE, phone))

    return _with(load, opened)


def without(load: Load) -> Load:
    """What remains to compare: a sealed number never looks the same twice."""
    return _with(load, lambda _: None)


def _with(load: Load, change: Callable[[Contact | None], Contact | None]) -> Load:
    stops = (replace(stop, contact=change(stop.contact)) for stop in load.stops)
    return replace(load, stops=tuple(stops))
