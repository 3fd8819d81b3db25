"""When a payout's provider is to be asked, for it or about it."""

from __future__ import annotations

from freight.payouts.rules import PayoutRules
from freight.payouts.state import UNDER_WAY, Payout, Status

MS = 1000
DAY_MS = 86_400_000


def look_ms(state: Payout, rules: PayoutRules, now_ms: int) -> int | None:
    """After a step of it; None: there is nothing to ask."""
    if state.status is Status.CREATED:
        return None if state.is_held else now_ms
    if state.status in UNDER_WAY:
        return now_ms + _ms(rules.ask_again_s_min)
    if state.status is Status.PROCESSED:
        return now_ms + _ms(rules.ask_again_s_max)
    return None


def look_again_ms(state: Payout, looks: int, rules: PayoutRules, now_ms: int) -> int | None:
    """After it was asked about and stood as before: each wait is twice the one before, and what
    was paid is watched for some days only."""
    attempt = state.attempt
    if state.status is Status.PROCESSED and attempt is not None:
        until_ms = (attempt.ended_ms or now_ms) + rules.watched_days * DAY_MS
        if now_ms >= until_ms:
            return None
        return now_ms + _ms(rules.ask_again_s_max)
    waits = 2.0 ** min(looks, 62)  # fixed: what a float still doubles exactly
    return now_ms + _ms(min(rules.ask_again_s_min * waits, rules.ask_again_s_max))


def _ms(seconds: float) -> int:
    return round(seconds * MS)
