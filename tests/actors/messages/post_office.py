"""A tenant with people, channels in memory, and a process that may die before and after each
commit and each question."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from actors.booking_writing import TenantName
from actors.messages.notification_desk import MessageDesk
from actors.messages.notification_planning import Planner
from actors.messages.notification_sending import send
from config.policy import Policy, Settings, policy
from freight.events import TruckEvent
from freight.notifying.channels import Channel
from freight.notifying.rules import Telling
from freight.notifying.state import Message
from providers.errors import ProviderUnsetError
from providers.messaging.port import Message as Letter
from providers.messaging.port import Repeats, Sent, State
from store import events, inbox, notification_work, notifications, users
from store.events import StoredEvent
from store.notification_work import Due
from store.personal import PersonalData
from store.postgres import AnyConnection, AnyPool
from store.tenants import Tenant
from store.users import SealedPerson
from tests.actors.money.fake_payouts import Breaking

START_MS = 1_795_240_800_000  # 21 Nov 2026, 11:30 in India
S = 1000


class FakeSender:
    """What it was asked, and what it answers; the same id twice, as its provider would."""

    def __init__(self, channel: Channel, breaking: Breaking) -> None:
        self.channel = channel
        self.name = f"fake_{channel.value}"
        self.repeats = Repeats.DOUBLED
        self.has_receipts = False
        self.answers: list[Sent | Exception | None] = []  # None: it is accepted
        self.delivered: list[Letter] = []  # what came to people
        self.asked = 0
        self._breaking = breaking

    async def send(self, message: Letter) -> Sent:
        self.asked += 1
        self._breaking.step()
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        known = {one.id for one in self.delivered}
        if self.repeats is not Repeats.RECOGNISED or message.id not in known:
            self.delivered.append(message)
        self._breaking.step()  # done, and the answer is lost
        return answer or Sent(f"{self.name}-{message.id}", State.ACCEPTED)


class FakeSenders:
    def __init__(self, breaking: Breaking) -> None:
        self.of = {channel: FakeSender(channel, breaking) for channel in Channel}
        self.unset: set[Channel] = set()

    async def sender(self, tenant: TenantName, channel: Channel) -> FakeSender:
        if channel in self.unset:
            raise ProviderUnsetError(f"{channel.value} is not set up for {tenant.id}")
        return self.of[channel]


@dataclasses.dataclass(frozen=True, slots=True)
class BrittleDesk(MessageDesk):
    breaking: Breaking = dataclasses.field(default_factory=Breaking)

    @asynccontextmanager
    async def writing(self, tenant: TenantName) -> AsyncIterator[AnyConnection]:
        async with MessageDesk.writing(self, tenant) as conn:
            yield conn
            self.breaking.step()
        self.breaking.step()


class PostOffice:
    def __init__(
        self, pools: tuple[AnyPool, AnyPool], personal: PersonalData, tenant: Tenant
    ) -> None:
        self.breaking = Breaking()
        self.senders = FakeSenders(self.breaking)
        self.settings = Settings(policy())
        self.clock_ms = START_MS
        self.tenant = TenantName(tenant.key, tenant.id)
        self.desk = BrittleDesk(
            *pools,
            self.settings,
            lambda: self.clock_ms,
            self.senders,
            personal,
            lambda: 1.0,
            self.breaking,
        )

    def set(self, **changes: Any) -> None:
        """Of the rules about messages; a group's values as a mapping."""
        rules = self.settings.base.notifying
        update = {
            name: getattr(rules, name).model_copy(update=value)
            if name in {"quiet", "digest", "rate", "sending", "texts"}
            else value
            for name, value in changes.items()
        }
        self.set_base(notifying=rules.model_copy(update=update))

    def set_base(self, **changes: object) -> None:
        base: Policy = self.settings.base.model_copy(update=changes)
        self.settings.base = base
        self.settings.snapshot = dataclasses.replace(self.settings.snapshot, everyone=base)

    @asynccontextmanager
    async def step(self) -> AsyncIterator[AnyConnection]:
        """That does not die."""
        async with MessageDesk.writing(self.desk, self.tenant) as conn:
            yield conn

    async def add_user(
        self, name: str, *roles: str, phone: str | None = None, push: str | None = None
    ) -> str:
        personal, user_id = self.desk.personal, f"{name}-{uuid.uuid4().hex[:8]}"
        email = f"{user_id}@example.in"
        async with self.step() as conn:
            await users.create(
                conn,
                self.tenant.key,
                id=user_id,
                person=SealedPerson(
                    email_sealed=personal.seal(email),
                    email_index=personal.blind_index("email", email),
                    name_sealed=personal.seal(name.title()),
                    phone_sealed=None if phone is None else personal.seal(phone),
                    phone_index=None,
                ),
                password_hash="none",
                one_time_s=None,
                roles=roles or ("dispatcher",),
            )
            if push is not None:
                await self.add_phone(conn, user_id, push)
        return user_id

    async def add_phone(self, conn: AnyConnection, user_id: str, token: str) -> None:
        personal = self.desk.personal
        await inbox.add_token(
            conn,
            self.tenant.key,
            id=f"push-{uuid.uuid4().hex[:8]}",
            person=f"users/{user_id}",
            app="a phone",
            token_sealed=personal.seal(token),
            token_index=personal.blind_index("name", token),
        )

    async def happens(self, kind: str = "alert.raised", **data: Any) -> StoredEvent:
        """A fact, taken up as a follower does."""
        fact = self.fact(kind, **data)
        await self.take_up(fact)
        return fact

    def fact(self, kind: str = "alert.raised", subject: str = "", **data: Any) -> StoredEvent:
        name = data.pop("alert", f"alert-{uuid.uuid4().hex[:8]}")
        said = {"title": "Truck T1 stands still", "text": "For 47 minutes", "truck": "T1"}
        return StoredEvent(
            id=uuid.uuid4(),
            seq=0,
            type=kind,
            tenant_key=self.tenant.key,
            truck_key=None,
            tenant=self.tenant.id,
            subject=subject or f"alerts/{name}",
            time_ms=self.clock_ms,
            known_at_ms=self.clock_ms,
            data={**said, "severity": "warning", **data},
        )

    async def take_up(self, *facts: StoredEvent) -> None:
        async with self.desk.writing(self.tenant) as conn:
            await Planner(self.desk).take_up(conn, self.tenant, facts)

    async def go_round(self) -> None:
        """As the round does, for this tenant: other tests leave things behind."""
        while due := [one for one in await self.due(1000, 100) if one.tenant == self.tenant.id]:
            for one in due:
                await send(self.desk, self.tenant, one.id)

    async def due(self, most: int, of_tenant: int) -> list[Due]:
        async with self.desk.system.acquire() as conn:
            return await notification_work.due(conn, self.clock_ms, most, of_tenant)

    def later(self, seconds: float) -> None:
        self.clock_ms += round(seconds * S)

    async def messages(self, **wanted: str) -> list[Message]:
        """Oldest first."""
        async with self.step() as conn:
            found = await notifications.list_page(conn, before=None, limit=500, **wanted)
        return [one.message for one in reversed(found)]

    async def only(self, **wanted: str) -> Message:
        (found,) = await self.messages(**wanted)
        return found

    def came(self, channel: Channel) -> list[Letter]:
        return self.senders.of[channel].delivered

    async def told(self, kind: str) -> list[TruckEvent]:
        async with self.step() as conn:
            found = await events.list_page(conn, types=[kind], limit=100)
        return list(found)


def told_by(*routes: str, to: str = "role:dispatcher") -> tuple[Telling, ...]:
    """Rules that tell dispatchers of every alert by these routes."""
    return (Telling(facts=("alert.raised",), to=(to,), routes=routes),)
