"""Secrets as text that people paste behind an option on a command line."""

from __future__ import annotations

import secrets


def drawn_secret(random_bytes: int) -> str:
    """Never with a dash in front: a command would take it for an option of its own."""
    while (text := secrets.token_urlsafe(random_bytes)).startswith("-"):
        pass
    return text
