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

    def exclusion(self, carrier: str | None, shipper: str | None) -> Reason | None:
        """Why this carrier is not to drive for this shipper; None as a carrier: our own trucks."""
        if carrier is not None and (carrier, None) in self._blocked:
            return Reason("carrier.blocked", f"carrier {carrier} is blocked", carrier)
        if carrier is not None and shipper is not None and (carrier, shipper) in self._blocked:
            return Reason("carrier.excluded", f"{shipper} excludes carrier {carrier}", carrier)
        only = self._exclusive.get(shipper) if shipper is not None else None
        if only is not None and carrier not in only:
            return Reason("carrier.not_exclusive", f"{shipper} has carriers of its own", carrier)
        bound_to = self._dedicated.get(carrier) if carrier is not None else None
        if bound_to is not None and shipper not in bound_to:
            return Reason("carrier.dedicated", f"carrier {carrier} serves others only", carrier)
        return None
