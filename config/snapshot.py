"""From stored values to a snapshot: what every tenant sees, all of it valid."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import ValidationError

from config.paths import ANY
from config.policy import Policy, Snapshot, process_settings, tree
from config.resolution import Override, refusals, resolve

log = logging.getLogger("ubertruck.config")


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
    values = base.model_dump()

    def resolved(tenant: str, otherwise: Policy) -> Policy:
        found = resolve(tree(), values, known, tenant, environment)
        if not found.origins:
            return otherwise
        try:
            return Policy.model_validate(found.values)
        except ValidationError as error:
            log.error("the configuration of %s contradicts itself: %s", tenant, error)
            return otherwise

    everyone = resolved(ANY, base)
    owners = {one.tenant for one in known if one.tenant != ANY}
    tenants = {tenant: resolved(tenant, everyone) for tenant in owners}
    return Snapshot(everyone, MappingProxyType(tenants), revision, known)


def _is_sound(one: Override) -> bool:
    wrong = refusals(tree(), one.tenant, {one.key: one.value})
    for refused in wrong:
        log.warning("%s is set to what does not hold: %s", refused.path, refused.says)
    return not wrong
