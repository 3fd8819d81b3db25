"""What can be done with carriers' settlements: each change one audited transaction."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Awaitable, Callable

from actors.life import now_ms
from actors.money import settlements as engine
from actors.money.desk import Desk
from actors.money.payouts import start
from freight.cloudevents import rfc3339
from freight.dated import NotInForceError
from freight.refusal import Refusal
from freight.settlements import commands as c
from freight.settlements.cycles import Period, period_of
from freight.settlements.rules import Cycle, SettlementRules
from freight.settlements.state import Settlement, Status
from freight.settlements.statement import statement_of
from serve.bookings.service import command_key
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from serve.payments.changing import desk_of, tenant_of
from serve.problems import ConflictError, InvalidError, NotFoundError, ProblemError, StaleError
from serve.settlements.wire import (
    CycleRun,
    CycleRunOut,
    NewAdvance,
    NewLine,
    SettlementOut,
    StatementOut,
    StepOut,
)
from store import settlements
from store.postgres import AnyConnection, epoch_ms

_MISSING = frozenset({"unknown_line", "unknown_advance", "unknown_settlement", "unknown_payout"})
# What a request says that cannot be, and where.
_POINTERS = {
    "wrong_sign": "/amount",
    "advance_too_large": "/amount",
    "not_by_hand": "/head",
    "evidence_missing": "/evidence",
    "not_its_own": "/to",
}
Work = Callable[[Desk, AnyConnection], Awaitable[object]]


async def get(gateway: Gateway, who: Principal, settlement_id: str) -> SettlementOut:
    return shown(gateway, who, await visible(gateway, who, settlement_id))


async def visible(gateway: Gateway, who: Principal, settlement_id: str) -> Settlement:
    """Of those that the caller may see."""
    async with gateway.as_tenant(who) as conn:
        return await settlements.get(conn, settlement_id)


def shown(gateway: Gateway, who: Principal, state: Settlement) -> SettlementOut:
    return SettlementOut.of(state, gateway.policy_of(who).settlements)


async def list_page(
    gateway: Gateway, who: Principal, page: Page, having: dict[str, str | None]
) -> ListOf[SettlementOut]:
    """The newest first."""
    before = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        found = await settlements.list_page(conn, before=before, limit=page.one_more, having=having)
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    items = [shown(gateway, who, one.settlement) for one in kept]
    return ListOf(items=items, next_cursor=next_cursor)


async def timeline(
    gateway: Gateway, who: Principal, settlement_id: str, page: Page
) -> ListOf[StepOut]:
    after = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        await settlements.get(conn, settlement_id)
        found = await settlements.steps(conn, settlement_id, after, page.one_more)
    kept, next_cursor = page.cut(found, lambda one: str(one.version))
    items = [
        StepOut(version=one.version, at=rfc3339(epoch_ms(one.at)), type=one.type, event=one.event)
        for one in kept
    ]
    return ListOf(items=items, next_cursor=next_cursor)


async def statement(gateway: Gateway, who: Principal, settlement_id: str) -> StatementOut:
    return StatementOut.of(statement_of(await visible(gateway, who, settlement_id)))


# ----------------------------------------------------------------------------------- changes


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """Which settlement, at which version, and how the audit trail names what is done."""

    settlement: str
    action: str
    expected: int | None = None


async def changed(gateway: Gateway, who: Principal, wish: Wish, work: Work) -> SettlementOut:
    """The books are the whole tenant's: what a carrier may see was looked up before, and here it
    speaks for its tenant."""
    await visible(gateway, who, wish.settlement)
    teller = dataclasses.replace(who, carrier=None)
    subject = f"settlements/{wish.settlement}"
    try:
        async with gateway.changing(teller, f"settlements.{wish.action}", subject) as change:
            before = await settlements.find(change.conn, wish.settlement, to_change=True)
            if before is not None:
                change.before = shown(gateway, who, before)
                if wish.expected not in (None, before.version):
                    says = f"it is at version {before.version}, not {wish.expected}"
                    raise StaleError(says)
            await work(desk_of(gateway), change.conn)
            after = await settlements.get(change.conn, wish.settlement)
            change.after = made = shown(gateway, who, after)
            return made
    except Refusal as refusal:
        raise problem_of(refusal) from refusal
    except NotInForceError as gap:
        says = f"the dated rules of tax and fees leave a gap: {gap}"
        raise problem_of(Refusal("rate_not_in_force", says)) from gap


async def tell(gateway: Gateway, who: Principal, wish: Wish, command: c.Command) -> SettlementOut:
    async def work(desk: Desk, conn: AnyConnection) -> object:
        return await engine.change(desk, conn, tenant_of(who), wish.settlement, command)

    return await changed(gateway, who, wish, work)


async def add_line(gateway: Gateway, who: Principal, wish: Wish, new: NewLine) -> SettlementOut:
    command = c.AddLine(
        id=f"hand-{_nonce()}",
        head=new.head,
        amount_minor=new.amount.amount_minor,
        by=who.name,
        reason=new.reason,
        evidence=tuple(new.evidence),
        booking=new.booking,
        leg=new.leg,
    )
    return await tell(gateway, who, wish, command)


async def ask_advance(
    gateway: Gateway, who: Principal, wish: Wish, new: NewAdvance
) -> SettlementOut:
    """Paid by the next round; a large one waits for a second person."""
    tenant = tenant_of(who)
    command = c.AskAdvance(
        id=engine.advance_id(new.method, tenant.id, wish.settlement, _nonce()),
        method=new.method,
        amount_minor=new.amount.amount_minor,
        by=who.name,
        memo=new.memo or "",
    )
    return await tell(gateway, who, wish, command)


def _nonce() -> str:
    """The same request again, though its answer was lost, is about the same thing."""
    return command_key() or secrets.token_hex(8)


async def propose(gateway: Gateway, who: Principal, wish: Wish) -> SettlementOut:
    async def work(desk: Desk, conn: AnyConnection) -> object:
        return await engine.propose(desk, conn, tenant_of(who), wish.settlement, who.name)

    return await changed(gateway, who, wish, work)


async def approve(gateway: Gateway, who: Principal, wish: Wish) -> SettlementOut:
    async def work(desk: Desk, conn: AnyConnection) -> object:
        return await engine.approve(desk, conn, tenant_of(who), wish.settlement, who.name)

    return await changed(gateway, who, wish, work)


async def pay(gateway: Gateway, who: Principal, wish: Wish) -> SettlementOut:
    async def work(desk: Desk, conn: AnyConnection) -> object:
        return await start(desk, conn, tenant_of(who), wish.settlement, who.name)

    return await changed(gateway, who, wish, work)


async def carry_over(gateway: Gateway, who: Principal, wish: Wish, to: str) -> SettlementOut:
    async def work(desk: Desk, conn: AnyConnection) -> object:
        tenant = tenant_of(who)
        return await engine.carry_over(desk, conn, tenant, wish.settlement, to, who.name)

    return await changed(gateway, who, wish, work)


# ----------------------------------------------------------------------------------- periods


async def run_cycle(gateway: Gateway, who: Principal, run: CycleRun) -> CycleRunOut:
    """A transaction for each carrier's period; asked again, only what has become ready since."""
    rules = gateway.policy_of(who).settlements
    made: list[str] = []
    async with gateway.changing(who, "settlements.run_cycle", "settlements") as change:
        for carrier in await _carriers(gateway, who, change.conn, run, rules):
            period = _period(rules, carrier, run)
            desk, tenant = desk_of(gateway), tenant_of(who)
            gathered = await engine.take_into_cycle(desk, change.conn, tenant, carrier, period)
            made += [] if gathered is None else [gathered]
        change.after = answer = CycleRunOut(settlements=made)
    return answer


async def _carriers(
    gateway: Gateway, who: Principal, conn: AnyConnection, run: CycleRun, rules: SettlementRules
) -> list[str]:
    if run.carrier is not None:
        if rules.cycle_of(run.carrier) is Cycle.LEG:
            says = f"{run.carrier} is settled with leg by leg"
            raise InvalidError.at("/carrier", says)
        return [run.carrier]
    limit = gateway.policy_of(who).settlements.members_max
    waiting = await settlements.ready_for_cycle(conn, None, now_ms(), limit)
    found = dict.fromkeys(each.carrier for each in waiting)
    return [carrier for carrier in found if rules.cycle_of(carrier) is not Cycle.LEG]


def _period(rules: SettlementRules, carrier: str, run: CycleRun) -> Period:
    cycle = rules.cycle_of(carrier)
    if run.until is not None:
        return period_of(cycle, epoch_ms(run.until), rules.time_zone)
    present = period_of(cycle, now_ms(), rules.time_zone)
    return period_of(cycle, present.from_ms - 1, rules.time_zone)


def problem_of(refusal: Refusal) -> ProblemError:
    if refusal.code in _MISSING:
        return NotFoundError(refusal.detail)
    pointer = _POINTERS.get(refusal.code)
    if pointer is not None:
        return InvalidError.at(pointer, refusal.detail, code=refusal.code)
    error = {"pointer": "", "detail": refusal.detail, "code": refusal.code}
    return ConflictError(refusal.detail, errors=[error])


def having(
    status: Status | None, carrier: str | None, booking: str | None, cycle: str | None
) -> dict[str, str | None]:
    return {"status": status, "carrier": carrier, "booking": booking, "cycle": cycle}
