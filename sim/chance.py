"""What the parties of the simulated marketplace leave to chance, the same for the same name."""

from __future__ import annotations

import random


def chance(name: str, share: float) -> bool:
    # Not a checksum: those of names that differ by a word go together.
    return random.Random(name).random() < share


def span(rng: random.Random, seconds: tuple[float, float]) -> int:
    """Milliseconds between so many seconds."""
    return round(rng.uniform(*seconds) * 1000)
