"""Rows of many owners in one array: each owner's stand together, and come and go in place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.point import FloatArray

IntArray = npt.NDArray[np.int64]

ROWS_AT_START = 64  # it doubles from there


class Ragged:
    """`first` and `count` say, by an owner's number, where its rows are."""

    def __init__(self, width: int) -> None:
        self.rows: FloatArray = np.zeros((ROWS_AT_START, width))
        self.first: IntArray = np.zeros(ROWS_AT_START, dtype=np.int64)
        self.count: IntArray = np.zeros(ROWS_AT_START, dtype=np.int64)
        self._used = 0  # rows in front, with the places of those that went
        self._dead = 0

    def put(self, number: int, rows: FloatArray) -> None:
        self.discard(number)
        if self._dead > self._used // 2:
            self._close_up()
        while number >= len(self.first):
            self.first = np.concatenate([self.first, np.zeros_like(self.first)])
            self.count = np.concatenate([self.count, np.zeros_like(self.count)])
        end = self._used + len(rows)
        if end > len(self.rows):
            more = np.zeros((max(len(self.rows), len(rows)), self.rows.shape[1]))
            self.rows = np.concatenate([self.rows, more])
        self.rows[self._used : end] = rows
        self.first[number], self.count[number] = self._used, len(rows)
        self._used = end

    def discard(self, number: int) -> None:
        if number < len(self.count):
            self._dead += int(self.count[number])
            self.count[number] = 0

    def _close_up(self) -> None:
        owners = np.flatnonzero(self.count)
        owners = owners[np.argsort(self.first[owners])]
        _, index = spread(self.first[owners], self.count[owners])
        room = max(ROWS_AT_START, len(index) * 3 // 2)
        rows = np.zeros((room, self.rows.shape[1]))
        rows[: len(index)] = self.rows[index]
        self.first[owners] = np.cumsum(self.count[owners]) - self.count[owners]
        self.rows, self._used, self._dead = rows, len(index), 0


def spread(first: IntArray, count: IntArray) -> tuple[IntArray, IntArray]:
    """Ranges written out: for each of their members whose it is, and its index."""
    ends = np.cumsum(count)
    owner = np.repeat(np.arange(len(count)), count)
    index = np.arange(int(ends[-1]) if len(ends) else 0)
    index += (first - (ends - count)).take(owner)
    return owner, index
