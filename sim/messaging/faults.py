"""Troubles that a tester orders: of what is asked, and of the receipts that follow."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec


class Kind(StrEnum):
    # Of a request.
    THROTTLE = "throttle"  # nothing is done, and that is said
    ERROR = "error"  # nothing is done, and an error of its own is answered
    TIMEOUT = "timeout"  # nothing is done, and nothing is answered for `delay_s`
    SLOW = "slow"  # all is done, after `delay_s`
    LOST = "lost"  # all is done, and the answer does not arrive
    REFUSE = "refuse"  # with `code`
    # Of what follows.
    FAIL = "fail"  # it does not arrive, for the reason `code`
    TWICE = "twice"  # each receipt comes twice
    FORGED = "forged"  # somebody else sends a receipt, too
    SILENT = "silent"  # no receipt comes


OF_REQUESTS = frozenset({Kind.THROTTLE, Kind.ERROR, Kind.TIMEOUT, Kind.SLOW, Kind.LOST})


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    service: str
    kind: Kind
    times: int = 1
    delay_s: float = 0.0
    after_s: int | None = None  # what a throttled one is told
    code: str = ""
    to: str = ""  # of whom; empty: of everybody


class Faults:
    """Not kept over a restart: whoever orders trouble looks on."""

    def __init__(self) -> None:
        self._ordered: list[Fault] = []

    def order(self, given: Any) -> Fault:
        """msgspec.ValidationError for what is none."""
        fault = msgspec.convert(given, Fault)
        self._ordered.append(fault)
        return fault

    def clear(self) -> None:
        self._ordered.clear()

    def next_of(self, service: str, kinds: Iterable[Kind], to: str = "") -> Fault | None:
        wanted = frozenset(kinds)
        for fault in self._ordered:
            fits = fault.service == service and fault.to in {"", to} and fault.kind in wanted
            if fits and fault.times > 0:
                fault.times -= 1
                return fault
        return None
