"""The door through which Vault is asked: whoever may know patience puts it around each question.

What retries and leaves alone stands in `providers/`, which is no layer below this one; a process
that reads its own settings from Vault at its start asks once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import httpx

from config.sections.providers import Patience

Once = Callable[[Patience], Awaitable[httpx.Response]]


class Asking(Protocol):
    async def __call__(self, operation: str, once: Once, *, is_repeatable: bool) -> httpx.Response:
        """What one attempt gave; SecretsAwayError when none did."""
        ...


class AskingOnce:
    """Whoever starts the process starts it again."""

    def __init__(self, patience: Callable[[], Patience]) -> None:
        self._patience = patience

    async def __call__(
        self,
        operation: str,  # noqa: ARG002 - nobody counts yet
        once: Once,
        *,
        is_repeatable: bool,  # noqa: ARG002
    ) -> httpx.Response:
        return await once(self._patience())
