"""Entries of the books: postings that cancel out, each with the cause it was made for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from freight.ledger.accounts import ACCOUNT, CONTROL, PARTY
from freight.refusal import Refusal

FORM = 1
AMOUNT_MINOR_MAX = 10**15  # fixed: sums of very many still fit into 64 bits
LINES_MAX = 1000  # fixed: one entry is one fact


class BadEntryError(Refusal):
    """No entry of any books."""


class Posting(msgspec.Struct, frozen=True):
    account: str
    amount_minor: int  # a debit is above zero, a credit below
    party: str | None = None  # shippers/<id>, carriers/<id>, platform
    booking: str | None = None


class Cause(msgspec.Struct, frozen=True):
    """Why an entry was made: from it, the fact that moved the money can be found."""

    kind: str  # payment, refund, invoice, settlement, payout, tax, manual, reversal ...
    about: str  # what it happened to: payments/<id>, invoices/<number> ...
    version: int | None = None  # of that, or of the booking
    rule: str | None = None  # path of the configuration key that decided
    config_version: int | None = None


class Entry(msgspec.Struct, frozen=True):
    id: str
    at_ms: int  # when it counts, which may be before it was written
    cause: Cause
    memo: str
    postings: tuple[Posting, ...]


def entry(id: str, at_ms: int, cause: Cause, memo: str, postings: Iterable[Posting]) -> Entry:  # noqa: A002 - its name everywhere
    """Postings of nothing are left out; what does not cancel out is refused."""
    kept = tuple(posting for posting in postings if posting.amount_minor)
    for posting in kept:
        _check(posting)
    off_minor = sum(posting.amount_minor for posting in kept)
    if off_minor:
        raise BadEntryError("unbalanced", f"debits and credits differ by {off_minor} paise")
    if not kept:
        raise BadEntryError("empty", "an entry that moves nothing is none")
    if len(kept) > LINES_MAX:
        raise BadEntryError("too_long", f"an entry has at most {LINES_MAX} postings")
    if not id or at_ms < 0:
        raise BadEntryError("not_an_entry", "an entry needs an id and a time")
    if not cause.kind or not cause.about:
        raise BadEntryError("no_cause", "an entry names its cause")
    return Entry(id, at_ms, cause, memo, kept)


def reversal(
    made: Entry,
    id: str,  # noqa: A002 - its name everywhere
    at_ms: int,
    cause: Cause,
    memo: str | None = None,
) -> Entry:
    """The same the other way round: what was written stays, and counts no more."""
    opposite = [
        Posting(posting.account, -posting.amount_minor, posting.party, posting.booking)
        for posting in made.postings
    ]
    return entry(id, at_ms, cause, memo or f"Reversal of {made.id}: {made.memo}", opposite)


def digest(made: Entry) -> bytes:
    """Of all that it says; the books are sealed over these."""
    return hashlib.sha256(msgspec.json.encode((FORM, made))).digest()


def substance(made: Entry) -> tuple[str, str, tuple[Posting, ...]]:
    """What an id stands for: money and its cause; when and in what words may differ."""
    return made.cause.kind, made.cause.about, made.postings


def _check(posting: Posting) -> None:
    if ACCOUNT.fullmatch(posting.account) is None:
        raise BadEntryError("not_an_account", f"{posting.account!r} is not the name of an account")
    if abs(posting.amount_minor) > AMOUNT_MINOR_MAX:
        raise BadEntryError("too_much", f"{posting.amount_minor} paise are more than is believed")
    if posting.party is None:
        if posting.account in CONTROL:
            raise BadEntryError("no_party", f"{posting.account} is somebody's: name the party")
    elif PARTY.fullmatch(posting.party) is None:
        raise BadEntryError("not_a_party", f"{posting.party!r} is not a party")
