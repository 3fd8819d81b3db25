"""From a draft to a document: its series and number, its day, and what its QR code says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import msgspec

from freight.invoices.documents import Document, DocumentKind, Draft
from freight.invoices.rules import InvoiceRules, Series
from freight.tax.calendar import india_day, year_begun
from freight.tax.words import rupees

# As the codes of e-invoices say it; other kinds are no invoices and say their own names.
_QR_TYPES = {
    DocumentKind.TAX_INVOICE: "INV",
    DocumentKind.BILL_OF_SUPPLY: "BIL",
    DocumentKind.CREDIT_NOTE: "CRN",
    DocumentKind.DEBIT_NOTE: "DBN",
}


@dataclass(frozen=True)
class Numbered:
    """All but its place in the series, which only the store knows."""

    draft: Draft
    rules: Series
    state: str
    day: date
    at_ms: int

    @property
    def series(self) -> str:
        return self.draft.kind.value

    @property
    def year(self) -> int:
        return year_begun(self.day)

    def document(self, id: str, tenant: str, nr: int, previous: str | None) -> Document:  # noqa: A002 - its name everywhere
        number = self.rules.number(self.year, self.state, nr)
        if len(number) > self.rules.number_chars_max:
            raise OverflowError(f"series {self.series} of {self.year} has no numbers left")
        fields = {name: getattr(self.draft, name) for name in self.draft.__struct_fields__}
        return Document(
            **fields,
            id=id,
            tenant=tenant,
            series=self.series,
            state=self.state,
            year=self.year,
            nr=nr,
            number=number,
            date=self.day.isoformat(),
            issued_ms=self.at_ms,
            previous=previous,
            qr=qr_payload(self.draft, number, self.day),
        )


def numbered(draft: Draft, rules: InvoiceRules, default_state: str, at_ms: int) -> Numbered:
    """A registration has series of its own, as its GSTIN begins."""
    seller = draft.seller
    state = seller.gstin[:2] if seller.gstin else seller.address.state
    return Numbered(
        draft=draft,
        rules=rules.series[draft.kind],
        state=state or default_state,
        day=india_day(at_ms),
        at_ms=at_ms,
    )


def qr_payload(draft: Draft, number: str, day: date) -> str:
    """What e-invoices sign, by the same names, so that readers of those read these."""
    said = {
        "SellerGstin": draft.seller.gstin or "URP",
        "BuyerGstin": draft.buyer.gstin or "URP",
        "DocNo": number,
        "DocTyp": _QR_TYPES.get(draft.kind, draft.kind.value),
        "DocDt": day.strftime("%d/%m/%Y"),
        "TotInvVal": rupees(draft.total_minor).replace(",", ""),
        "ItemCnt": len(draft.lines),
        "MainHsnCode": draft.lines[0].sac if draft.lines else None,
    }
    return msgspec.json.encode({k: v for k, v in said.items() if v is not None}).decode()
