"""Numbers by which tax and banks know a carrier: whether each can be one, by form and checksum."""

from __future__ import annotations

import re

_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
GSTIN_PATTERN = r"^[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]$"
# Who deducts or collects tax by GST, who lives abroad, and bodies of the United Nations.
OTHER_GSTIN_PATTERNS = (
    r"^[0-9]{2}[A-Z]{4}[A-Z0-9][0-9]{4}[A-Z][1-9A-Z][A-J1-9][0-9A-Z]$",
    r"^[0-9]{4}[A-Z]{3}[0-9]{5}NR[0-9A-Z]$",
    r"^[0-9]{4}[A-Z]{3}[0-9]{5}[UO]N[A-Z0-9]$",
)
PAN_PATTERN = r"^[A-Z]{5}[0-9]{4}[A-Z]$"
PIN_PATTERN = r"^[1-9][0-9]{5}$"
IFSC_PATTERN = r"^[A-Z]{4}0[A-Z0-9]{6}$"
ACCOUNT_PATTERN = r"^[0-9A-Z]{5,34}$"
# The fourth letter says what the holder is: a person, a company, a firm, a trust, ...
PAN_HOLDERS = frozenset("PCHFABTGLJ")
STATE_CODES = frozenset(f"{number:02}" for number in (*range(1, 39), 96, 97, 99))


def gstin_check_character(first_fourteen: str) -> str:
    """Its last character, of the fourteen before it."""
    total = 0
    for place, character in enumerate(first_fourteen):
        product = _BASE36.index(character) * (1 + place % 2)
        total += product // len(_BASE36) + product % len(_BASE36)
    return _BASE36[-total % len(_BASE36)]


def gstin_fault(text: str) -> str | None:
    """What is wrong with it; None: it can be one, though nobody says that it is in use."""
    if re.fullmatch(GSTIN_PATTERN, text) is None:
        return "is not a GSTIN: two digits, a PAN, one character, Z and a check character"
    if text[:2] not in STATE_CODES:
        return f"begins with {text[:2]}, which is no state's code"
    expected = gstin_check_character(text[:-1])
    if text[-1] != expected:
        return f"has the check character {text[-1]}, but {expected} belongs to the others"
    return pan_fault(text[2:12])


def recipient_gstin_fault(text: str) -> str | None:
    """The same for who is sent an invoice: also deductors, bodies and people from abroad."""
    if any(re.fullmatch(pattern, text) for pattern in OTHER_GSTIN_PATTERNS):
        expected = gstin_check_character(text[:-1])
        if text[-1] == expected:
            return None
        return f"has the check character {text[-1]}, but {expected} belongs to the others"
    return gstin_fault(text)


def transin_fault(text: str) -> str | None:
    """Of a transporter without a GSTIN: fifteen characters from the portal of e-way bills, made up
    as a GSTIN is; its check character is the portal's own matter."""
    if re.fullmatch(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]{3}", text) is None:
        return "is not a transporter's id: two digits, a PAN and three characters"
    return pan_fault(text[2:12])


def pan_fault(text: str) -> str | None:
    if re.fullmatch(PAN_PATTERN, text) is None:
        return "is not a PAN: five letters, four digits and a letter"
    if text[3] not in PAN_HOLDERS:
        return f"is not a PAN: its fourth letter is {text[3]}, which stands for no kind of holder"
    return None


def ifsc_fault(text: str) -> str | None:
    if re.fullmatch(IFSC_PATTERN, text) is None:
        return "is not an IFSC: four letters, a zero, and six letters or digits"
    return None


def pan_in(gstin: str) -> str:
    return gstin[2:12]


def account_of(bank_account: str | None, ifsc: str | None) -> tuple[str | None, str | None]:
    """IFSC and account number, also where both were written as one: IFSC/number."""
    if bank_account is None:
        return ifsc, None
    before, slash, behind = bank_account.partition("/")
    if slash and ifsc_fault(before.strip()) is None:
        return ifsc or before.strip(), behind.strip()
    return ifsc, bank_account.strip()
