"""All that taxes on freight depend on beside the modes of GST, which prices know already."""

from __future__ import annotations

from pydantic import Field

from freight.pricing.amounts import GstState, Word
from freight.rules import Rules, Who, key
from freight.tax.tcs import TcsRules
from freight.tax.tds import TdsRules


class StateName(Rules):
    en: str = Field(min_length=1)
    hi: str = Field(min_length=1)


class TaxRules(Rules):
    tds: TdsRules
    tcs: TcsRules
    without_note_mode: Word = key(
        "The GST mode of carriage for which no consignment note is written.",
        who=Who.TENANT,
        live=True,
    )
    states: dict[GstState, StateName] = key("Names of the states by their GST codes.", live=True)

    def state_name(self, code: str | None) -> str | None:
        named = self.states.get(code or "")
        return None if named is None else named.en
