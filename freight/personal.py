"""Kinds of personal data: how each is written in one form, and how much of it may be shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum

HIDDEN = "***"
# Phone numbers are written without their country at home; home is India.
HOME_COUNTRY = "91"  # fixed: a bare ten-digit number means India, where stored indexes depend on it
HOME_DIGITS = 10
SHOWN = 4
_NOT_DIGITS = re.compile(r"\D+")
_BETWEEN = re.compile(r"[\s-]+")


class PersonalKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    PAN = "pan"
    GSTIN = "gstin"
    BANK_ACCOUNT = "bank_account"
    ADDRESS = "address"
    NAME = "name"
    LICENCE = "licence"


_NUMBERS = frozenset(
    {PersonalKind.PAN, PersonalKind.GSTIN, PersonalKind.BANK_ACCOUNT, PersonalKind.LICENCE}
)


def normalised(kind: PersonalKind, text: str) -> str:
    """One form for all ways to write the same, so that equal values have equal indexes."""
    text = unicodedata.normalize("NFKC", text).strip()
    if kind is PersonalKind.PHONE:
        return _phone_digits(text)
    if kind in _NUMBERS:
        return _BETWEEN.sub("", text).upper()
    if kind is PersonalKind.EMAIL:
        return text.lower()
    return " ".join(text.split()).casefold()


def _phone_digits(text: str) -> str:
    """With the country's code: +91 98765 43210, 098765 43210 and 9876543210 are one number."""
    digits = _NOT_DIGITS.sub("", text)
    if text.startswith("+"):
        return digits
    if digits.startswith("00"):
        return digits[2:]
    home = digits.removeprefix("0")
    return HOME_COUNTRY + home if len(home) == HOME_DIGITS else digits


def masked(kind: PersonalKind, text: str) -> str:
    """Enough to recognise what one knows, too little to learn it."""
    return _MASKS[kind](text.strip())


def mask_email(text: str) -> str:
    name, at, domain = text.rpartition("@")
    return f"{_initial(name)}@{domain}" if at and name else HIDDEN


def mask_phone(text: str) -> str:
    return _ends(_NOT_DIGITS.sub("", text), 0, SHOWN)


def mask_pan(text: str) -> str:
    return _ends(text, 0, SHOWN)


def mask_gstin(text: str) -> str:
    """The state may be seen; the ten characters in the middle are the owner's PAN."""
    return _ends(text, 2, 3)


def mask_bank_account(text: str) -> str:
    return _ends(text, 0, SHOWN)


def mask_licence(text: str) -> str:
    return _ends(text, 0, SHOWN)


def mask_address(text: str) -> str:
    """Its last part, which is the town, when it has several."""
    street, _, town = text.rpartition(",")
    return f"{HIDDEN}, {town.strip()}" if street.strip() and town.strip() else HIDDEN


def mask_name(text: str) -> str:
    return " ".join(_initial(part) for part in text.split()) or HIDDEN


def _initial(text: str) -> str:
    return text[:1] + HIDDEN if len(text) > 1 else HIDDEN


def _ends(text: str, first: int, last: int) -> str:
    """Nothing of a text that is hardly longer than what would be shown."""
    if len(text) < 2 * (first + last):
        return HIDDEN
    return f"{text[:first]}{HIDDEN}{text[-last:]}"


_MASKS: dict[PersonalKind, Callable[[str], str]] = {
    PersonalKind.EMAIL: mask_email,
    PersonalKind.PHONE: mask_phone,
    PersonalKind.PAN: mask_pan,
    PersonalKind.GSTIN: mask_gstin,
    PersonalKind.BANK_ACCOUNT: mask_bank_account,
    PersonalKind.ADDRESS: mask_address,
    PersonalKind.NAME: mask_name,
    PersonalKind.LICENCE: mask_licence,
}
