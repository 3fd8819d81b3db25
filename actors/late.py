"""Late fixes inside a shard's transaction: read the past around them, fold it again, store what
is different."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Container, Iterable, Mapping

import msgspec

from actors.past_world import PastWorld
from config.sections.tracking import Tracking
from freight.tracking.checkpoints import Checkpoint
from freight.tracking.corrections import Differences, differences
from freight.tracking.epochs import Epoch
from freight.tracking.refold import FROM_THE_BEGINNING, Past, Refolded, refold
from freight.tracking.standing import KnownEvent
from freight.tracking.tracked import Tracked
from store import checkpoints, late_fixes, late_work, spans, told
from store.checkpoints import KeptState
from store.late_work import LateWork
from store.postgres import AnyConnection
from store.spans import TruckSpan

# Before all device times, and what Postgres can hold as well.
FIRST_MS = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Settled:
    """What one transaction did about late fixes; nobody's state until it is committed."""

    # The last piece of each truck that was folded again.
    done: dict[int, Refolded]
    changes: list[Differences]
    # What is left for later transactions.
    work: dict[int, LateWork]
    # Fact -> what was in force then, if that is not what is now.
    told_in: dict[uuid.UUID, Epoch] = dataclasses.field(default_factory=dict)


def with_news(
    work: Mapping[int, LateWork], late: Iterable[tuple[int, int, int]]
) -> dict[int, LateWork]:
    """What is to be folded again once these fixes (tenant, truck, device time) are stored."""
    out = dict(work)
    for tenant_key, truck_key, ts_ms in late:
        known = out.get(truck_key, LateWork(truck_key, tenant_key, ts_ms, ts_ms))
        from_ms, last_ms = min(known.from_ms, ts_ms), max(known.last_late_ms, ts_ms)
        out[truck_key] = LateWork(truck_key, tenant_key, from_ms, last_ms)
    return out


async def settle(
    conn: AnyConnection,
    work: Mapping[int, LateWork],
    noted: Mapping[int, LateWork],
    past_of: PastWorld,
    limits: Tracking,
    *,
    only: Container[int] | None = None,
) -> Settled:
    """`noted` is what the store knows of the work from earlier transactions.

    Folds at most `refold_fixes_max` fixes again, in pieces, of all trucks or of these only; the
    rest of the work is noted.
    """
    settled = Settled({}, [], dict(work))
    budget = limits.refold_fixes_max
    while budget > 0:
        mine = [key for key in settled.work if only is None or key in only]
        if not mine:
            break
        turn = {key: settled.work[key] for key in mine[: _trucks_at_once(budget, limits)]}
        pasts = await _pasts(conn, turn, limits)
        budget -= sum(len(past.fixes) for past in pasts.values())
        await _fold_again(conn, pasts, past_of, settled)
    left = [each for key, each in settled.work.items() if noted.get(key) != each]
    await late_work.put(conn, left)
    await late_work.remove(conn, [key for key in noted if key not in settled.work])
    return settled


async def _fold_again(
    conn: AnyConnection, pasts: dict[int, Past], past_of: PastWorld, settled: Settled
) -> None:
    world = past_of.world
    epochs = await past_of.epochs(conn, pasts.values())
    again = {
        key: refold(past, world, epochs.get(past.start.tenant_key, ()))
        for key, past in pasts.items()
    }
    more = await _known_besides(conn, pasts, again)
    changes: list[tuple[int, int, Differences]] = []
    for key, past in pasts.items():
        tenant_key = past.start.tenant_key
        around = world.around(tenant_key, key)
        changes.append((key, tenant_key, differences(past, again[key], more[key], around)))
        work = settled.work.pop(key)
        upto_ms = again[key].upto_ms
        if not again[key].is_done and upto_ms is not None:
            # Only behind it is the known what was told without the late fixes.
            last_ms = max(work.last_late_ms, upto_ms)
            settled.work[key] = LateWork(key, tenant_key, upto_ms, last_ms)
    await _store(conn, changes, again, world.known_at_ms)
    settled.done.update(again)
    for each in again.values():
        settled.told_in.update(each.told_in)
    settled.changes.extend(each for _, _, each in changes)


async def _known_besides(
    conn: AnyConnection, pasts: dict[int, Past], again: dict[int, Refolded]
) -> dict[int, list[KnownEvent]]:
    """Truck key -> what is stored of the facts that were derived again, beside the past's."""
    seen = {event.id for past in pasts.values() for event in past.events}
    truck_of = {
        event.id: key
        for key, each in again.items()
        for event in each.facts.events
        if event.id not in seen
    }
    found: dict[int, list[KnownEvent]] = {key: [] for key in pasts}
    for event in await told.of_ids(conn, list(truck_of)):
        found[truck_of[event.replaces or event.id]].append(event)
    return found


async def _store(
    conn: AnyConnection,
    changes: list[tuple[int, int, Differences]],
    again: dict[int, Refolded],
    known_at_ms: int,
) -> None:
    """All but the events, which go the way of all events."""
    await told.move(conn, [moved for _, _, each in changes for moved in each.moved])
    mended = [TruckSpan(tenant, key, span) for key, tenant, each in changes for span in each.spans]
    gone = [(key, span_key) for key, _, each in changes for span_key in each.gone_spans]
    # A mended span is told anew, not told on.
    await spans.remove(conn, [*gone, *((each.truck_key, each.span.key) for each in mended)])
    await spans.put(conn, mended, known_at_ms)
    await late_fixes.mark(
        conn,
        [(key, ts_ms, flaw) for key, _, each in changes for ts_ms, flaw in each.flaws.items()],
    )
    reach = {key: (max(each.from_ms, FIRST_MS), each.upto_ms) for key, each in again.items()}
    await checkpoints.remove_between(conn, reach)
    await keep(conn, [kept for each in again.values() for kept in each.checkpoints])


async def keep(conn: AnyConnection, kept: list[Checkpoint]) -> None:
    encode = msgspec.msgpack.encode
    await checkpoints.put(
        conn,
        [
            KeptState(
                each.state.truck_key, each.state.tenant_key, each.boundary_ms, encode(each.state)
            )
            for each in kept
        ],
    )


async def _pasts(
    conn: AnyConnection, work: dict[int, LateWork], limits: Tracking
) -> dict[int, Past]:
    starts = await checkpoints.nearest(conn, {key: each.from_ms for key, each in work.items()})
    since = {key: starts[key].ts_ms if key in starts else FIRST_MS for key in work}
    pieces = await late_fixes.pieces(conn, since, limits.refold_piece_fixes)
    reach = {
        key: (since[key], int(piece["ts_ms"][-1]) if len(piece) else since[key])
        for key, piece in pieces.items()
    }
    kept = await checkpoints.between(conn, reach)
    events = await told.since(conn, since)
    lasting = await spans.reaching(conn, since)
    flaws = await late_fixes.flaws(conn, reach)
    return {
        key: Past(
            start=_tracked(starts[key]) if key in starts else Tracked(each.tenant_key, key),
            from_ms=since[key] if key in starts else FROM_THE_BEGINNING,
            fixes=pieces[key],
            has_newest=len(pieces[key]) < limits.refold_piece_fixes,
            last_late_ms=each.last_late_ms,
            checkpoints=[Checkpoint(state.ts_ms, _tracked(state)) for state in kept[key]],
            events=events[key],
            spans=lasting[key],
            flaws=flaws[key],
        )
        for key, each in work.items()
    }


def _tracked(kept: KeptState) -> Tracked:
    return msgspec.msgpack.decode(kept.state, type=Tracked)


def _trucks_at_once(budget: int, limits: Tracking) -> int:
    return max(1, budget // limits.refold_piece_fixes)
