"""How an actor's process follows the configuration for as long as it lives."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from config.policy import policy, process_settings
from store.config_bus import ConfigBus
from store.config_follow import ConfigFollower
from store.installed import installation
from store.postgres import AnyPool


@contextlib.asynccontextmanager
async def following_configuration(system: AnyPool) -> AsyncIterator[None]:
    """`policy()` is what the store has, at most two seconds later, until the end."""
    where = installation()
    bus = ConfigBus(where.redis, where.instance, policy().storage.bus)
    try:
        async with ConfigFollower(process_settings(), system, bus).following():
            yield
    finally:
        await bus.close()
