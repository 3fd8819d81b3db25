"""Incidents against the alerts that are there, messages that arrived, and webhooks that came."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from bench.chaos_alerts_ground import OUTSIDE, ROUTES, Office, sandbox
from bench.chaos_incidents import Incident
from bench.chaos_receiver import Receiver
from store.postgres import AnyConnection

# Nothing more becomes of these by itself.
TOLD_OF = frozenset({"unknown", "dead"})
TYPES = ("alert", "truck")  # the first words of what a receiver hears of
MOVING = frozenset({"waiting", "sending"})
Taken = TypeVar("Taken")


@dataclasses.dataclass
class Counts:
    """What was expected, what was there, and every way in which the two may differ."""

    figures: dict[str, int] = dataclasses.field(default_factory=dict)
    faults: dict[str, int] = dataclasses.field(default_factory=dict)
    named: list[str] = dataclasses.field(default_factory=list)  # some of the faults

    def fault(self, name: str, found: Sequence[object]) -> None:
        self.faults[name] = len(found)
        self.named += [f"{name}: {one}" for one in found[:10]]

    @property
    def is_whole(self) -> bool:
        return not any(self.faults.values())


async def account(  # noqa: PLR0917 - all that is held against each other
    office: Office,
    conn: AnyConnection,
    sent: Sequence[Incident],
    people: Sequence[str],
    receiver: Receiver,
    after_seq: int,
) -> Counts:
    counts = Counts()
    shown = await office.all_of("/v1/alerts")
    hold_alerts(counts, sent, shown)
    await hold_told(counts, conn, shown, after_seq)
    await hold_planned(counts, office, people, shown)
    await hold_told_outside(counts, conn, receiver, after_seq)
    return counts


def hold_alerts(counts: Counts, sent: Sequence[Incident], shown: list[dict[str, Any]]) -> None:
    """Every script has the alert that it must cause, once, and nothing else has one."""
    trucks = {one.truck: one for one in sent}
    wanted = {(one.truck, one.script.kind) for one in sent if one.script.kind is not None}
    found = Counter((each["truck"], each["kind"]) for each in shown if each["truck"] in trucks)
    severity = {(each["truck"], each["kind"]): each["severity"] for each in shown}
    counts.figures["incidents"] = len(sent)
    counts.figures["incidents_without_alert"] = len(sent) - len(wanted)
    counts.figures["alerts"] = found.total()
    counts.figures["alerts_of_ourselves"] = sum(each["truck"] is None for each in shown)
    counts.fault("alerts_missing", [(trucks[t].script.name, t) for t, k in wanted - found.keys()])
    counts.fault("alerts_doubled", [pair for pair, count in found.items() if count > 1])
    extra = [(kind, truck, trucks[truck].script.name) for truck, kind in found.keys() - wanted]
    extra += [(each["kind"], each["truck"], "") for each in shown if _is_of_nobody(each, trucks)]
    counts.fault("alerts_without_cause", extra)
    grave = {(one.truck, one.script.kind): one.script.severity for one in sent}
    wrong = [pair for pair in wanted & found.keys() if severity[pair] != grave[pair]]
    counts.fault("alerts_of_other_severity", wrong)


def _is_of_nobody(alert: dict[str, Any], trucks: dict[str, Incident]) -> bool:
    """That we ourselves did not see is a cause: processes were killed."""
    is_ours = alert["kind"] == "watch_impaired" and alert["truck"] is None
    return not is_ours and alert["truck"] not in trucks


async def hold_told(
    counts: Counts, conn: AnyConnection, shown: list[dict[str, Any]], after_seq: int
) -> None:
    """Each alert was told of once, whoever died between."""
    rows = await conn.fetch(
        "SELECT subject, count(*) AS told FROM events WHERE seq > $1 AND type = 'alert.raised' "
        "GROUP BY subject",
        after_seq,
    )
    told = {row["subject"].removeprefix("alerts/"): row["told"] for row in rows}
    wrong = [one["id"] for one in shown if told.get(one["id"], 0) != 1]
    counts.fault("alerts_not_told_once", wrong)


async def hold_planned(
    counts: Counts,
    office: Office,
    people: Sequence[str],
    shown: list[dict[str, Any]],
    settled: frozenset[str] = TOLD_OF,
) -> None:
    async with sandbox(office.running) as there:
        kept = (await there.get("/sandbox/messages")).json()["messages"]
    planned = await office.all_of("/v1/notifications")
    of_alerts = [one for one in planned if one["kind"] == "alert.raised"]
    critical = {f"alerts/{one['id']}" for one in shown if one["severity"] == "critical"}
    has = Counter((one["subject"], one["person"]) for one in of_alerts)
    unplanned = [
        (alert, person)
        for alert in sorted(critical)
        for person in people
        if has[alert, person] != len(ROUTES)
    ]
    counts.fault("messages_not_planned", unplanned)
    hold_messages(counts, of_alerts, kept, settled)


def hold_messages(
    counts: Counts,
    planned: list[dict[str, Any]],
    kept: list[dict[str, Any]],
    settled: frozenset[str] = TOLD_OF,
) -> None:
    """What was planned against what arrived at the sandbox: never twice, and never lost without
    a word."""
    # A phone's screen shows one of what has the same tag; elsewhere each that came is there.
    seen = list({one["tag"] or one["nr"]: one for one in kept}.values())
    # By the id that it was shown, and by what it says to whom: every truck has one alert.
    by_id = Counter(one["ours"] for one in seen)
    by_text = Counter((one["to"], one["channel"], one["text"]) for one in seen)
    arrived = {one["ours"].rsplit("-", 2)[0] for one in kept}
    counts.figures["messages_planned"] = len(planned)
    counts.figures["messages_arrived_outside"] = len(seen)
    counts.figures["messages_replaced_on_a_phone"] = len(kept) - len(seen)
    for state, count in sorted(Counter(one["state"] for one in planned).items()):
        counts.figures[f"messages_{state}"] = count
    counts.fault("messages_doubled", [one for one, count in by_id.items() if count > 1])
    counts.fault("messages_said_twice", [one for one, count in by_text.items() if count > 1])
    lost = [
        (one["id"], one["state"], one["why"])
        for one in planned
        if set(one["channels"]) & set(OUTSIDE)
        and one["id"] not in arrived
        and one["state"] not in settled
    ]
    counts.fault("messages_lost_without_a_word", lost)
    counts.fault("messages_unsettled", [one["id"] for one in planned if one["state"] in MOVING])


async def newest_seq(conn: AnyConnection) -> int:
    return int(await conn.fetchval("SELECT coalesce(max(seq), 0) FROM events"))


async def taken_in_calm(
    conn: AnyConnection,
    settled: Callable[[], Awaitable[int]],
    take: Callable[[], Awaitable[Taken]],
    patience_s: float,
) -> tuple[Taken, float]:
    """An account of one moment and how long the calm was waited for. `settled` gives the newest
    event of the calm; what is written while the account is taken is still on its way, so that it
    is taken again then, until time is up."""
    began = time.monotonic()
    while True:
        newest = await settled()
        settled_s = time.monotonic() - began
        taken = await take()
        if await newest_seq(conn) == newest or time.monotonic() - began > patience_s:
            return taken, settled_s


async def missing_at(
    conn: AnyConnection, receiver: Receiver, after_seq: int, types: Sequence[str] = TYPES
) -> set[str]:
    """Events that the receiver should have heard of, and has not."""
    wanted = await _wanted(conn, after_seq, types)
    return {event for event, _ in wanted} - {one.id for one in receiver.told}


async def _wanted(
    conn: AnyConnection, after_seq: int, types: Sequence[str]
) -> list[tuple[str, str]]:
    """(id, subject) in the order in which they were learned."""
    rows = await conn.fetch(
        "SELECT id::text AS id, subject FROM events WHERE seq > $1 "
        "AND split_part(type, '.', 1) = ANY ($2) ORDER BY seq",
        after_seq,
        list(types),
    )
    return [(row["id"], row["subject"]) for row in rows]


async def hold_told_outside(
    counts: Counts,
    conn: AnyConnection,
    receiver: Receiver,
    after_seq: int,
    types: Sequence[str] = TYPES,
) -> None:
    hold_webhooks(counts, await _wanted(conn, after_seq, types), receiver)


def hold_webhooks(counts: Counts, events: Sequence[tuple[str, str]], receiver: Receiver) -> None:
    """Events (id, subject) in the order in which they were learned against what came first."""
    first = receiver.first()
    seen, known = {one.id for one in first}, {event for event, _ in events}
    wanted, came = defaultdict(list), defaultdict(list)
    for event, subject in events:
        if event in seen:
            wanted[subject].append(event)
    for one in first:
        if one.id in known:
            came[one.subject].append(one.id)
    counts.figures["webhook_events"] = len(events)
    counts.figures["webhook_requests"] = len(receiver.told)
    counts.figures["webhook_repeated"] = len(receiver.told) - len(first)
    counts.fault("webhook_missing", sorted(known - seen))
    counts.fault("webhook_out_of_order", [s for s in wanted if wanted[s] != came[s]])
    counts.fault("webhook_badly_signed", ["a request"] * receiver.unsigned)
