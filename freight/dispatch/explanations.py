"""Why a leg got its truck: every truck in range with its score or its excluding rules, in bytes."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from freight.dispatch.columns import Ints
from freight.dispatch.reasons import Part, Reason, reasons_in
from freight.dispatch.weighing import EXCLUDED

FASTEST = 1  # of zlib's levels
# What is kept for years begins with how it is written; a change of `_Packed` is another format.
FORMAT = b"\x01"


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one truck: excluded for reasons, or a candidate with its score."""

    truck_key: int
    reasons: tuple[Reason, ...]  # the first is the one told first; none: a candidate
    cost_minor: int | None  # None: excluded
    parts: dict[Part, int] | None = None  # recorded for the best candidates
    dead_m: int | None = None
    eta_ms: int | None = None


@dataclasses.dataclass(frozen=True)
class Explanation:
    """All trucks in range of one leg at one moment, in the order of their keys."""

    now_ms: int
    rings: int
    h3_resolution: int
    keys: Ints
    mask: Ints
    cost: Ints  # EXCLUDED where the mask is not 0
    best: Ints  # positions among the keys: the candidates whose parts are recorded
    scores: Ints  # of these: parts, metres of empty way, arrival less now_ms

    def verdict(self, truck_key: int) -> Verdict | None:
        """None: it was not within range."""
        at = int(np.searchsorted(self.keys, truck_key))
        if at == len(self.keys) or self.keys[at] != truck_key:
            return None
        return self._verdict(at)

    def verdicts(self) -> Iterator[Verdict]:
        """Candidates from the best on, then who was excluded."""
        for at in np.lexsort((self.keys, self.cost)).tolist():
            yield self._verdict(at)

    def best_candidates(self) -> Iterator[Verdict]:
        """Those whose parts are recorded, from the best on."""
        for row in np.lexsort((self.best, self.cost[self.best])).tolist():
            yield self._verdict(int(self.best[row]))

    def candidates(self) -> int:
        return int(np.count_nonzero(self.mask == 0))

    def tally(self) -> dict[Reason, int]:
        """How many trucks each reason was the first to exclude."""
        first = self.mask & -self.mask
        masks, counts = np.unique(first[first != 0], return_counts=True)
        found = zip(masks.tolist(), counts.tolist(), strict=True)
        return {Reason(mask.bit_length() - 1): count for mask, count in found}

    def only(self, truck_keys: Collection[int]) -> Explanation:
        """What the owner of these trucks may see: nothing of others, not even how many."""
        own = np.isin(self.keys, np.fromiter(truck_keys, np.int64, len(truck_keys)))
        kept = own[self.best]
        at = np.cumsum(own) - 1
        return dataclasses.replace(
            self,
            keys=self.keys[own],
            mask=self.mask[own],
            cost=self.cost[own],
            best=at[self.best[kept]],
            scores=self.scores[kept],
        )

    def _verdict(self, at: int) -> Verdict:
        key, mask = int(self.keys[at]), int(self.mask[at])
        if mask:
            return Verdict(key, reasons_in(mask), None)
        cost = int(self.cost[at])
        row = int(np.searchsorted(self.best, at))
        if row == len(self.best) or self.best[row] != at:
            return Verdict(key, (), cost)
        *parts, dead_m, after_ms = self.scores[row].tolist()
        named = dict(zip(Part, parts, strict=True))
        return Verdict(key, (), cost, named, dead_m, self.now_ms + after_ms)


# ---------------------------------------------------------------------------------------- bytes


class _Column(msgspec.Struct, frozen=True, array_like=True):
    """Whole numbers above a least one, as narrow as they fit."""

    least: int
    count: int
    width: str  # "": all are the least one
    data: bytes


class _Steps(msgspec.Struct, frozen=True, array_like=True):
    """Rising numbers: from one to the next, which is less to say."""

    first: int
    steps: _Column


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    now_ms: int
    rings: int
    h3_resolution: int
    keys: _Steps
    masks: _Column  # those that occur
    mask: _Column  # which of them
    cost: _Column  # of candidates only
    best: _Steps
    scores: tuple[_Column, ...]  # one a part


class Masks(NamedTuple):
    """Masks by their number in a table of those that occur: there are few of them."""

    table: Ints
    number: Ints


def tabled(mask: Ints) -> Masks:
    """Best done once for many legs: the masks that occur at all are found without sorting."""
    occurs = np.zeros(1 << len(Reason), dtype=np.bool_)
    occurs[mask] = True
    table = np.flatnonzero(occurs)
    number = np.empty(len(occurs), dtype=np.int64)
    number[table] = np.arange(len(table))
    return Masks(table, number[mask])


def encode(explained: Explanation, masks: Masks) -> bytes:
    """A few bytes a truck: so that every decision can be kept as it was made."""
    occurs = np.flatnonzero(np.bincount(masks.number, minlength=len(masks.table)))
    number = np.empty(len(masks.table), dtype=np.int64)
    number[occurs] = np.arange(len(occurs))
    packed = _Packed(
        explained.now_ms,
        explained.rings,
        explained.h3_resolution,
        _steps(explained.keys),
        _narrow(masks.table[occurs]),
        _narrow(number[masks.number]),
        _narrow(explained.cost[explained.mask == 0]),
        _steps(explained.best),
        tuple(_narrow(column) for column in explained.scores.T),
    )
    # What repeats here is runs: looking for anything else costs time and finds nothing.
    squeezed = zlib.compressobj(FASTEST, strategy=zlib.Z_RLE)
    packed_bytes = msgspec.msgpack.encode(packed)
    return FORMAT + squeezed.compress(packed_bytes) + squeezed.flush()


def decode(data: bytes) -> Explanation:
    if data[:1] != FORMAT:
        raise ValueError(f"an explanation of an unknown format, {data[:1].hex()}")
    packed = msgspec.msgpack.decode(zlib.decompress(data[1:]), type=_Packed)
    mask = _wide(packed.masks)[_wide(packed.mask)]
    cost = np.full(len(mask), EXCLUDED, dtype=np.int64)
    cost[mask == 0] = _wide(packed.cost)
    best = _climbed(packed.best, packed.scores[0].count)
    scores = [_wide(column) for column in packed.scores]
    return Explanation(
        packed.now_ms,
        packed.rings,
        packed.h3_resolution,
        _climbed(packed.keys, len(mask)),
        mask,
        cost,
        best,
        np.stack(scores, axis=1),
    )


def _narrow(values: npt.NDArray[Any]) -> _Column:
    if not len(values):
        return _Column(0, 0, "", b"")
    least, most = int(values.min()), int(values.max())
    if least == most:
        return _Column(least, len(values), "", b"")
    width = np.min_scalar_type(most - least).newbyteorder("<")
    return _Column(least, len(values), width.str, (values - least).astype(width).tobytes())


def _wide(column: _Column) -> Ints:
    if not column.width:
        return np.full(column.count, column.least, dtype=np.int64)
    return np.frombuffer(column.data, dtype=column.width).astype(np.int64) + column.least


def _steps(rising: Ints) -> _Steps:
    return _Steps(int(rising[0]) if len(rising) else 0, _narrow(np.diff(rising)))


def _climbed(rising: _Steps, count: int) -> Ints:
    steps = np.zeros(count, dtype=np.int64)
    steps[1:] = _wide(rising.steps)
    return np.cumsum(steps) + rising.first
