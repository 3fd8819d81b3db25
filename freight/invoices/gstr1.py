"""The return GSTR-1 of a month in the form that the GST portal takes, from the rows of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from freight.invoices.documents import DocumentKind
from freight.invoices.gstr_rows import Issued, Row, Section
from freight.money import PAISE_PER_RUPEE

BP_PER_PERCENT = 100  # fixed: what the words mean
# Numbers and names of table 13.
_DOCUMENTS = {
    DocumentKind.TAX_INVOICE: (1, "Invoices for outward supply"),
    DocumentKind.BILL_OF_SUPPLY: (1, "Invoices for outward supply"),
    DocumentKind.DEBIT_NOTE: (4, "Debit Note"),
    DocumentKind.CREDIT_NOTE: (5, "Credit Note"),
    DocumentKind.RECEIPT_VOUCHER: (6, "Receipt voucher"),
    DocumentKind.REFUND_VOUCHER: (8, "Refund voucher"),
}


def gstr1(gstin: str, month: date, rows: Sequence[Row], issued: Sequence[Issued]) -> dict[str, Any]:
    by_section: dict[Section, list[Row]] = {section: [] for section in Section}
    for row in rows:
        by_section[row.section].append(row)
    return {
        "gstin": gstin,
        "fp": month.strftime("%m%Y"),
        "b2b": _by_recipient(by_section[Section.B2B], "inv", _invoice),
        "b2cl": _by_place(by_section[Section.B2CL]),
        "b2cs": _sums(by_section[Section.B2CS]),
        "cdnr": _by_recipient(by_section[Section.CDNR], "nt", _note),
        "cdnur": [
            {"typ": "B2CL", **_note(found)} for found in _documents(by_section[Section.CDNUR])
        ],
        "nil": {"inv": _exempt(by_section[Section.EXEMPT])},
        "at": _advances(by_section[Section.ADVANCES]),
        "txpd": _advances(by_section[Section.TAKEN_UP]),
        "doc_issue": {"doc_det": _issued(issued)},
    }


def _rupees(minor: int) -> float:
    return minor / PAISE_PER_RUPEE


def _day(text: str) -> str:
    return date.fromisoformat(text).strftime("%d-%m-%Y")


def _documents(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows of one document together, in order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.number, []).append(row)
    return list(found.values())


def _items(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [
        {"num": nr, "itm_det": {"rt": _rate(row), "txval": _rupees(row.taxable_minor), **_tax(row)}}
        for nr, row in enumerate(rows, start=1)
    ]


def _rate(row: Row) -> float:
    return row.rate_bp / BP_PER_PERCENT


def _tax(row: Row) -> dict[str, float]:
    if row.is_inter_state:
        return {"iamt": _rupees(row.igst_minor), "csamt": 0.0}
    return {"camt": _rupees(row.cgst_minor), "samt": _rupees(row.sgst_minor), "csamt": 0.0}


def _flag(row: Row) -> str:
    return "Y" if row.is_reverse_charge else "N"


def _invoice(rows: Sequence[Row]) -> dict[str, Any]:
    first = rows[0]
    return {
        "inum": first.number,
        "idt": _day(first.date),
        "val": _rupees(first.value_minor),
        "pos": first.place_of_supply,
        "rchrg": _flag(first),
        "inv_typ": "R",
        "itms": _items(rows),
    }


def _note(rows: Sequence[Row]) -> dict[str, Any]:
    first = rows[0]
    return {
        "ntty": "C" if first.kind is DocumentKind.CREDIT_NOTE else "D",
        "nt_num": first.number,
        "nt_dt": _day(first.date),
        "val": _rupees(first.value_minor),
        "pos": first.place_of_supply,
        "rchrg": _flag(first),
        "inv_typ": "R",
        "itms": _items(rows),
    }


def _by_recipient(rows: Iterable[Row], name: str, of: Any) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for document in _documents(rows):
        found.setdefault(document[0].gstin or "", []).append(of(document))
    return [{"ctin": gstin, name: each} for gstin, each in found.items()]


def _by_place(rows: Iterable[Row]) -> list[dict[str, Any]]:
    found: dict[str | None, list[dict[str, Any]]] = {}
    for document in _documents(rows):
        made = _invoice(document)
        kept = {key: made[key] for key in ("inum", "idt", "val", "itms")}
        found.setdefault(document[0].place_of_supply, []).append(kept)
    return [{"pos": place, "inv": each} for place, each in found.items()]


def _sums(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """By place and rate."""
    found: dict[tuple[str | None, bool, int], Row] = {}
    for row in rows:
        place = row.place_of_supply, row.is_inter_state, row.rate_bp
        found[place] = row if place not in found else _added(found[place], row)
    return [
        {
            "sply_ty": "INTER" if row.is_inter_state else "INTRA",
            "pos": row.place_of_supply,
            "typ": "OE",
            "rt": _rate(row),
            "txval": _rupees(row.taxable_minor),
            **_tax(row),
        }
        for row in found.values()
    ]


def _advances(rows: Iterable[Row]) -> list[dict[str, Any]]:
    return [
        {
            "pos": one["pos"],
            "sply_ty": one["sply_ty"],
            "itms": [
                {"rt": one["rt"], "ad_amt": one["txval"]}
                | {name: one[name] for name in ("iamt", "camt", "samt", "csamt") if name in one}
            ],
        }
        for one in _sums(rows)
    ]


def _added(one: Row, other: Row) -> Row:
    amounts = {
        name: getattr(one, name) + getattr(other, name)
        for name in ("value_minor", "taxable_minor", "igst_minor", "cgst_minor", "sgst_minor")
    }
    fields = {name: getattr(one, name) for name in one.__struct_fields__}
    return Row(**fields | amounts)


def _exempt(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Table 8: between states or within, to who is registered or not."""
    sums: dict[str, int] = {}
    for row in rows:
        kind = ("INTR" if row.is_inter_state else "INTRA") + ("B2B" if row.gstin else "B2C")
        sums[kind] = sums.get(kind, 0) + row.taxable_minor
    return [
        {"sply_ty": kind, "expt_amt": _rupees(minor), "nil_amt": 0.0, "ngsup_amt": 0.0}
        for kind, minor in sorted(sums.items())
    ]


def _issued(issued: Iterable[Issued]) -> list[dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for one in issued:
        if one.kind not in _DOCUMENTS:
            continue
        number, name = _DOCUMENTS[one.kind]
        table = found.setdefault(number, {"doc_num": number, "doc_typ": name, "docs": []})
        table["docs"].append(
            {
                "num": len(table["docs"]) + 1,
                "from": one.first,
                "to": one.last,
                "totnum": one.count,
                "cancel": 0,
                "net_issue": one.count,
            }
        )
    return [found[number] for number in sorted(found)]
