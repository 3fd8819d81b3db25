"""The simulator's bills, a file each, and its clock: they survive its being killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

NUMBER_FIRST = 301_000_000_001  # twelve digits, as the portal gives
_CLOCK = "clock.json"


class Entered(msgspec.Struct, frozen=True):
    """A vehicle, as Part B named it."""

    vehicle: str
    place: str
    state: str
    at_ms: int
    mode: str


class Kept(msgspec.Struct):
    number: int
    generated_ms: int
    request: dict[str, Any]  # as it was generated
    distance_km: int
    valid_until_ms: int | None = None
    transporter: str = ""
    vehicles: list[Entered] = []
    status: str = "ACT"
    reject_status: str = "N"
    extended_times: int = 0

    @property
    def document(self) -> tuple[str, str, str]:
        said = self.request
        return str(said["userGstin"]), str(said["docType"]), str(said["docNo"]).upper()


class Book:
    def __init__(self, directory: Path, wall_ms: Callable[[], int] | None = None) -> None:
        self._directory = directory
        self._wall_ms = wall_ms or (lambda: time.time_ns() // 1_000_000)
        directory.mkdir(parents=True, exist_ok=True)
        self._bills = {bill.number: bill for bill in self._read()}
        clock = directory / _CLOCK
        self._set_ms: int | None = (
            msgspec.json.decode(clock.read_bytes()) if clock.exists() else None
        )

    @property
    def now_ms(self) -> int:
        return self._wall_ms() if self._set_ms is None else self._set_ms

    def set_clock(self, now_ms: int | None) -> None:
        """It stands at this time; None: it runs with the world again."""
        self._set_ms = now_ms
        self._write(self._directory / _CLOCK, now_ms)

    def all(self) -> list[Kept]:
        return list(self._bills.values())

    def find(self, number: int) -> Kept | None:
        return self._bills.get(number)

    def of_document(self, document: tuple[str, str, str]) -> Kept | None:
        """Documents count as used until their bill is cancelled."""
        found = (bill for bill in self._bills.values() if bill.document == document)
        return next((bill for bill in found if bill.status == "ACT"), None)

    def next_number(self) -> int:
        return max(self._bills, default=NUMBER_FIRST - 1) + 1

    def keep(self, bill: Kept) -> None:
        self._write(self._directory / f"{bill.number}.json", bill)
        self._bills[bill.number] = bill

    def _read(self) -> Iterator[Kept]:
        for file in sorted(self._directory.glob("[0-9]*.json")):
            yield msgspec.json.decode(file.read_bytes(), type=Kept)

    @staticmethod
    def _write(file: Path, said: object) -> None:
        """Whole or not at all."""
        new = file.with_suffix(".new")
        new.write_bytes(msgspec.json.encode(said))
        new.replace(file)
