"""Tenants from their first day to their last."""

from __future__ import annotations

from config.schema import Positive, Section, key


class Tenancy(Section):
    status_poll_s: Positive = key(
        "How often a process asks which tenants are suspended; it acts on it within that time."
    )
