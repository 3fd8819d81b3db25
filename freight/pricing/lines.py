"""A price's lines: every amount says what it is of, at which rate, and who set that rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from freight.money import rounded
from freight.pricing.amounts import WHOLE_BP
from freight.pricing.rules import PricingRules


class Origin(msgspec.Struct, frozen=True):
    """Where in the configuration a rate stands, and in which version of that tree it was set;
    0 is the default that the product came with."""

    path: str
    version: int


@dataclass(frozen=True)
class Tariff:
    """The rates that hold for a tenant, and where each comes from."""

    rules: PricingRules
    # Of what somebody set; by the key's name below pricing.
    origins: Mapping[str, Origin] = field(default_factory=dict)
    default_folder: str = ""
    revision: int = 0  # of the configuration as a whole

    def origin(self, name: str) -> Origin:
        return self.origins.get(name) or Origin(f"{self.default_folder}/{name}", 0)


class Line(msgspec.Struct, frozen=True):
    """amount_minor is rounded(quantity * rate, per): whoever has the line can do the sum again."""

    key: str
    amount_minor: int
    quantity: int
    unit: str  # of the quantity: "truck", "kg", "m", "kg_m", "stop", "minor"
    rate: int
    per: int
    path: str
    version: int
    subject: str | None = None  # what it is for: a card, a material, a need in handling


class Sheet:
    """Lines in the order in which they come about."""

    def __init__(self, tariff: Tariff) -> None:
        self.tariff = tariff
        self.lines: list[Line] = []

    def add(
        self,
        key: str,
        name: str,
        quantity: int,
        rate: int,
        *,
        unit: str,
        per: int = 1,
        subject: str | None = None,
    ) -> int:
        """`name` is the configuration key of the rate; what comes to nothing is no line."""
        amount_minor = rounded(quantity * rate, per)
        if amount_minor:
            origin = self.tariff.origin(name)
            self.lines.append(
                Line(
                    key=key,
                    amount_minor=amount_minor,
                    quantity=quantity,
                    unit=unit,
                    rate=rate,
                    per=per,
                    path=origin.path,
                    version=origin.version,
                    subject=subject,
                )
            )
        return amount_minor

    def add_share(
        self, key: str, name: str, of_minor: int, share_bp: int, subject: str | None = None
    ) -> int:
        return self.add(key, name, of_minor, share_bp, unit="minor", per=WHOLE_BP, subject=subject)

    def add_amount(self, key: str, name: str, amount_minor: int, subject: str | None = None) -> int:
        """What is no rate times a quantity: a correction to a bound."""
        return self.add(key, name, amount_minor, 1, unit="minor", subject=subject)
