"""Which carriers drive for which shippers: blocks, exclusive lists, dedicated fleets."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from freight.fleet.reasons import Reason


class TieKind(StrEnum):
    BLOCKED = "blocked"  # the carrier gets no loads of this shipper, or of anybody
    EXCLUSIVE = "exclusive"  # the shipper's loads go to such carriers only
    DEDICATED = "dedicated"  # the carrier drives for such shippers only


class Tie(msgspec.Struct, frozen=True):
    kind: TieKind
    carrier: str
    shipper: str | None = None  # None: every shipper of the tenant


class Ties:
    """All of a tenant's, to be asked for any pair."""

    def __init__(self, ties: Iterable[Tie] = ()) -> None:
        self._blocked: set[tuple[str, str | None]] = set()
        self._exclusive: dict[str, set[str]] = {}
        self._dedicated: dict[str, set[str]] = {}
        for tie in ties:
            if tie.kind is TieKind.BLOCKED:
                self._blocked.add((tie.carrier, tie.shipper))
            elif tie.shipper is None:
                raise ValueError(f"{tie.kind} needs a shipper")
            elif tie.kind is TieKind.EXCLUSIVE:
                self._exclusive.setdefault(tie.shipper, set()).add(tie.carrier)
            else:
                self._dedicated.setdefault(tie.carrier, set()).add(tie.shipper)

    def exclusive_to(self, shipper: str | None) -> frozenset[str] | None:
        """The only carriers that this shipper's loads go to; None: any."""
        if shipper is None or shipper not in self._exclusive:
            return None
        return frozenset(self._exclusive[shipper])

    def kept_from(self, shipper: str | None) -> frozenset[str]:
        """Carriers that get no loads of this shipper: blocked, or bound to others."""
        blocked = {carrier for carrier, whose in self._blocked if whose in {None, shipper}}
        bound = {carrier for carrier, whose in self._dedicated.items() if shipper not in whose}
        return frozenset(blocked | bound)

    def faults(self, carrier: str | None, shipper: str | None) -> list[Reason]:
        """Why this carrier, or without one the tenant itself, does not drive for this shipper."""
        allowed = self.exclusive_to(shipper)
        if allowed is not None and carrier not in allowed:
            return [
                Reason("carrier.exclusive", "the shipper's loads go to other carriers", carrier)
            ]
        if carrier is not None and carrier in self.kept_from(shipper):
            return [Reason("carrier.blocked", "the carrier gets no loads of this shipper", carrier)]
        return []
