"""What happens in the evening of each day: rounds, approvals, and the banks' doings."""

from __future__ import annotations

import asyncio
import dataclasses
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from actors.money.booking_round import booking_round
from actors.money.desk import Desk
from actors.money.ledger_round import ledger_round
from actors.money.payments import Till, take
from actors.money.payments_round import payments_round
from actors.money.payouts import retry
from actors.money.payouts_round import payouts_round
from actors.money.settlements import approve, propose
from actors.money.settlements_round import settlements_round
from bench.books_ground import Ground
from bench.books_month import MINUTE_MS
from bench.books_people import CLERK, CLERK_TOO, People
from freight.payments import commands as paying
from freight.payments.seen import RefundState
from freight.payments.state import Method, Payment, RefundTo
from freight.payouts.state import CAME_TO_NOTHING, Payout
from freight.refusal import Refusal
from freight.settlements.state import Settlement, Status
from store import payments, payouts, settlements

PAGE = 500
# One after another, as money goes; what the later ones bring about is for the first again.
EVENING = (booking_round, settlements_round, payouts_round, payments_round)
# Providers are asked in the evening: asking takes the time that it takes, the month does not.
BY_DAY = (booking_round, settlements_round)
AT_ONCE = 2  # of each round but that of payouts, which would ask the provider everything twice
FATES = 20
FAILS, REVERSES, WAITS = range(3)
REFUNDS_FAIL = 5  # every so manyth
ASKED_AGAIN_MS = 90 * MINUTE_MS  # banks are asked what became of it, and it is the same day


def fate(name: str) -> int:
    return zlib.crc32(name.encode()) % FATES


@dataclasses.dataclass
class Office:
    ground: Ground
    people: People
    owing: set[str] = dataclasses.field(default_factory=set)  # whose carrier owes us
    ended: set[str] = dataclasses.field(default_factory=set)  # reversed once by their bank

    async def rounds(self) -> int:
        """Until nothing moves; how much moved."""
        moved = 0
        while made := sum([await self._turn(one) for one in EVENING]):
            moved += made
        return moved

    async def _turn(self, one: Callable[[Desk], Awaitable[int]]) -> int:
        """Several at once, as where several bookkeepers met."""
        desk, moved = self.ground.desk, 0
        at_once = 1 if one is payouts_round else AT_ONCE
        while made := sum(await asyncio.gather(*(one(desk) for _ in range(at_once)))):
            moved += made
        return moved

    async def evening(self, at_ms: int) -> None:
        self.ground.time.is_now(at_ms)
        await self.rounds()
        await self._late_payers()
        await self._hand_in_and_refund(at_ms)
        await self._approve()
        await self.rounds()
        await self._banks()
        self.ground.time.is_now(at_ms + ASKED_AGAIN_MS)
        await self.rounds()
        while await ledger_round(self.ground.desk):
            pass

    async def _late_payers(self) -> None:
        for path in self.people.late_orders:
            await self.ground.at_sandbox(path, method="netbanking")
        self.people.late_orders.clear()

    # ---------------------------------------------------------------------------------- payments

    async def _hand_in_and_refund(self, at_ms: int) -> None:
        async for one in self.payments():
            if one.method is Method.COD and fate(one.id) > WAITS:
                held = [each.nr for each in one.receipts if each.handed_in_ms is None]
                for nr in held:
                    await self._tell(one, paying.HandIn(by=CLERK, nr=nr, reference="slip"), at_ms)
            for back in one.refunds:
                if back.state is not RefundState.PENDING or fate(back.id) == WAITS:
                    continue
                if back.to is RefundTo.BANK:
                    paid = paying.RecordRefund(back.id, f"OUT{back.id[-24:]}", CLERK)
                    await self._tell(one, paid, at_ms)
                elif back.provider_refund is not None:
                    does = "process" if fate(back.id) % REFUNDS_FAIL else "fail"
                    await self.ground.at_sandbox(f"refunds/{back.provider_refund}/{does}")

    async def _tell(self, payment: Payment, command: Any, at_ms: int) -> None:
        desk, tenant = self.ground.desk, self.ground.tenant
        async with desk.writing(tenant) as conn:
            till = Till(conn, tenant, desk.policy_of(tenant), at_ms)
            await take(till, payment.id, command)

    async def payments(self) -> AsyncIterator[Payment]:
        before: int | None = None
        while True:
            async with self.ground.desk.writing(self.ground.tenant) as conn:
                page = await payments.list_page(conn, before, PAGE)
            for one in page:
                yield one.payment
            if len(page) < PAGE:
                return
            before = page[-1].nr

    # ------------------------------------------------------------------------------- settlements

    async def _approve(self) -> None:
        """Two persons look at it; what a carrier owes us by it waits."""
        async for one in self.settlements("proposed"):
            if one.id not in self.owing:
                await self._approved(one)

    async def _approved(self, one: Settlement) -> None:
        desk, tenant = self.ground.desk, self.ground.tenant
        for by in (CLERK, CLERK_TOO):
            try:
                async with desk.writing(tenant) as conn:
                    state = (await settlements.get(conn, one.id)).status
                    if state is Status.PROPOSED:
                        await propose(desk, conn, tenant, one.id, None)
                        await approve(desk, conn, tenant, one.id, by)
            except Refusal as refusal:
                if refusal.code == "owes_us":
                    self.owing.add(one.id)
                elif refusal.code != "own_change":
                    raise

    async def settlements(self, status: str | None = None) -> AsyncIterator[Settlement]:
        async for one in self._pages(settlements.list_page, {"status": status}):
            yield one.settlement

    async def payouts(self, status: str | None = None) -> AsyncIterator[Payout]:
        async for one in self._pages(payouts.list_page, {"status": status}):
            yield one.payout

    async def _pages(
        self, list_page: Callable[..., Awaitable[Any]], having: dict[str, str | None]
    ) -> AsyncIterator[Any]:
        before: int | None = None
        while True:
            async with self.ground.desk.writing(self.ground.tenant) as conn:
                page = await list_page(conn, before=before, limit=PAGE, having=having)
            for one in page:
                yield one
            if len(page) < PAGE:
                return
            before = page[-1].nr

    # ------------------------------------------------------------------------------------- banks

    async def _banks(self) -> None:
        """Most go through; some fail and are tried anew, some come back after they were paid."""
        for status in ("processing", "queued"):
            async for one in self.payouts(status):
                await self._at_bank(one)
        async for one in self.payouts("processed"):
            if fate(one.id) == REVERSES and one.id not in self.ended and one.attempt is not None:
                self.ended.add(one.id)
                await self.ground.at_sandbox(f"payouts/{one.attempt.provider_id}/reverse")
        for status in CAME_TO_NOTHING:
            async for one in self.payouts(status):
                if fate(one.id) != REVERSES:
                    await self._again(one)

    async def _at_bank(self, one: Payout) -> None:
        if one.attempt is None or one.attempt.provider_id is None or fate(one.id) == WAITS:
            return
        fails = fate(one.id) == FAILS and len(one.attempts) == 1
        does = "fail" if fails else "process"
        await self.ground.at_sandbox(f"payouts/{one.attempt.provider_id}/{does}")

    async def _again(self, one: Payout) -> None:
        desk, tenant = self.ground.desk, self.ground.tenant
        try:
            async with desk.writing(tenant) as conn:
                await retry(desk, conn, tenant, one.id, CLERK)
        except Refusal:
            return  # an advance of a leg that is over
