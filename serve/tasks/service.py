"""What people do with their tasks: done, dismissed, given to somebody."""

from __future__ import annotations

from collections.abc import Callable

from actors.life import now_ms
from actors.money.eway_counter import Counter
from actors.money.tasks import change as change_task
from freight.refusal import Refusal
from freight.tasks import Task, TaskState, assigned, settled
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from serve.payments.changing import tenant_of
from serve.problems import ConflictError
from serve.tasks.wire import TaskOut
from store import eway, tasks
from store.errors import StaleVersionError

EWAY_BILLS = "eway-bills/"


async def get(gateway: Gateway, who: Principal, task_id: str) -> TaskOut:
    async with gateway.as_tenant(who) as conn:
        return TaskOut.of(await tasks.get(conn, task_id))


async def list_page(  # noqa: PLR0917 - what it is looked for by
    gateway: Gateway,
    who: Principal,
    page: Page,
    state: TaskState | None,
    kind: str | None,
    booking: str | None,
    assigned_to: str | None,
) -> ListOf[TaskOut]:
    async with gateway.as_tenant(who) as conn:
        found = await tasks.list_page(
            conn,
            before=number_of(page.after),
            limit=page.one_more,
            state=None if state is None else state.value,
            kind=kind,
            booking=booking,
            assigned_to=assigned_to,
        )
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[TaskOut.of(one.task) for one in kept], next_cursor=next_cursor)


async def settle(  # noqa: PLR0917 - as the routes name them
    gateway: Gateway,
    who: Principal,
    task_id: str,
    state: TaskState,
    note: str | None,
    expected: int | None,
) -> TaskOut:
    def follows(task: Task) -> Task:
        return settled(task, state, who.name, now_ms(), note)

    return await _change(gateway, who, task_id, state.value, follows, expected)


async def assign(
    gateway: Gateway, who: Principal, task_id: str, to: str | None, expected: int | None
) -> TaskOut:
    return await _change(gateway, who, task_id, "assign", lambda task: assigned(task, to), expected)


async def _change(  # noqa: PLR0917
    gateway: Gateway,
    who: Principal,
    task_id: str,
    what: str,
    follows: Callable[[Task], Task],
    expected: int | None,
) -> TaskOut:
    try:
        async with gateway.changing(who, f"tasks.{what}", f"tasks/{task_id}") as change:
            task = await tasks.get(change.conn, task_id)
            if expected not in {None, task.version}:
                raise StaleVersionError("task", task_id, expected or 0, task.version)
            change.before = TaskOut.of(task)
            at = Counter(change.conn, tenant_of(who), gateway.policy_of(who), now_ms())
            after = await change_task(at, follows(task))
            if after.state is TaskState.DONE and after.subject.startswith(EWAY_BILLS):
                # What was done was done on the portal: it is looked for there.
                bill = after.subject.removeprefix(EWAY_BILLS)
                await eway.mark_stale(change.conn, bill, at.at_ms)
            change.after = shown = TaskOut.of(after)
    except Refusal as refusal:
        error = {"pointer": "", "detail": refusal.detail, "code": refusal.code}
        raise ConflictError(refusal.detail, errors=[error]) from refusal
    return shown
