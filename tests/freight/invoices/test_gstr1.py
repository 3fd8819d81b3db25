"""The return of a month, worked by hand from a handful of documents."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from freight.invoices.documents import Document
from freight.invoices.drafting import advance_receipt, credit_note, freight_invoice
from freight.invoices.gstr1 import gstr1
from freight.invoices.gstr_rows import issued_of, rows_of
from freight.pricing.gst import Recipient
from tests.freight.invoices.papers import (
    BOOK,
    DAY,
    FARMER,
    MILL,
    NEIGHBOUR,
    PUNE,
    charge,
    invoice,
    issued,
    supply,
)

AWAY = Recipient(is_registered=True, state="29")
HOME_PERSON = Recipient(is_registered=False, state="27")
FOREIGN = Recipient(is_registered=False, state="29")


def returned(*documents: Document, others: tuple[Document, ...] = ()) -> dict[str, Any]:
    rows = rows_of(documents, {one.id: one for one in others}, BOOK.invoices)
    return gstr1("27AAPFU0939F1ZV", date(2026, 11, 1), rows, issued_of(documents))


def with_cause(nr: int, document: Document) -> Document:
    return msgspec.structs.replace(document, id=f"doc-{nr}")


def test_to_who_is_registered_invoice_by_invoice() -> None:
    made = returned(
        issued(invoice(buyer=MILL, recipient=AWAY), 1),
        with_cause(2, issued(invoice(buyer=NEIGHBOUR, mode="gta_rcm_5"), 2)),
    )

    assert (made["gstin"], made["fp"]) == ("27AAPFU0939F1ZV", "112026")
    assert made["b2b"] == [
        {
            "ctin": "29AAGCB7383J1Z4",
            "inv": [
                {
                    "inum": "IN/26-27/0000001",
                    "idt": "21-11-2026",
                    "val": 59000.0,
                    "pos": "29",
                    "rchrg": "N",
                    "inv_typ": "R",
                    "itms": [
                        {
                            "num": 1,
                            "itm_det": {"rt": 18.0, "txval": 50000.0, "iamt": 9000.0, "csamt": 0.0},
                        }
                    ],
                }
            ],
        },
        {
            "ctin": "27AABCU9603R1ZN",
            "inv": [
                {
                    "inum": "IN/26-27/0000002",
                    "idt": "21-11-2026",
                    "val": 50000.0,
                    "pos": "27",
                    "rchrg": "Y",
                    "inv_typ": "R",
                    "itms": [
                        {
                            "num": 1,
                            "itm_det": {
                                "rt": 5.0,
                                "txval": 50000.0,
                                "camt": 1250.0,
                                "samt": 1250.0,
                                "csamt": 0.0,
                            },
                        }
                    ],
                }
            ],
        },
    ]


def test_who_is_not_registered_is_named_only_for_much_between_states() -> None:
    mode = "rent_with_operator_18"
    away: dict[str, Any] = {"recipient": FOREIGN, "handed_over_in": "29", "buyer": FARMER}
    away["mode"] = mode
    large = issued(invoice([100_000_00], **away), 1)  # 1,18,000
    small = with_cause(2, issued(invoice([10_000_00], **away), 2))
    more = with_cause(3, issued(invoice([5_000_00], **away), 3))
    note = issued(credit_note(BOOK, small, cause="n", reason="x", day=DAY, amount_minor=1_180_00))
    about_large = issued(
        credit_note(BOOK, large, cause="m", reason="x", day=DAY, amount_minor=1_180_00), 2
    )

    made = returned(large, small, more, note, about_large)

    assert [(one["pos"], len(one["inv"])) for one in made["b2cl"]] == [("29", 1)]
    assert made["b2cs"] == [
        {
            "sply_ty": "INTER",
            "pos": "29",
            "typ": "OE",
            "rt": 18.0,
            "txval": 14000.0,  # 10,000 + 5,000 - 1,000
            "iamt": 2520.0,
            "csamt": 0.0,
        }
    ]
    assert [(one["typ"], one["nt_num"]) for one in made["cdnur"]] == [("B2CL", "CN/26-27/0000002")]


def test_notes_to_who_is_registered_and_about_earlier_months() -> None:
    before = issued(invoice(buyer=MILL, recipient=AWAY))
    note = issued(credit_note(BOOK, before, cause="n", reason="x", day=DAY, amount_minor=1_180_00))

    made = returned(note, others=(before,))

    assert made["b2b"] == []
    (recipient,) = made["cdnr"]
    assert recipient["ctin"] == "29AAGCB7383J1Z4"
    (one,) = recipient["nt"]
    assert (one["ntty"], one["val"], one["itms"][0]["itm_det"]["iamt"]) == ("C", 1180.0, 180.0)


def test_exempt_supplies_in_sums() -> None:
    made = returned(
        issued(invoice(mode="exempt_21"), 1),
        with_cause(2, issued(invoice(mode="exempt_21", recipient=AWAY, buyer=MILL), 2)),
        with_cause(
            3,
            issued(invoice([700_00], mode=None, recipient=Recipient(False, "27"), buyer=FARMER), 3),
        ),
    )

    assert made["nil"] == {
        "inv": [
            {"sply_ty": "INTRAB2B", "expt_amt": 50000.0, "nil_amt": 0.0, "ngsup_amt": 0.0},
            {"sply_ty": "INTRAB2C", "expt_amt": 700.0, "nil_amt": 0.0, "ngsup_amt": 0.0},
            {"sply_ty": "INTRB2B", "expt_amt": 50000.0, "nil_amt": 0.0, "ngsup_amt": 0.0},
        ]
    }


def test_advances_until_their_invoice_comes() -> None:
    voucher = issued(
        advance_receipt(
            BOOK,
            cause="r",
            seller=PUNE,
            buyer=NEIGHBOUR,
            supply=supply(),
            amount_minor=1_180_000,
            description="Advance",
        )
    )
    taken = issued(
        freight_invoice(
            BOOK,
            cause="i",
            seller=PUNE,
            buyer=NEIGHBOUR,
            supply=supply(),
            charges=[charge(5_000_000)],
            advances=[voucher],
        )
    )
    sums = [
        {
            "pos": "27",
            "sply_ty": "INTRA",
            "itms": [{"rt": 18.0, "ad_amt": 10000.0, "camt": 900.0, "samt": 900.0, "csamt": 0.0}],
        }
    ]

    assert (returned(voucher)["at"], returned(voucher)["txpd"]) == (sums, [])
    assert (returned(voucher, taken)["at"], returned(voucher, taken)["txpd"]) == ([], [])
    later = returned(taken, others=(voucher,))
    assert (later["at"], later["txpd"]) == ([], sums)


def test_which_numbers_were_issued() -> None:
    made = returned(*(with_cause(nr, issued(invoice(), nr)) for nr in (3, 4, 5)))

    assert made["doc_issue"] == {
        "doc_det": [
            {
                "doc_num": 1,
                "doc_typ": "Invoices for outward supply",
                "docs": [
                    {
                        "num": 1,
                        "from": "IN/26-27/0000003",
                        "to": "IN/26-27/0000005",
                        "totnum": 3,
                        "cancel": 0,
                        "net_issue": 3,
                    }
                ],
            }
        ]
    }
