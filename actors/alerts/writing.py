"""One step of a tenant's alerts: loaded behind all others, decided, written with its events."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import msgspec

from actors.booking_writing import TenantName
from config.policy import Policy
from freight.alerts.announced import announcements
from freight.alerts.book import Book, Taken
from freight.alerts.commands import Heard, PeopleCommand
from freight.alerts.events import AlertEvent
from freight.alerts.lasting import rule_of
from freight.alerts.reading import FACTS
from freight.alerts.rules import Party
from freight.alerts.signals import Signal
from freight.alerts.sorting import covering_marks, marks_of, needed, rival_marks
from freight.alerts.state import Alert, AlertState
from freight.events import TruckEvent, aggregate_event_id
from store import alerts, awards, events, fixes, watch_spells
from store.alerts import Logged, Step
from store.errors import StaleVersionError
from store.postgres import AnyConnection

WATCH = "watch"  # who decides what nobody asked for
NAME = "alerts"  # who follows the facts


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    """One transaction of one tenant's, and by which rules it is decided."""

    conn: AnyConnection
    tenant: TenantName
    policy: Policy
    at_ms: int
    taken_seq: int | None = None  # all facts up to this one are taken up; None: nobody asked


async def take(scene: Scene, signals: Sequence[Signal], complete_ms: int | None = None) -> int:
    """What follows from facts, or from what was found by looking; how many alerts changed. All
    facts are at hand that were known before `complete_ms`; None: all there are."""
    if not signals:
        return 0
    rules = scene.policy.alerts
    await alerts.take_turn(scene.conn, scene.tenant.key)
    wanted = needed(signals, rules)
    known = await alerts.concerned(scene.conn, wanted.marks, wanted.dedups)
    rivals = rival_marks(known) - wanted.marks
    if rivals:
        found = {one.id: one for one in [*known, *await alerts.concerned(scene.conn, rivals, ())]}
        known = list(found.values())
    book = Book(scene.tenant.id, known)
    blind = await _is_blind(scene)
    touched = book.note(signals, rules, scene.at_ms, is_blind=blind, complete_ms=complete_ms)
    await _let_time_count(scene, book, touched, is_blind=blind)
    return await _write(scene, book)


async def tick(scene: Scene, ids: Sequence[str]) -> int:
    """What time makes of these; how many alerts changed."""
    rules = scene.policy.alerts
    await alerts.take_turn(scene.conn, scene.tenant.key)
    due = await alerts.several(scene.conn, ids)
    marks = {mark for alert in due for mark in covering_marks(alert, rules)}
    known = {one.id: one for one in await alerts.concerned(scene.conn, marks, ())}
    book = Book(scene.tenant.id, (known | {one.id: one for one in due}).values())
    blind = await _is_blind(scene)
    await _let_time_count(scene, book, [one.id for one in due], is_blind=blind)
    changed = await _write(scene, book)
    # What has not changed is looked at again when it may, and never at once.
    soonest_ms = scene.at_ms + round(scene.policy.watch.look_again_s * 1000)
    for one in due:
        after = book.alerts[one.id]
        if after.version == one.version:
            put_off = None if after.due_ms is None else max(after.due_ms, soonest_ms)
            await alerts.put_off(scene.conn, msgspec.structs.replace(after, due_ms=put_off))
    return changed


async def ask(
    scene: Scene, alert_id: str, command: PeopleCommand, expected: int | None = None
) -> Alert:
    """What a person wants of one. Refusal, NotFoundError, StaleVersionError: nothing is written."""
    await alerts.take_turn(scene.conn, scene.tenant.key)
    before = await alerts.load(scene.conn, alert_id)
    if expected not in {None, before.version}:
        raise StaleVersionError("alert", alert_id, expected or 0, before.version)
    book = Book(scene.tenant.id, [before])
    book.do(alert_id, command, scene.policy.alerts, scene.at_ms)
    await _write(scene, book)
    return book.alerts[alert_id]


async def _let_time_count(scene: Scene, book: Book, ids: Sequence[str], *, is_blind: bool) -> None:
    """Of trucks whose alerts are due to be raised it is asked how far they have been heard."""
    pending = (book.alerts[name] for name in ids)
    asked = {
        truck
        for one in pending
        if one.state is AlertState.PENDING and one.due_ms is not None and one.due_ms <= scene.at_ms
        for truck in one.trucks
    }
    heard = await _heard(scene, sorted(asked)) if asked else {}
    book.tick(ids, scene.policy.alerts, scene.at_ms, is_blind=is_blind, heard=heard)


async def _heard(scene: Scene, trucks: Sequence[str]) -> dict[str, Heard]:
    newest = await fixes.newest_of(scene.conn, scene.tenant.key, trucks)
    behind: set[str] = set()
    if scene.taken_seq is not None:  # asked after the fixes, with which their facts are stored
        behind = await alerts.trucks_behind(scene.conn, NAME, scene.taken_seq, FACTS, trucks)
    return {truck: Heard(*newest[truck], truck in behind) for truck in newest}


async def _is_blind(scene: Scene) -> bool:
    return bool(await watch_spells.going_on(scene.conn))


# ----------------------------------------------------------------------------------- writing


async def _write(scene: Scene, book: Book) -> int:
    taken = book.news()
    if not taken:
        return 0
    # What is over makes room for what is open in its place.
    taken.sort(key=lambda one: (one.after.is_open, one.before is None))
    keys = await _only_ones(scene, book, taken)
    steps = [_step(scene, one, keys[one.after.id]) for one in taken]
    await alerts.write(scene.conn, scene.tenant.key, steps)
    await events.insert(scene.conn, await _announced(scene, taken, steps))
    return len(taken)


async def _only_ones(scene: Scene, book: Book, taken: Sequence[Taken]) -> dict[str, str]:
    """Under which key each is the only open one: what late truth opens again beside another that
    is open by now, and what is a little too far away to be the same, stand beside it."""
    dedups = {one.after.dedup for one in taken if one.after.is_open}
    holders = await alerts.open_ids(scene.conn, dedups)
    for dedup, holder in list(holders.items()):
        known = book.alerts.get(holder)
        if known is not None and not known.is_open:
            del holders[dedup]
    keys: dict[str, str] = {}
    for one in taken:
        name, dedup = one.after.id, one.after.dedup
        is_alone = not one.after.is_open or holders.setdefault(dedup, name) == name
        keys[name] = dedup if is_alone else f"{dedup}#{name}"
    return keys


def _step(scene: Scene, taken: Taken, once: str) -> Step:
    after = taken.after
    shared = rule_of(after, scene.policy.alerts).rule.shared_with
    first = after.version - len(taken.events) + 1
    return Step(
        after=after,
        events=[_logged(first + nr, event) for nr, event in enumerate(taken.events)],
        marks=sorted(marks_of(after)),
        once=once,
        for_carrier=Party.CARRIER in shared,
        for_shipper=Party.SHIPPER in shared,
    )


def _logged(version: int, event: AlertEvent) -> Logged:
    told_by = getattr(event, "by", None) or getattr(event, "told_by", None) or WATCH
    kind = str(event.__struct_config__.tag)
    return Logged(version, event.at_ms, kind, told_by, msgspec.to_builtins(event))


async def _announced(
    scene: Scene, taken: Sequence[Taken], steps: Sequence[Step]
) -> list[TruckEvent]:
    """To a carrier only what is shared with it: its events are those of its trucks."""
    shared = {step.after.id: step.after.truck for step in steps if step.for_carrier}
    named = sorted({truck for truck in shared.values() if truck is not None})
    keys = await awards.truck_keys(scene.conn, named)
    return [
        event
        for one in taken
        for event in _events(scene, one, keys.get(shared.get(one.after.id) or ""))
    ]


def _events(scene: Scene, taken: Taken, truck_key: int | None) -> Iterable[TruckEvent]:
    subject = f"alerts/{taken.after.id}"
    for nr, (kind, time_ms, data) in enumerate(announcements(taken.before, taken.events)):
        yield TruckEvent(
            id=aggregate_event_id(scene.tenant.key, subject, taken.after.version, nr),
            type=kind,
            tenant_key=scene.tenant.key,
            truck_key=truck_key,
            tenant=scene.tenant.id,
            subject=subject,
            time_ms=time_ms,
            known_at_ms=scene.at_ms,
            data=data,
        )
