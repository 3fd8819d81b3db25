"""Parties, carriages and rules that the tests of documents share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from config.policy import defaults
from freight.invoices.documents import (
    Address,
    Document,
    Draft,
    Head,
    Item,
    PartyBlock,
    Transport,
    document_id,
)
from freight.invoices.drafting import Rulebook, freight_invoice
from freight.invoices.issuing import numbered
from freight.invoices.totals import Charge
from freight.pricing.gst import Recipient
from freight.tax.supply import Supply

POLICY = defaults()
BOOK = Rulebook(POLICY.pricing.gst, POLICY.tax, POLICY.invoices)
DAY = date(2026, 11, 21)
AT_MS = 1_795_240_800_000  # that day, 11:30 in India

PUNE = PartyBlock(
    party="platform",
    name="Deccan Roadlines",
    address=Address(("1 Station Road", "Pune"), "411001", "27", "Maharashtra"),
    gstin="27AAPFU0939F1ZV",
    pan="AAPFU0939F",
)
MILL = PartyBlock(
    party="shippers/mill",
    name="Mill Limited",
    address=Address(("2 Mill Street", "Bengaluru"), "560001", "29", "Karnataka"),
    gstin="29AAGCB7383J1Z4",
)
NEIGHBOUR = PartyBlock(
    party="shippers/neighbour",
    name="Neighbour Private Limited",
    address=Address(("3 Camp", "Pune"), "411002", "27", "Maharashtra"),
    gstin="27AABCU9603R1ZN",
)
FARMER = PartyBlock(
    party="shippers/farmer", name="A farmer", address=Address(state="27", state_name="Maharashtra")
)


def supply(**changes: Any) -> Supply:
    """Steel for a registered neighbour in the same state."""
    given: dict[str, Any] = {
        "recipient": Recipient(is_registered=True, state="27"),
        "supplier_state": "27",
        "handed_over_in": "27",
        "material": "steel",
        "day": DAY,
        "mode": "gta_fcm_18",
    }
    return Supply(**(given | changes))


def transport(consignor: PartyBlock = PUNE, consignee: PartyBlock = MILL) -> Transport:
    return Transport(
        consignor=consignor,
        consignee=consignee,
        origin="Pune",
        destination="Bengaluru",
        vehicles=("MH12AB1234",),
        items=(Item(description="Steel coils", weight_kg=9_000, packages=4),),
        gross_weight_kg=9_000,
    )


def charge(amount_minor: int, head: Head = Head.FREIGHT) -> Charge:
    return Charge(head=head, description=head.value, amount_minor=amount_minor)


def invoice(
    amounts: Sequence[int] = (50_000_00,), *, buyer: PartyBlock = NEIGHBOUR, **changes: Any
) -> Draft:
    """A freight invoice; `changes` are of the supply."""
    return freight_invoice(
        BOOK,
        cause="bk-1/invoice",
        seller=PUNE,
        buyer=buyer,
        supply=supply(**changes),
        charges=[charge(amount) for amount in amounts],
        booking="bk-1",
        transport=transport(),
    )


def issued(draft: Draft, nr: int = 1, at_ms: int = AT_MS) -> Document:
    """As the store would number it."""
    made = numbered(draft, BOOK.invoices, "27", at_ms)
    return made.document(document_id(1, draft.cause), "t", nr, None)
