"""Quotes as the API takes and gives them: every amount with the sum that made it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from freight.load import Load
from freight.money import INR
from freight.pricing.gst import TaxPart
from freight.pricing.lines import Line
from freight.pricing.price import Detention, Price
from freight.pricing.quotes import Quote
from serve.fields import ObjectId, Strict
from serve.journeys.wire import Moment
from serve.loads.wire import Carried, LoadOut, StopOut
from store.postgres import moment

M_PER_KM = 1000  # fixed: what the words mean


class NewQuote(Carried):
    shipper: ObjectId | None = Field(
        default=None, description="whose rates hold; default: the caller's own, if bound to one"
    )
    at: Moment | None = Field(
        default=None,
        description="when loading begins; default: the first pickup's window, or else now",
    )


class MoneyOut(BaseModel):
    amount_minor: int
    currency: str = INR

    @classmethod
    def of(cls, amount_minor: int) -> MoneyOut:
        return cls(amount_minor=amount_minor)


class LineOut(BaseModel):
    """The amount is quantity * rate / per, rounded to whole paise, halves away from zero."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    subject: str | None = Field(description="what it is for: a card, a material, a need")
    amount: MoneyOut
    quantity: int
    unit: str = Field(description="of the quantity: truck, kg, m, kg_m, stop, or minor for paise")
    rate: int
    per: int
    path: str = Field(description="where in the configuration the rate stands")
    version: int = Field(description="of that tree when the rate was set; 0: as delivered")

    @classmethod
    def of(cls, line: Line) -> LineOut:
        return cls(
            key=line.key,
            subject=line.subject,
            amount=MoneyOut.of(line.amount_minor),
            quantity=line.quantity,
            unit=line.unit,
            rate=line.rate,
            per=line.per,
            path=line.path,
            version=line.version,
        )


class TaxOut(BaseModel):
    """Why a supply is taxed as it is."""

    of: str
    mode: str
    sac: str
    rate_bp: int
    is_reverse_charge: bool
    taxable: MoneyOut
    supplier_state: str
    place_of_supply: str | None
    is_inter_state: bool

    @classmethod
    def of_part(cls, part: TaxPart) -> TaxOut:
        return cls(
            of=part.of,
            mode=part.mode,
            sac=part.sac,
            rate_bp=part.rate_bp,
            is_reverse_charge=part.is_reverse_charge,
            taxable=MoneyOut.of(part.taxable_minor),
            supplier_state=part.supplier_state,
            place_of_supply=part.place_of_supply,
            is_inter_state=part.is_inter_state,
        )


class DetentionOut(BaseModel):
    """What waiting at a stop will cost; no part of the price."""

    free_minutes: int
    per_hour: MoneyOut
    path: str
    version: int

    @classmethod
    def of(cls, terms: Detention) -> DetentionOut:
        return cls(
            free_minutes=terms.free_minutes,
            per_hour=MoneyOut.of(terms.minor_per_hour),
            path=terms.path,
            version=terms.version,
        )


class PriceOut(BaseModel):
    """The lines add up to the total; what is under reverse charge is no part of it."""

    day: str = Field(description="whose rates hold, on the tenant's calendar")
    card: str
    revision: int = Field(description="of the configuration")
    lines: list[LineOut]
    subtotal: MoneyOut = Field(description="before taxes and rounding off")
    tax: MoneyOut
    total: MoneyOut
    taxes: list[TaxOut]
    reverse_charge: list[LineOut] = Field(
        description="what the recipient pays to the state himself"
    )
    reverse_charge_total: MoneyOut
    detention: DetentionOut | None

    @classmethod
    def of(cls, price: Price) -> PriceOut:
        return cls(
            day=price.day,
            card=price.card,
            revision=price.revision,
            lines=_lines(price.lines),
            subtotal=MoneyOut.of(price.subtotal_minor),
            tax=MoneyOut.of(price.tax_minor),
            total=MoneyOut.of(price.total_minor),
            taxes=[TaxOut.of_part(part) for part in price.taxes],
            reverse_charge=_lines(price.reverse_charge),
            reverse_charge_total=MoneyOut.of(price.reverse_charge_minor),
            detention=None if price.detention is None else DetentionOut.of(price.detention),
        )


class FactsOut(BaseModel):
    """What was found out for the price."""

    distance_km: float
    router: str
    trucks: int
    cell: str | None = Field(description="the H3 cell around which demand was counted")
    waiting: int
    free: int


class QuoteOut(BaseModel):
    id: str
    shipper: str | None
    load: LoadOut
    stops: list[StopOut]
    at: datetime
    made_at: datetime
    expires_at: datetime
    facts: FactsOut
    price: PriceOut
    rates: str = Field(description="the digest of all rates that held")
    digest: str = Field(description="SHA-256 of the quote as it was signed")
    signature: str

    @classmethod
    def of(cls, quote: Quote, load: Load, digest: str, signature: str) -> QuoteOut:
        """`load` is the quote's with its contacts as the caller may see them."""
        facts = quote.facts
        return cls(
            id=quote.id,
            shipper=quote.request.shipper,
            load=LoadOut.of(load),
            stops=[StopOut.of(stop) for stop in load.stops],
            at=moment(quote.request.at_ms),
            made_at=moment(quote.made_ms),
            expires_at=moment(quote.expires_ms),
            facts=FactsOut(
                distance_km=facts.distance_m / M_PER_KM,
                router=facts.router,
                trucks=facts.trucks,
                cell=facts.cell,
                waiting=facts.waiting,
                free=facts.free,
            ),
            price=PriceOut.of(quote.price),
            rates=quote.rates,
            digest=digest,
            signature=signature,
        )


class RecomputedOut(BaseModel):
    id: str
    is_same: bool = Field(description="whether the very bytes that were signed came out again")
    is_signature_valid: bool
    digest: str = Field(description="of the quote as it was kept")
    recomputed_digest: str
    price: PriceOut


class AffectedBy(Strict):
    """Which quotes to compute again with the rates that hold now."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    since: Moment | None = Field(
        default=None, alias="from", description="priced for this moment or later"
    )
    until: Moment | None = Field(default=None, alias="to", description="priced for before this")
    shipper: ObjectId | None = None
    cursor: Annotated[str, Field(max_length=300)] | None = None


class DifferenceOut(BaseModel):
    key: str
    subject: str | None
    was: MoneyOut
    now: MoneyOut


class AffectedOut(BaseModel):
    """A quote that would be priced otherwise today; `now` is null where there would be no price."""

    id: str
    shipper: str | None
    at: datetime
    made_at: datetime
    was: MoneyOut
    now: MoneyOut | None
    difference: MoneyOut | None
    lines: list[DifferenceOut]
    detail: str | None = Field(description="why there would be no price")


class AffectedListOut(BaseModel):
    items: list[AffectedOut]
    looked_at: int = Field(description="quotes that were computed again, with other rates")
    next_cursor: str | None


def _lines(lines: Sequence[Line]) -> list[LineOut]:
    return [LineOut.of(line) for line in lines]
