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
from store import history, tracks
from store.postgres import AnyConnection
from store.tracks import Piece


@dataclasses.dataclass(frozen=True, slots=True)
class Track:
    """What is asked for: fixes of [from, to), believed ones only or all, every one or the shape."""

    truck_id: str
    truck_key: int
    from_ms: int
    to_ms: int
    flawed: bool = False
    simplify_m: float | None = None
    limit: int | None = None  # None: all of them


async def written(
    gateway: Gateway, who: Principal, track: Track, writer: TrackWriter
) -> AsyncIterator[str]:
    """The whole answer, piece by piece; it says where the next page begins if there is one."""
    yield writer.begin(track.truck_id)
    remaining, last_ms, next_cursor = track.limit, 0, None
    async for piece in _pieces(gateway, who, track):
        kept = piece if remaining is None else piece.only(slice(remaining))
        if len(kept):
            last_ms = kept.last_ms
            yield writer.chunk(kept)
        if len(kept) < len(piece):
            next_cursor = cursor_of(str(last_ms))
            break
        remaining = None if remaining is None else remaining - len(kept)
    yield writer.end(next_cursor)


async def _pieces(gateway: Gateway, who: Principal, track: Track) -> AsyncIterator[Piece]:
    """In short transactions of their own. The first and last fix of each piece always stay, so a
    simplified track is as near as asked whatever it is read in."""
    left = None if track.limit is None or track.simplify_m is not None else track.limit + 1
    from_ms: int = track.from_ms
    before: Piece | None = None
    while left is None or left > 0:
        most = gateway.policy.api.track_chunk_fixes
        size = most if left is None else min(left, most)
        span = (from_ms, track.to_ms)
        async with gateway.as_tenant(who) as conn:
            found = await tracks.read(conn, track.truck_key, span, size, flawed=track.flawed)
            piece = found
            if len(found) and track.simplify_m is not None:
                piece = await _shape(conn, track, before, found, track.simplify_m)
        if len(piece):
            yield piece
        if len(found) < size:
            return
        before, from_ms = found, found.last_ms + 1
        left = None if left is None else left - len(found)


async def _shape(
    conn: AnyConnection, track: Track, before: Piece | None, found: Piece, tolerance_m: float
) -> Piece:
    """The fixes that make the shape of the way, and those at which the truck stopped or left."""
    last = found.fixes[:0] if before is None else before.fixes[-1:]
    line = np.concatenate([last, found.fixes])
    ts_ms = line["ts_ms"]
    edges = await history.stop_edges(conn, track.truck_key, int(ts_ms[0]), int(ts_ms[-1]))
    stays = simplified(line["lat"], line["lon"], tolerance_m, np.isin(ts_ms, list(edges)))
    return found.only(stays[len(last) :])
