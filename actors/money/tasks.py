"""Tasks for people as they change: each change is written and told in one transaction."""

from __future__ import annotations

from actors.money.eway_counter import Counter
from freight import tasks as rules
from freight.events import TruckEvent, aggregate_event_id
from freight.eway.autopilot import Settle
from freight.tasks import Task, TaskState
from store import events, tasks

AUTOPILOT = "autopilot"


async def begin(at: Counter, task: Task) -> None:
    """Once for each cause."""
    if await tasks.begin(at.conn, at.tenant.key, task):
        await _tell(at, "opened", task)


async def settle_task(at: Counter, step: Settle) -> None:
    """By itself; whoever was first has settled it."""
    task = await tasks.get(at.conn, step.task)
    if task.state is TaskState.OPEN:
        await change(at, rules.settled(task, step.state, AUTOPILOT, at.at_ms, step.note))


async def escalate(at: Counter, task: Task) -> None:
    after = rules.escalated(task, at.at_ms)
    await tasks.put(at.conn, after)
    await _tell(at, "escalated", after)


async def change(at: Counter, after: Task) -> Task:
    """StaleVersionError: somebody else changed it meanwhile."""
    await tasks.put(at.conn, after)
    await _tell(at, "assigned" if after.state is TaskState.OPEN else after.state.value, after)
    return after


async def _tell(at: Counter, what: str, task: Task) -> None:
    """About the booking where there is one, so that its readers hear of it in order."""
    about = f"tasks/{task.id}"
    event = TruckEvent(
        id=aggregate_event_id(at.tenant.key, about, task.version, 0),
        type=f"task.{what}",
        tenant_key=at.tenant.key,
        truck_key=None,
        tenant=at.tenant.id,
        subject=about if task.booking is None else f"bookings/{task.booking}",
        time_ms=at.at_ms,
        known_at_ms=at.at_ms,
        data={
            "task": task.id,
            "kind": task.kind,
            "about": task.subject,
            "title": task.title,
            "assigned_to": task.assigned_to,
            **task.facts,
        },
    )
    await events.insert(at.conn, [event])
