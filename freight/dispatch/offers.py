"""Offers of one leg: what may be asked, answered and withdrawn, and what follows from it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from freight.dispatch.offer_messages import (
    Accept,
    Award,
    Decline,
    Escalate,
    Expire,
    LegEscalated,
    LegResumed,
    Make,
    OfferAccepted,
    OfferBid,
    OfferCommand,
    OfferDeclined,
    OfferEvent,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
    PlaceBid,
    Resume,
    Withdraw,
)
from freight.dispatch.offer_state import Asked, Bid, LegOffers, Offer, OfferState
from freight.dispatch.rules import OfferRules
from freight.refusal import Refusal

MILLIS = 1000
AWARDED_TO_ANOTHER = "awarded to another"


def decide(
    state: LegOffers, command: OfferCommand, rules: OfferRules, now_ms: int
) -> list[OfferEvent]:
    """What follows from a command; what was already done once follows from it not again."""
    match command:
        case Make(asked):
            events = _make(state, asked, rules, now_ms)
        case Accept():
            events = _accept(state, command, now_ms)
        case PlaceBid():
            events = _bid(state, command, now_ms)
        case Award(offer):
            events = _award(state, offer, rules, now_ms)
        case Decline(offer, reason):
            events = _decline(state, offer, reason, now_ms)
        case Expire():
            overdue = [each for each in state.open if expires_ms(each, rules) <= now_ms]
            events = [OfferExpired(each.asked.id, now_ms) for each in overdue]
        case Withdraw(reason, name):
            events = _withdraw(state, name, reason, now_ms)
        case Escalate(reason):
            events = [] if state.escalated is not None else [LegEscalated(reason, now_ms)]
        case Resume():
            events = [] if state.escalated is None else [LegResumed(now_ms)]
    return events


def expires_ms(offer: Offer, rules: OfferRules) -> int:
    """A bid holds on for a while, so that all bids of a round can be weighed."""
    holds_ms = round(rules.bid_holds_s * MILLIS) if offer.bid is not None else 0
    return offer.asked.expires_ms + holds_ms


def _make(
    state: LegOffers, asked: tuple[Asked, ...], rules: OfferRules, now_ms: int
) -> list[OfferEvent]:
    if state.accepted is not None:
        raise Refusal("leg_awarded", f"offer {state.accepted.asked.id} was accepted")
    asked_before = {each.asked.id: each.asked for each in state.offers}
    carried = {each.asked.truck for each in state.open}
    made: list[OfferEvent] = []
    for each in asked:
        if each.id in asked_before:
            if asked_before[each.id] != each:
                raise Refusal("offer_id_taken", f"{each.id} is another offer")
            continue
        if each.expires_ms <= now_ms:
            raise Refusal("expires_too_soon", f"{each.id} would have expired already")
        if each.price_minor is not None and each.price_minor < 0:
            raise Refusal("price_below_zero", f"{each.id} asks for less than nothing")
        if each.truck is not None and each.truck in carried:
            raise Refusal("truck_asked", f"an open offer suggests {each.truck} already")
        carried.add(each.truck)
        asked_before[each.id] = each
        made.append(OfferMade(each, now_ms))
    if made and len(state.offers) + len(made) > rules.offers_total_max:
        says = f"at most {rules.offers_total_max} offers are made for a leg"
        raise Refusal("too_many_offers", says)
    return made


def _accept(state: LegOffers, command: Accept, now_ms: int) -> list[OfferEvent]:
    offer = _known(state, command.offer)
    truck = command.truck if command.truck is not None else offer.asked.truck
    driver = command.driver if command.driver is not None else offer.asked.driver
    if offer.state is OfferState.ACCEPTED:
        if command.truck not in (None, offer.truck) or command.driver not in (None, offer.driver):
            raise Refusal("offer_accepted", f"{command.offer} was accepted with {offer.truck}")
        return []
    _answerable(offer, now_ms)
    if offer.asked.bidding:
        raise Refusal("bid_expected", f"{command.offer} asks for a price")
    if truck is None:
        raise Refusal("truck_missing", f"{command.offer} suggests no truck: name one")
    agreed = OfferAccepted(command.offer, truck, driver, offer.asked.price_minor, now_ms)
    return _awarded(state, offer, agreed)


def _awarded(state: LegOffers, offer: Offer, agreed: OfferAccepted) -> list[OfferEvent]:
    return [
        agreed,
        *(
            OfferWithdrawn(each.asked.id, AWARDED_TO_ANOTHER, agreed.at_ms)
            for each in state.open
            if each is not offer
        ),
    ]


def _bid(state: LegOffers, command: PlaceBid, now_ms: int) -> list[OfferEvent]:
    """A later bid of the same carrier replaces its earlier one."""
    offer = _known(state, command.offer)
    _answerable(offer, now_ms)
    if not offer.asked.bidding:
        raise Refusal("no_bids", f"{command.offer} has its price: accept or decline it")
    if command.price_minor < 0:
        raise Refusal("price_below_zero", "a bid cannot be below nothing")
    most = offer.asked.price_minor
    if most is not None and command.price_minor > most:
        raise Refusal("price_too_high", f"at most {most} paise are paid")
    bid = Bid(
        price_minor=command.price_minor,
        truck=command.truck,
        driver=command.driver,
        at_ms=now_ms,
    )
    if offer.bid is not None and replace(bid, at_ms=offer.bid.at_ms) == offer.bid:
        return []
    return [OfferBid(command.offer, bid, now_ms)]


def _award(state: LegOffers, name: str, rules: OfferRules, now_ms: int) -> list[OfferEvent]:
    offer = _known(state, name)
    if offer.state is OfferState.ACCEPTED:
        return []
    if not offer.is_open:
        raise Refusal(f"offer_{offer.state}", f"{name} is {offer.state}")
    if offer.bid is None:
        raise Refusal("no_bid", f"nobody has bid on {name}")
    if expires_ms(offer, rules) <= now_ms:
        raise Refusal("offer_expired", f"the bid on {name} holds no longer")
    bid = offer.bid
    agreed = OfferAccepted(name, bid.truck, bid.driver, bid.price_minor, now_ms)
    return _awarded(state, offer, agreed)


def _decline(state: LegOffers, name: str, reason: str, now_ms: int) -> list[OfferEvent]:
    offer = _known(state, name)
    if offer.state is OfferState.DECLINED:
        return []
    if not offer.is_open:
        raise Refusal(f"offer_{offer.state}", f"{name} is {offer.state}")
    return [OfferDeclined(name, reason, now_ms)]


def _withdraw(state: LegOffers, name: str | None, reason: str, now_ms: int) -> list[OfferEvent]:
    """By name an accepted one too; an offer that came to nothing has nothing to withdraw."""
    if name is None:
        return [OfferWithdrawn(each.asked.id, reason, now_ms) for each in state.open]
    offer = _known(state, name)
    if offer.state in (OfferState.MADE, OfferState.ACCEPTED):
        return [OfferWithdrawn(name, reason, now_ms)]
    return []


def _known(state: LegOffers, name: str) -> Offer:
    offer = state.find(name)
    if offer is None:
        raise Refusal("unknown_offer", f"no offer {name} was made for {state.leg}")
    return offer


def _answerable(offer: Offer, now_ms: int) -> None:
    """An answer after the time is too late, whether or not the clock has told so yet."""
    if not offer.is_open:
        raise Refusal(f"offer_{offer.state}", f"{offer.asked.id} is {offer.state}")
    if offer.asked.expires_ms <= now_ms:
        raise Refusal("offer_expired", f"{offer.asked.id} was to be answered in time")


# --------------------------------------------------------------------------------------- evolve


def evolve(state: LegOffers, event: OfferEvent) -> LegOffers:
    """What is the case after an event; an event about an unknown offer changes nothing."""
    match event:
        case OfferMade(asked, at_ms):
            made = Offer(asked=asked, made_ms=at_ms)
            after = replace(state, offers=(*state.offers, made))
        case OfferBid(name, bid, _):
            after = _changed(state, name, {"bid": bid})
        case OfferAccepted(name, truck, driver, price_minor, at_ms):
            agreed = {"truck": truck, "driver": driver, "price_minor": price_minor}
            after = _settled(state, name, OfferState.ACCEPTED, at_ms, agreed)
        case OfferDeclined(name, reason, at_ms):
            after = _settled(state, name, OfferState.DECLINED, at_ms, {"reason": reason})
        case OfferExpired(name, at_ms):
            after = _settled(state, name, OfferState.EXPIRED, at_ms, {})
        case OfferWithdrawn(name, reason, at_ms):
            after = _settled(state, name, OfferState.WITHDRAWN, at_ms, {"reason": reason})
        case LegEscalated(reason, _):
            after = replace(state, escalated=reason)
        case LegResumed(at_ms):
            after = replace(state, escalated=None, resumed_ms=at_ms, forgiven=state.failed)
    return after


def _settled(
    state: LegOffers, name: str, settled: OfferState, at_ms: int, how: dict[str, Any]
) -> LegOffers:
    return _changed(state, name, {"state": settled, "settled_ms": at_ms, **how})


def _changed(state: LegOffers, name: str, changes: dict[str, Any]) -> LegOffers:
    offers = tuple(
        replace(each, **changes) if each.asked.id == name else each for each in state.offers
    )
    return replace(state, offers=offers)
