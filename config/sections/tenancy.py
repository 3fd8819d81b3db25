"""Tenants from their first day to their last."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class Offboarding(Section):
    """Exporting and erasing a tenant."""

    confirm_s: Positive = key("How long the token that confirms an offboarding is good.", live=True)
    poll_s: Positive = key("How often a process looks for an offboarding to go on with.", live=True)
    settle_s: Positive = key(
        "Between closing a fleet and erasing it: longer than a shard waits between snapshots.",
        live=True,
    )
    blocks_at_once: Count = key("Blocks of a table exported or erased in one statement.", live=True)
    trucks_at_once: Count = key("Trucks and fences closed in one transaction.", live=True)
    passes_max: Count = key(
        "Times through all tables; if rows are found in the last, it is tried again later.",
        live=True,
    )


class Tenancy(Section):
    status_poll_s: Positive = key(
        "How often a process asks which tenants are suspended; it acts on it within that time.",
        live=True,
    )
    metric_labels_max: Count = key(
        "Tenants with a metric label of their own; the others share one.", live=True
    )
    offboarding: Offboarding
