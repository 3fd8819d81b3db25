"""A week of 500 trucks, sent as fast as the stack takes it, while every process is killed."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import os
import signal
import time
from collections.abc import Sequence

from bench import chaos_alerts_truth as truth
from bench import stack
from bench.alerts_lives import Expected
from bench.alerts_week import Week, week
from bench.chaos_alerts import is_back, victims_of
from bench.chaos_alerts_ground import Office
from bench.chaos_kills import Victim, until
from bench.chaos_receiver import Receiver, receiving
from bench.report import Report, number, table
from bench.seeding import open_tenant, tenant_key
from bench.stack import Stack
from bench.week_feed import Feed, windows
from bench.week_ground import PATIENCE_S, TENANT_WIDE, prepare
from bench.week_score import Score, rows_of, scored
from store.postgres import AnyConnection

SETTLE_S_MAX = 240.0  # no longer than trucks are missed that have nothing more to say
LOOK_EVERY_S = 1.0
CALM_S = 10.0
ALERTS = ("alert",)
# Of what is over before anybody could be told, nobody is.
SETTLED = truth.TOLD_OF | {"cancelled"}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trucks", type=int, default=500)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", type=int, nargs="+", default=(), help="these trucks alone speak")
    parser.add_argument("--no-kills", action="store_true", help="leave all processes alone")


@dataclasses.dataclass(frozen=True)
class Recovery:
    victim: str
    at: str  # which hour of the week was being sent
    process_s: float


@dataclasses.dataclass(frozen=True)
class Done:
    recoveries: list[Recovery]
    score: Score
    counts: truth.Counts
    sent_s: float
    settled_s: float
    again: int


def run(args: argparse.Namespace) -> Report:
    made = week(args.trucks, args.days, args.seed, args.only)
    report = Report("week")
    with stack.scratch() as folder:
        with stack.running(folder) as running:
            asyncio.run(_configured(running))
        with stack.running(folder) as running:
            done = asyncio.run(_live(running, made, args))
    _tell(report, made, done)
    return report


async def _configured(running: Stack) -> None:
    """What counts from the next start on."""
    async with Office(running).http as http:
        for path, value in TENANT_WIDE.items():
            answer = await http.put(path, json={"value": value, "reason": "a benchmark"})
            answer.raise_for_status()


async def _live(running: Stack, made: Week, args: argparse.Namespace) -> Done:
    victims = [] if args.no_kills else victims_of(running)
    office, feed = Office(running), Feed(running, made)
    conn = await open_tenant(running, await tenant_key(running))
    try:
        async with receiving() as receiver:
            people = await prepare(office, made, receiver)
            after_seq = await truth.newest_seq(conn)
            await conn.close()
            began = time.monotonic()
            recoveries = await _sent(running, feed, victims)
            sent_s = time.monotonic() - began
            conn = await open_tenant(running, await tenant_key(running))
            shift_ms = feed.shift_ms
            held = Held(office, conn, made.expected, shift_ms, receiver, after_seq, people)
            (counts, score), settled_s = await truth.taken_in_calm(
                conn, held.settled, held.account, SETTLE_S_MAX
            )
        return Done(recoveries, score, counts, sent_s, settled_s, feed.again)
    finally:
        await conn.close()
        await feed.close()
        await office.http.aclose()


async def _sent(running: Stack, feed: Feed, victims: Sequence[Victim]) -> list[Recovery]:
    """Evenly over the week a process is killed, while the trucks go on sending."""
    parts = list(windows(feed.made))
    kill_at = {
        round((nr + 1) * len(parts) / (len(victims) + 1)): each for nr, each in enumerate(victims)
    }
    recoveries = []
    for nr, part in enumerate(parts):
        sending = asyncio.create_task(feed.send(part))
        if nr in kill_at:
            recoveries.append(await _killed(running, kill_at[nr], part.name))
        await sending
    return recoveries


async def _killed(running: Stack, victim: Victim, at: str) -> Recovery:
    pids, pid = running.pids()[victim.role], victim.pid(running)
    os.kill(pid, signal.SIGKILL)
    process_s = await until(
        lambda: is_back(running, victim, pid, len(pids)), f"{victim.name} stayed away"
    )
    print(f"  {at}: {victim.name} killed, back after {process_s:.1f} s", flush=True)
    return Recovery(victim.name, at, process_s)


@dataclasses.dataclass(frozen=True)
class Held:
    """What was expected of the week, and where it shows what became of it."""

    office: Office
    conn: AnyConnection
    expected: Sequence[Expected]
    shift_ms: int
    receiver: Receiver
    after_seq: int
    people: Sequence[str]

    async def settled(self) -> int:
        """Until all that is expected is there and told, and nothing more came for a while; or
        time is up."""
        began = time.monotonic()
        newest, since = -1, began
        while time.monotonic() - began < min(SETTLE_S_MAX, PATIENCE_S):
            moving = await self.conn.fetchval(
                "SELECT count(*) FROM notifications WHERE status IN ('waiting', 'sending')"
            )
            missing = await truth.missing_at(self.conn, self.receiver, self.after_seq, ALERTS)
            before, newest = newest, await truth.newest_seq(self.conn)
            since = time.monotonic() if newest != before else since
            if not (moving or missing) and time.monotonic() - since > CALM_S:
                shown = await self.office.all_of("/v1/alerts")
                if not scored(self.expected, shown, self.shift_ms).missed:
                    break
            await asyncio.sleep(LOOK_EVERY_S)
        return newest

    async def account(self) -> tuple[truth.Counts, Score]:
        counts = truth.Counts()
        shown = await self.office.all_of("/v1/alerts")
        await truth.hold_told(counts, self.conn, shown, self.after_seq)
        await truth.hold_planned(counts, self.office, self.people, shown, SETTLED)
        await truth.hold_told_outside(counts, self.conn, self.receiver, self.after_seq, ALERTS)
        return counts, scored(self.expected, shown, self.shift_ms)


def _tell(report: Report, made: Week, done: Done) -> None:
    print(table(("kind", "incidents", "found", "without", "doubled"), rows_of(done.score)))
    rows = [(one.victim, one.at, number(round(one.process_s, 1))) for one in done.recoveries]
    print(table(("killed", "while it was", "process back s"), rows))
    score = done.score
    report.add("fixes", len(made.fixes))
    report.add("kills", len(done.recoveries))
    report.add("sent_s", done.sent_s)
    report.add("messages_sent_again", done.again)
    report.add("settled_s", done.settled_s)
    report.add("incidents", score.asked)
    report.add("incidents_missed", len(score.missed), at_most=0)
    report.add("alerts", score.alerts)
    report.add("alerts_without_incident", len(score.without), at_most=0)
    report.add("alerts_doubled", len(score.doubled), at_most=0)
    report.add("alerts_taken_back", score.taken_back)
    for name, count in done.counts.figures.items():
        report.add(name, count)
    for name, count in done.counts.faults.items():
        report.add(name, count, at_most=0)
    for named in [*score.named(), *done.counts.named]:
        report.note(named)
