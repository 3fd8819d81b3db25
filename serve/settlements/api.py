"""/v1/settlements: what carriers are owed, who approved it, and how it was paid."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from freight.settlements import commands as c
from freight.settlements.state import Status
from serve.addressed import To
from serve.fields import ObjectId, PathId, possible_id
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.ledger.forms import FORMS, Form, answer
from serve.paging import ListOf, Paged
from serve.settlements import service, wire
from serve.settlements.service import Wish
from serve.settlements.wire import CycleRunOut, SettlementOut, StatementOut, StepOut
from serve.versions import tagged

router = APIRouter(tags=["settlements"])

Reader = Annotated[Principal, needs(Permission.SETTLEMENTS_READ)]
Writer = Annotated[Principal, needs(Permission.SETTLEMENTS_WRITE)]
Approver = Annotated[Principal, needs(Permission.SETTLEMENTS_APPROVE)]
Disputer = Annotated[Principal, needs(Permission.SETTLEMENTS_DISPUTE)]
Payer = Annotated[Principal, needs(Permission.PAYOUTS_WRITE)]
AsForm = Annotated[Form, Query(alias="format")]
CycleName = Annotated[str | None, Query(pattern=r"^[0-9]{4}-[0-9W-]{2,5}$")]


async def line_id(line: Annotated[str, Path()]) -> str:
    return possible_id(line)


async def advance_id(advance: Annotated[str, Path()]) -> str:
    return possible_id(advance)


LineId = Annotated[str, Depends(line_id)]
AdvanceId = Annotated[str, Depends(advance_id)]


@router.get("/v1/settlements")
async def list_settlements(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    status: Status | None = None,
    carrier: ObjectId | None = None,
    booking: ObjectId | None = None,
    cycle: CycleName = None,
) -> ListOf[SettlementOut]:
    """The newest first; a carrier sees its own."""
    having = service.having(status, carrier, booking, cycle)
    return await service.list_page(gateway, who, page, having)


@router.post("/v1/settlements/cycle-runs")
async def run_cycle(given: wire.CycleRun, gateway: Opened, who: Writer) -> CycleRunOut:
    """Gathers what was ready in a period; time does it by itself when the period is over."""
    return await service.run_cycle(gateway, who, given)


@router.get("/v1/settlements/{id}")
async def get_settlement(
    settlement_id: PathId, gateway: Opened, who: Reader, response: Response
) -> SettlementOut:
    return tagged(response, await service.get(gateway, who, settlement_id))


@router.get("/v1/settlements/{id}/timeline")
async def get_settlement_timeline(
    settlement_id: PathId, gateway: Opened, who: Reader, page: Paged
) -> ListOf[StepOut]:
    """Every step in its order."""
    return await service.timeline(gateway, who, settlement_id, page)


@router.get("/v1/settlements/{id}/statement", responses=FORMS, response_model=StatementOut)
async def get_settlement_statement(
    settlement_id: PathId, gateway: Opened, who: Reader, form: AsForm = Form.JSON
) -> Any:
    """What was earned, what is taken off and what is paid; as CSV its lines."""
    shown = await service.statement(gateway, who, settlement_id)
    rows = [line for section in shown.sections for line in section.lines]
    return answer(form, f"settlement-{settlement_id}", shown, rows)


@router.post("/v1/settlements/{id}/lines", status_code=HTTPStatus.CREATED)
async def add_settlement_line(new: wire.NewLine, who: Writer, to: To) -> SettlementOut:
    """By hand, while it is not approved; a proposal is made anew then."""
    wish = Wish(to.id, "add_line", to.expected)
    return to.tagged(await service.add_line(to.gateway, who, wish, new))


@router.post("/v1/settlements/{id}/lines/{line}/remove")
async def remove_settlement_line(
    line: LineId, given: wire.Reasoned, who: Writer, to: To
) -> SettlementOut:
    """Of those that were written by hand."""
    wish = Wish(to.id, "remove_line", to.expected)
    command = c.RemoveLine(id=line, by=who.name, reason=given.reason)
    return to.tagged(await service.tell(to.gateway, who, wish, command))


@router.post("/v1/settlements/{id}/advances", status_code=HTTPStatus.CREATED)
async def ask_advance(new: wire.NewAdvance, who: Payer, to: To) -> SettlementOut:
    """Before delivery: paid to the carrier's bank, in cash, or as diesel by its fuel card. Above
    the limit a second person approves it."""
    wish = Wish(to.id, "ask_advance", to.expected)
    return to.tagged(await service.ask_advance(to.gateway, who, wish, new))


@router.post("/v1/settlements/{id}/advances/{advance}/approve")
async def approve_advance(advance: AdvanceId, who: Approver, to: To) -> SettlementOut:
    """By another person than asked for it."""
    wish = Wish(to.id, "approve_advance", to.expected)
    command = c.ApproveAdvance(advance, who.name)
    return to.tagged(await service.tell(to.gateway, who, wish, command))


@router.post("/v1/settlements/{id}/propose")
async def propose_settlement(who: Writer, to: To) -> SettlementOut:
    """With fees and taxes as they are reckoned now."""
    wish = Wish(to.id, "propose", to.expected)
    return to.tagged(await service.propose(to.gateway, who, wish))


@router.post("/v1/settlements/{id}/approve")
async def approve_settlement(who: Approver, to: To) -> SettlementOut:
    """Not by whoever changed it last; above the limit by two different persons. The last of them
    puts it into the books."""
    wish = Wish(to.id, "approve", to.expected)
    return to.tagged(await service.approve(to.gateway, who, wish))


@router.post("/v1/settlements/{id}/dispute")
async def dispute_settlement(given: wire.Reasoned, who: Disputer, to: To) -> SettlementOut:
    """Nothing of it goes on until it is resolved."""
    wish = Wish(to.id, "dispute", to.expected)
    command = c.Dispute(who.name, given.reason)
    return to.tagged(await service.tell(to.gateway, who, wish, command))


@router.post("/v1/settlements/{id}/resolve")
async def resolve_settlement(given: wire.Reasoned, who: Writer, to: To) -> SettlementOut:
    """The dispute is over; what was proposed then is proposed anew."""
    wish = Wish(to.id, "resolve", to.expected)
    command = c.Resolve(who.name, given.reason)
    return to.tagged(await service.tell(to.gateway, who, wish, command))


@router.post("/v1/settlements/{id}/reopen")
async def reopen_settlement(given: wire.Reasoned, who: Approver, to: To) -> SettlementOut:
    """Takes an approval back before it is paid; what it posted is reversed."""
    wish = Wish(to.id, "reopen", to.expected)
    command = c.Reopen(who.name, given.reason)
    return to.tagged(await service.tell(to.gateway, who, wish, command))


@router.post("/v1/settlements/{id}/carry-over")
async def carry_settlement_over(given: wire.CarryingOver, who: Writer, to: To) -> SettlementOut:
    """What the carrier owes by it is taken off another one."""
    wish = Wish(to.id, "carry_over", to.expected)
    return to.tagged(await service.carry_over(to.gateway, who, wish, given.to))


@router.post("/v1/settlements/{id}/pay")
async def pay_settlement(who: Payer, to: To) -> SettlementOut:
    """Starts its payout, where that is not done by itself."""
    wish = Wish(to.id, "pay", to.expected)
    return to.tagged(await service.pay(to.gateway, who, wish))
