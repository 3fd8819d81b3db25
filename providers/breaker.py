"""Leaves a service alone that fails again and again, and tries it with one call after a rest."""

from __future__ import annotations

from collections.abc import Callable

from config.sections.providers import Patience
from providers.errors import ProviderRestingError


class Breaker:
    def __init__(
        self,
        name: str,
        patience: Callable[[], Patience],
        clock_s: Callable[[], float],
        turned: Callable[[bool], None],
    ) -> None:
        """`turned` is told whenever it opens or closes."""
        self._name = name
        self._patience = patience
        self._clock_s = clock_s
        self._turned = turned
        self._failures = 0
        self._rests_until_s = 0.0
        self._is_tried = False
        self._was_told_open = False

    @property
    def is_open(self) -> bool:
        return self._failures >= self._patience().failures_max

    def enter(self) -> None:
        """Before a call; raises without asking while it rests, or while another call tries it."""
        if not self.is_open:
            return
        rest_s = self._rests_until_s - self._clock_s()
        if self._is_tried or rest_s > 0.0:
            says = f"{self._name} failed {self._failures} times in a row and is left alone"
            raise ProviderRestingError(says, max(rest_s, 0.0))
        self._is_tried = True

    def succeeded(self) -> None:
        """It answered, whatever the answer was."""
        self._is_tried, self._failures = False, 0
        self._tell()

    def failed(self) -> None:
        self._is_tried = False
        self._failures += 1
        if self.is_open:
            self._rests_until_s = self._clock_s() + self._patience().rest_s
        self._tell()

    def left(self) -> None:
        """Whoever called has gone before anything was known: the next may try."""
        self._is_tried = False

    def _tell(self) -> None:
        """Against what was told last: a setting that changed may have turned it, too."""
        if self.is_open != self._was_told_open:
            self._was_told_open = self.is_open
            self._turned(self._was_told_open)
