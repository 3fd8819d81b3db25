"""From stored values to a snapshot: what every tenant sees, all of it valid."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from config.paths import ANY
from config.policy import Policy, Snapshot, process_settings, tree
from config.resolution import Override, most_specific, refusals
from config.tree import Leaf

log = logging.getLogger("ubertruck.config")

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Handed:
    """What is set, as one process hands it to those it starts: they begin where it stands, and
    what cannot change under way (the number of shards) is the same for all of them."""

    revision: int = 0
    overrides: tuple[Override, ...] = ()


def hand_on() -> Handed:
    snapshot = process_settings().snapshot
    return Handed(snapshot.revision, snapshot.overrides)


def take_over(handed: Handed) -> None:
    """First of all in a process that another one started."""
    settings = process_settings()
    settings.swap(
        snapshot_of(settings.base, handed.overrides, present_environment(), handed.revision)
    )


def present_environment() -> str:
    """Of the tree's environments the one this installation is."""
    return os.environ.get("ENVIRONMENT", "") or ANY


def snapshot_of(
    base: Policy, overrides: Iterable[Override], environment: str, revision: int
) -> Snapshot:
    """Values that this release does not know or take are left out and told; the rest holds."""
    known = tuple(one for one in overrides if _is_sound(one))
    by_owner: dict[str, list[Override]] = {}
    for one in known:
        by_owner.setdefault(one.tenant, []).append(one)

    def seen_by(owner: str, otherwise: Policy) -> Policy:
        chosen = most_specific(by_owner.get(owner, ()), owner, environment)
        routed = [(leaf.route, one.value) for leaf, one in _with_leaves(chosen)]
        try:
            return with_values(otherwise, routed) if routed else otherwise
        except ValidationError as error:
            log.error("the configuration of %s contradicts itself: %s", owner, error)
            return otherwise

    everyone = seen_by(ANY, base)
    # A tenant's own value goes before any other: it sees what all see, but for its own.
    tenants = {owner: seen_by(owner, everyone) for owner in by_owner if owner != ANY}
    return Snapshot(everyone, MappingProxyType(tenants), revision, known)


def _with_leaves(chosen: Mapping[str, Override]) -> Iterator[tuple[Leaf, Override]]:
    for name, one in chosen.items():
        leaf = tree().find(name)
        if leaf is not None:
            yield leaf, one


def with_values(model: M, values: Sequence[tuple[tuple[str, ...], Any]]) -> M:
    """A copy with other values at these routes. Only what lies on a route is looked at again: with
    a thousand tenants that each have a value of their own, all the rest would take seconds."""
    fields = {name: getattr(model, name) for name in type(model).model_fields}
    inside: dict[str, list[tuple[tuple[str, ...], Any]]] = {}
    for (step, *rest), value in values:
        if rest:
            inside.setdefault(step, []).append((tuple(rest), value))
        else:
            fields[step] = value
    for step, further in inside.items():
        part = fields[step]
        if isinstance(part, BaseModel):
            fields[step] = with_values(part, further)
        else:
            fields[step] = {**part, **{route[0]: value for route, value in further}}
    return type(model).model_validate(fields)


def _is_sound(one: Override) -> bool:
    wrong = refusals(tree(), one.tenant, {one.key: one.value})
    for refused in wrong:
        log.warning("%s is set to what does not hold: %s", refused.path, refused.says)
    return not wrong
