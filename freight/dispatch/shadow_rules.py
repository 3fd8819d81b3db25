"""A second policy that a tenant may run beside the one in force, to see what it would have done."""

from __future__ import annotations

from freight.dispatch.rules import DispatchRules
from freight.rules import Rules, Who, key


class ShadowRules(Rules):
    enabled: bool = key(
        "Whether every window is also planned by the rules below, without effect.",
        who=Who.TENANT,
        live=True,
    )
    rules: DispatchRules
