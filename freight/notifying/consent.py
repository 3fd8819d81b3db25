"""Whether an address may be written to: what its owner agreed to, and took back."""

from __future__ import annotations

from enum import StrEnum

from freight.notifying.rules import NotifyingRules

ANY_CHANNEL = "any"


class Standing(StrEnum):
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


def keyword(text: str, rules: NotifyingRules) -> Standing | None:
    """What somebody wishes who answers with these words."""
    said = " ".join(text.split()).strip(".! ").casefold()
    if said in {word.casefold() for word in rules.stop_words}:
        return Standing.WITHDRAWN
    if said in {word.casefold() for word in rules.start_words}:
        return Standing.GRANTED
    return None


def objection(standing: Standing | None, kind: str, rules: NotifyingRules) -> str | None:
    """Why this kind may not be sent there; None: it may."""
    if standing is Standing.WITHDRAWN:
        return "opted out"
    if standing is None and (
        kind in rules.promotional or kind.partition(".")[0] in rules.promotional
    ):
        return "no consent was given"
    return None
