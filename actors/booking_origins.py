"""Which request a booking came of: what is done for it without one is told under its id."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator

from actors.booking_writing import TenantName
from actors.errors import StoreAwayError
from config.policy import Settings
from store import events
from store.postgres import STORE_FAILURES, AnyPool, as_tenant
from telemetry import work
from telemetry.work import Work


class Origins:
    """Dispatchers, trucks and clocks move a booking, too; who looks for the request that made it
    finds what they did under the same id."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: OrderedDict[tuple[int, str], str] = OrderedDict()

    @contextlib.asynccontextmanager
    async def told(
        self, app: AnyPool, tenant: TenantName, booking_id: str, *, is_new: bool
    ) -> AsyncIterator[None]:
        """What is done inside is told as done for this booking."""
        at_hand = work.current() or Work()
        correlation = at_hand.correlation
        if not correlation and not is_new:
            correlation = await self._of(app, tenant, booking_id)
        fields = {**at_hand.fields, "tenant": tenant.id, "booking": booking_id}
        with work.doing(Work(correlation, at_hand.trace, fields)):
            yield

    async def _of(self, app: AnyPool, tenant: TenantName, booking_id: str) -> str:
        """Empty for one that was made before requests had ids."""
        place = (tenant.key, booking_id)
        if place not in self._known:
            try:
                async with as_tenant(app, tenant.key) as conn:
                    found = await events.origin(conn, f"{events.BOOKINGS}{booking_id}")
            except STORE_FAILURES as error:
                raise StoreAwayError(f"{type(error).__name__}: {error}") from error
            if found is None:
                return ""
            self._known[place] = found
            if len(self._known) > self._settings.now.bookings.known_max:
                self._known.popitem(last=False)
        return self._known[place]
