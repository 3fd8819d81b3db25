"""The outbox relay."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class Relay(Section):
    batch_max: Count = key("Events announced in one transaction.", live=True)
    poll_s: Positive = key("How often the outbox is looked into.", live=True)
    retry_wait_s_max: Positive = key("The longest wait while Redis takes no events.", live=True)
