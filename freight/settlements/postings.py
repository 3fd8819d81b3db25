"""What a settlement does to the books: approved, taken back, and as advances are given."""

from __future__ import annotations

from collections.abc import Iterable

from freight.ledger.accounts import Role
from freight.ledger.entries import Cause, Entry, Posting, entry, reversal
from freight.settlements.state import (
    ANSWERED_FOR,
    HAD,
    Advance,
    AdvanceMethod,
    Head,
    Line,
    Settlement,
)

_COST = {Head.DETENTION: Role.DETENTION_COST}
_CREDITED: dict[Head, Role] = {
    Head.FEE: Role.OTHER_INCOME,
    Head.PLATFORM_FEE: Role.PLATFORM_FEE_INCOME,
    Head.CGST: Role.OUTPUT_CGST,
    Head.SGST: Role.OUTPUT_SGST,
    Head.UTGST: Role.OUTPUT_UTGST,
    Head.IGST: Role.OUTPUT_IGST,
    Head.TDS: Role.TDS_PAYABLE,
    **dict.fromkeys(ANSWERED_FOR, Role.RECOVERIES),
    **dict.fromkeys(HAD, Role.CARRIER_ADVANCES),
}
_OF_CARRIER = frozenset({Role.CARRIER_ADVANCES, Role.CARRIER_PAYABLES})


def party_of(carrier: str) -> str:
    return f"carriers/{carrier}"


def approved(state: Settlement, at_ms: int) -> Entry | None:
    """None: nothing moves, as when all of it is carried over."""
    cause = Cause("settlement", f"settlements/{state.id}", state.approved_version)
    postings = merged(
        posting
        for line in state.lines
        if line.head is not Head.BROUGHT_FORWARD  # between two settlements of one carrier
        for posting in _postings(state.carrier, line)
    )
    if not postings:
        return None
    memo = f"Settlement {state.id} with {state.carrier}"
    return entry(_entry_id(state), at_ms, cause, memo, postings)


def reopened(state: Settlement, at_ms: int, version: int) -> Entry | None:
    """`state` is as it was approved; `version` is that of the taking back."""
    made = approved(state, at_ms)
    if made is None:
        return None
    cause = Cause("settlement", f"settlements/{state.id}", version)
    return reversal(made, f"{made.id}/reopened", at_ms, cause)


def given_by_hand(state: Settlement, advance: Advance, at_ms: int) -> Entry:
    """Cash from the till; diesel by a card whose bill comes later."""
    party = party_of(state.carrier)
    by_card = advance.method is AdvanceMethod.FUEL_CARD
    from_account = Role.UNALLOCATED if by_card else Role.CASH
    return entry(
        f"settlement/{state.id}/advance/{advance.id}",
        at_ms,
        Cause("settlement", f"settlements/{state.id}", state.version),
        f"Advance {advance.id} to {state.carrier}",
        (
            Posting(Role.CARRIER_ADVANCES, advance.amount_minor, party, state.booking),
            Posting(from_account, -advance.amount_minor, None, state.booking),
        ),
    )


def _entry_id(state: Settlement) -> str:
    return f"settlement/{state.id}/{state.approved_version}"


def _postings(carrier: str, line: Line) -> tuple[Posting, Posting]:
    """A line above zero is owed to the carrier, one below is taken off what is owed."""
    party = party_of(carrier)
    account = _CREDITED.get(line.head) or _COST.get(line.head, Role.CARRIAGE_COST)
    own = party if account in _OF_CARRIER else None
    return (
        Posting(account, line.amount_minor, own, line.booking),
        Posting(Role.CARRIER_PAYABLES, -line.amount_minor, party, line.booking),
    )


def merged(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    """One of each account, party and booking, in the order in which they first came."""
    sums: dict[tuple[str, str | None, str | None], int] = {}
    for each in postings:
        about = (each.account, each.party, each.booking)
        sums[about] = sums.get(about, 0) + each.amount_minor
    return tuple(
        Posting(account, amount_minor, party, booking)
        for (account, party, booking), amount_minor in sums.items()
        if amount_minor
    )
