"""A hash table from lattice cells to what lies in them, made for asking many points at once.

A slot's entries (key, code) lie side by side, so that numpy fetches those of all asked cells in a
few calls. Before the slots stands a wider table of one byte each that only says whether there is
any: nearly all points find there that there is nothing for them. A change moves the slots it
touches to the end and leaves the others alone; when half is left behind, all move together.
"""

from __future__ import annotations

import numpy as np

from geo.lattice import IntArray

SLOTS_MIN = 1 << 10  # fixed: where a table begins; it grows by itself
# Slots of the wide table for one of the narrow, which has at least one for each entry. The wider,
# the fewer points look further for nothing: small tables can afford it.
WIDE = 16
WIDE_SMALL = 64
WIDE_SLOTS_SMALL = 1 << 22
# A slot's first entry, and below it how many there are.
COUNT_BITS = 20
COUNT_MASK = (1 << COUNT_BITS) - 1
# An entry with as much left behind, and its share of slots; tables are up to twice too large.
ENTRY_BYTES = 16 * 3 // 2 + (8 + WIDE) * 3 // 2


class CellTable:
    def __init__(self) -> None:
        self._live = 0
        self._end = 0  # of the entries, those left behind among them
        self._entry: IntArray = np.zeros((SLOTS_MIN, 2), dtype=np.int64)
        self._set_slots(SLOTS_MIN)

    def __len__(self) -> int:
        return self._live

    @property
    def nbytes(self) -> int:
        return self._slots.nbytes + self._taken.nbytes + self._entry.nbytes

    def add(self, keys: IntArray, codes: IntArray) -> None:
        self._live += len(keys)
        slots = len(self._slots)
        if self._live > slots or self._end > 2 * self._live + SLOTS_MIN:
            while self._live > slots:
                slots *= 2
            self._rebuild(slots)
        new = np.stack([keys, codes], axis=1)
        touched = np.unique(keys & self._mask)
        self._put(touched, np.concatenate([self._in_slots(touched), new]))
        self._taken[keys & self._wide_mask] = 1

    def remove(self, keys: IntArray, codes: IntArray) -> None:
        """Takes all entries with these codes out of these cells."""
        touched = np.unique(keys & self._mask)
        before = self._in_slots(touched)
        kept = before[~np.isin(before[:, 1], codes)]
        self._live -= len(before) - len(kept)
        self._put(touched, kept)
        # Entries with the same wide slot have the same slot: all of them are at hand.
        self._taken[keys & self._wide_mask] = 0
        self._taken[kept[:, 0] & self._wide_mask] = 1

    def taken(self, keys: IntArray, room: IntArray) -> IntArray:
        """Indices of the keys where there may be something; `room` is for the work."""
        np.bitwise_and(keys, self._wide_mask, out=room)
        return self._taken.take(room).nonzero()[0]

    def is_taken(self, key: int) -> bool:
        return bool(self._taken_view[key & self._wide_mask])

    def codes(self, keys: IntArray) -> tuple[IntArray, IntArray]:
        """Pairs (index into keys, code) of what lies in the cells."""
        index, at = self._spread(self._slots.take(keys & self._mask))
        entries = self._entry.take(at, axis=0)
        same = (entries[:, 0] == keys.take(index)).nonzero()[0]
        return index.take(same), entries[:, 1].take(same)

    def codes_few(self, keys: list[int]) -> list[tuple[int, int]]:
        """The same, cell by cell: faster for a handful."""
        slots, mask, entries = self._slots_view, self._mask, self._entry_view
        out = []
        for index, key in enumerate(keys):
            slot = slots[key & mask]
            first = slot >> COUNT_BITS
            mine = range(first, first + (slot & COUNT_MASK))
            out += [(index, entries[at, 1]) for at in mine if entries[at, 0] == key]
        return out

    @staticmethod
    def _spread(slots: IntArray) -> tuple[IntArray, IntArray]:
        """(index into the slots, entry) for all entries of these slots."""
        counts = slots & COUNT_MASK
        ends = counts.cumsum()
        firsts = slots >> COUNT_BITS
        firsts -= ends
        firsts += counts
        at = firsts.repeat(counts)
        at += np.arange(len(at))
        return np.arange(len(slots)).repeat(counts), at

    def _in_slots(self, slots: IntArray) -> IntArray:
        return self._entry[self._spread(self._slots[slots])[1]]

    def _put(self, slots: IntArray, entries: IntArray) -> None:
        """Make these the only entries of these slots, which are sorted."""
        of_slot = np.searchsorted(slots, entries[:, 0] & self._mask)
        end = self._end + len(entries)
        if end > len(self._entry):
            self._entry = np.resize(self._entry, (max(len(self._entry) * 3 // 2, end), 2))
            self._entry_view = self._entry.data
        self._entry[self._end : end] = entries[np.argsort(of_slot, kind="stable")]
        counts = np.bincount(of_slot, minlength=len(slots))
        self._slots[slots] = ((self._end + counts.cumsum() - counts) << COUNT_BITS) | counts
        self._end = end

    def _rebuild(self, slots: int) -> None:
        entries = self._in_slots(np.arange(len(self._slots)))
        self._set_slots(slots)
        self._end = 0
        self._put(np.arange(slots), entries)
        self._taken[entries[:, 0] & self._wide_mask] = 1

    def _set_slots(self, slots: int) -> None:
        wide = max(slots * WIDE, min(slots * WIDE_SMALL, WIDE_SLOTS_SMALL))
        self._slots: IntArray = np.zeros(slots, dtype=np.int64)
        self._taken = np.zeros(wide, dtype=np.uint8)
        self._mask = slots - 1
        self._wide_mask = wide - 1
        # Single elements are read through views: several times faster than from an array.
        self._slots_view = self._slots.data
        self._taken_view = self._taken.data
        self._entry_view = self._entry.data
