"""One truck's track, read and written in pieces so that a long one holds no connection and no
memory."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator

import numpy as np

from geo.simplify import simplified
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import cursor_of
from serve.tracking.exports import TrackWriter
from store import fixes, history
from store.fixes import StoredFix
from store.postgres import AnyConnection


@dataclasses.dataclass(frozen=True, slots=True)
class Track:
    """What is asked for: fixes of [from, to), every one or the shape."""

    truck_id: str
    truck_key: int
    from_ms: int
    to_ms: int
    simplify_m: float | None = None
    limit: int | None = None  # None: all of them


async def written(
    gateway: Gateway, who: Principal, track: Track, writer: TrackWriter
) -> AsyncIterator[str]:
    """The whole answer, piece by piece; it says where the next page begins if there is one."""
    yield writer.begin(track.truck_id)
    remaining, last_ms, next_cursor = track.limit, 0, None
    async for chunk in _chunks(gateway, who, track):
        kept = chunk if remaining is None else chunk[:remaining]
        if kept:
            last_ms = kept[-1].ts_ms
            yield writer.chunk(kept)
        if len(kept) < len(chunk):
            next_cursor = cursor_of(str(last_ms))
            break
        remaining = None if remaining is None else remaining - len(kept)
    yield writer.end(next_cursor)


async def _chunks(gateway: Gateway, who: Principal, track: Track) -> AsyncIterator[list[StoredFix]]:
    """In short transactions of their own. The first and last fix of each chunk always stay, so a
    simplified track is as near as asked whatever it is read in."""
    left = None if track.limit is None or track.simplify_m is not None else track.limit + 1
    from_ms: int = track.from_ms
    anchor: StoredFix | None = None
    while left is None or left > 0:
        most = gateway.policy.api.track_chunk_fixes
        size = most if left is None else min(left, most)
        async with gateway.as_tenant(who) as conn:
            found = await fixes.track(conn, track.truck_key, from_ms, track.to_ms, size)
            chunk = found
            if found and track.simplify_m is not None:
                chunk = await _shape(conn, track, anchor, found, track.simplify_m)
        if chunk:
            yield chunk
        if len(found) < size:
            return
        anchor, from_ms = found[-1], found[-1].ts_ms + 1
        left = None if left is None else left - len(found)


async def _shape(
    conn: AnyConnection,
    track: Track,
    anchor: StoredFix | None,
    found: list[StoredFix],
    tolerance_m: float,
) -> list[StoredFix]:
    """The fixes that make the shape of the way, and those at which the truck stopped or left."""
    line = found if anchor is None else [anchor, *found]
    ts_ms = np.array([fix.ts_ms for fix in line])
    edges = await history.stop_edges(conn, track.truck_key, line[0].ts_ms, line[-1].ts_ms)
    stays = simplified(
        np.array([fix.lat for fix in line]),
        np.array([fix.lon for fix in line]),
        tolerance_m,
        np.isin(ts_ms, list(edges)),
    )
    stays[0] &= anchor is None  # else it was given with the chunk before
    return [fix for fix, is_kept in zip(line, stays.tolist(), strict=True) if is_kept]
