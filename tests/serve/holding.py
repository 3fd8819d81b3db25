"""Sets keys of the policy for one gateway of a test, as the configuration would.

The revision stays: a gateway whose revision is not the store's takes the store's settings back.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from config.policy import Policy, Settings


def hold(settings: Settings, section: str, *, for_tenant: str | None = None, **values: Any) -> None:
    """For everyone, or for one tenant alone."""
    snapshot = settings.snapshot
    if for_tenant is None:
        changed = _with(snapshot.everyone, section, values)
        settings.swap(dataclasses.replace(snapshot, everyone=changed))
    else:
        changed = _with(snapshot.of(for_tenant), section, values)
        tenants = {**snapshot.tenants, for_tenant: changed}
        settings.swap(dataclasses.replace(snapshot, tenants=tenants))


def _with(policy: Policy, section: str, values: dict[str, Any]) -> Policy:
    part = getattr(policy, section).model_copy(update=values)
    return policy.model_copy(update={section: part})
