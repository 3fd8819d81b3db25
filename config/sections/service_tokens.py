"""Tokens that calls between our own processes carry."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class ServiceTokens(Section):
    """Tokens between our own processes."""

    ttl_s: Positive = key("How long such a token is good; it is made anew at half of it.")
    leeway_s: Positive = key("How far the clocks of two machines may differ.")
    remembered_max: Count = key("Tokens that a process remembers having made or verified.")
