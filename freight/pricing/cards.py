"""Rate cards: what a tenant asks for carriage, whom each is for, and which of several holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, NamedTuple, Protocol, TypeVar

from pydantic import Field, model_validator

from freight.pricing.amounts import GstState, Id, Paise, PaisePerL, ShareBp, Word
from freight.rules import Rules


class Basis(StrEnum):
    TRIP = "trip"  # each truck
    TON = "ton"
    TON_KM = "ton_km"
    KM = "km"  # each truck


class Timed(Rules):
    """Holds from `valid_from` up to, but not on, `valid_to`."""

    valid_from: date
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Timed:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must be later than valid_from")
        return self


class Lane(Rules):
    """From one fence to another, or from one state to another or within it."""

    from_fence: Id | None = None
    to_fence: Id | None = None
    from_state: GstState | None = None
    to_state: GstState | None = None

    @model_validator(mode="after")
    def _is_one_pair(self) -> Lane:
        fences = (self.from_fence is not None, self.to_fence is not None)
        states = (self.from_state is not None, self.to_state is not None)
        if (fences, states) not in {((True,) * 2, (False,) * 2), ((False,) * 2, (True,) * 2)}:
            raise ValueError("give from_fence and to_fence, or from_state and to_state")
        return self


class RateCard(Timed):
    """One rate; what it leaves open it holds for all of."""

    in_use: bool = Field(default=True, description="false hides an inherited card")
    shipper: Id | None = None
    lane: Lane | None = None
    truck_class: Id | None = None
    material: Word | None = None
    basis: Basis
    rate_minor: Paise = Field(description="paise for each truck, ton, km and ton, or km and truck")
    guaranteed_kg: Annotated[int, Field(gt=0)] | None = Field(
        default=None, description="so much is paid for each truck, if less is carried"
    )
    guaranteed_km: Annotated[int, Field(gt=0)] | None = Field(
        default=None, description="so far is paid for, if the way is shorter"
    )
    minimum_minor: Paise | None = Field(default=None, description="least for each truck")
    toll_minor: Paise | None = Field(
        default=None, description="tolls of the lane for each truck, instead of those by the km"
    )
    fuel_share_bp: ShareBp | None = Field(default=None, description="0: without a fuel clause")
    fuel_base_minor_per_l: PaisePerL | None = None


class Asked(NamedTuple):
    """What a card is chosen by. Fences in the order in which they count."""

    day: date
    shipper: str | None
    from_fences: Sequence[str]
    to_fences: Sequence[str]
    from_state: str | None
    to_state: str | None
    truck_class: str | None
    material: str


class NoCardError(LookupError):
    """No rate card holds for what is asked."""


Rank = tuple[bool, int, int, bool, bool]


def chosen(cards: Mapping[str, RateCard], asked: Asked) -> tuple[str, RateCard]:
    """The most specific card: first by shipper, then by lane (fences before states), then by truck
    class, then by material. Where a place lies in several fences, the first that has a card."""
    best: tuple[Rank, str] | None = None
    for name in sorted(cards):
        card = cards[name]
        rank = _rank(card, asked) if card.in_use and card.holds_on(asked.day) else None
        if rank is not None and (best is None or rank > best[0]):
            best = rank, name
    if best is None:
        raise NoCardError(f"no rate card holds for this load on {asked.day.isoformat()}")
    return best[1], cards[best[1]]


def _rank(card: RateCard, asked: Asked) -> Rank | None:
    """None: it is not for this."""
    for wanted, found in (
        (card.shipper, asked.shipper),
        (card.truck_class, asked.truck_class),
        (card.material, asked.material),
    ):
        if wanted is not None and wanted != found:
            return None
    kind, place = _lane_rank(card.lane, asked)
    if kind is None:
        return None
    return (
        card.shipper is not None,
        kind,
        place,
        card.truck_class is not None,
        card.material is not None,
    )


def _lane_rank(lane: Lane | None, asked: Asked) -> tuple[int | None, int]:
    """How narrow it is, and among fences how far in front; None: it is another lane."""
    if lane is None:
        return 0, 0
    if lane.from_fence is not None and lane.to_fence is not None:
        if lane.from_fence in asked.from_fences and lane.to_fence in asked.to_fences:
            places = asked.from_fences.index(lane.from_fence), asked.to_fences.index(lane.to_fence)
            return 2, -sum(places)
        return None, 0
    if (lane.from_state, lane.to_state) == (asked.from_state, asked.to_state):
        return 1, 0
    return None, 0


class Spanned(Protocol):
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date | None: ...


S = TypeVar("S", bound=Spanned)


def overlapping(named: Iterable[tuple[str, S]]) -> tuple[str, str, date] | None:
    """Two that hold on one day, and the first such day."""
    in_order = sorted(named, key=lambda one: (one[1].valid_from, one[0]))
    for (earlier, first), (later, second) in pairwise(in_order):
        if first.valid_to is None or second.valid_from < first.valid_to:
            return earlier, later, second.valid_from
    return None


def ties(cards: Mapping[str, RateCard]) -> list[str]:
    """Which two cards hold for the same on the same day, in words; neither would go before."""
    same: dict[tuple[object, ...], list[tuple[str, RateCard]]] = {}
    for name, card in cards.items():
        if card.in_use:
            scope = card.shipper, card.lane, card.truck_class, card.material
            same.setdefault(scope, []).append((name, card))
    found = []
    for group in same.values():
        tie = overlapping(group)
        if tie is not None:
            found.append(f"cards {tie[0]} and {tie[1]} hold for the same on {tie[2].isoformat()}")
    return sorted(found)
