"""Quotes: a price that was told to somebody, with all that it was computed from.

A quote is kept as the bytes that were signed, and the rates that held as bytes of their own under
their digest. Both together give the same price again, for as long as there is a `price` at all.

A key that is added to PricingRules later is missing in what was kept before: give it, in
`rates_read`, the value at which it changes nothing.
"""

from __future__ import annotations

import hashlib

import msgspec

from freight.pricing.asking import Facts, PriceRequest
from freight.pricing.lines import Origin, Tariff
from freight.pricing.price import Price, price
from freight.pricing.rules import PricingRules


class Quote(msgspec.Struct, frozen=True):
    id: str
    tenant: str
    made_ms: int
    expires_ms: int
    request: PriceRequest
    facts: Facts
    rates: str  # the digest of the rates that held
    price: Price


class _Rates(msgspec.Struct, frozen=True):
    rules: msgspec.Raw
    origins: dict[str, Origin]
    default_folder: str


def digest_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def written(quote: Quote) -> bytes:
    """Always the same bytes for the same quote."""
    return msgspec.json.encode(quote, order="deterministic")


def read(body: bytes) -> Quote:
    return msgspec.json.decode(body, type=Quote)


def rates_written(tariff: Tariff) -> bytes:
    """The rates and where they come from; without the revision, which every change of anything
    counts up."""
    rules = msgspec.json.encode(tariff.rules.model_dump(), order="deterministic")
    rates = _Rates(msgspec.Raw(rules), dict(tariff.origins), tariff.default_folder)
    return msgspec.json.encode(rates, order="deterministic")


def rates_read(body: bytes, revision: int) -> Tariff:
    kept = msgspec.json.decode(body, type=_Rates)
    rules = PricingRules.model_validate_json(bytes(kept.rules))
    return Tariff(rules, kept.origins, kept.default_folder, revision)


def computed_again(quote: Quote, tariff: Tariff) -> Quote:
    """The quote with the price that these rates give it; raises NoPriceError."""
    again = price(quote.request, tariff, quote.facts)
    return msgspec.structs.replace(quote, price=again)
