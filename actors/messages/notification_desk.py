"""What work on messages to people is given: beside the stores, who carries them."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Protocol

from actors.booking_writing import TenantName
from actors.desk import WorkDesk
from config.policy import Policy
from freight.notifying.channels import Channel
from freight.notifying.decide import Now
from providers.messaging.port import Sender
from store.personal import PersonalData
from store.postgres import AnyConnection


class OpensSenders(Protocol):
    """providers.messaging.opening.Channels in the running product."""

    async def sender(self, tenant: TenantName, channel: Channel) -> Sender:
        """ProviderUnsetError where no account is set up."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class MessageDesk(WorkDesk):
    senders: OpensSenders
    personal: PersonalData
    draw: Callable[[], float] = random.random  # what sets the waits of many apart


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    """One transaction of one tenant, at one moment."""

    desk: MessageDesk
    conn: AnyConnection
    tenant: TenantName
    at_ms: int

    @property
    def policy(self) -> Policy:
        return self.desk.policy_of(self.tenant)

    @property
    def now(self) -> Now:
        """As decisions want to know it."""
        return Now(self.at_ms, self.policy.notifying.sending, self.desk.draw())
