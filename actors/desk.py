"""What every piece of work in the background is given: the stores, the clock, and the settings."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from actors.booking_writing import TenantName
from actors.configured import following_configuration
from actors.life import now_ms
from config.installation import DatabaseRole
from config.policy import Policy, Settings, policy, process_settings
from store.installed import installation
from store.postgres import AnyConnection, AnyPool, as_tenant, open_pool


@dataclasses.dataclass(frozen=True, slots=True)
class WorkDesk:
    app: AnyPool
    system: AnyPool  # sees the work of all tenants, and writes none of it
    settings: Settings
    now_ms: Callable[[], int]

    def policy_of(self, tenant: TenantName) -> Policy:
        return self.settings.of(tenant.id)

    @asynccontextmanager
    async def writing(self, tenant: TenantName) -> AsyncIterator[AnyConnection]:
        """One step: all of it is written, or nothing."""
        async with as_tenant(self.app, tenant.key) as conn:
            yield conn


@asynccontextmanager
async def open_desk() -> AsyncIterator[WorkDesk]:
    """With pools of its own, following the configuration for as long as it is open."""
    async with AsyncExitStack() as stack:
        where, storage = installation().postgres, policy().storage
        app = await open_pool(where, DatabaseRole.APP, storage.system_pool, storage)
        stack.push_async_callback(app.close)
        system = await open_pool(where, DatabaseRole.SYSTEM, storage.system_pool, storage)
        stack.push_async_callback(system.close)
        await stack.enter_async_context(following_configuration(system))
        yield WorkDesk(app, system, process_settings(), now_ms)
