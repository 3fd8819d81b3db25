"""What books are posted from, added up once more: documents, payments, settlements, payouts.

None of the product's postings are asked what they should have been.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable

from freight.invoices.documents import Document, DocumentKind, Head
from freight.ledger.accounts import Role
from freight.payments.seen import RefundState
from freight.payments.state import Method, Payment, Purpose, RefundTo
from freight.payouts.state import UNDER_WAY, Payout
from freight.payouts.state import Purpose as PaidFor
from freight.payouts.state import Status as PayoutStatus
from freight.settlements.state import (
    ANSWERED_FOR,
    CHARGED_TAX,
    HAD,
    AdvanceMethod,
    AdvanceStatus,
    Settlement,
)
from freight.settlements.state import Head as Due

K = DocumentKind
CHARGING = (K.TAX_INVOICE, K.BILL_OF_SUPPLY, K.DEBIT_NOTE)
TAXES = ("cgst", "sgst", "utgst", "igst")
SIGNS = {**dict.fromkeys(CHARGING, 1), K.CREDIT_NOTE: -1}
ON_ADVANCES = {K.RECEIPT_VOUCHER: 1, K.REFUND_VOUCHER: -1}


@dataclasses.dataclass(frozen=True)
class Line:
    name: str
    one: int
    other: int

    @property
    def verdict(self) -> str:
        return "" if self.one == self.other else "DIFFERS"


@dataclasses.dataclass
class Found:
    """All that there is at the end of the month."""

    totals: dict[str, int]
    documents: list[Document]
    payments: list[Payment]
    settlements: list[Settlement]
    payouts: list[Payout]
    lines: list[Line] = dataclasses.field(default_factory=list)

    def balance(self, *roles: str) -> int:
        return sum(self.totals.get(role, 0) for role in roles)

    def same(self, name: str, one: int, other: int) -> None:
        self.lines.append(Line(name, one, other))

    @property
    def of_shippers(self) -> list[Document]:
        """What the books were posted from; papers of carriers' fees are not."""
        return [one for one in self.documents if not is_of_carrier(one)]

    @property
    def booked(self) -> list[Settlement]:
        """Those whose lines the books have."""
        return [one for one in self.settlements if one.is_in_books]


def is_of_carrier(document: Document) -> bool:
    return document.buyer.party.startswith("carriers/")


# ---------------------------------------------------------------------------- shippers' documents


def _by_head(documents: Iterable[Document]) -> Counter[Head]:
    said: Counter[Head] = Counter()
    for document in documents:
        for line in document.lines:
            said[line.head] += SIGNS.get(document.kind, 0) * line.taxable_minor
    return said


def compare_documents(found: Found) -> None:
    documents, by_head = found.of_shippers, _by_head(found.of_shippers)
    total = sum(SIGNS.get(one.kind, 0) * one.total_minor for one in documents)
    kept = sum(one.kept_minor for one in found.payments if one.purpose is Purpose.DUE)
    claims = found.balance(Role.SHORTAGE_COST)
    found.same(
        "receivables + customer advances = documents - claims - payments + refunds",
        found.balance(Role.RECEIVABLES, Role.CUSTOMER_ADVANCES),
        total - claims - kept,
    )
    found.same("claims of shippers = claims on record", claims, _claimed(found))
    of_fees = -settled_minor(found, Due.PLATFORM_FEE)  # of carriers
    income = {
        Role.FREIGHT_INCOME: by_head[Head.FREIGHT] + by_head[Head.RETURN] + by_head[Head.SHORTAGE],
        Role.DETENTION_INCOME: by_head[Head.DETENTION],
        Role.CANCELLATION_INCOME: by_head[Head.CANCELLATION],
        Role.PLATFORM_FEE_INCOME: by_head[Head.PLATFORM_FEE] + of_fees,
        Role.OTHER_INCOME: by_head[Head.OTHER] - settled_minor(found, Due.FEE),
    }
    for role, minor in income.items():
        found.same(f"{role} = documents", -found.balance(role), minor)
    rounded = sum(SIGNS.get(one.kind, 0) * one.round_off_minor for one in documents)
    found.same("round_off = documents", -found.balance(Role.ROUND_OFF), rounded)
    on_advances = 0
    for name in TAXES:
        charged = _tax(documents, SIGNS, name)
        waiting = _tax(documents, ON_ADVANCES, name) - _taken_up(documents, name)
        on_advances += waiting
        by_carriers = -settled_minor(found, Due(name))
        found.same(
            f"output_{name} = documents, vouchers, carriers' fees",
            -found.balance(f"output_{name}"),
            charged + waiting + by_carriers,
        )
    found.same("tax_on_advances = vouchers", found.balance(Role.TAX_ON_ADVANCES), on_advances)
    found.same(
        "receivables + claims + taken up = income + output tax + round off, of documents",
        total,
        sum(by_head.values()) + sum(_tax(documents, SIGNS, name) for name in TAXES) + rounded,
    )


def _claimed(found: Found) -> int:
    """What carriers answer for, as leg settlements say it, is what shippers were let off."""
    return sum(
        -line.amount_minor
        for one in found.settlements
        if one.booking is not None
        for line in one.lines
        if line.id.startswith("shortage/")
    )


def _tax(documents: Iterable[Document], signs: dict[DocumentKind, int], name: str) -> int:
    return sum(
        signs.get(one.kind, 0) * tax.amount_minor
        for one in documents
        for tax in one.taxes
        if tax.name == name
    )


def _taken_up(documents: Iterable[Document], name: str) -> int:
    return sum(
        tax.amount_minor
        for one in documents
        for reference in one.references
        for tax in reference.taken_up
        if one.kind in CHARGING and reference.kind is K.RECEIPT_VOUCHER and tax.name == name
    )


# ------------------------------------------------------------------------------------------ money


def compare_money(found: Found) -> None:
    came: Counter[str] = Counter()
    for payment in found.payments:
        came["provider_clearing"] += sum(one.amount_minor for one in payment.captured)
        for receipt in payment.receipts:
            came[_where(payment, receipt.handed_in_ms is not None)] += receipt.amount_minor
        for refund in payment.refunds:
            if refund.state is RefundState.PENDING:
                came["on its way back"] += refund.amount_minor
            elif refund.state is RefundState.PROCESSED:
                came[_FROM[refund.to]] -= refund.amount_minor
    topped = sum(one.kept_minor for one in found.payments if one.purpose is Purpose.TOP_UP)
    by_cash = _advanced(found, AdvanceMethod.CASH)
    clearing = found.balance(Role.PROVIDER_CLEARING)
    found.same("provider_clearing = captured - refunded", clearing, came["provider_clearing"])
    found.same("bank = transfers + handed in - refunds", found.balance(Role.BANK), came["bank"])
    held = came["cash"] - by_cash
    found.same("cash = collected - handed in - advances", found.balance(Role.CASH), held)
    balances = topped - came["wallets"] - came["to wallets"]
    found.same("wallets = filled - spent + refunds", -found.balance(Role.WALLETS), balances)
    transit = -found.balance(Role.REFUNDS_IN_TRANSIT)
    found.same("refunds_in_transit = refunds begun", transit, came["on its way back"])


_FROM = {RefundTo.SOURCE: "provider_clearing", RefundTo.BANK: "bank", RefundTo.WALLET: "to wallets"}


def _where(payment: Payment, is_handed_in: bool) -> str:
    if payment.method is Method.COD:
        return "bank" if is_handed_in else "cash"
    return "wallets" if payment.method is Method.WALLET else "bank"


# --------------------------------------------------------------------------------------- carriers


def settled_minor(found: Found, head: Due) -> int:
    """As the books have it: above zero due to carriers."""
    return sum(line.amount_minor for one in found.booked for line in one.lines if line.head is head)


def _advanced(found: Found, method: AdvanceMethod) -> int:
    given = (AdvanceStatus.PAID, AdvanceStatus.IN_TRANSIT)
    return sum(
        advance.amount_minor
        for one in found.settlements
        for advance in one.advances
        if advance.method is method and advance.status in given
    )


def _paid_out(found: Found, purpose: PaidFor) -> int:
    """Under way, or there."""
    return sum(
        one.amount_minor
        for one in found.payouts
        if one.purpose is purpose
        for attempt in one.attempts
        if attempt.status in UNDER_WAY or attempt.status is PayoutStatus.PROCESSED
    )


def compare_carriers(found: Found) -> None:
    due = sum(
        line.amount_minor
        for one in found.booked
        for line in one.lines
        if line.head is not Due.BROUGHT_FORWARD
    )
    payables = -found.balance(Role.CARRIER_PAYABLES)
    settled = due - _paid_out(found, PaidFor.SETTLEMENT)
    found.same("carrier_payables = settlements - payouts", payables, settled)
    given = _advanced(found, AdvanceMethod.CASH) + _advanced(found, AdvanceMethod.FUEL_CARD)
    given += _paid_out(found, PaidFor.ADVANCE) + sum(settled_minor(found, head) for head in HAD)
    held = found.balance(Role.CARRIER_ADVANCES)
    found.same("carrier_advances = given - taken up", held, given)
    diesel = -found.balance(Role.UNALLOCATED)
    found.same("unallocated = fuel cards", diesel, _advanced(found, AdvanceMethod.FUEL_CARD))
    attempts = [(one, attempt) for one in found.payouts for attempt in one.attempts]
    under_way = sum(one.amount_minor for one, each in attempts if each.status in UNDER_WAY)
    transit = -found.balance(Role.PAYOUTS_IN_TRANSIT)
    found.same("payouts_in_transit = payouts under way", transit, under_way)
    done = [(one, each) for one, each in attempts if each.status is PayoutStatus.PROCESSED]
    fees = sum(each.fees_minor or 0 for _, each in done)
    gone = sum(one.amount_minor for one, _ in done) + fees
    found.same("payout_account = payouts + fees", -found.balance(Role.PAYOUT_ACCOUNT), gone)
    charged = found.balance(Role.PROVIDER_FEES, Role.INPUT_GST)
    found.same("provider_fees + input_gst = payouts' fees", charged, fees)
    detention = settled_minor(found, Due.DETENTION)
    found.same("detention_cost = settlements", found.balance(Role.DETENTION_COST), detention)
    others = {*CHARGED_TAX, *ANSWERED_FOR, *HAD, Due.FEE, Due.PLATFORM_FEE, Due.TDS}
    others |= {Due.DETENTION, Due.BROUGHT_FORWARD}
    carriage = sum(settled_minor(found, head) for head in Due if head not in others)
    found.same("carriage_cost = settlements", found.balance(Role.CARRIAGE_COST), carriage)
    answered = -sum(settled_minor(found, head) for head in ANSWERED_FOR)
    found.same("recoveries = settlements", -found.balance(Role.RECOVERIES), answered)
    deducted = -settled_minor(found, Due.TDS)
    found.same("tds_payable = settlements", -found.balance(Role.TDS_PAYABLE), deducted)
