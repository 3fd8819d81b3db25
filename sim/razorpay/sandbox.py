"""The sandbox itself: its book, its clock, its switches, and how it makes ids and webhooks."""

from __future__ import annotations

import asyncio
import json
import random
import string
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from sim.razorpay.book import Book, Entity, Webhook
from sim.razorpay.refusals import RefusedError, unknown_id
from sim.razorpay.settings import SandboxSettings

ID_LETTERS = string.ascii_letters + string.digits
ID_LENGTH = 14  # as Razorpay's
ACCOUNT = "acc_Sandbox0000001"


@dataclass(frozen=True, slots=True)
class Switches:
    """What a tester sets; kept over restarts."""

    is_automatic: bool = True  # refunds and payouts go through by themselves
    is_paused: bool = False  # webhooks wait until they are sent by hand
    is_dropping: bool = False  # webhooks that are made now are never sent
    is_shuffling: bool = False  # webhooks leave in any order
    copies: int = 1  # how often each is sent
    delay_s: float = 0.0


class Sandbox:
    def __init__(
        self,
        settings: SandboxSettings,
        book: Book,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.habits = settings.habits
        self.book = book
        self.now_s = clock_s
        # Set whenever something may have become due.
        self.woken = asyncio.Event()

    @property
    def second(self) -> int:
        return int(self.now_s())

    def new_id(self, prefix: str) -> str:
        return f"{prefix}_" + "".join(random.choices(ID_LETTERS, k=ID_LENGTH))

    def new_number(self, digits: int) -> str:
        return "".join(random.choices(string.digits, k=digits))

    def the(self, kind: str, entity_id: str) -> Entity:
        found = self.book.find(kind, entity_id)
        if found is None:
            raise unknown_id()
        return found

    def plan(self, what: str, entity_id: str, after_s: float) -> None:
        self.book.plan(self.now_s() + after_s, what, entity_id)
        self.woken.set()

    def tell(self, event: str, about: Entity, **others: Entity) -> None:
        """Makes a webhook: what the entities look like now, for whoever listens."""
        payload = {about.kind: {"entity": about.body}}
        payload |= {kind: {"entity": other.body} for kind, other in others.items()}
        body = {
            "entity": "event",
            "account_id": ACCOUNT,
            "event": event,
            "contains": list(payload),
            "payload": payload,
            "created_at": self.second,
        }
        switches = self.switches
        wait_s = switches.delay_s
        if switches.is_shuffling:
            wait_s += random.uniform(0.0, self.habits.shuffle_s)
        is_sent = not (switches.is_paused or switches.is_dropping)
        hook = Webhook(
            id=self.new_id("evt"),
            event=event,
            about=about.id,
            body=json.dumps(body, separators=(",", ":")).encode(),
            made_s=self.now_s(),
            state="dropped" if switches.is_dropping else "waiting",
            next_s=self.now_s() + wait_s if is_sent else None,
            attempts=0,
            copies=switches.copies,
            said="",
        )
        self.book.add_webhook(hook, self.habits.webhooks_kept_max)
        self.woken.set()

    @property
    def switches(self) -> Switches:
        return replace(Switches(), **self.book.switches())

    def switch(self, changed: dict[str, Any]) -> Switches:
        """Sets those that are named."""
        usual = asdict(Switches())
        for name, value in changed.items():
            if name not in usual:
                raise RefusedError(f"there is no switch {name}", field=name)
            if not _fits(value, usual[name]):
                raise RefusedError(f"{name} cannot be {value!r}", field=name)
            self.book.switch(name, value)
        return self.switches

    def shown_switches(self) -> dict[str, Any]:
        return asdict(self.switches)

    @property
    def balance_minor(self) -> int:
        """Of the account that payouts are paid from; `take` changes it."""
        found = self.book.find("balance", "balance")
        return self.habits.start_balance_minor if found is None else int(found.body["minor"])

    def take(self, minor: int) -> None:
        left = self.balance_minor - minor
        self.book.save(Entity("balance", "balance", {"minor": left}, self.second))


def _fits(value: Any, usual: Any) -> bool:
    """Of the same kind, and not below nothing."""
    if isinstance(usual, bool) or isinstance(value, bool):
        return isinstance(usual, bool) and isinstance(value, bool)
    kinds = int if isinstance(usual, int) else int | float
    return isinstance(value, kinds) and value >= 0
