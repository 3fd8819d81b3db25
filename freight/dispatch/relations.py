"""Which kinds of trucks suit which kinds of legs: small tables in place of a question a pair."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from freight.dispatch.columns import Fleet, Ints, Numbered
from freight.dispatch.reasons import Reason
from freight.dispatch.rules import DispatchRules
from freight.dispatch.world import WaitingLeg
from geo.point import FloatArray

Kind = TypeVar("Kind", bound=Hashable)
# Of a leg by its id, and a truck by its id: the km by road from where it will be empty.
RoadKm = Mapping[str, Mapping[str, float]]


class Relations(NamedTuple):
    """Reasons by kind of leg and kind of truck, and what is known of single pairs."""

    need_kind: Ints
    terms_carrier: Ints
    zones_barred: Ints
    # Of each leg, in the order of trucks: rows note_start[leg] to note_start[leg + 1].
    note_start: Ints
    note_truck: Ints
    note_reason: Ints
    note_km: FloatArray  # NaN: no road is known
    standing: Ints  # the truck's row; -1: none


def relate(
    legs: Sequence[WaitingLeg], fleet: Fleet, rules: DispatchRules, roads: RoadKm
) -> tuple[Numbered, Relations]:
    trucks = fleet.trucks
    kinds, kind = _numbered((t.truck_class, t.body, t.handling, t.hazardous) for t in trucks)
    carriers, carrier = _numbered(t.carrier for t in trucks)
    barred_sets, barred = _numbered(t.barred_zones for t in trucks)
    needs, need = _numbered((leg.classes, leg.bodies, leg.handling, leg.hazardous) for leg in legs)
    refuse = rules.constraints.refuse_declined_carrier
    terms, term = _numbered(
        (leg.exclusive, leg.blocked, leg.declined_carriers if refuse else frozenset())
        for leg in legs
    )
    zone_sets, zones = _numbered(leg.zones for leg in legs)
    relations = Relations(
        _table([[_unfit(asked, has) for has in kinds] for asked in needs], len(kinds)),
        _shut_out(terms, carriers),
        _table(
            [
                [Reason.ZONE.bit if asked & zone else 0 for zone in barred_sets]
                for asked in zone_sets
            ],
            len(barred_sets),
        ),
        *_notes(legs, fleet, roads),
        _standing(legs, fleet),
    )
    return Numbered(kind, carrier, barred, need, term, zones), relations


def _numbered(of: Iterable[Kind]) -> tuple[list[Kind], Ints]:
    """The distinct ones, and the number of each one's."""
    numbers: dict[Kind, int] = {}
    found = [numbers.setdefault(each, len(numbers)) for each in of]
    return list(numbers), np.array(found, dtype=np.int64)


def _table(rows: list[list[int]], columns: int) -> Ints:
    return np.array(rows, dtype=np.int64).reshape(len(rows), columns)


Asked = tuple[frozenset[str] | None, frozenset[str] | None, frozenset[str], bool]
Has = tuple[str, str, frozenset[str], bool]


def _unfit(asked: Asked, has: Has) -> int:
    classes, bodies, handling, hazardous = asked
    truck_class, body, equipment, endorsed = has
    mask = 0
    if classes is not None and truck_class not in classes:
        mask |= Reason.CLASS.bit
    if bodies is not None and body not in bodies:
        mask |= Reason.BODY.bit
    if not handling <= equipment:
        mask |= Reason.HANDLING.bit
    if hazardous and not endorsed:
        mask |= Reason.HAZARDOUS.bit
    return mask


Terms = tuple[frozenset[str] | None, frozenset[str], frozenset[str]]


def _shut_out(terms: Sequence[Terms], carriers: Sequence[str | None]) -> Ints:
    """A tenant's own trucks have no carrier: only exclusivity for others excludes them."""
    rows = {carrier: row for row, carrier in enumerate(carriers) if carrier is not None}
    masks = np.zeros((len(terms), len(carriers)), dtype=np.int64)
    for mask, (exclusive, blocked, declined) in zip(masks, terms, strict=True):
        if exclusive is not None:
            mask[:] = Reason.EXCLUSIVE.bit
            mask[[rows[name] for name in exclusive if name in rows]] = 0
        mask[[rows[name] for name in blocked if name in rows]] |= Reason.BLOCKED.bit
        mask[[rows[name] for name in declined if name in rows]] |= Reason.DECLINED.bit
    return masks


def _notes(
    legs: Sequence[WaitingLeg], fleet: Fleet, roads: RoadKm
) -> tuple[Ints, Ints, Ints, FloatArray]:
    starts, trucks, reasons, kms = [0], [], [], []
    for leg in legs:
        known = roads.get(leg.id, {})
        named = [
            (fleet.rows[name], Reason.DECLINED.bit * (name in leg.declined_trucks), name)
            for name in {*known, *leg.declined_trucks}
            if name in fleet.rows
        ]
        for row, reason, name in sorted(named):
            trucks.append(row)
            reasons.append(reason)
            kms.append(known.get(name, np.nan))
        starts.append(len(trucks))
    return (
        np.array(starts, dtype=np.int64),
        np.array(trucks, dtype=np.int64),
        np.array(reasons, dtype=np.int64),
        np.array(kms, dtype=np.float64),
    )


def _standing(legs: Sequence[WaitingLeg], fleet: Fleet) -> Ints:
    """A truck that is planned for several legs stands for the first of them only."""
    taken: set[int] = set()
    rows = []
    for leg in legs:
        row = -1 if leg.standing is None else fleet.rows.get(leg.standing, -1)
        rows.append(-1 if row in taken else row)
        taken.add(row)
    return np.array(rows, dtype=np.int64)
