"""How documents are numbered, worded and rounded; what law and tenants may set."""

from __future__ import annotations

import re
import string
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from freight.dated import Dated
from freight.invoices.documents import DocumentKind
from freight.pricing.amounts import Paise, Word
from freight.rules import Rules, Who, key
from freight.tax.calendar import year_label

# Rule 46: at most sixteen of these, and portals refuse another beginning.
NUMBER = re.compile(r"[A-Za-z1-9][A-Za-z0-9/-]{0,15}")
NUMBER_CHARS_MAX = 16  # fixed: rule 46(b) of the CGST Rules
FIELDS = frozenset({"prefix", "fy", "state", "n"})
TRIED = (1, 99_999)


def _known_fields(pattern: str) -> str:
    try:
        named = {field for _, field, _, _ in string.Formatter().parse(pattern) if field is not None}
        pattern.format(prefix="A", fy="25-26", state="27", n=1)
    except (ValueError, KeyError, IndexError) as error:
        raise ValueError("is not a pattern of {prefix}, {fy}, {state} and {n:07}") from error
    if "n" not in named or not named <= FIELDS:
        raise ValueError("needs {n} and knows {prefix}, {fy} and {state} beside")
    return pattern


Pattern = Annotated[str, AfterValidator(_known_fields)]
Prefix = Annotated[str, Field(pattern=r"^[A-Z1-9][A-Z0-9]{0,5}$")]


class Series(Rules):
    """The numbers of one kind of document in one registration and financial year."""

    prefix: Prefix
    pattern: Pattern = "{prefix}/{fy}/{n:07}"
    number_chars_max: Annotated[int, Field(gt=0, le=NUMBER_CHARS_MAX)] = NUMBER_CHARS_MAX

    def number(self, year: int, state: str, nr: int) -> str:
        return self.pattern.format(prefix=self.prefix, fy=year_label(year), state=state, n=nr)

    @model_validator(mode="after")
    def _numbers_are_allowed(self) -> Series:
        for nr in TRIED:
            example = self.number(2025, "27", nr)
            if NUMBER.fullmatch(example) is None or len(example) > self.number_chars_max:
                raise ValueError(
                    f"makes numbers like {example!r}: at most {self.number_chars_max} letters, "
                    "digits, - and /, the first neither 0, - nor /"
                )
        return self


class Wording(Rules):
    en: str = Field(min_length=1)
    hi: str | None = None


class LastDay(Rules):
    """Of the calendar year in which a financial year ends."""

    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)]

    def after(self, year: int) -> date:
        return date(year + 1, self.month, self.day)


class InvoiceRules(Rules):
    series: dict[DocumentKind, Series] = key(
        "How each kind of document is numbered, by registration and financial year.",
        who=Who.TENANT,
        live=True,
    )
    texts: dict[Word, Wording] = key(
        "What documents say beside their amounts; {fy} is the financial year, {number} and {date} "
        "are those of the document that a note is about.",
        who=Who.TENANT,
        live=True,
    )
    round_off_minor: Annotated[int, Field(gt=0, le=10_000)] = key(
        "Totals are rounded to whole multiples, with a line of their own; 1: not at all.",
        who=Who.TENANT,
        live=True,
    )
    credit_note_until: Dated[LastDay] = key(
        "The last day for a note that changes tax, after the invoice's financial year.", live=True
    )
    large_unregistered_above_minor: Dated[Paise] = key(
        "Inter-state invoices of more to who is not registered are reported one by one.", live=True
    )
    address_above_minor: Dated[Paise] = key(
        "From here on an invoice to who is not registered names his address and state.", live=True
    )
    copies: dict[DocumentKind, tuple[str, ...]] = key(
        "Copies that are made of a kind of document, as they are marked.",
        who=Who.TENANT,
        live=True,
    )
    liability_freight_times: Annotated[int, Field(ge=0)] = key(
        "At the owner's risk the carrier is liable for so many times the freight.",
        who=Who.TENANT,
        live=True,
    )
    lines_max: Annotated[int, Field(gt=0)] = key("Lines of one document.", live=True)
    export_documents_max: Annotated[int, Field(gt=0)] = key(
        "Documents in one export; more are refused, not cut.", live=True
    )

    @model_validator(mode="after")
    def _series_differ(self) -> InvoiceRules:
        lacking = sorted(set(DocumentKind) - self.series.keys())
        if lacking:
            raise ValueError(f"there is no series for {lacking[0]}")
        seen: dict[str, DocumentKind] = {}
        for kind, one in self.series.items():
            example = one.number(2025, "27", 1)
            if example in seen:
                raise ValueError(f"{seen[example]} and {kind} would have the same numbers")
            seen[example] = kind
        return self
