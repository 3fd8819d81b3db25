"""Troubles that a tester orders: slow, busy, broken, or an answer that gets lost on its way."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from sim.razorpay.refusals import RefusedError


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str  # a regular expression that the whole path behind /v1 fits
    method: str = "POST"
    times: int = 1
    # What is answered instead; without it only the delay happens.
    status: int | None = None
    delay_s: float = 0.0
    # Else nothing is done of what was asked.
    is_done: bool = False
    retry_after_s: int | None = None


@dataclass(slots=True)
class _Ordered:
    fault: Fault
    left: int


class Faults:
    """Not kept over a restart: whoever orders trouble looks on."""

    def __init__(self) -> None:
        self._ordered: list[_Ordered] = []

    def order(self, given: dict[str, Any]) -> Fault:
        try:
            fault = msgspec.convert(given, Fault)
            re.compile(fault.path)
        except (msgspec.ValidationError, re.error) as wrong:
            raise RefusedError(str(wrong)) from wrong
        self._ordered.append(_Ordered(fault, fault.times))
        return fault

    def clear(self) -> None:
        self._ordered.clear()

    def next_of(self, method: str, path: str) -> Fault | None:
        for ordered in self._ordered:
            fault = ordered.fault
            if ordered.left > 0 and fault.method == method and re.fullmatch(fault.path, path):
                ordered.left -= 1
                return fault
        return None
