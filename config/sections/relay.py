"""The outbox relay."""

from __future__ import annotations

from config.schema import Count, Positive, Section


class Relay(Section):
    batch_max: Count
    poll_s: Positive
    retry_wait_s_max: Positive
