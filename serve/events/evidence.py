"""What an event was derived from: fixes, rules, fences, and the proof that it follows from them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import ValidationError

from config.policy import Policy
from config.sections.tracking import Tracking
from freight.cloudevents import cloud_event
from freight.fixes import FixArray
from freight.tracking import evidence
from freight.tracking.fences import FenceBook
from freight.tracking.folding import World
from freight.tracking.journeys import JourneyBook
from freight.tracking.names import TruckName
from freight.tracking.rules import TrackingRules
from freight.tracking.standing import Standing, replaced_by, standing
from freight.tracking.tracked import Tracked
from serve.tracking.wire import fix_fields
from store import checkpoints, events, fences, fixes, journey_versions, late_fixes, rule_sets, told
from store.events import StoredEvent
from store.fences import FenceVersion
from store.journey_versions import JourneyVersion
from store.postgres import AnyConnection


@dataclass(frozen=True, slots=True)
class Basis:
    """What was in force when a fact was told or corrected last."""

    rules: dict[str, Any] | None
    fence_revision: int | None


@dataclass(frozen=True, slots=True)
class Material:
    """All that a replay needs, read within the tenant's transaction."""

    fact: Standing
    name: TruckName
    start: Tracked
    fixes: FixArray
    rules: TrackingRules
    fences: list[FenceVersion]
    journeys: list[JourneyVersion]
    known_at_ms: int


class NoReplayError(Exception):
    """Why a fact cannot be derived again."""


async def of_event(conn: AnyConnection, event: StoredEvent, policy: Policy) -> dict[str, Any]:
    if event.truck_key is None:
        return {"event": cloud_event(event), "fixes": []}
    api = policy.api
    around_ms = int(api.evidence_around_s * 1000)
    shown = await fixes.track(
        conn,
        event.truck_key,
        event.time_ms - around_ms,
        event.time_ms + around_ms,
        api.evidence_fixes_max,
    )
    fact_id = replaced_by(event) or event.id
    known = await told.of_ids(conn, [fact_id])
    fact = standing(known).get(fact_id)
    digest, fence_revision = await told.basis(conn, fact_id)
    rules = None if digest is None else await rule_sets.find(conn, digest)
    turns = [await events.get(conn, each.id) for each in known if each.replaces is not None]
    return {
        "event": cloud_event(event),
        "fixes": [fix_fields(fix) for fix in shown],
        "numbers": None if fact is None else fact.data,
        "policy_version": digest,
        "rules": rules,
        "fence_revision": fence_revision,
        "fence_versions": await _fence_versions(conn, event),
        "replaced_by": [cloud_event(turn) for turn in turns if turn is not None],
        "replay": await _replay(conn, event, fact, Basis(rules, fence_revision), policy.tracking),
    }


async def _fence_versions(conn: AnyConnection, event: StoredEvent) -> list[dict[str, Any]]:
    """As they were drawn when the event was told."""
    fence, version = event.data.get("fence"), event.data.get("fence_version")
    if not isinstance(fence, str) or not isinstance(version, int):
        return []
    found = await fences.version_of(conn, fence, version)
    return [] if found is None else [msgspec.to_builtins(found)]


async def _replay(
    conn: AnyConnection, event: StoredEvent, fact: Standing | None, basis: Basis, limits: Tracking
) -> dict[str, Any]:
    try:
        material = await _material(conn, event, fact, basis, limits.replay_fixes_max)
    except NoReplayError as error:
        return {"same": None, "detail": str(error), "derived": None, "fixes": 0}
    done = await asyncio.to_thread(_derive, material, limits.replay_reach_m)
    return {
        "same": done.same,
        "detail": done.detail,
        "derived": done.derived,
        "fixes": len(material.fixes),
    }


async def _material(
    conn: AnyConnection, event: StoredEvent, fact: Standing | None, basis: Basis, limit: int
) -> Material:
    truck_key = event.truck_key
    if fact is None or fact.decided_ms is None or truck_key is None:
        raise NoReplayError("it does not come of fixes")
    if basis.rules is None or basis.fence_revision is None:
        raise NoReplayError("the rules of its time were not kept yet")
    try:
        rules = TrackingRules.model_validate(basis.rules)
    except ValidationError:
        raise NoReplayError("it was told by a release with other rules") from None
    kept = (await checkpoints.nearest(conn, {truck_key: fact.decided_ms})).get(truck_key)
    start = Tracked(event.tenant_key, truck_key)
    if kept is not None:
        start = msgspec.msgpack.decode(kept.state, type=Tracked)
    since_ms = 0 if kept is None else kept.ts_ms
    piece = (await late_fixes.pieces(conn, {truck_key: since_ms}, limit + 1))[truck_key]
    piece = piece[piece["ts_ms"] <= fact.decided_ms]
    if len(piece) > limit:
        raise NoReplayError(f"more than {limit} fixes lie between a kept state and it")
    follows = "journey" in event.data
    return Material(
        fact=fact,
        name=_name(event),
        start=start,
        fixes=piece,
        rules=rules,
        fences=await fences.changes_between(conn, 0, basis.fence_revision),
        journeys=await _journeys(conn, truck_key, basis) if follows else [],
        known_at_ms=max(event.known_at_ms, fact.decided_ms + 1),
    )


async def _journeys(conn: AnyConnection, truck_key: int, basis: Basis) -> list[JourneyVersion]:
    return await journey_versions.changes_between(
        conn, 0, basis.fence_revision, truck_key=truck_key
    )


def _name(event: StoredEvent) -> TruckName:
    """Of the class that the truck was of then, if that mattered."""
    truck = event.subject.removeprefix("trucks/")
    return TruckName(event.tenant, truck, event.data.get("truck_class"))


def _derive(material: Material, reach_m: float) -> evidence.Replay:
    """In a thread: compiling fences takes a while."""
    book, journeys, start = FenceBook(), JourneyBook(), material.start
    near = [each for each in material.fences if evidence.may_matter(each, material.fixes, reach_m)]
    book.apply(near)
    journeys.apply(material.journeys)
    names = {start.truck_key: material.name}
    world = World(book, names, lambda _tenant: material.rules, material.known_at_ms, journeys)
    return evidence.replay(start, material.fixes, world, material.fact)
