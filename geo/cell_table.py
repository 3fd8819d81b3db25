"""A hash table from lattice cells to what lies in them, made for asking many points at once.

A slot's entries (key, code) lie side by side. Before the slots stands a wider table of one bit each
that only says whether there is any: nearly all points find there that there is nothing for them. A
change moves the slots it touches to the end and leaves the others alone; when half is left behind,
all move together.
"""

from __future__ import annotations

import numpy as np

from geo.compiled import compiled
from geo.lattice import IntArray

SLOTS_MIN = 1 << 10  # fixed: where a table begins; it grows by itself
# Slots of the wide table for one of the narrow, which has at least one for each entry. The wider,
# the fewer points look further for nothing: small tables can afford it.
WIDE = 16
WIDE_SMALL = 64
WIDE_SLOTS_SMALL = 1 << 22
WORD_BITS = 6  # of an integer that keeps 64 of them
# A slot's first entry, and below it how many there are.
COUNT_BITS = 20
COUNT_MASK = (1 << COUNT_BITS) - 1
CellArrays = tuple[IntArray, IntArray, IntArray]  # the wide table, the slots, the entries
# An entry with as much left behind, and its share of slots; tables are up to twice too large.
ENTRY_BYTES = 16 * 3 // 2 + (8 + WIDE // 8) * 3 // 2


@compiled
def entries_at(key: int, cells: CellArrays) -> tuple[int, int]:
    """Where among the entries those begin and end that may be of this cell."""
    taken, slots, _ = cells
    wide = key & ((len(taken) << WORD_BITS) - 1)
    if not taken[wide >> WORD_BITS] >> (wide & ((1 << WORD_BITS) - 1)) & 1:
        return 0, 0
    slot = slots[key & (len(slots) - 1)]
    first = slot >> COUNT_BITS
    return first, first + (slot & COUNT_MASK)


class CellTable:
    def __init__(self) -> None:
        self._live = 0
        self._end = 0  # of the entries, those left behind among them
        self._entry: IntArray = np.zeros((SLOTS_MIN, 2), dtype=np.int64)
        self._set_slots(SLOTS_MIN)

    @property
    def arrays(self) -> CellArrays:
        """What compiled loops look into, until the next change."""
        return self._taken, self._slots, self._entry

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
        self._take(keys)

    def remove(self, keys: IntArray, codes: IntArray) -> None:
        """Takes all entries with these codes out of these cells."""
        touched = np.unique(keys & self._mask)
        before = self._in_slots(touched)
        kept = before[~np.isin(before[:, 1], codes)]
        self._live -= len(before) - len(kept)
        self._put(touched, kept)
        # Entries with the same wide slot have the same slot: all of them are at hand.
        word, bit = self._wide(keys)
        np.bitwise_and.at(self._taken, word, ~bit)
        self._take(kept[:, 0])

    def _take(self, keys: IntArray) -> None:
        np.bitwise_or.at(self._taken, *self._wide(keys))

    def _wide(self, keys: IntArray) -> tuple[IntArray, IntArray]:
        """The words and the bits of the wide table."""
        wide = keys & ((len(self._taken) << WORD_BITS) - 1)
        return wide >> WORD_BITS, np.int64(1) << (wide & ((1 << WORD_BITS) - 1))

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
        self._entry[self._end : end] = entries[np.argsort(of_slot, kind="stable")]
        counts = np.bincount(of_slot, minlength=len(slots))
        self._slots[slots] = ((self._end + counts.cumsum() - counts) << COUNT_BITS) | counts
        self._end = end

    def _rebuild(self, slots: int) -> None:
        entries = self._in_slots(np.arange(len(self._slots)))
        self._set_slots(slots)
        self._end = 0
        self._put(np.arange(slots), entries)
        self._take(entries[:, 0])

    def _set_slots(self, slots: int) -> None:
        wide = max(slots * WIDE, min(slots * WIDE_SMALL, WIDE_SLOTS_SMALL))
        self._slots: IntArray = np.zeros(slots, dtype=np.int64)
        self._taken: IntArray = np.zeros(wide >> WORD_BITS, dtype=np.int64)
        self._mask = slots - 1
