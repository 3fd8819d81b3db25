"""Late truth: what fixes that arrive after newer ones change in what was told.

The truck's fixes are folded again from the last state kept before the late ones (`refold`); what
comes of that, less what is known, is new facts, corrections, retractions and mended spans.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from freight.events import TruckEvent, event_id
from freight.tracking.facts import Flaw, Span, SpanKey
from freight.tracking.folding import Folding
from freight.tracking.refold import Past, Refolded
from freight.tracking.standing import (
    CORRECTED,
    RETRACTED,
    KnownEvent,
    Standing,
    as_stored,
    standing,
)
from freight.tracking.surroundings import Surroundings

REASON = "a late fix"


@dataclasses.dataclass(frozen=True, slots=True)
class Differences:
    """What has to be written so that the store says what the fixes say."""

    events: list[TruckEvent]
    # Facts that are as they were but were decided by another fix than before.
    moved: list[tuple[uuid.UUID, int]]
    spans: list[Span]
    gone_spans: list[SpanKey]
    flaws: dict[int, Flaw | None]  # by device time; None: believed after all


def differences(
    past: Past, refolded: Refolded, known: Iterable[KnownEvent], around: Surroundings
) -> Differences:
    """`known` are, beside those of the past, all stored events that were derived again, and all
    that replace them; in the order they were learned."""
    facts = standing([*past.events, *known])
    derived = {event.id: event for event in refolded.facts.events}
    told = [
        _retracted(fact, around)
        for key, fact in facts.items()
        if key not in derived and _was_decided_here(fact, refolded)
    ]
    moved: list[tuple[uuid.UUID, int]] = []
    for key, event in derived.items():
        fact = facts.get(key)
        if fact is None:
            told.append(event)
            continue
        if fact.data != as_stored(event.data):
            told.append(_corrected(fact, event, around))
        if event.decided_ms is not None and event.decided_ms != fact.decided_ms:
            moved.append((key, event.decided_ms))
    spans, gone = _spans(past.spans, refolded)
    # What never was goes first, so that what was instead is not taken for a second one.
    told.sort(key=lambda e: (e.type != RETRACTED, e.time_ms, str(e.id)))
    return Differences(
        told,
        moved,
        spans,
        gone,
        _flaws(past, refolded),
    )


def keep_what_stands(folding: Folding, upto: Mapping[int, int | None]) -> None:
    """Takes from a batch what trucks were folded again for, up to a device time or all (None)."""

    def stands(truck_key: int | None, decided_ms: int | None) -> bool:
        if truck_key is None or truck_key not in upto:
            return True
        end_ms = upto[truck_key]
        return end_ms is not None and decided_ms is not None and decided_ms >= end_ms

    folding.events = [e for e in folding.events if stands(e.truck_key, e.decided_ms)]
    spans = [
        (tenant_key, truck_key, span if stands(truck_key, span.begun_ms) else _only_end(span))
        for tenant_key, truck_key, span in folding.spans
    ]
    folding.spans = [
        told for told in spans if stands(told[1], told[2].begun_ms or told[2].ended_ms)
    ]
    folding.checkpoints = [
        kept for kept in folding.checkpoints if stands(kept.state.truck_key, kept.boundary_ms)
    ]


def _only_end(span: Span) -> Span:
    return replace(span, begun_ms=None, begun=None)


# ------------------------------------------------------------------------------------- events


def _was_decided_here(fact: Standing, refolded: Refolded) -> bool:
    return (
        fact.data is not None and fact.decided_ms is not None and refolded.covers(fact.decided_ms)
    )


def _retracted(fact: Standing, around: Surroundings) -> TruckEvent:
    return _turn(RETRACTED, fact, fact.data or {}, around)


def _corrected(fact: Standing, event: TruckEvent, around: Surroundings) -> TruckEvent:
    """Also puts a fact in force again that was retracted: before, there was nothing."""
    changed = {**event.data, "before": fact.data, "after": event.data}
    return _turn(CORRECTED, fact, changed, around)


def _turn(kind: str, fact: Standing, data: dict[str, Any], around: Surroundings) -> TruckEvent:
    """Numbered, so that each turn of a fact has an id of its own."""
    told = fact.told
    about = f"{told.id}/{fact.turns + 1}"
    return TruckEvent(
        id=event_id(around.truck_key, kind, about, told.time_ms),
        type=kind,
        tenant_key=around.tenant_key,
        truck_key=around.truck_key,
        tenant=around.name.tenant,
        subject=f"trucks/{around.name.truck}",
        time_ms=told.time_ms,
        known_at_ms=around.known_at_ms,
        data={**data, "replaces": str(told.id), "replaces_type": told.type, "reason": REASON},
    )


# -------------------------------------------------------------------------------------- spans


def _spans(known: Sequence[Span], refolded: Refolded) -> tuple[list[Span], list[SpanKey]]:
    derived = refolded.facts.spans
    kept = {span.key: span for span in known}
    changed = [
        span
        for key, again in derived.items()
        if (span := _mended(kept.get(key), _as_stored(again), refolded)) != kept.get(key)
    ]
    gone: list[SpanKey] = []
    for key, span in kept.items():
        if key in derived:
            continue
        if refolded.covers(_begun_ms(span)):
            gone.append(key)
        elif span.ended_ms is not None and refolded.covers(span.ended_ms):
            reopened = span.begun if span.begun is not None else span.data
            changed.append(replace(span, to_ms=None, ended_ms=None, data=reopened))
    return changed, gone


def _mended(known: Span | None, again: Span, refolded: Refolded) -> Span:
    """What was told again, and what was told before or behind it."""
    if known is None:
        return again
    ends_behind = known.ended_ms is not None and not refolded.covers(known.ended_ms)
    if again.to_ms is None and ends_behind:
        return replace(known, begun_ms=again.begun_ms, begun=again.begun)
    begins_anew = again.begun_ms is not None and _begun_ms(known) >= refolded.from_ms
    return again if begins_anew else again.after(known)


def _as_stored(span: Span) -> Span:
    begun = None if span.begun is None else as_stored(span.begun)
    return replace(span, data=as_stored(span.data), begun=begun)


def _begun_ms(span: Span) -> int:
    """What was told only when it was over began, for us, with its end."""
    if span.begun_ms is not None:
        return span.begun_ms
    return span.from_ms if span.ended_ms is None else span.ended_ms


def _flaws(past: Past, refolded: Refolded) -> dict[int, Flaw | None]:
    again = dict(refolded.facts.flaws)
    known = {ts_ms: flaw for ts_ms, flaw in past.flaws.items() if refolded.covers(ts_ms)}
    changed: dict[int, Flaw | None] = {t: flaw for t, flaw in again.items() if known.get(t) != flaw}
    return changed | dict.fromkeys(known.keys() - again.keys())
