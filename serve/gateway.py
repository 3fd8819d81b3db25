"""What one gateway replica holds open: pools, keys, actor handles, directory, live hub."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from pydantic import BaseModel

from actors.booking_writing import TenantName
from actors.bookings import Answer, Refused
from actors.doors import HttpFixes, HttpTaken
from actors.offering import OfferTaken, OfferWish
from config.installation import Installation
from config.policy import Policy, Settings
from freight.booking.commands import Command
from freight.tracking.names import TruckName
from freight.tracking.progress import Progress
from providers.messaging.opening import Channels
from providers.opening import Providers
from serve.audit.together import Together, Write
from serve.audit.trail import AuditTrail
from serve.brokers.door import DeviceDoor
from serve.documents.vault import DocumentVault
from serve.health.readiness import KnowsStats, Readiness
from serve.idempotency.repeats import Repeats
from serve.identity.authority import Authority
from serve.identity.principal import Principal
from serve.identity.secret_hashes import SecretChecker
from serve.identity.tokens import TokenIssuer, TokenVerifier
from serve.limits.limiter import Limiter
from serve.live.hub import KnowsPositions, LiveHub
from serve.metrics import GatewayMetrics
from serve.printing.printer import Printer
from serve.quotes.quoting import Quoting
from serve.request_record import attempt
from serve.routes.planner import Planner
from serve.shedding import KnowsShards, Shedder
from serve.tenancy.offboarder import Offboarder
from store.config_follow import ConfigFollower
from store.directory import TruckDirectory
from store.live_bus import LiveBus
from store.personal import PersonalData
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.sealing import Sealer
from store.secrets import Secrets
from store.tenants import TenantStatuses


class TakesFixes(Protocol):
    """An ingest worker, whichever: what it answers for is committed."""

    async def take_fixes(self, asked: HttpFixes) -> HttpTaken: ...


class KnowsProgress(Protocol):
    async def progress(self, truck: TruckName, truck_key: int) -> Progress | None:
        """How a truck's journey goes; raises ActorAwayError."""
        ...


class TakesCommands(Protocol):
    async def command(
        self, tenant: TenantName, booking_id: str, command: Command, expected: int | None = None
    ) -> Answer:
        """What a booking's actor made of it: committed, or refused; raises ActorAwayError."""
        ...

    async def offer(
        self, tenant: TenantName, booking_id: str, wish: OfferWish
    ) -> OfferTaken | Refused:
        """The same about the offers of a leg."""
        ...


class Drains(Protocol):
    async def drain(self, deadline_s: float) -> list[str]:
        """Has the actors finish what they hold; whoever did not, and why."""
        ...


class Actors(
    KnowsPositions,
    KnowsStats,
    KnowsShards,
    KnowsProgress,
    TakesFixes,
    TakesCommands,
    Drains,
    Protocol,
):
    """What the gateway asks of the actors; actors.handles.TruckShards in the running product."""


@dataclasses.dataclass(slots=True)
class Change:
    """One change: its transaction, and how the object was and is, as the audit trail keeps it."""

    conn: AnyConnection
    action: str
    subject: str
    before: BaseModel | None = None
    after: BaseModel | None = None


@dataclasses.dataclass(slots=True)
class Asking:
    """What an actor was asked for, as it then was."""

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
    documents: DocumentVault
    webhook_secrets: Sealer
    printer: Printer
    audit: AuditTrail
    together: Together
    secret_values: Secrets
    providers: Providers
    channels: Channels
    actors: Actors
    directory: TruckDirectory
    tenants: TenantStatuses
    door: DeviceDoor
    offboarder: Offboarder
    planner: Planner
    quoting: Quoting
    hub: LiveHub
    bus: LiveBus
    metrics: GatewayMetrics
    readiness: Readiness
    limiter: Limiter
    shedder: Shedder
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
        """How a route reaches tenant data: a transaction that sees one tenant, and for who speaks
        for a carrier or shipper only what is that one's."""
        whose = as_tenant(self.app_pool, who.tenant_key, who.carrier, who.shipper)
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

    async def add(
        self, who: Principal, action: str, subject: str, write: Write, after: BaseModel
    ) -> None:
        """How a route adds what nothing can refuse: with all who add something at the moment."""
        if self.repeats.is_asked_for():
            async with self.changing(who, action, subject) as change:
                await write(change.conn)
                change.after = after
            return
        attempt(action, subject)
        entry = self.audit.added(who, action, subject, after)
        await self.together.add(who.tenant_key, write, entry)

    @asynccontextmanager
    async def asking(self, who: Principal, action: str, subject: str) -> AsyncIterator[Asking]:
        """How a route has something added by an actor, which commits it: nothing is held open
        while it does."""
        asking = Asking()
        if self.repeats.is_asked_for():
            async with self.changing(who, action, subject) as change:
                yield asking
                change.after = asking.after
            return
        attempt(action, subject)
        yield asking
        if asking.after is not None:
            entry = self.audit.added(who, action, subject, asking.after)
            await self.together.add(who.tenant_key, None, entry)

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
