"""A hash table from lattice cells to what lies in them, made for asking many points at once.

A slot heads a chain of entries (key, code). Before it stands a wider table of one byte a slot
that only says whether there is any: nearly all points find there that there is nothing for them.
Entries come and go without touching others; numpy walks the chains of all asked points in step.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from geo.lattice import IntArray

Int32Array = npt.NDArray[np.int32]

SLOTS_MIN = 1 << 10  # fixed: the smallest table, a power of two
# Slots of the wide table for one of the narrow, which has at least one for each entry. The wider,
# the fewer points look further for nothing: small tables can afford it.
WIDE = 16
WIDE_SMALL = 64
WIDE_SLOTS_SMALL = 1 << 22
# So few chains are walked one by one: a call of numpy costs more than they do.
CHAINS_FEW = 12
NEXT_BITS = 32
NEXT_MASK = (1 << NEXT_BITS) - 1
# An entry's key, code and link, and its share of slots, twice as many as needed at worst.
ENTRY_BYTES = 8 + 4 + 4 + (4 + WIDE) * 3 // 2


class CellTable:
    def __init__(self) -> None:
        self._used = 1  # entry 0 ends every chain
        self._free: list[int] = []
        # Key, and code with the next entry's id below it: side by side, since both are wanted.
        self._entry: IntArray = np.zeros((SLOTS_MIN, 2), dtype=np.int64)
        self._set_slots(SLOTS_MIN)

    def __len__(self) -> int:
        return self._used - 1 - len(self._free)

    @property
    def nbytes(self) -> int:
        tables = (self._heads, self._taken, self._entry)
        return sum(table.nbytes for table in tables)

    def add(self, keys: IntArray, codes: IntArray) -> Int32Array:
        """Puts the entries in; returns their ids, which `remove` takes."""
        ids = self._new_ids(len(keys))
        self._entry[ids, 0] = keys
        self._entry[ids, 1] = codes << NEXT_BITS
        slots = len(self._heads)
        if self._used > slots:
            while self._used > slots:
                slots *= 2
            self._set_slots(slots)
            live = np.ones(self._used, dtype=bool)
            live[0] = False
            live[self._free] = False
            self._link(np.flatnonzero(live).astype(np.int32))
        else:
            self._link(ids)
        return ids

    def remove(self, ids: Int32Array) -> None:
        heads, entries = self._heads_view, self._entry_view
        for entry in ids.tolist():
            key = entries[entry, 0]
            following = entries[entry, 1] & NEXT_MASK
            slot = key & self._mask
            at = heads[slot]
            if at == entry:
                heads[slot] = following
            else:
                while (link := entries[at, 1]) & NEXT_MASK != entry:
                    at = link & NEXT_MASK
                entries[at, 1] = link - entry + following
            self._untake(key, heads[slot])
        self._free.extend(ids.tolist())

    def taken(self, keys: IntArray, slots: IntArray) -> IntArray:
        """Indices of the keys where there may be something; `slots` is room for the work."""
        np.bitwise_and(keys, self._wide_mask, out=slots)
        return self._taken.take(slots).nonzero()[0]

    def is_taken(self, key: int) -> bool:
        return bool(self._taken_view[key & self._wide_mask])

    def codes(self, keys: IntArray) -> tuple[IntArray, IntArray]:
        """Pairs (index into keys, code) of what lies in the cells."""
        entries = self._heads.take(keys & self._mask)
        index = entries.nonzero()[0]
        if len(index) < len(keys):
            keys, entries = keys.take(index), entries.take(index)
        found: list[IntArray] = []
        codes: list[IntArray] = []
        while len(entries) > CHAINS_FEW:
            entry = self._entry.take(entries, axis=0)
            links = entry[:, 1]
            same = (entry[:, 0] == keys).nonzero()[0]
            if len(same):
                found.append(index.take(same))
                codes.append(links.take(same) >> NEXT_BITS)
            entries = links & NEXT_MASK
            alive = entries.nonzero()[0]
            if len(alive) < len(entries):
                index, keys, entries = index.take(alive), keys.take(alive), entries.take(alive)
        if len(entries):
            rest = self._walk(index.tolist(), keys.tolist(), entries.tolist())
            if rest:
                found.append(np.array([at for at, _ in rest]))
                codes.append(np.array([code for _, code in rest]))
        if len(found) == 1:
            return found[0], codes[0]
        if not found:
            return index[:0], index[:0]
        return np.concatenate(found), np.concatenate(codes)

    def codes_few(self, keys: list[int]) -> list[tuple[int, int]]:
        """The same, cell by cell: faster for a handful."""
        heads, mask = self._heads_view, self._mask
        return self._walk(range(len(keys)), keys, [heads[key & mask] for key in keys])

    def _walk(
        self, indices: Iterable[int], keys: list[int], entries: list[int]
    ) -> list[tuple[int, int]]:
        ours = self._entry_view
        out = []
        for index, key, entry in zip(indices, keys, entries, strict=True):
            at = entry
            while at:
                link = ours[at, 1]
                if ours[at, 0] == key:
                    out.append((index, link >> NEXT_BITS))
                at = link & NEXT_MASK
        return out

    def _new_ids(self, count: int) -> Int32Array:
        again = min(count, len(self._free))
        old = self._free[len(self._free) - again :]
        del self._free[len(self._free) - again :]
        fresh = count - again
        if self._used + fresh > len(self._entry):
            room = max(len(self._entry) * 3 // 2, self._used + fresh)
            self._entry = np.resize(self._entry, (room, 2))
            self._look()
        self._used += fresh
        new = np.arange(self._used - fresh, self._used)
        return np.concatenate([np.array(old, dtype=np.int32), new.astype(np.int32)])

    def _link(self, ids: Int32Array) -> None:
        keys = self._entry[ids, 0]
        self._taken[keys & self._wide_mask] = 1
        slots = keys & self._mask
        order = np.argsort(slots, kind="stable")
        ids, slots = ids[order], slots[order]
        first = np.ones(len(ids), dtype=bool)
        first[1:] = slots[1:] != slots[:-1]
        last = np.roll(first, -1)
        following = np.roll(ids, -1)
        following[last] = self._heads[slots[last]]
        self._entry[ids, 1] = (self._entry[ids, 1] & ~NEXT_MASK) | following
        self._heads[slots[first]] = ids[first]

    def _untake(self, key: int, entry: int) -> None:
        """Free the wide slot, unless another entry has it: that would be in the same chain."""
        wide = key & self._wide_mask
        while entry:
            if self._entry_view[entry, 0] & self._wide_mask == wide:
                return
            entry = self._entry_view[entry, 1] & NEXT_MASK
        self._taken_view[wide] = 0

    def _set_slots(self, slots: int) -> None:
        self._heads: Int32Array = np.zeros(slots, dtype=np.int32)
        wide = max(slots * WIDE, min(slots * WIDE_SMALL, WIDE_SLOTS_SMALL))
        self._taken = np.zeros(wide, dtype=np.uint8)
        self._mask = slots - 1
        self._wide_mask = wide - 1
        self._look()

    def _look(self) -> None:
        """Single elements are read through views: several times faster than from an array."""
        self._heads_view = self._heads.data
        self._taken_view = self._taken.data
        self._entry_view = self._entry.data
