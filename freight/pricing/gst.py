"""GST on a price: which mode holds for whom, at which rate, and which state's tax it is."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec
from pydantic import Field, model_validator

from freight.dated import Dated
from freight.pricing.amounts import WHOLE_BP, GstState, ShareBp, Word
from freight.rules import Rules, Who, key


class GstRate(Rules):
    rate_bp: ShareBp = Field(description="of both halves together, in hundredths of a percent")
    is_reverse_charge: bool = Field(description="the recipient pays it to the state itself")
    is_gta: bool = Field(description="of a goods transport agency, on a consignment note")
    sac: Annotated[str, Field(pattern=r"^[0-9]{4,6}$")]


class Unknown(StrEnum):
    """What is taken when nobody said in which state a recipient or a pickup is."""

    INTER = "inter"
    INTRA = "intra"


class GstRules(Rules):
    modes: dict[Word, Dated[GstRate]] = key(
        "Every way in which a supply is taxed, with the rates by law.", live=True
    )
    mode: Dated[Word] = key("How the tenant's freight is taxed.", who=Who.TENANT, live=True)
    fee_mode: Dated[Word] = key("How the platform fee is taxed.", live=True)
    supplier_state: GstState = key(
        "The state of the tenant's GST registration, as its number begins.",
        who=Who.TENANT,
        live=True,
    )
    fee_supplier_state: GstState = key(
        "The state in which whoever asks for the platform fee is registered.", live=True
    )
    recipients_are_registered: bool = key(
        "Whether shippers without a contract that says it are registered for GST.",
        who=Who.TENANT,
        live=True,
    )
    unregistered_mode: Word = key(
        "How freight of a goods transport agency is taxed for who is not registered.", live=True
    )
    exempt_materials: Dated[frozenset[Word]] = key(
        "Materials whose transport by a goods transport agency is exempt.",
        who=Who.TENANT,
        live=True,
    )
    exempt_materials_mode: Word = key("The mode of their transport.", live=True)
    state_unknown: Unknown = key(
        "Whether a supply whose place nobody said counts as inter or intra state.",
        who=Who.TENANT,
        live=True,
    )
    union_territories: frozenset[GstState] = key(
        "Without a legislature of their own: UTGST in place of SGST.", live=True
    )

    @model_validator(mode="after")
    def _modes_are_known(self) -> GstRules:
        named = {row.value for dated in (self.mode, self.fee_mode) for row in dated.root}
        named |= {self.unregistered_mode, self.exempt_materials_mode}
        unknown = sorted(named - self.modes.keys())
        if unknown:
            raise ValueError(f"there is no GST mode {unknown[0]!r} among modes")
        return self


class Recipient(msgspec.Struct, frozen=True):
    """Who is asked to pay, as tax law sees him."""

    is_registered: bool
    state: str | None
    mode: str | None = None  # agreed with him, instead of the tenant's


class TaxPart(msgspec.Struct, frozen=True):
    """One supply: why it is taxed as it is. Its tax is the lines that name it."""

    of: str  # "freight" or "platform_fee"
    mode: str
    sac: str
    rate_bp: int
    is_reverse_charge: bool
    taxable_minor: int
    supplier_state: str
    place_of_supply: str | None  # None: nobody said
    is_inter_state: bool


FREIGHT = "freight"
PLATFORM_FEE = "platform_fee"


def freight_mode(rules: GstRules, recipient: Recipient, material: str, day: date) -> str:
    """Exemptions are of agencies that write consignment notes; other modes stay what they are."""
    mode = recipient.mode or rules.mode.at(day)
    if not rules.modes[mode].at(day).is_gta:
        return mode
    if material in rules.exempt_materials.at(day):
        return rules.exempt_materials_mode
    return mode if recipient.is_registered else rules.unregistered_mode


def freight_part(  # noqa: PLR0917 - all of it decides
    rules: GstRules,
    recipient: Recipient,
    material: str,
    handed_over_in: str | None,
    taxable_minor: int,
    day: date,
) -> TaxPart:
    """Supplied where a registered recipient is; for others where the goods are handed over."""
    return supply_part(
        rules,
        FREIGHT,
        freight_mode(rules, recipient, material, day),
        (rules.supplier_state, freight_place(recipient, handed_over_in)),
        taxable_minor,
        day,
    )


def freight_place(recipient: Recipient, handed_over_in: str | None) -> str | None:
    """Section 12(8) of the IGST Act; None: nobody said."""
    return recipient.state if recipient.is_registered else handed_over_in


def fee_part(rules: GstRules, recipient: Recipient, taxable_minor: int, day: date) -> TaxPart:
    """Supplied where the recipient is; whose place nobody knows, where the supplier is."""
    place = recipient.state
    if place is None and not recipient.is_registered:
        place = rules.fee_supplier_state
    states = rules.fee_supplier_state, place
    return supply_part(rules, PLATFORM_FEE, rules.fee_mode.at(day), states, taxable_minor, day)


def supply_part(  # noqa: PLR0917 - all of it is said about a supply
    rules: GstRules,
    of: str,
    mode: str,
    states: tuple[str, str | None],
    taxable_minor: int,
    day: date,
) -> TaxPart:
    """`states` are the supplier's and that of the supply; `day` says which rates hold."""
    rate = rules.modes[mode].at(day)
    supplier, place = states
    inter = rules.state_unknown is Unknown.INTER if place is None else place != supplier
    return TaxPart(
        of=of,
        mode=mode,
        sac=rate.sac,
        rate_bp=rate.rate_bp,
        is_reverse_charge=rate.is_reverse_charge,
        taxable_minor=taxable_minor,
        supplier_state=supplier,
        place_of_supply=place,
        is_inter_state=inter,
    )


def shares(part: TaxPart, rules: GstRules) -> list[tuple[str, int, int]]:
    """The taxes of a supply: name, rate, per. Halves are each computed at half the rate, so that
    they are always equal."""
    if not part.rate_bp:
        return []
    if part.is_inter_state:
        return [("igst", part.rate_bp, WHOLE_BP)]
    place = part.place_of_supply or part.supplier_state
    other = "utgst" if place in rules.union_territories else "sgst"
    half = 2 * WHOLE_BP
    return [("cgst", part.rate_bp, half), (other, part.rate_bp, half)]
