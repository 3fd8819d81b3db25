"""What confirming a line of a bank statement does to the books."""

from __future__ import annotations

from freight.ledger.accounts import Role
from freight.ledger.entries import Cause as EntryCause
from freight.ledger.entries import Entry, Posting, entry
from freight.reconciling.matching import Cause, LineKind, Settled
from freight.reconciling.rules import Holds
from freight.refusal import Refusal

_OF_CAUSE = {Cause.ROUNDING: Role.ROUND_OFF, Cause.FEE_DIFFERS: Role.PROVIDER_FEES}


def confirmed(
    line_id: str,
    at_ms: int,
    *,
    kind: LineKind,
    amount_minor: int,
    holds: Holds,
    settled: Settled | None = None,
    cause: Cause | None = None,
    expected_minor: int | None = None,
    account: str | None = None,
) -> Entry | None:
    """None: the books have it already, as payouts and transfers of shippers. `account` is where a
    person says that what is not explained belongs."""
    at_bank = Posting(Role(holds.value), amount_minor)
    if kind is LineKind.SETTLEMENT and settled is not None:
        fee, tax = settled.fee_minor, settled.tax_minor
        postings = [
            at_bank,
            Posting(Role.PROVIDER_FEES, fee - tax),
            Posting(Role.INPUT_GST, tax),
            Posting(Role.PROVIDER_CLEARING, -settled.cleared_minor),
            *_off(amount_minor - settled.net_minor, cause, account),
        ]
    elif kind is LineKind.TRANSFER and holds is Holds.BANK:
        postings = [at_bank, Posting(Role.PAYOUT_ACCOUNT, -amount_minor)]
    elif kind is LineKind.TRANSFER:
        return None  # the statement of the account that it came from posts it
    elif kind in (LineKind.PAYOUT, LineKind.PAYMENT):
        off_minor = amount_minor - (expected_minor or 0)
        if not off_minor:
            return None
        postings = [Posting(at_bank.account, off_minor), *_off(off_minor, cause, account)]
    else:
        postings = [at_bank, *_off(amount_minor, None, account)]
    about = EntryCause("statement", f"statement-lines/{line_id}")
    return entry(f"statement/{line_id}", at_ms, about, f"Statement line: {kind}", postings)


def _off(off_minor: int, cause: Cause | None, account: str | None) -> list[Posting]:
    """More at the bank than was expected is somebody's; by its cause, or as a person says."""
    if not off_minor:
        return []
    where = account or (None if cause is None else _OF_CAUSE.get(cause))
    if where is None:
        raise Refusal("account_needed", f"{off_minor} paise are not explained: name an account")
    return [Posting(where, -off_minor)]
