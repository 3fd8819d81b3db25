"""What a payout does to the books: wherever its money is now, less where it was before."""

from __future__ import annotations

from freight.ledger.accounts import Role
from freight.ledger.entries import Cause, Entry, Posting, entry
from freight.payouts.state import UNDER_WAY, Attempt, Payout, Purpose, Status

_OWED = {Purpose.SETTLEMENT: Role.CARRIER_PAYABLES, Purpose.ADVANCE: Role.CARRIER_ADVANCES}


def moved(before: Payout | None, after: Payout, at_ms: int) -> Entry | None:
    """None: the money is where it was."""
    sums: dict[tuple[str, str | None], int] = {}
    for state, sign in ((after, 1), (before, -1)):
        if state is not None:
            for account, party, amount_minor in _where(state):
                sums[account, party] = sums.get((account, party), 0) + sign * amount_minor
    postings = [
        Posting(account, amount_minor, party, after.booking)
        for (account, party), amount_minor in sums.items()
        if amount_minor
    ]
    if not postings:
        return None
    return entry(
        f"payout/{after.id}/{after.version}",
        at_ms,
        Cause("payout", f"payouts/{after.id}", after.version),
        f"Payout {after.id} to {after.carrier}: {after.status}",
        postings,
    )


def _where(state: Payout) -> list[tuple[str, str | None, int]]:
    return [line for attempt in state.attempts for line in _of(state, attempt)]


def _of(state: Payout, attempt: Attempt) -> list[tuple[str, str | None, int]]:
    party = f"carriers/{state.carrier}"
    owed = (_OWED[state.purpose], party, state.amount_minor)
    if attempt.status in UNDER_WAY:
        return [owed, (Role.PAYOUTS_IN_TRANSIT, party, -state.amount_minor)]
    if attempt.status is not Status.PROCESSED:
        return []
    # What the provider takes for it is named with the tax on it.
    fees, tax = attempt.fees_minor or 0, attempt.tax_minor or 0
    return [
        owed,
        (Role.PROVIDER_FEES, None, fees - tax),
        (Role.INPUT_GST, None, tax),
        (Role.PAYOUT_ACCOUNT, None, -(state.amount_minor + fees)),
    ]
