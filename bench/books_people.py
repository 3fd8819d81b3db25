"""What the people of the month do: shippers, drivers, carriers; each step in its own time."""

from __future__ import annotations

import dataclasses
import secrets
from typing import Any

from actors.bookings import Refused
from actors.money.at_provider import advance
from actors.money.invoices import NoteWish, credit
from actors.money.payments import Till, demand, record_offline, refund
from actors.money.settlements import advance_id, change
from actors.offering import OfferWish
from bench.books_ground import Ground
from bench.books_month import HOUR_MS, MINUTE_MS, Month, Paying, Plan, Way
from bench.books_quotes import RATES, quoted
from freight.booking import commands as asked
from freight.booking.state import (
    Actor,
    ActorKind,
    Booking,
    Milestone,
    ProofKind,
    Quoted,
    Received,
)
from freight.dispatch.offer_messages import Accept, Make
from freight.dispatch.offer_state import Asked as OfferAsked
from freight.dues.owing import Due
from freight.invoices.documents import Document, DocumentKind, Head
from freight.money import INR, rounded
from freight.payments import commands as paying
from freight.payments.state import Method, Purpose
from freight.pricing.quotes import digest_of, written
from freight.refusal import Refusal
from freight.settlements import commands as settling
from freight.settlements.state import AdvanceMethod, Kind
from store import dues, invoices, payments, quotes, settlements, trucks

DRIVER = Actor(ActorKind.USER, "driver")
CLERK, CLERK_TOO = "user:asha", "user:bela"
FREE_MINUTES = 240
PART_BP, MORE_BP = 6_000, 12_500
SUPPLIED = frozenset({DocumentKind.TAX_INVOICE, DocumentKind.BILL_OF_SUPPLY})


class StepRefusedError(RuntimeError):
    """The month is made so that this does not happen."""


@dataclasses.dataclass
class People:
    ground: Ground
    month: Month
    rows: int = 0  # amounts that were asked for, for names
    late_orders: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.shippers = {one.id: one for one in self.month.shippers}

    async def do(self, plan: Plan, at_ms: int, step: str) -> None:
        self.ground.time.is_now(at_ms)
        await getattr(self, f"_{step}")(plan, at_ms)

    async def _take(self, plan: Plan, command: asked.Command) -> Booking:
        answer = await self.ground.engine.take(self.ground.tenant, plan.id, command)
        if isinstance(answer, Refused):
            raise StepRefusedError(f"{plan.id}: {answer.code}: {answer.detail}")
        return answer.booking

    def _till(self, conn: Any, at_ms: int) -> Till:
        tenant = self.ground.tenant
        return Till(conn, tenant, self.ground.desk.policy_of(tenant), at_ms)

    # ------------------------------------------------------------------------------ its booking

    async def _book(self, plan: Plan, at_ms: int) -> None:
        desk, tenant = self.ground.desk, self.ground.tenant
        made = quoted(self.ground, plan, self.shippers[plan.shipper], at_ms)
        digest = bytes.fromhex(digest_of(RATES))
        async with desk.writing(tenant) as conn:
            await quotes.keep_rates(conn, tenant.key, digest, RATES)
            await quotes.create(conn, tenant.key, made, written(made), "signature")
            await trucks.create(
                conn,
                tenant.key,
                id=f"T-{plan.id}",
                secret_hash=None,
                carrier=plan.carrier,
                payload_kg=20_000,
                registration="MH12AB1234",
            )
        price = Quoted(made.id, made.price.total_minor, "digest", INR)
        create = asked.Create(
            by=DRIVER,
            id=plan.id,
            shipper=plan.shipper,
            load=made.request.load,
            price=price,
            terms=plan.terms,
            declared_value_minor=plan.freight_minor * 9 if plan.short_kg else None,
        )
        await self._take(plan, create)
        await self._take(plan, asked.Confirm(by=DRIVER))

    async def _assign(self, plan: Plan, at_ms: int) -> None:
        offer = OfferAsked(
            id=f"{plan.id}-offer",
            carrier=plan.carrier,
            truck=f"T-{plan.id}",
            price_minor=plan.carriage_minor,
            expires_ms=at_ms + HOUR_MS,
        )
        for command in (Make((offer,)), Accept(offer.id, offer.truck)):
            wish = OfferWish("L1", command, DRIVER)
            answer = await self.ground.engine.take_offer(self.ground.tenant, plan.id, wish)
            if isinstance(answer, Refused):
                raise StepRefusedError(f"{plan.id}: {answer.code}: {answer.detail}")

    async def _reach(
        self, plan: Plan, milestone: Milestone, stop: str | None = None, at_ms: int | None = None
    ) -> None:
        reach = asked.Reach(
            by=DRIVER, leg="L1", stop=stop, milestone=milestone, at_ms=at_ms, reason="as he says"
        )
        await self._take(plan, reach)

    async def _prove(self, plan: Plan, stop: str, **more: Any) -> None:
        proof = asked.RecordProof(
            by=DRIVER,
            leg="L1",
            stop=stop,
            kind=ProofKind.SIGNATURE,
            receiver="Mr Rao",
            reason="as he says",
            **more,
        )
        await self._take(plan, proof)

    async def _set_out(self, plan: Plan, _: int) -> None:
        await self._reach(plan, Milestone.EN_ROUTE)

    async def _reach_pickup(self, plan: Plan, _: int) -> None:
        await self._reach(plan, Milestone.ARRIVED, "S1")

    async def _load(self, plan: Plan, at_ms: int) -> None:
        await self._prove(plan, "S1")
        await self._reach(plan, Milestone.LEFT, "S1", at_ms)

    async def _deliver(self, plan: Plan, at_ms: int) -> None:
        waited = FREE_MINUTES + plan.waits_minutes if plan.waits_minutes else 30
        received: dict[str, Any] = {}
        if plan.short_kg:
            received = {"received": (Received(plan.material, plan.weight_kg - plan.short_kg),)}
        await self._reach(plan, Milestone.ARRIVED, "S2", at_ms - waited * MINUTE_MS)
        await self._prove(plan, "S2", **received)
        await self._reach(plan, Milestone.LEFT, "S2", at_ms)

    async def _adjust(self, plan: Plan, _: int) -> None:
        if not plan.adjusted_minor:
            return
        head = "toll" if plan.adjusted_minor > 0 else "weight_difference"
        agreed = asked.Adjust(
            by=DRIVER, head=head, unit="trip", quantity=1, per=1, unit_minor=plan.adjusted_minor
        )
        await self._take(plan, agreed)

    async def _cancel(self, plan: Plan, _: int) -> None:
        await self._take(plan, asked.Cancel(by=DRIVER, side=plan.side, reason="no goods"))

    async def _close(self, plan: Plan, _: int) -> None:
        await self._take(plan, asked.Close(by=DRIVER))

    # ---------------------------------------------------------------------------------- its money

    async def _pay_advance(self, plan: Plan, at_ms: int) -> None:
        amount_minor = (
            rounded(_price_minor(plan) * plan.terms[0].share_bp, 10_000)
            if (plan.terms and plan.terms[0].share_bp < 10_000)
            else 0
        )
        await self._pay(plan, at_ms, amount_minor, plan.advance)

    async def _pay_balance(self, plan: Plan, at_ms: int) -> None:
        async with self.ground.desk.writing(self.ground.tenant) as conn:
            owed = await dues.of_booking(conn, plan.id)
        await self._pay(plan, at_ms, sum(map(_open_minor, owed)), plan.balance)

    async def _pay(self, plan: Plan, at_ms: int, due_minor: int, how: Paying) -> None:
        share = {Paying.WHOLE: 10_000, Paying.PART: PART_BP, Paying.TOO_MUCH: MORE_BP}.get(how, 0)
        amount_minor = rounded(due_minor * share, 10_000)
        if amount_minor < 100:
            return
        match plan.way:
            case Way.TRANSFER:
                # Whatever the bank has credited is there, also more than was asked for.
                await self._offline(plan, at_ms, Method.BANK_TRANSFER, due_minor, amount_minor)
            case Way.CASH:
                amount_minor = min(amount_minor, 1_99_999_00)
                await self._offline(plan, at_ms, Method.COD, amount_minor, amount_minor)
            case Way.BALANCE:
                await self._from_balance(plan, at_ms, amount_minor)
            case Way.PROVIDER:
                await self._by_provider(plan, at_ms, amount_minor)

    def _demand(self, plan: Plan, method: Method, amount_minor: int, **more: Any) -> paying.Demand:
        self.rows += 1
        return paying.Demand(
            id=f"pay-{plan.id}-{self.rows}",
            by=CLERK,
            method=method,
            amount_minor=amount_minor,
            shipper=plan.shipper,
            **more,
        )

    async def _offline(
        self, plan: Plan, at_ms: int, method: Method, asked_minor: int, came_minor: int
    ) -> None:
        wanted = self._demand(plan, method, asked_minor, booking=plan.id)
        is_cash = method is Method.COD
        came = paying.Record(
            amount_minor=came_minor,
            by=CLERK,
            reference=f"UTR{secrets.token_hex(6)}",
            proof="receipt" if is_cash else None,
            holder=f"carriers/{plan.carrier}" if is_cash else None,
        )
        async with self.ground.desk.writing(self.ground.tenant) as conn:
            till = self._till(conn, at_ms)
            await demand(till, wanted)
            await record_offline(till, wanted.id, came)

    async def _from_balance(self, plan: Plan, at_ms: int, amount_minor: int) -> None:
        """Filled by a transfer first, with some more."""
        method, top_up = Method.BANK_TRANSFER, Purpose.TOP_UP
        filled = self._demand(plan, method, amount_minor + 100_00, purpose=top_up)
        spent = self._demand(plan, Method.WALLET, amount_minor, booking=plan.id)
        utr = f"UTR{secrets.token_hex(6)}"
        async with self.ground.desk.writing(self.ground.tenant) as conn:
            till = self._till(conn, at_ms)
            await demand(till, filled)
            came = paying.Record(amount_minor=filled.amount_minor, by=CLERK, reference=utr)
            await record_offline(till, filled.id, came)
            await demand(till, spent)

    async def _by_provider(self, plan: Plan, at_ms: int, amount_minor: int) -> None:
        """Some fail first; some pay when it is waited for no more. Rounds find out."""
        desk, tenant = self.ground.desk, self.ground.tenant
        wanted = self._demand(plan, Method.NETBANKING, amount_minor, booking=plan.id)
        async with desk.writing(tenant) as conn:
            await demand(self._till(conn, at_ms), wanted)
        opened = await advance(desk, tenant, wanted.id, is_fresh=True)
        if opened.order is None:
            raise StepRefusedError(f"{wanted.id} has no order: {opened.refused}")
        path = f"orders/{opened.order}/pay"
        if plan.is_fumbled:
            await self.ground.at_sandbox(path, method="netbanking", outcome="fail")
            if plan.has_refund:
                self.late_orders.append(path)
                return
        await self.ground.at_sandbox(path, method="netbanking")

    async def _give_back(self, plan: Plan, at_ms: int) -> None:
        """What came in beyond what is owed, by a person."""
        async with self.ground.desk.writing(self.ground.tenant) as conn:
            owed = sum(due.amount_minor for due in await dues.of_booking(conn, plan.id))
            paid = await payments.of_booking(conn, plan.id)
            over = sum(one.kept_minor for one in paid) - owed
            for one in reversed(paid):
                amount_minor = min(over, one.kept_minor)
                if amount_minor <= 0:
                    continue
                wish = paying.Refund(
                    id=f"back-{one.id}", amount_minor=amount_minor, by=CLERK, reason="too much"
                )
                await refund(self._till(conn, at_ms), one.id, wish)
                over -= amount_minor

    async def _note(self, plan: Plan, at_ms: int) -> None:
        """By hand, as /v1/invoices/{id}/credit-notes writes it."""
        if not plan.noted_minor:
            return
        tenant, desk = self.ground.tenant, self.ground.desk
        async with desk.writing(tenant) as conn:
            papers = await invoices.of_booking(conn, plan.id)
            of = next(filter(_is_freight, papers), None)
            if of is None or of.total_minor <= 2 * plan.noted_minor:
                return
            wish = NoteWish(
                about=of.id,
                cause=f"by-hand/{plan.id}",
                reason="a favour",
                amount_minor=plan.noted_minor,
            )
            await credit(conn, tenant, wish, at_ms, desk.policy_of(tenant))
            await dues.look_again(conn, tenant.key, plan.id)

    async def _advance_carrier(self, plan: Plan, _: int) -> None:
        desk, tenant = self.ground.desk, self.ground.tenant
        method = AdvanceMethod(plan.carrier_advance or "")
        async with desk.writing(tenant) as conn:
            found = await settlements.of_booking(conn, plan.id)
            opened = next((one for one in found if one.kind is Kind.LEG), None)
            if opened is None:
                return
            name = advance_id(method, tenant.id, plan.id)
            wish = settling.AskAdvance(
                id=name, method=method, amount_minor=plan.carriage_minor // 3, by=CLERK
            )
            try:
                taken = await change(desk, conn, tenant, opened.id, wish)
                if taken.after.advance(name) is not None:
                    approved = settling.ApproveAdvance(name, CLERK_TOO)
                    await change(desk, conn, tenant, opened.id, approved)
            except Refusal:
                return  # its round has not looked yet, or it is over


def _open_minor(due: Due) -> int:
    return due.open_minor


def _is_freight(document: Document) -> bool:
    return document.kind in SUPPLIED and any(line.head is Head.FREIGHT for line in document.lines)


def _price_minor(plan: Plan) -> int:
    return plan.freight_minor + plan.fee_minor
