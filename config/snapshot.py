"""From stored values to a snapshot: what every tenant sees, all of it valid."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from types import MappingProxyType

from pydantic import ValidationError

from config.paths import ANY
from config.policy import Policy, Snapshot, tree
from config.resolution import Override, refusals, resolve

log = logging.getLogger("ubertruck.config")


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
