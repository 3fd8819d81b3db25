"""How an endpoint fares: failing, paused, probed and back again, or gone."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from freight.refusal import Refusal
from freight.webhooks.answers import Verdict
from freight.webhooks.rules import PauseRules

MS = 1000


class EndpointState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"  # what it is due waits
    DISABLED = "disabled"  # it is due nothing


class Why(StrEnum):
    """Why it is not active."""

    BY_HAND = "by_hand"
    FAILING = "failing"
    GONE = "gone"  # it answered 410


class Health(msgspec.Struct, frozen=True, kw_only=True):
    state: EndpointState = EndpointState.ACTIVE
    why: Why | None = None
    failures: int = 0  # in a row
    failing_since_ms: int | None = None
    paused_ms: int | None = None
    probe_ms: int | None = None  # when it is tried next while it is paused for failing


class Failed(msgspec.Struct, frozen=True, tag=True):
    at_ms: int


class Recovered(msgspec.Struct, frozen=True, tag=True):
    at_ms: int


class Paused(msgspec.Struct, frozen=True, tag=True):
    at_ms: int
    why: Why
    probe_ms: int | None


class ProbeFailed(msgspec.Struct, frozen=True, tag=True):
    probe_ms: int


class Resumed(msgspec.Struct, frozen=True, tag=True):
    at_ms: int


class Disabled(msgspec.Struct, frozen=True, tag=True):
    at_ms: int


EndpointEvent = Failed | Recovered | Paused | ProbeFailed | Resumed | Disabled
# Those that the world is told, by the name of the fact.
TOLD = {
    Paused: "webhook.endpoint_paused",
    Resumed: "webhook.endpoint_resumed",
    Disabled: "webhook.endpoint_disabled",
}


def after_attempt(
    now: Health, verdict: Verdict, at_ms: int, rules: PauseRules, *, is_test: bool = False
) -> list[EndpointEvent]:
    """A test that fails says something to who made it, and nothing else."""
    if verdict is Verdict.GONE:
        return [] if now.state is EndpointState.DISABLED else [Disabled(at_ms)]
    if verdict in {Verdict.SUCCESS, Verdict.NEVER}:
        return _is_there(now, at_ms)
    if is_test or now.state is EndpointState.DISABLED:
        return []
    if now.state is EndpointState.PAUSED:
        probe_ms = at_ms + round(rules.probe_every_s * MS)
        return [ProbeFailed(probe_ms)] if now.why is Why.FAILING else []
    failed: list[EndpointEvent] = [Failed(at_ms)]
    then = evolve(now, failed[0])
    since_ms = at_ms if then.failing_since_ms is None else then.failing_since_ms
    is_long = at_ms - since_ms >= rules.after_s * MS
    if is_long and then.failures >= rules.failures_min:
        failed.append(Paused(at_ms, Why.FAILING, at_ms + round(rules.probe_every_s * MS)))
    return failed


def _is_there(now: Health, at_ms: int) -> list[EndpointEvent]:
    if now.state is EndpointState.PAUSED and now.why is Why.FAILING:
        return [Resumed(at_ms)]
    return [Recovered(at_ms)] if now.failures else []


def pause(now: Health, at_ms: int) -> list[EndpointEvent]:
    """By hand: nothing is tried until somebody resumes it."""
    if now.state is EndpointState.DISABLED:
        raise Refusal("disabled", "it is disabled, and is sent nothing anyway")
    return [] if now.why is Why.BY_HAND else [Paused(at_ms, Why.BY_HAND, None)]


def resume(now: Health, at_ms: int) -> list[EndpointEvent]:
    """What waits is sent; what came while it was disabled is brought by a replay."""
    return [] if now.state is EndpointState.ACTIVE else [Resumed(at_ms)]


def evolve(now: Health, event: EndpointEvent) -> Health:
    replace = msgspec.structs.replace
    match event:
        case Failed(at_ms=at_ms):
            since_ms = at_ms if now.failing_since_ms is None else now.failing_since_ms
            return replace(now, failures=now.failures + 1, failing_since_ms=since_ms)
        case Recovered():
            return replace(now, failures=0, failing_since_ms=None)
        case Paused(at_ms=at_ms, why=why, probe_ms=probe_ms):
            state = EndpointState.PAUSED
            return replace(now, state=state, why=why, paused_ms=at_ms, probe_ms=probe_ms)
        case ProbeFailed(probe_ms=probe_ms):
            return replace(now, failures=now.failures + 1, probe_ms=probe_ms)
        case Resumed():
            return Health()
        case Disabled(at_ms=at_ms):
            return Health(state=EndpointState.DISABLED, why=Why.GONE, paused_ms=at_ms)
