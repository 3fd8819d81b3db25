"""Which milestones a leg has reached, from all that was seen, said and proven, in any order.

Facts come late, twice, and are taken back. So nothing is concluded from one fact and what was
concluded before: the milestones follow from all facts that stand, and what differs is told.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from freight.booking.sightings import Pin, Seen, Sighting
from freight.booking.state import Booking, Leg, Mark, Milestone, Source
from freight.load import Stop, StopKind

Key = tuple[str | None, Milestone]  # of a stop; of none for the way to the first
Marks = dict[Key, Mark]


@dataclasses.dataclass(frozen=True, slots=True)
class Visit:
    """A truck at a place; without an end it is there, or nobody saw it go."""

    from_ms: int
    to_ms: int | None
    came: str  # the fact
    went: str | None = None

    def lasts_beyond(self, at_ms: int) -> bool:
        return self.to_ms is None or self.to_ms > at_ms


def place_of(stop: Stop) -> str:
    return f"stop/{stop.id}" if stop.place.fence is None else f"fence/{stop.place.fence}"


def known(leg: Leg) -> Marks:
    """The marks as they were told."""
    marks: Marks = {} if leg.en_route is None else {(None, Milestone.EN_ROUTE): leg.en_route}
    for stop, now in leg.stops.items():
        for milestone in (Milestone.ARRIVED, Milestone.WORKING, Milestone.DONE, Milestone.LEFT):
            mark = getattr(now, milestone.value)
            if mark is not None:
                marks[stop, milestone] = mark
    return marks


def derived(booking: Booking, leg: Leg) -> Marks:
    """The marks as they follow from what is known now."""
    spans = spans_of(leg)
    if not spans:
        return {}
    way = _Way(leg, booking.stops_of(leg), spans)
    before: _Stay | None = None
    for index in range(len(way.stops)):
        stay = way.stay(index, before)
        if stay is None:
            break
        way.tell(index, stay)
        before = stay
    way.tell_way_there()
    return way.marks


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """A truck's time with the leg, whoever drove it."""

    truck: str
    from_ms: int
    to_ms: int | None


def spans_of(leg: Leg) -> list[Span]:
    """A truck that sets out is here from then on, though it was promised for later."""
    spans: list[Span] = []
    began = next((p.at_ms for p in leg.pins if p.milestone == Milestone.EN_ROUTE.value), None)
    for carriage in leg.carriages:
        if carriage.void:
            continue
        from_ms = carriage.from_ms
        if not spans and began is not None:
            from_ms = min(from_ms, began)
        last = spans[-1] if spans else None
        if last is not None and (last.truck, last.to_ms) == (carriage.truck, from_ms):
            spans[-1] = dataclasses.replace(last, to_ms=carriage.to_ms)
        else:
            spans.append(Span(carriage.truck, from_ms, carriage.to_ms))
    return spans


def since_ms(leg: Leg) -> int:
    """Before that nothing can have happened to it."""
    first = next(carriage for carriage in leg.carriages if not carriage.void)
    return first.from_ms if first.assigned_ms is None else min(first.from_ms, first.assigned_ms)


def visits(leg: Leg, place: str, spans: Iterable[Span]) -> list[Visit]:
    """In order; of each truck what lies in its time with the leg."""
    found: list[Visit] = []
    for span in spans:
        seen = [s for s in leg.sightings.values() if s.stands and s.truck == span.truck]
        for visit in _visits(s for s in seen if s.place == place):
            clipped = _within(visit, span)
            if clipped is not None:
                found.append(clipped)
    return sorted(found, key=lambda visit: visit.from_ms)


def _within(visit: Visit, span: Span) -> Visit | None:
    begins_later = span.to_ms is not None and visit.from_ms >= span.to_ms
    if begins_later or not visit.lasts_beyond(span.from_ms):
        return None
    to_ms = visit.to_ms
    if to_ms is not None and span.to_ms is not None and to_ms > span.to_ms:
        to_ms = None  # it went with somebody else's load, or none
    return dataclasses.replace(visit, from_ms=max(visit.from_ms, span.from_ms), to_ms=to_ms)


_ORDER = {Seen.EXITED: 0, Seen.ENTERED: 1, Seen.RESTED: 2}


def _visits(seen: Iterable[Sighting]) -> list[Visit]:
    found: list[Visit] = []
    here: Visit | None = None
    for one in sorted(seen, key=lambda s: (s.at_ms, _ORDER.get(s.seen, 3), s.fact)):
        came_ms = one.at_ms if one.since_ms is None else min(one.since_ms, one.at_ms)
        if one.seen is not Seen.EXITED:
            here = here or Visit(came_ms, None, one.fact)
        elif here is not None or one.since_ms is not None:
            begun = here or Visit(came_ms, None, one.fact)
            from_ms = min(begun.from_ms, came_ms)
            if found and found[-1].lasts_beyond(from_ms):
                from_ms = begun.from_ms  # it is not said to have been there twice at once
            found.append(
                dataclasses.replace(begun, from_ms=from_ms, to_ms=one.at_ms, went=one.fact)
            )
            here = None
    return found if here is None else [*found, here]


@dataclasses.dataclass(frozen=True, slots=True)
class _Stay:
    arrived: Mark
    left: Mark | None
    done: Mark | None
    place: str


class _Way:
    """The leg's stops one after another; each stay ends at the latest when the next begins."""

    def __init__(self, leg: Leg, stops: tuple[Stop, ...], spans: list[Span]) -> None:
        self.leg = leg
        self.stops = stops
        self.marks: Marks = {}
        self._spans = spans
        self._pins = {(pin.stop, pin.milestone): pin for pin in leg.pins}
        self._proofs: dict[str, int] = {}
        for proof in leg.proofs:
            self._proofs[proof.stop] = min(proof.at_ms, self._proofs.get(proof.stop, proof.at_ms))
        self._visits = {p: visits(leg, p, spans) for p in {place_of(stop) for stop in stops}}

    def stay(self, index: int, before: _Stay | None) -> _Stay | None:
        """None: it has not come there yet, as far as anybody knows."""
        stop = self.stops[index]
        arrived = self._arrival(index, before)
        if arrived is None:
            return None
        next_ms = self._next_ms(index, arrived)
        done = self._pinned(stop.id, Milestone.DONE) or self._proven(stop.id)
        left = self._pinned(stop.id, Milestone.LEFT) or self._leaving(stop, arrived, done, next_ms)
        if done is None and left is not None and stop.kind is StopKind.PICKUP:
            done = Mark(left.at_ms, Source.INFERRED, left.about)
        return _Stay(arrived, left, done, place_of(stop))

    def tell(self, index: int, stay: _Stay) -> None:
        stop = self.stops[index]
        working = self._pinned(stop.id, Milestone.WORKING) or self._work(stop, stay)
        self.marks[stop.id, Milestone.ARRIVED] = stay.arrived
        for milestone, mark in (
            (Milestone.WORKING, working),
            (Milestone.DONE, stay.done),
            (Milestone.LEFT, stay.left),
        ):
            if mark is not None:
                self.marks[stop.id, milestone] = mark

    def tell_way_there(self) -> None:
        pin = self._pinned(None, Milestone.EN_ROUTE)
        arrived = self.marks.get((self.stops[0].id, Milestone.ARRIVED)) if self.stops else None
        mark = pin or self._departure()
        if arrived is not None and pin is None and (mark is None or mark.at_ms > arrived.at_ms):
            mark = Mark(arrived.at_ms, Source.INFERRED, arrived.about)
        if mark is not None:
            self.marks[None, Milestone.EN_ROUTE] = mark

    def _departure(self) -> Mark | None:
        first = self._spans[0]
        moves = [
            seen
            for seen in self.leg.sightings.values()
            if seen.stands
            and seen.seen in (Seen.MOVED, Seen.EXITED)
            and seen.truck == first.truck
            and seen.at_ms >= first.from_ms
        ]
        began = min(moves, key=lambda seen: (seen.at_ms, seen.fact), default=None)
        return None if began is None else Mark(began.at_ms, Source.TRUCK, began.fact)

    # ----------------------------------------------------------------------------- arriving

    def _arrival(self, index: int, before: _Stay | None) -> Mark | None:
        stop = self.stops[index]
        said = self._pinned(stop.id, Milestone.ARRIVED)
        if said is not None:
            return said
        seen = self._seen_arriving(stop, before)
        proven_ms = self._proofs.get(stop.id)
        if proven_ms is not None and (seen is None or proven_ms < seen.at_ms):
            return Mark(proven_ms, Source.PROOF)
        return seen or self._must_have_come(index, before)

    def _seen_arriving(self, stop: Stop, before: _Stay | None) -> Mark | None:
        place = place_of(stop)
        denied_ms = self._denied_ms(stop.id)
        if before is not None and before.place == place:
            moment = before.done or before.left
            return None if moment is None else Mark(moment.at_ms, Source.INFERRED, moment.about)
        for visit in self._visits[place]:
            if denied_ms is not None and visit.from_ms <= denied_ms:
                continue
            if before is None or visit.from_ms > before.arrived.at_ms:
                return Mark(visit.from_ms, Source.TRUCK, visit.came)
            # It was in the wider place of this stop all the time while it stood at the last one.
            if before.left is not None and visit.lasts_beyond(before.left.at_ms):
                return Mark(before.left.at_ms, Source.TRUCK, visit.came)
        return None

    def _must_have_come(self, index: int, before: _Stay | None) -> Mark | None:
        """Somebody stands for a later stop, so this one is behind it."""
        later = {stop.id for stop in self.stops[index + 1 :]}
        times = [ms for stop, ms in self._proofs.items() if stop in later]
        times += [p.at_ms for p in self._pins.values() if p.stop in later and not p.denied]
        if not times:
            return None
        at_ms = min(times)
        if before is not None:
            at_ms = max(at_ms, before.arrived.at_ms)
        return Mark(at_ms, Source.INFERRED)

    # ------------------------------------------------------------------------ there, and gone

    def _next_ms(self, index: int, arrived: Mark) -> int | None:
        """When it came to the next stop, if that is elsewhere."""
        if index + 1 == len(self.stops):
            return None
        then = self.stops[index + 1]
        said = self._pinned(then.id, Milestone.ARRIVED)
        if said is not None:
            return said.at_ms
        times = [] if then.id not in self._proofs else [self._proofs[then.id]]
        if place_of(then) != place_of(self.stops[index]):
            denied_ms = self._denied_ms(then.id)
            since_ms = arrived.at_ms if denied_ms is None else max(arrived.at_ms, denied_ms)
            times += [v.from_ms for v in self._visits[place_of(then)] if v.from_ms > since_ms][:1]
        if not times and index + 2 < len(self.stops):
            behind = self._must_have_come(index + 1, None)
            times += [] if behind is None else [behind.at_ms]
        return max(min(times), arrived.at_ms) if times else None

    def _leaving(
        self, stop: Stop, arrived: Mark, done: Mark | None, next_ms: int | None
    ) -> Mark | None:
        """Whoever comes back before going on had not left; after unloading nobody comes back."""
        stays = [
            visit
            for visit in self._visits[place_of(stop)]
            if visit.lasts_beyond(arrived.at_ms) and (next_ms is None or visit.from_ms < next_ms)
        ]
        if stop.kind is StopKind.DROP and done is not None:
            stays = [v for v in stays if v.from_ms <= done.at_ms] or stays[:1]
        last = stays[-1] if stays else None
        gone_ms = None if last is None else last.to_ms
        if last is not None and gone_ms is not None and (next_ms is None or gone_ms <= next_ms):
            return Mark(gone_ms, Source.TRUCK, last.went)
        return None if next_ms is None else Mark(next_ms, Source.INFERRED)

    def _work(self, stop: Stop, stay: _Stay) -> Mark | None:
        place, trucks = place_of(stop), {span.truck for span in self._spans}
        rests = [
            seen
            for seen in self.leg.sightings.values()
            if seen.stands
            and seen.seen is Seen.RESTED
            and seen.place == place
            and seen.truck in trucks
            and seen.at_ms >= stay.arrived.at_ms
            and (stay.left is None or seen.at_ms <= stay.left.at_ms)
        ]
        first = min(rests, key=lambda seen: (seen.at_ms, seen.fact), default=None)
        return None if first is None else Mark(first.at_ms, Source.TRUCK, first.fact)

    # ------------------------------------------------------------------------------- by hand

    def _pin(self, stop: str | None, milestone: Milestone) -> Pin | None:
        return self._pins.get((stop, milestone.value))

    def _pinned(self, stop: str | None, milestone: Milestone) -> Mark | None:
        pin = self._pin(stop, milestone)
        return None if pin is None or pin.denied else Mark(pin.at_ms, Source.HAND)

    def _denied_ms(self, stop: str) -> int | None:
        pin = self._pin(stop, Milestone.ARRIVED)
        return pin.at_ms if pin is not None and pin.denied else None

    def _proven(self, stop: str) -> Mark | None:
        at_ms = self._proofs.get(stop)
        return None if at_ms is None else Mark(at_ms, Source.PROOF)
