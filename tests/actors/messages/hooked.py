"""A tenant with webhook endpoints, facts that happen to it, and a clock that the tests move."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actors.booking_writing import TenantName
from actors.desk import WorkDesk
from actors.following import Follower
from actors.life import now_ms
from actors.messages.webhook_facts import WebhookFacts
from actors.messages.webhook_sending import WebhookRound
from config.policy import Policy, Settings, defaults
from freight.events import TruckEvent
from freight.webhooks.filters import Filter
from freight.webhooks.signing import secret_of
from providers.webhooks import WebhookSender
from store import events, webhook_attempts, webhook_deliveries, webhooks
from store.key_file import KeyFile, create_key_ring
from store.postgres import AnyPool, as_tenant
from store.sealing import Sealer
from store.webhook_attempts import Attempt
from store.webhook_deliveries import StoredDelivery
from store.webhooks import Endpoint, endpoint_sealer

SECRET = secret_of(b"k" * 32)
OF_TESTS = "test.hooked"


@dataclass
class Clock:
    at_ms: int = field(default_factory=now_ms)

    def __call__(self) -> int:
        return self.at_ms

    def go_on(self, seconds: float) -> None:
        self.at_ms += round(seconds * 1000)


def policy(**more: Any) -> Policy:
    """Quick where a test would wait; nothing by chance."""
    usual = defaults()
    sending = {"deadline_s": 5.0, "connect_s": 5.0, **more.pop("sending", {})}
    retries = {"jitter": 0.0, **more.pop("retries", {})}
    hooks = usual.webhooks
    return usual.model_copy(
        update={
            "webhook_sending": usual.webhook_sending.model_copy(update=sending),
            "webhooks": hooks.model_copy(
                update={
                    "retries": hooks.retries.model_copy(update=retries),
                    "pause": hooks.pause.model_copy(update=more.pop("pause", {})),
                    **more,
                }
            ),
        }
    )


@dataclass
class Hooked:
    app: AnyPool
    system: AnyPool
    tenant: TenantName
    settings: Settings
    sealer: Sealer
    clock: Clock
    through: Callable[[AnyPool], AnyPool] = lambda pool: pool
    environment: str = "development"
    told: int = 0

    @classmethod
    def of(
        cls, app: AnyPool, system: AnyPool, tenant: TenantName, folder: Path, usual: Policy
    ) -> Hooked:
        create_key_ring(folder / "keys.json")
        sealer = endpoint_sealer(KeyFile(folder / "keys.json"))
        return cls(app, system, tenant, Settings(usual), sealer, Clock())

    @property
    def desk(self) -> WorkDesk:
        return WorkDesk(self.through(self.app), self.system, self.settings, self.clock)

    def follower(self) -> Follower:
        desk = self.desk
        taking = WebhookFacts(desk)
        limits = self.settings.now.messenger.following
        name = f"hooks-{self.tenant.id}"
        return Follower(name, desk, lambda: limits, taking.take_up, [OF_TESTS, "webhook.never"])

    def round(self) -> WebhookRound:
        """As a process that has just begun makes it."""
        sender = WebhookSender(lambda: self.settings.now.webhook_sending, self.environment)
        return WebhookRound(self.desk, sender, self.sealer, draw=lambda: 0.0)

    async def endpoint(self, url: str, wanted: Filter | None = None) -> str:
        made = f"whe-{uuid.uuid4().hex[:8]}"
        async with as_tenant(self.app, self.tenant.key) as conn:
            await webhooks.create(
                conn,
                self.tenant.key,
                made,
                url,
                None,
                wanted or Filter((OF_TESTS,)),
                self.sealer.seal(SECRET.encode()),
                "a test",
                self.clock(),
            )
        return made

    async def tell(self, *subjects: str) -> None:
        """Facts, numbered as they happened."""
        facts = []
        for subject in subjects:
            self.told += 1
            facts.append(self._fact(subject, self.told))
        async with as_tenant(self.app, self.tenant.key) as conn:
            await events.insert(conn, facts)

    def _fact(self, subject: str, number: int) -> TruckEvent:
        return TruckEvent(
            id=uuid.uuid4(),
            type=OF_TESTS,
            tenant_key=self.tenant.key,
            truck_key=None,
            tenant=self.tenant.id,
            subject=subject,
            time_ms=self.clock(),
            known_at_ms=self.clock(),
            data={"n": number},
        )

    async def happens(self, *subjects: str) -> None:
        """Told, and taken up."""
        follower = self.follower()
        await follower.go_on()
        await self.tell(*subjects)
        await follower.go_on()

    async def deliveries(self, **wanted: str) -> list[StoredDelivery]:
        """The oldest first."""
        async with as_tenant(self.app, self.tenant.key) as conn:
            found = await webhook_deliveries.list_page(conn, None, 1000, **wanted)
        return found[::-1]

    async def attempts(self, delivery: StoredDelivery) -> Sequence[Attempt]:
        async with as_tenant(self.app, self.tenant.key) as conn:
            return await webhook_attempts.of_delivery(conn, delivery.id, 1000)

    async def state(self, endpoint: str) -> Endpoint:
        async with as_tenant(self.app, self.tenant.key) as conn:
            return await webhooks.get(conn, endpoint)

    async def facts(self, kind: str) -> list[dict[str, Any]]:
        async with as_tenant(self.app, self.tenant.key) as conn:
            found = await events.list_page(conn, types=[kind], limit=100)
        return [fact.data for fact in found]
