"""What is wrong inside a running instance, by its own figures, and what to do about each of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
from prometheus_client.parser import text_string_to_metric_families

from config.installation import DatabaseRole, Installation, Postgres
from config.policy import policy
from store.figures import clock_s
from store.postgres import connect

PREFIX = "ubertruck_"
RUNBOOKS = "docs/runbooks/{}.md"


@dataclass(frozen=True, slots=True)
class Wrong:
    what: str
    advice: str


@dataclass(frozen=True, slots=True)
class Series:
    labels: Mapping[str, str]
    value: float


# Name without prefix -> its series.
Figures = Mapping[str, list[Series]]
Limit = Callable[[float], bool]


@dataclass(frozen=True, slots=True)
class Sign:
    """A figure that says that something is wrong."""

    figure: str
    is_wrong: Limit
    says: str
    runbook: str


def _behind(value: float) -> bool:
    return value > policy().launch.doctor_behind_s


def _any(value: float) -> bool:
    return value > 0


SIGNS = (
    Sign("follower_dead_facts", _any, "{follower} could not take up {value:g} facts",
         "FollowerDeadFacts"),
    Sign("watch_alerts_oldest_s", _behind, "alerts are {value:.0f} s behind", "FollowerBehind"),
    Sign("messenger_notifications_oldest_s", _behind, "notifications are {value:.0f} s behind",
         "FollowerBehind"),
    Sign("messenger_webhooks_oldest_s", _behind, "webhooks are {value:.0f} s behind",
         "FollowerBehind"),
    Sign("outbox_relay_outbox_oldest_s", _behind, "events wait {value:.0f} s to be announced",
         "OutboxStuck"),
    Sign("provider_breaker_open", _any, "{provider} failed so often that it is left alone",
         "BreakerOpen"),
    Sign("bookkeeper_stuck_bookings", _any, "{value:g} bookings are not in the books",
         "BooksStuck"),
    Sign("legs_waiting_oldest_seconds", lambda s: s > policy().launch.doctor_leg_waits_s,
         "a leg has been looking for a truck for {value:.0f} s", "LegsWaitLong"),
    Sign("log_lost_bytes_total", _any, "{value:g} bytes of log lines could not be written",
         "LogLinesLost"),
)  # fmt: skip
_DEPENDENCIES = {
    "postgres": "`up` starts the embedded one again; one of your own: is it there? its password?",
    "redis": "the live feed and shared limits wait for it; nothing is lost; `up` starts it again",
    "broker": "devices keep their fixes and connect again; `up` starts the embedded one again",
}
_ACTOR_ADVICE = "Ray starts it again; its log: `python -m ubertruck logs --level error`"


def of_readiness(readiness: Mapping[str, Any]) -> Iterator[Wrong]:
    for name, found in readiness.get("dependencies", {}).items():
        if not found["ok"]:
            needed = "" if found["needed"] else " (the rest works without it)"
            advice = _DEPENDENCIES.get(name, _ACTOR_ADVICE)
            yield Wrong(f"{name}{needed}: {found['detail']}", advice)


def of_figures(figures: Figures) -> Iterator[Wrong]:
    for sign in SIGNS:
        # Replicas and actors may tell the same; the worst of each is enough.
        worst: dict[str, float] = {}
        for series in figures.get(sign.figure, ()):
            if sign.is_wrong(series.value):
                text = sign.says.format(value=series.value, **series.labels)
                worst[text] = series.value
        for text in worst:
            yield Wrong(text, RUNBOOKS.format(sign.runbook))


def figures_in(text: str) -> Figures:
    found: dict[str, list[Series]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = sample.name.removeprefix(PREFIX)
            found.setdefault(name, []).append(Series(sample.labels, sample.value))
    return found


def running(where: Installation, readiness: Mapping[str, Any]) -> list[Wrong]:
    """All that can be said of an instance that runs."""
    found = [*of_readiness(readiness)]
    url = f"http://{where.http.host}:{where.http.port}/metrics"
    try:
        answer = httpx.get(url, timeout=policy().launch.health_timeout_s, trust_env=False)
        found += of_figures(figures_in(answer.raise_for_status().text))
    except (httpx.HTTPError, ValueError) as error:
        found.append(Wrong(f"no figures from {url}: {error}", RUNBOOKS.format("GatewayDown")))
    return [*found, *of_clock(where)]


def of_clock(where: Installation) -> Iterator[Wrong]:
    """Fixes are admitted by our clock and stored by the database's: they must agree."""
    try:
        offset_s = asyncio.run(clock_offset_s(where.postgres))
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        yield Wrong(f"Postgres does not tell the time: {error}", _DEPENDENCIES["postgres"])
        return
    if abs(offset_s) > policy().launch.doctor_clock_offset_s_max:
        says = f"this machine's clock is {offset_s:+.1f} s off the database's"
        yield Wrong(says, "let both follow a time server (chrony, systemd-timesyncd)")


async def clock_offset_s(where: Postgres) -> float:
    """Seconds that this machine is ahead."""
    async with asyncio.timeout(policy().launch.health_timeout_s):
        conn = await connect(where, DatabaseRole.SYSTEM)
        try:
            before_s = time.time()
            theirs_s = await clock_s(conn)
            return (before_s + time.time()) / 2 - theirs_s
        finally:
            await conn.close()
