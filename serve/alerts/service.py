"""What people do with alerts: look, take on, put off, comment, judge."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from actors.alerts.writing import Scene, ask
from actors.life import now_ms
from freight.alerts.commands import Comment, PeopleCommand
from freight.alerts.kinds import Kind, Severity
from freight.alerts.state import Alert, AlertState
from freight.refusal import Refusal
from serve.addressed import Addressed
from serve.alerts.wire import AlertDetail, AlertOut, AlertStepOut, CommentOut, Snoozed
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, not_a_cursor, number_of
from serve.payments.changing import tenant_of
from serve.problems import ConflictError, InvalidError, NotFoundError, ProblemError
from store import alerts, errors, trucks
from store.alerts import Listed
from store.postgres import AnyConnection, epoch_ms

COMMENTED = "commented"
MINUTE_MS = 60_000
_POINTERS = {"in_the_past": "/until", "too_long": "/until"}


@dataclasses.dataclass(frozen=True, slots=True)
class Sought:
    states: Collection[AlertState] | None
    severity: Severity | None
    kind: Kind | None
    truck: str | None
    booking: str | None
    assigned_to: str | None


async def list_page(
    gateway: Gateway, who: Principal, page: Page, sought: Sought
) -> ListOf[AlertOut]:
    async with gateway.as_tenant(who) as conn:
        try:
            wanted = await _wanted(conn, sought)
        except errors.NotFoundError:
            return ListOf(items=[])
        found = await alerts.list_page(
            conn, wanted, before=_place_of(page.after), limit=page.one_more
        )
    kept, next_cursor = page.cut(found, _cursor)
    return ListOf(items=[AlertOut.of(one.alert) for one in kept], next_cursor=next_cursor)


async def _wanted(conn: AnyConnection, sought: Sought) -> alerts.Wanted:
    truck = None if sought.truck is None else (await trucks.get(conn, sought.truck)).key
    return alerts.Wanted(
        states=None if sought.states is None else sorted(each.value for each in sought.states),
        severity=None if sought.severity is None else sought.severity.value,
        kind=None if sought.kind is None else sought.kind.value,
        truck=truck,
        booking=sought.booking,
        assigned_to=sought.assigned_to,
    )


def _cursor(one: Listed) -> str:
    return f"{one.alert.raised_ms}.{one.nr}"


def _place_of(key: str | None) -> tuple[int, int] | None:
    if key is None:
        return None
    raised, _, nr = key.partition(".")
    found = number_of(raised), number_of(nr)
    if found[0] is None or found[1] is None or found[0] >= 253_402_300_800_000:  # fixed: year 9999
        raise not_a_cursor()
    return found[0], found[1]


async def visible(conn: AnyConnection, alert_id: str) -> Alert:
    """Of those that the caller may see; one of which nobody was told is not there."""
    return (await alerts.get(conn, alert_id)).alert


async def get(gateway: Gateway, who: Principal, alert_id: str) -> AlertDetail:
    shown = gateway.policy.watch.history_shown_max
    async with gateway.as_tenant(who) as conn:
        alert = await visible(conn, alert_id)
        steps = await alerts.log(conn, alert_id, before=None, limit=shown)
        said = await alerts.log(conn, alert_id, before=None, limit=shown, only=COMMENTED)
    history = [AlertStepOut.of(one) for one in steps]
    return AlertDetail.with_story(alert, history, [CommentOut.of(one) for one in said])


async def history(
    gateway: Gateway, who: Principal, alert_id: str, page: Page
) -> ListOf[AlertStepOut]:
    async with gateway.as_tenant(who) as conn:
        await visible(conn, alert_id)
        before = _version_of(page)
        found = await alerts.log(conn, alert_id, before=before, limit=page.one_more)
    kept, next_cursor = page.cut(found, lambda one: str(one.version))
    return ListOf(items=[AlertStepOut.of(one) for one in kept], next_cursor=next_cursor)


async def comments(
    gateway: Gateway, who: Principal, alert_id: str, page: Page
) -> ListOf[CommentOut]:
    async with gateway.as_tenant(who) as conn:
        await visible(conn, alert_id)
        before = _version_of(page)
        found = await alerts.log(conn, alert_id, before=before, limit=page.one_more, only=COMMENTED)
    kept, next_cursor = page.cut(found, lambda one: str(one.version))
    return ListOf(items=[CommentOut.of(one) for one in kept], next_cursor=next_cursor)


def _version_of(page: Page) -> int | None:
    before = number_of(page.after)
    if before is not None and before >= 2**31:  # the largest version there can be
        raise not_a_cursor()
    return before


# ---------------------------------------------------------------------------------- changing


def until_ms(given: Snoozed) -> int | None:
    if given.minutes is not None:
        return now_ms() + given.minutes * MINUTE_MS
    return None if given.until is None else epoch_ms(given.until)


async def tell(to: Addressed, who: Principal, action: str, command: PeopleCommand) -> AlertOut:
    try:
        async with to.gateway.changing(who, f"alerts.{action}", f"alerts/{to.id}") as change:
            scene = Scene(change.conn, tenant_of(who), to.gateway.policy_of(who), now_ms())
            change.before = AlertOut.of(await visible(change.conn, to.id))
            change.after = shown = AlertOut.of(await ask(scene, to.id, command, to.expected))
    except Refusal as refusal:
        raise problem_of(refusal) from refusal
    return shown


async def comment(to: Addressed, who: Principal, text: str) -> CommentOut:
    command = Comment(by=who.name, text=text)
    try:
        async with to.gateway.changing(who, "alerts.comment", f"alerts/{to.id}") as change:
            scene = Scene(change.conn, tenant_of(who), to.gateway.policy_of(who), now_ms())
            await visible(change.conn, to.id)
            await ask(scene, to.id, command, to.expected)
            (said,) = await alerts.log(change.conn, to.id, before=None, limit=1, only=COMMENTED)
            change.after = shown = CommentOut.of(said)
    except Refusal as refusal:
        raise problem_of(refusal) from refusal
    return shown


def problem_of(refusal: Refusal) -> ProblemError:
    if refusal.code == "unknown_alert":
        return NotFoundError(refusal.detail)
    if refusal.code in _POINTERS:
        return InvalidError.at(_POINTERS[refusal.code], refusal.detail, code=refusal.code)
    error = {"pointer": "", "detail": refusal.detail, "code": refusal.code}
    return ConflictError(refusal.detail, errors=[error])
