"""Reads the load that a request means, and says everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

from freight import load as loads
from freight.load import Load, StopKind
from freight.load_rules import LoadRules
from serve.loads.wire import KG_PER_T, Carried, LoadFields, StopFields, thousandths
from serve.problems import InvalidError
from store.postgres import epoch_ms

Wrong = tuple[str, str]  # pointer, detail


def load_of(given: Carried, rules: LoadRules) -> Load:
    """The load that a request means; raises InvalidError that names everything wrong with it."""
    wrong = [*_beyond(given, rules), *_unknown(given.load, rules)]
    if not wrong:
        weights, wrong = _weights(given)
        wrong = wrong or _out_of_order(given.stops, weights)
    if wrong:
        errors = [{"pointer": pointer, "detail": detail} for pointer, detail in wrong]
        raise InvalidError("the load is not valid; errors says where", errors=errors)
    about = given.load
    return Load(
        material=about.material,
        weight_kg=sum(weights[i] for i in _places(given.stops, StopKind.PICKUP)),
        stops=tuple(map(_stop, range(1, len(weights) + 1), given.stops, weights)),
        volume_l=None if about.volume_m3 is None else thousandths(about.volume_m3),
        truck_class=about.truck_class,
        body=about.body,
        handling=frozenset(about.handling),
    )


def _beyond(given: Carried, rules: LoadRules) -> list[Wrong]:
    found = []
    if len(given.stops) > rules.stops_max:
        says = f"has {len(given.stops)} stops; at most {rules.stops_max}"
        found.append(("/stops", says))
    for pointer, each in (("/load", given.load), *_with_pointers(given.stops)):
        if (each.kg or 0) > rules.weight_t_max * KG_PER_T:
            found.append((pointer, f"weighs more than {rules.weight_t_max} t"))
    if (given.load.volume_m3 or 0) > rules.volume_m3_max:
        found.append(("/load/volume_m3", f"at most {rules.volume_m3_max} m3"))
    return found


def _unknown(load: LoadFields, rules: LoadRules) -> list[Wrong]:
    asked = [("/load/material", load.material, rules.materials)]
    if load.body is not None:
        asked.append(("/load/body", load.body, rules.bodies))
    asked += [(f"/load/handling/{i}", need, rules.handling) for i, need in enumerate(load.handling)]
    return [
        (pointer, f"{word!r} is not one of {', '.join(sorted(known))}")
        for pointer, word, known in asked
        if known and word not in known
    ]


def _weights(given: Carried) -> tuple[list[int], list[Wrong]]:
    """Of every stop, in their order; what is taken on is put down."""
    total = given.load.kg
    for kind in StopKind:
        said = [given.stops[i].kg for i in _places(given.stops, kind)]
        if not said:
            return [], [("/stops", f"there is no {kind}")]
        if total is None and None not in said:
            total = sum(kg or 0 for kg in said)
    if total is None:
        return [], [("/load", "has no weight, and the stops do not say theirs")]
    weights = [stop.kg for stop in given.stops]
    wrong = []
    for kind in StopKind:
        at = _places(given.stops, kind)
        unsaid = [i for i in at if weights[i] is None]
        known = sum(weights[i] or 0 for i in at)
        if len(unsaid) > 1:
            wrong += [(f"/stops/{i}", "say its weight_t: another says none") for i in unsaid]
        elif unsaid and known >= total:
            says = f"nothing remains of {total} kg: the other {kind}s say {known} kg"
            wrong.append((f"/stops/{unsaid[0]}", says))
        elif unsaid:
            weights[unsaid[0]] = total - known
        elif known != total:
            says = f"the {kind}s weigh {known} kg together, the load {total} kg"
            wrong += [(f"/stops/{i}", says) for i in at]
    return [kg or 0 for kg in weights], wrong


def _out_of_order(stops: Sequence[StopFields], weights: Sequence[int]) -> list[Wrong]:
    """Nothing can be put down that was not taken on before."""
    aboard_kg = 0
    for i, (stop, weight_kg) in enumerate(zip(stops, weights, strict=True)):
        aboard_kg += weight_kg if stop.kind is StopKind.PICKUP else -weight_kg
        if aboard_kg < 0:
            says = f"puts down {-aboard_kg} kg more than the stops before it took on"
            return [(f"/stops/{i}", says)]
    if stops[-1].kind is StopKind.PICKUP:
        return [(f"/stops/{len(stops) - 1}", "the last stop is a drop")]
    return []


def _places(stops: Sequence[StopFields], kind: StopKind) -> list[int]:
    return [i for i, stop in enumerate(stops) if stop.kind is kind]


def _with_pointers(stops: Sequence[StopFields]) -> list[tuple[str, StopFields]]:
    return [(f"/stops/{i}", stop) for i, stop in enumerate(stops)]


def _stop(number: int, given: StopFields, weight_kg: int) -> loads.Stop:
    window, contact = given.window, given.contact
    return loads.Stop(
        id=f"S{number}",
        kind=given.kind,
        place=loads.Place(**given.place.model_dump()),
        weight_kg=weight_kg,
        window=loads.Window()
        if window is None
        else loads.Window(
            from_ms=None if window.since is None else epoch_ms(window.since),
            to_ms=None if window.until is None else epoch_ms(window.until),
        ),
        contact=None if contact is None else loads.Contact(contact.name, contact.phone),
        reference=given.reference,
    )
