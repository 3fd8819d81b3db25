"""/v1/alerts: what a person should act on, why, and what became of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from freight.alerts import commands as c
from freight.alerts.kinds import Kind, Severity
from freight.alerts.state import SHOWN, AlertState
from serve.addressed import To
from serve.alerts import evidence, service, trying
from serve.alerts.service import Sought
from serve.alerts.watching import summary_of
from serve.alerts.wire import (
    AlertDetail,
    AlertOut,
    AlertStepOut,
    AssignedTo,
    BacktestIn,
    BacktestOut,
    CommentOut,
    EvidenceOut,
    Judged,
    NewComment,
    Noted,
    Snoozed,
    SummaryOut,
)
from serve.fields import ObjectId, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.tasks.wire import Person
from serve.versions import tagged

router = APIRouter(tags=["alerts"])

Reader = Annotated[Principal, needs(Permission.ALERTS_READ)]
Writer = Annotated[Principal, needs(Permission.ALERTS_WRITE)]
RulesWriter = Annotated[Principal, needs(Permission.ALERTS_RULES)]


class StateAsked(StrEnum):
    OPEN = "open"  # raised or acknowledged
    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    RETRACTED = "retracted"


async def sought(  # noqa: PLR0917 - the framework passes by name
    state: Annotated[StateAsked | None, Query()] = None,
    severity: Annotated[Severity | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
    truck: ObjectId | None = None,
    booking: ObjectId | None = None,
    assigned_to: Annotated[Person | None, Query()] = None,
) -> Sought:
    states = None
    if state is not None:
        states = SHOWN if state is StateAsked.OPEN else frozenset({AlertState(state.value)})
    return Sought(states, severity, kind, truck, booking, assigned_to)


@router.get("/v1/alerts")
async def list_alerts(
    gateway: Opened, who: Reader, page: Paged, wanted: Annotated[Sought, Depends(sought)]
) -> ListOf[AlertOut]:
    """Those raised last first."""
    return await service.list_page(gateway, who, page, wanted)


@router.get("/v1/alerts/summary")
async def get_alerts_summary(gateway: Opened, who: Reader) -> SummaryOut:
    """How many are open; and whether the rest is quiet or only unseen."""
    return await summary_of(gateway, who)


@router.post("/v1/alerts/backtest")
async def backtest_alerts(asked: BacktestIn, gateway: Opened, who: RulesWriter) -> BacktestOut:
    """What these rules would have raised, beside those that hold; nothing is written."""
    return await trying.backtest(gateway, who, asked)


@router.get("/v1/alerts/{id}")
async def get_alert(
    alert_id: PathId, gateway: Opened, who: Reader, response: Response
) -> AlertDetail:
    return tagged(response, await service.get(gateway, who, alert_id))


@router.get("/v1/alerts/{id}/evidence")
async def get_alert_evidence(alert_id: PathId, gateway: Opened, who: Reader) -> EvidenceOut:
    """With the fixes around its causes, as far as the caller may see positions."""
    return await evidence.of_alert(gateway, who, alert_id)


@router.get("/v1/alerts/{id}/history")
async def list_alert_history(
    alert_id: PathId, gateway: Opened, who: Reader, page: Paged
) -> ListOf[AlertStepOut]:
    """The latest steps first."""
    return await service.history(gateway, who, alert_id, page)


@router.get("/v1/alerts/{id}/comments")
async def list_alert_comments(
    alert_id: PathId, gateway: Opened, who: Reader, page: Paged
) -> ListOf[CommentOut]:
    """The latest first; those of the tenant's own people are not shown to others."""
    return await service.comments(gateway, who, alert_id, page)


@router.post("/v1/alerts/{id}/ack")
async def acknowledge_alert(who: Writer, to: To) -> AlertOut:
    """Somebody sees to it: nobody else is called, unless its rule says so."""
    return to.tagged(await service.tell(to, who, "acknowledge", c.Acknowledge(by=who.name)))


@router.post("/v1/alerts/{id}/resolve")
async def resolve_alert(who: Writer, to: To, given: Noted | None = None) -> AlertOut:
    note = None if given is None else given.note
    return to.tagged(await service.tell(to, who, "resolve", c.Resolve(by=who.name, note=note)))


@router.post("/v1/alerts/{id}/snooze")
async def snooze_alert(given: Snoozed, who: Writer, to: To) -> AlertOut:
    """Nobody is called until then, or until it is worse."""
    command = c.Snooze(by=who.name, until_ms=service.until_ms(given))
    return to.tagged(await service.tell(to, who, "snooze", command))


@router.post("/v1/alerts/{id}/assign")
async def assign_alert(given: AssignedTo, who: Writer, to: To) -> AlertOut:
    return to.tagged(await service.tell(to, who, "assign", c.Assign(by=who.name, to=given.to)))


@router.post("/v1/alerts/{id}/judge")
async def judge_alert(given: Judged, who: Writer, to: To) -> AlertOut:
    """Whether it was right to call a person; the share of those is its kind's precision."""
    command = c.Judge(by=who.name, judged=given.judged)
    return to.tagged(await service.tell(to, who, "judge", command))


@router.post("/v1/alerts/{id}/comments", status_code=201)
async def comment_on_alert(given: NewComment, who: Writer, to: To) -> CommentOut:
    return to.tagged(await service.comment(to, who, given.text))
