"""Papers to print in tests: documents as they are issued, and a settlement with all its parts."""

from __future__ import annotations

from freight.invoices.documents import (
    Consignment,
    Document,
    FreightTerms,
    Item,
    PartyBlock,
    Risk,
    Transport,
)
from freight.invoices.drafting import consignment_note
from freight.settlements.state import Head, Kind, Line, Settlement, Source, Status
from freight.settlements.statement import Statement, statement_of
from tests.freight.invoices.papers import BOOK, MILL, NEIGHBOUR, PUNE, issued, supply

RAVI = PartyBlock(party="carriers/ravi", name="Ravi Transport", pan="AAAPL1234C")


def lorry_receipt() -> Document:
    draft = consignment_note(
        BOOK,
        cause="bk-1/L1/lr",
        seller=PUNE,
        buyer=NEIGHBOUR,
        supply=supply(),
        transport=Transport(
            consignor=NEIGHBOUR,
            consignee=MILL,
            origin="Chakan, Pune",
            destination="Peenya, Bengaluru",
            vehicles=("MH12AB1234",),
            items=(
                Item(
                    description="HR steel coils",
                    weight_kg=18_400,
                    packages=12,
                    packing="strapped",
                    hsn="7208",
                ),
                Item(description="Fasteners", weight_kg=600, packages=30, hsn="7318"),
            ),
            gross_weight_kg=19_000,
            charged_weight_kg=20_000,
            distance_m=841_300,
            loaded_on="2026-11-20",
            liable_for_tax="shippers/neighbour",
            liable_gstin=NEIGHBOUR.gstin,
            eway_bills=("181234567890",),
            references=(("PO", "4711"),),
        ),
        consignment=Consignment(
            risk=Risk.OWNER,
            terms=FreightTerms.TO_BE_BILLED,
            declared_value_minor=12_34_567_00,
            private_marks="N-77",
            invoice_numbers=("NPL/1182",),
            driver="Suresh Patil",
            copies=("Consignor", "Consignee", "Carrier"),
        ),
        booking="bk-1",
        leg="L1",
    )
    return issued(draft, 42)


def line(head: Head, amount_minor: int, **more: object) -> Line:
    given = {"id": f"{head}/{amount_minor}", "source": Source.BOOKING, "booking": "bk-1"}
    return Line(head=head, amount_minor=amount_minor, **(given | more))  # type: ignore[arg-type]


def statement() -> Statement:
    lines = (
        line(Head.FREIGHT, 42_000_00, leg="L1"),
        line(Head.DETENTION, 1_500_00, memo="3 h at the drop"),
        line(Head.DIESEL, -10_000_00),
        line(Head.PLATFORM_FEE, -420_00, base_minor=42_000_00, rate_bp=100),
        line(Head.IGST, -75_60, base_minor=420_00, rate_bp=1800),
        line(Head.SHORTAGE, -1_071_00, memo="153 kg of cement"),
        line(Head.TDS, -870_00, base_minor=43_500_00, rate_bp=200, code="194C"),
    )
    return statement_of(
        Settlement(
            id="st-1",
            version=3,
            kind=Kind.LEG,
            carrier="ravi",
            status=Status.PAID,
            opened_ms=1_795_000_000_000,
            lines=lines,
            booking="bk-1",
            leg="L1",
            truck="MH12AB1234",
            approved_ms=1_795_240_800_000,
            paid_ms=1_795_280_000_000,
            utr="HDFCN52026112100001",
        )
    )
