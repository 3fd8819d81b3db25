"""What one gateway replica holds open: pools, keys, actor handles, directory, live hub."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from pydantic import BaseModel

from config.installation import DatabaseRole, Installation
from config.policy import Policy, Settings
from serve import log
from serve.audit.trail import AuditTrail
from serve.brokers.door import DeviceDoor
from serve.devices.refusal_log import RefusalLog
from serve.health.readiness import KnowsStats, Readiness
from serve.idempotency.repeats import Repeats
from serve.identity.authority import Authority, open_authority
from serve.identity.development import refuse_development_secrets
from serve.identity.principal import Principal
from serve.identity.secret_hashes import SecretChecker
from serve.identity.tokens import TokenIssuer, TokenVerifier
from serve.limits.counter import SharedCounter
from serve.limits.limiter import Limiter
from serve.live.hub import KnowsPositions, LiveHub
from serve.metrics import GatewayMetrics
from serve.request_record import attempt
from serve.secrets.uses import SecretUses
from serve.tenancy.offboarder import Offboarder
from store.audit_chain import Signer
from store.config_bus import ConfigBus
from store.config_follow import ConfigFollower
from store.directory import TruckDirectory
from store.key_file import KeyFile
from store.live_bus import LiveBus
from store.personal import PersonalData
from store.postgres import STORE_FAILURES, AnyConnection, AnyPool, as_tenant, open_pool
from store.secrets import Secrets, open_secrets
from store.tenants import TenantStatuses

LOG_FLUSH_S = 1.0
ASK_AGAIN_S = 0.1  # fixed: a look at what was asked to end, no wait of its own
logger = logging.getLogger("ubertruck.gateway")


class Actors(KnowsPositions, KnowsStats, Protocol):
    """What the gateway asks of the actors; actors.handles.TruckShards in the running product."""


@dataclasses.dataclass(slots=True)
class Change:
    """One change: its transaction, and how the object was and is, as the audit trail keeps it."""

    conn: AnyConnection
    action: str
    subject: str
    before: BaseModel | None = None
    after: BaseModel | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Gateway:
    installation: Installation
    settings: Settings
    configuration: ConfigFollower
    app_pool: AnyPool
    system_pool: AnyPool
    authority: Authority
    secrets: SecretChecker
    personal: PersonalData
    audit: AuditTrail
    secret_values: Secrets
    actors: Actors
    directory: TruckDirectory
    tenants: TenantStatuses
    door: DeviceDoor
    offboarder: Offboarder
    hub: LiveHub
    bus: LiveBus
    metrics: GatewayMetrics
    readiness: Readiness
    limiter: Limiter
    repeats: Repeats
    # As many turns as the pool has connections. The pool alone is not fair: a newcomer may take
    # the connection that a waiting request was just woken for, which then queues up at the end.
    turns: asyncio.Semaphore

    @property
    def issuer(self) -> TokenIssuer:
        return self.authority.issuer

    @property
    def verifier(self) -> TokenVerifier:
        return self.authority.verifier

    @property
    def policy(self) -> Policy:
        """What holds now, for all tenants; read it when it is needed and keep none of it."""
        return self.settings.now

    def policy_of(self, who: Principal) -> Policy:
        """The same for the caller's tenant, with what was set for it."""
        return self.settings.of(who.tenant)

    def take_settings(self) -> None:
        """After every change: for those that cannot look each time."""
        self.hub.take_settings()
        self.issuer.ttl_s = self.policy.api.token_ttl_s

    @asynccontextmanager
    async def as_tenant(self, who: Principal) -> AsyncIterator[AnyConnection]:
        """How a route reaches tenant data: a transaction that sees one tenant, and of its trucks,
        for who speaks for a carrier, that carrier's."""
        whose = as_tenant(self.app_pool, who.tenant_key, who.carrier)
        async with self.turns, whose as connection:
            yield connection

    @asynccontextmanager
    async def changing(self, who: Principal, action: str, subject: str) -> AsyncIterator[Change]:
        """How a route changes something: `trucks.create` of `trucks/T1`, with before and after."""
        attempt(action, subject)
        async with self.as_tenant(who) as connection:
            await self.repeats.claim(connection, subject)
            change = Change(connection, action, subject)
            yield change
            await self.repeats.note_outcome(connection, change.subject, change.after)
            await self.audit.changed(
                connection,
                who,
                change.action,
                change.subject,
                before=change.before,
                after=change.after,
            )

    @asynccontextmanager
    async def operating(self, who: Principal, action: str, subject: str) -> AsyncIterator[Change]:
        """The same for what belongs to the installation: tenants, and what holds for all."""
        attempt(action, subject)
        async with self.system_pool.acquire() as connection, connection.transaction():
            await self.repeats.claim(connection, subject)
            change = Change(connection, action, subject)
            yield change
            await self.repeats.note_outcome(connection, change.subject, change.after)
            await self.audit.changed(
                connection,
                who,
                change.action,
                change.subject,
                before=change.before,
                after=change.after,
                of_installation=True,
            )

    async def take_tenant_statuses(self) -> None:
        """Which tenants are closed is known here from now on; who still watches one is cut."""
        await self.tenants.refresh(self.system_pool)
        for tenant_key, status in self.tenants.closed.items():
            self.hub.cut_tenant(tenant_key, f"the tenant is {status}")

    @asynccontextmanager
    async def one_question(self) -> AsyncIterator[AnyConnection]:
        """For a statement that speaks for a tenant by itself; to any other it shows nothing."""
        async with self.turns, self.app_pool.acquire() as connection:
            yield connection


@asynccontextmanager
async def open_gateway(
    where: Installation, settings: Settings, actors: Actors, metrics: GatewayMetrics
) -> AsyncIterator[Gateway]:
    """Opens everything, runs the background tasks, and closes it all in reverse."""
    storage = settings.now.storage
    async with AsyncExitStack() as stack:
        app_pool = await stack.enter_async_context(
            await open_pool(where.postgres, DatabaseRole.APP, storage.app_pool, storage)
        )
        system_pool = await stack.enter_async_context(
            await open_pool(where.postgres, DatabaseRole.SYSTEM, storage.system_pool, storage)
        )
        await refuse_development_secrets(system_pool)
        news = ConfigBus(where.redis, where.instance, storage.bus)
        stack.push_async_callback(news.close)
        configuration = ConfigFollower(settings, system_pool, news)
        await stack.enter_async_context(configuration.following())
        policy = settings.now
        keys = KeyFile(where.key_file)
        authority = await stack.enter_async_context(
            open_authority(where, lambda: settings.now, system_pool, keys)
        )
        directory = TruckDirectory()
        await directory.refresh(system_pool)
        statuses = TenantStatuses()
        await statuses.refresh(system_pool)
        bus = LiveBus(where.redis, where.instance)
        stack.push_async_callback(bus.close)
        device_refusals = RefusalLog(
            policy.devices.refusals, Signer(keys, policy.audit.value_bytes_max)
        )
        hub = LiveHub(
            settings=settings,
            shards=actors,
            bus=bus,
            directory=directory,
            app_pool=app_pool,
            metrics=metrics,
        )
        limiter = Limiter(
            settings, SharedCounter(where.redis, where.instance, policy.limits), metrics
        )
        stack.push_async_callback(limiter.close)
        trail = AuditTrail(keys, settings, system_pool)
        secret_values = open_secrets(where.secrets, keys, lambda: settings.now.secrets)
        stack.push_async_callback(secret_values.close)
        uses = SecretUses(secret_values, trail, system_pool, settings)
        gateway = Gateway(
            installation=where,
            settings=settings,
            configuration=configuration,
            app_pool=app_pool,
            system_pool=system_pool,
            authority=authority,
            secrets=SecretChecker(),
            personal=PersonalData(keys),
            audit=trail,
            secret_values=secret_values,
            actors=actors,
            directory=directory,
            tenants=statuses,
            door=DeviceDoor(directory, where.mqtt, lambda: settings.now.devices, device_refusals),
            offboarder=Offboarder(where, settings, PersonalData(keys), system_pool, bus),
            hub=hub,
            bus=bus,
            metrics=metrics,
            limiter=limiter,
            repeats=Repeats(keys, settings, app_pool, system_pool, metrics),
            turns=asyncio.Semaphore(storage.app_pool.size_max),
            readiness=Readiness(
                api=policy.api,
                system_pool=system_pool,
                bus=bus,
                broker=where.mqtt,
                actors=actors,
            ),
        )
        settings.when_swapped(gateway.take_settings)
        authority.when_revoked.append(hub.cut_revoked)
        tasks = [
            asyncio.create_task(hub.follow(), name="live-follow"),
            asyncio.create_task(hub.tend(), name="live-tend"),
            asyncio.create_task(_follow_directory(gateway), name="truck-directory"),
            asyncio.create_task(_follow_tenants(gateway), name="tenant-statuses"),
            asyncio.create_task(gateway.offboarder.run(), name="offboarding"),
            asyncio.create_task(authority.follow(), name="identity"),
            asyncio.create_task(trail.write_refusals(), name="refused-attempts"),
            asyncio.create_task(uses.follow(), name="secret-uses"),
            asyncio.create_task(gateway.repeats.sweep(), name="idempotency-sweep"),
            asyncio.create_task(device_refusals.run(system_pool), name="device-refusals"),
            asyncio.create_task(_flush_logs(), name="log-flush"),
        ]
        try:
            yield gateway
        finally:
            hub.close()
            await _end(tasks)
            await uses.close()
            await trail.flush()


async def _end(tasks: Collection[asyncio.Task[None]]) -> None:
    """Asks more than once: a client library that is just connecting may swallow a cancellation."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=ASK_AGAIN_S)


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


async def _flush_logs() -> None:
    """Lines wait for company, but not for long."""
    buffered = log.configure()
    try:
        while True:
            await asyncio.sleep(LOG_FLUSH_S)
            buffered.flush()
    finally:
        buffered.flush()
