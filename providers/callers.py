"""The callers of one process: one for each service, with the patience configured for its name."""

from __future__ import annotations

from collections.abc import Callable

from config.patience import patience_with
from config.policy import Settings
from config.sections.providers import Patience
from providers.calling import Caller
from providers.metering import Meter


class Callers:
    def __init__(self, settings: Settings, meter: Meter) -> None:
        self._settings = settings
        self._meter = meter
        self._callers: dict[str, Caller] = {}

    def of(self, name: str) -> Caller:
        found = self._callers.get(name)
        if found is None:
            found = Caller(name, self.patience_of(name), meter=self._meter)
            self._callers[name] = found
        return found

    def patience_of(self, name: str) -> Callable[[], Patience]:
        """As it is configured at each moment."""
        return lambda: patience_with(self._settings.now, name)

    async def close(self) -> None:
        for caller in self._callers.values():
            await caller.close()
