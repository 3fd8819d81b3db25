"""Opens what a gateway replica holds, runs its background tasks, closes all of it in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from actors.vault_patience import open_patient_secrets
from config.installation import DatabaseRole, Installation
from config.policy import Settings
from providers.metering import ProviderMetrics
from serve.audit.together import Together
from serve.audit.trail import AuditTrail
from serve.brokers.door import DeviceDoor
from serve.devices.refusal_log import RefusalLog
from serve.documents.sweeping import Sweeper
from serve.gateway import Actors, Gateway
from serve.health.readiness import Readiness
from serve.idempotency.repeats import Repeats
from serve.identity.authority import open_authority
from serve.identity.development import refuse_development_secrets
from serve.identity.secret_hashes import SecretChecker
from serve.limits.counter import SharedCounter
from serve.limits.limiter import Limiter
from serve.live.hub import LiveHub
from serve.metrics import GatewayMetrics
from serve.outside import Outside
from serve.printing.printer import Printer
from serve.quotes.quoting import Quoting
from serve.quotes.tariffs import Tariffs
from serve.secrets.uses import SecretUses
from serve.shedding import PressureWatch, Shedder
from serve.tenancy.offboarder import Offboarder
from store.audit_chain import Signer
from store.config_bus import ConfigBus
from store.config_follow import ConfigFollower
from store.directory import TruckDirectory
from store.ending import end
from store.key_file import KeyFile
from store.live_bus import LiveBus
from store.personal import PersonalData
from store.postgres import STORE_FAILURES, AnyPool, open_pool, ping
from store.quote_signatures import QuoteSigner
from store.tenants import TenantStatuses
from store.webhooks import endpoint_sealer
from telemetry import logs

logger = logging.getLogger("ubertruck.gateway")


@asynccontextmanager
async def open_gateway(
    where: Installation, settings: Settings, actors: Actors, metrics: GatewayMetrics
) -> AsyncIterator[Gateway]:
    async with AsyncExitStack() as stack:
        stack.callback(logs.configure().flush)
        app_pool = await _pool(stack, where, DatabaseRole.APP, settings)
        system_pool = await _pool(stack, where, DatabaseRole.SYSTEM, settings)
        await refuse_development_secrets(system_pool)
        news = ConfigBus(where.redis, where.instance, settings.now.storage.bus)
        stack.push_async_callback(news.close)
        configuration = ConfigFollower(settings, system_pool, news)
        await stack.enter_async_context(configuration.following())
        opening = _Opening(
            stack,
            where=where,
            settings=settings,
            app_pool=app_pool,
            system_pool=system_pool,
            metrics=metrics,
        )
        gateway = await opening.gateway(configuration, actors)
        settings.when_swapped(gateway.take_settings)
        gateway.authority.when_revoked.append(gateway.hub.cut_revoked)
        tasks = [asyncio.create_task(work, name=name) for name, work in opening.work(gateway)]
        try:
            yield gateway
        finally:
            gateway.hub.close()
            await end(tasks)
            await opening.uses.close()
            await gateway.audit.flush()


async def _pool(
    stack: AsyncExitStack, where: Installation, role: DatabaseRole, settings: Settings
) -> AnyPool:
    storage = settings.now.storage
    size = storage.app_pool if role is DatabaseRole.APP else storage.system_pool
    return await stack.enter_async_context(await open_pool(where.postgres, role, size, storage))


class _Opening:
    """What is shared while a gateway is put together."""

    def __init__(
        self,
        stack: AsyncExitStack,
        *,
        where: Installation,
        settings: Settings,
        app_pool: AnyPool,
        system_pool: AnyPool,
        metrics: GatewayMetrics,
    ) -> None:
        self._stack = stack
        self._where = where
        self._settings = settings
        self._app_pool = app_pool
        self._system_pool = system_pool
        self._metrics = metrics
        self._keys = KeyFile(where.key_file)
        self._trail = AuditTrail(self._keys, settings, system_pool)
        self._meter = ProviderMetrics(metrics.registry)
        self._outside = Outside(stack, where, settings, self._meter)
        now = settings.now
        self._device_refusals = RefusalLog(
            now.devices.refusals, Signer(self._keys, now.audit.value_bytes_max)
        )
        self._secrets = open_patient_secrets(
            where.secrets, self._keys, lambda: settings.now, self._meter
        )
        stack.push_async_callback(self._secrets.close)
        self.uses = SecretUses(self._secrets, self._trail, system_pool, settings)

    async def gateway(self, configuration: ConfigFollower, actors: Actors) -> Gateway:
        where, settings = self._where, self._settings
        directory, statuses = TruckDirectory(), TenantStatuses()
        await directory.refresh(self._system_pool)
        await statuses.refresh(self._system_pool)
        bus = LiveBus(where.redis, where.instance)
        self._stack.push_async_callback(bus.close)
        outside = self._outside
        personal, vault = PersonalData(self._keys), outside.documents(self._keys)
        authority = await self._stack.enter_async_context(
            open_authority(where, lambda: settings.now, self._system_pool, self._keys, self._meter)
        )
        turns = asyncio.Semaphore(settings.now.storage.app_pool.size_max)
        return Gateway(
            installation=where,
            settings=settings,
            configuration=configuration,
            app_pool=self._app_pool,
            system_pool=self._system_pool,
            authority=authority,
            secrets=SecretChecker(),
            personal=personal,
            documents=vault,
            webhook_secrets=endpoint_sealer(self._keys),
            printer=self._printer(),
            audit=self._trail,
            together=Together(self._app_pool, turns, self._trail, settings),
            secret_values=self._secrets,
            providers=outside.providers(self._secrets),
            channels=outside.channels(self._secrets),
            actors=actors,
            directory=directory,
            tenants=statuses,
            door=DeviceDoor(
                directory, where.mqtt, lambda: settings.now.devices, self._device_refusals
            ),
            planner=outside.planner(),
            quoting=Quoting(Tariffs(settings), QuoteSigner(self._keys)),
            offboarder=Offboarder(where, settings, personal, vault, self._system_pool, bus),
            hub=self._hub(actors, bus, directory),
            bus=bus,
            metrics=self._metrics,
            limiter=self._limiter(),
            shedder=Shedder(settings, self._metrics),
            repeats=Repeats(self._keys, settings, self._app_pool, self._system_pool, self._metrics),
            turns=turns,
            readiness=Readiness(
                api=settings.now.api,
                system_pool=self._system_pool,
                bus=bus,
                broker=where.mqtt,
                actors=actors,
            ),
        )

    def _hub(self, actors: Actors, bus: LiveBus, directory: TruckDirectory) -> LiveHub:
        return LiveHub(
            settings=self._settings,
            shards=actors,
            bus=bus,
            directory=directory,
            app_pool=self._app_pool,
            metrics=self._metrics,
        )

    def _limiter(self) -> Limiter:
        where, settings = self._where, self._settings
        counter = SharedCounter(where.redis, where.instance, settings.now.limits)
        limiter = Limiter(settings, counter, self._metrics)
        self._stack.push_async_callback(limiter.close)
        return limiter

    def _printer(self) -> Printer:
        printer = Printer(lambda: self._settings.now.printing)
        self._stack.callback(printer.close)
        return printer

    def _pressure(self, gateway: Gateway) -> PressureWatch:
        async def trifle() -> None:
            await ping(self._system_pool)

        return PressureWatch(gateway.shedder, trifle, gateway.actors.shard_stats)

    def _sweeper(self, gateway: Gateway) -> Sweeper:
        return Sweeper(gateway.documents, self._settings, self._system_pool)

    def work(self, gateway: Gateway) -> list[tuple[str, Coroutine[Any, Any, None]]]:
        """What runs beside the requests, by name."""
        return [
            ("live-follow", gateway.hub.follow()),
            ("live-tend", gateway.hub.tend()),
            ("truck-directory", _follow_directory(gateway)),
            ("tenant-statuses", _follow_tenants(gateway)),
            ("offboarding", gateway.offboarder.run()),
            ("identity", gateway.authority.follow()),
            ("refused-attempts", self._trail.write_refusals()),
            ("secret-uses", self.uses.follow()),
            ("idempotency-sweep", gateway.repeats.sweep()),
            ("device-refusals", self._device_refusals.run(self._system_pool)),
            ("pressure", self._pressure(gateway).run()),
            ("document-sweep", self._sweeper(gateway).run()),
        ]


async def _follow_directory(gateway: Gateway) -> None:
    """A truck made anywhere is known here within the poll, or once Postgres is back."""
    while True:
        await asyncio.sleep(gateway.policy.ingest.directory_poll_s)
        try:
            changes = await gateway.directory.refresh(gateway.system_pool)
            gateway.hub.take_directory(changes)
        except STORE_FAILURES as failed:
            logger.warning("cannot refresh the truck directory: %s", failed)
        except Exception:  # without this loop new trucks would stay nameless for ever
            logger.exception("cannot refresh the truck directory")


async def _follow_tenants(gateway: Gateway) -> None:
    """A tenant that was suspended or resumed anywhere is so here within the poll."""
    while True:
        await asyncio.sleep(gateway.policy.tenancy.status_poll_s)
        try:
            await gateway.take_tenant_statuses()
        except STORE_FAILURES as failed:
            logger.warning("cannot refresh the tenants' statuses: %s", failed)
        except Exception:  # without this loop no tenant would ever be suspended here
            logger.exception("cannot refresh the tenants' statuses")
