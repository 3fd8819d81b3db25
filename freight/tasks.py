"""Tasks for people: one for each cause, open for a time, then done, dismissed or lapsed."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from freight.refusal import Refusal

ID_BYTES = 12  # fixed: the form of our own ids


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"
    DISMISSED = "dismissed"  # a person says that it need not be done
    LAPSED = "lapsed"  # its time is over, or its reason gone


class Task(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    kind: str  # "eway.extend", ...
    subject: str  # "eway-bills/x"
    title: str
    opened_ms: int
    booking: str | None = None
    leg: str | None = None
    from_ms: int | None = None  # when it may be done
    to_ms: int | None = None
    state: TaskState = TaskState.OPEN
    assigned_to: str | None = None  # "users/x"
    escalated_ms: int | None = None
    settled_ms: int | None = None
    settled_by: str | None = None
    note: str | None = None
    facts: dict[str, Any] = {}
    version: int = 1


def task_id(kind: str, *cause: object) -> str:
    """The same cause is the same task, however often it is seen."""
    said = "\x1f".join([kind, *map(str, cause)])
    return "task-" + hashlib.blake2b(said.encode(), digest_size=ID_BYTES).hexdigest()


def settled(task: Task, state: TaskState, by: str, now_ms: int, note: str | None = None) -> Task:
    if task.state is not TaskState.OPEN:
        raise Refusal("settled", f"the task is {task.state.value} already")
    return replace(
        task,
        state=state,
        settled_ms=now_ms,
        settled_by=by,
        note=note,
        version=task.version + 1,
    )


def assigned(task: Task, to: str | None) -> Task:
    if task.state is not TaskState.OPEN:
        raise Refusal("settled", f"the task is {task.state.value} already")
    return replace(task, assigned_to=to, version=task.version + 1)


def escalated(task: Task, now_ms: int) -> Task:
    return replace(task, escalated_ms=now_ms, version=task.version + 1)
