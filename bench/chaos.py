"""bench chaos: kills every process in turn under load and accounts for every fix and every event.

Part by part: plain clients while our processes, Redis and Postgres die; bookings while their actors
do; receipt-keeping devices while the broker dies too; what plain clients lose with the broker
(embedded NATS, Mosquitto with persistence); what leaves our hands while Postgres stands still;
alerts, messages and webhooks while those who raise, send and carry them die.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from bench import (
    brokers,
    chaos_alerts,
    chaos_bookings,
    chaos_faults,
    chaos_receipts,
    chaos_stream,
    faults,
    stack,
)
from bench.brokers import OwnBroker
from bench.chaos_faults import CLOCK_TRUCK, Fault, FaultResult, Payers, WrongClocks
from bench.chaos_kills import Victim, everyone
from bench.evidence import Account
from bench.fleet import Fleet, devices_of, fleet
from bench.report import Report, number, table
from bench.seeding import add_trucks
from bench.stack import Stack
from config.policy import policy

TRUCKS = 100
FENCES = 1_000
TRACK_POINTS = 120
ACROSS_PER_TRUCK = 4
PARTS = (
    *("stream", "bookings", "receipts", "frozen", "loss-nats", "loss-mosquitto"),
    *("alerts", "faults", "disk"),
)
OF_THEIR_OWN = frozenset({"alerts", "loss-mosquitto", "faults", "disk"})  # a stack for each
FAULT_TRUCKS = 50
DISK_BYTES = 1_500_000_000
DISK_LEFT_BYTES = 6_000_000
KILL_EVERY_S = 10.0
LOSS_RATE = 4_000.0
BROKER_KILLS = 3
BOOKING_TRUCKS = 60
BOOKING_CLIENTS = 8
MOSQUITTO_QUIET_S = 15.0


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fixes", type=int, default=50_000)
    parser.add_argument("--booking-kills", type=int, default=10)
    parser.add_argument("--fault-seconds", type=float, default=chaos_faults.FAULT_S)
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all of them")
    parser.add_argument("--all", action="store_true", help="all parts, which is the default")


def run(args: argparse.Namespace) -> Report:
    report = Report("chaos")
    parts = PARTS if args.all or not args.part else tuple(args.part)
    if set(parts) - OF_THEIR_OWN:
        with stack.scratch() as folder, stack.running(folder) as running:
            asyncio.run(_embedded(folder, running, parts, args, report))
    if "loss-mosquitto" in parts:
        with stack.scratch() as folder:
            _mosquitto(folder, args, report)
    if "alerts" in parts:
        with stack.scratch() as folder, stack.running(folder) as running:
            asyncio.run(_alerts(running, report))
    if "faults" in parts:
        with stack.scratch() as folder, stack.running(folder) as running:
            asyncio.run(_faults(folder, running, args, report))
    if "disk" in parts:
        _disk(args, report)
    return report


async def _embedded(
    folder: Path, running: Stack, parts: tuple[str, ...], args: argparse.Namespace, report: Report
) -> None:
    ready = await fleet(
        running,
        folder,
        TRUCKS,
        fences=FENCES,
        across_per_truck=ACROSS_PER_TRUCK,
        track_points=TRACK_POINTS,
        clear_of_borders=True,
    )
    if "stream" in parts:
        await _stream(ready, args.fixes, report)
    if "bookings" in parts:
        await _bookings(running, folder, args.booking_kills, report)
    if "receipts" in parts:
        held = await chaos_receipts.broker_dies(
            ready,
            broker_killer(ready),
            devices=50,
            fixes_each=args.fixes // 500,
            kills=BROKER_KILLS,
        )
        _add_account(report, "broker_killed.receipt_devices", held)
    if "frozen" in parts:
        await _frozen(ready, report)
    if "loss-nats" in parts:
        lost = await chaos_stream.broker_loss(
            ready,
            broker_killer(ready),
            fixes=args.fixes // 2,
            rate=LOSS_RATE,
            kills=BROKER_KILLS,
            quiet_s=policy().broker.ack_wait_s + MOSQUITTO_QUIET_S,
        )
        _add_loss(report, "nats", lost)


async def _stream(ready: Fleet, fixes: int, report: Report) -> None:
    victims = everyone(ready.stack)
    seconds = KILL_EVERY_S * (len(victims) + 1)
    done = await chaos_stream.with_kills(
        ready,
        victims,
        fixes=fixes,
        seconds=seconds,
        say=lambda line: print(f"  {line}", flush=True),
    )
    _add_account(report, "plain_clients", done.account)
    report.add("plain_clients.fence_events_expected", done.events.expected)
    report.add("plain_clients.fence_events_missing", done.events.missing, at_most=0)
    report.add("plain_clients.fence_events_extra", done.events.extra, at_most=0)
    report.add("plain_clients.fence_events_doubled", done.events.doubled, at_most=0)
    report.add("plain_clients.corrections", done.events.turns)
    rows = []
    for r in done.recoveries:
        report.add(f"recovery.{r.victim}.commits_s", r.commits_s)
        report.add(f"recovery.{r.victim}.live_feed_s", r.live_s)
        seconds_of = (r.process_s, r.commits_s, r.live_s)
        rows.append((r.victim, *(number(round(s, 1)) for s in seconds_of)))
    print(table(("killed", "process back s", "commits s", "live feed s"), rows))


async def _bookings(running: Stack, folder: Path, kills: int, report: Report) -> None:
    done = await chaos_bookings.with_kills(
        running,
        folder,
        trucks=BOOKING_TRUCKS,
        clients=BOOKING_CLIENTS,
        kills=kills,
        say=lambda line: print(f"  {line}", flush=True),
    )
    account = done.account
    report.add("bookings.commands_acknowledged", done.acked.count)
    report.add("bookings.sent_again", done.acked.again)
    report.add("bookings.created", len(done.acked.created))
    report.add("bookings.awards", account.awards, at_least=1)
    for name, count in account.faults.items():
        report.add(f"bookings.{name}", count, at_most=0)
    rows = []
    for one in done.recoveries:
        report.add(f"bookings.recovery.{one.victim}_s", one.work_s)
        rows.append((one.victim, *(number(round(s, 1)) for s in (one.process_s, one.work_s))))
    print(table(("killed", "process back s", "its work s"), rows))


async def _alerts(running: Stack, report: Report) -> None:
    victims = chaos_alerts.victims_of(running)
    done = await chaos_alerts.with_kills(running, victims, say=_say)
    for name, count in done.counts.figures.items():
        report.add(f"alerts.{name}", count)
    report.add("alerts.fixes_sent_again", done.fixes_again)
    report.add("alerts.settled_s", done.settled_s)
    for name, count in done.counts.faults.items():
        report.add(f"alerts.{name}", count, at_most=0)
    worst: dict[str, float] = {}
    rows = []
    for one in done.recoveries:
        worst[one.victim] = max(one.told_s, worst.get(one.victim, 0.0))
        rows.append((one.victim, *(number(round(s, 1)) for s in (one.process_s, one.told_s))))
    print(table(("killed", "process back s", "a new alert told s"), rows))
    for victim, told_s in worst.items():
        report.add(f"alerts.recovery.{victim}_s", told_s)
    for named in done.counts.named:
        report.note(named)


async def _frozen(ready: Fleet, report: Report) -> None:
    proof = await chaos_receipts.database_stands_still(ready, devices=20, fixes_each=20)
    report.add("postgres_stopped.fixes", proof.fixes)
    report.add("postgres_stopped.messages_pending_at_broker", proof.broker_pending)
    report.add("postgres_stopped.pubacks_by_ingest", proof.pubacks_by_us, at_most=0)
    report.add("postgres_stopped.receipts", proof.receipts, at_most=0)
    report.add("postgres_resumed.receipts", proof.receipts_after, at_least=proof.fixes)
    _add_account(report, "postgres_resumed", proof.account)


def _mosquitto(folder: Path, args: argparse.Namespace, report: Report) -> None:
    own = OwnBroker("mosquitto", folder / "broker", stack.free_port(), devices_of(TRUCKS))
    with own:
        settings = brokers.external_broker(folder, own.broker)
        with stack.running(folder, "--settings", str(settings)) as running:
            lost = asyncio.run(_mosquitto_loss(folder, running, own, args))
    _add_loss(report, "mosquitto", lost)


async def _mosquitto_loss(
    folder: Path, running: Stack, own: OwnBroker, args: argparse.Namespace
) -> Account:
    async def kill_it() -> None:
        await asyncio.to_thread(own.kill_and_restart)

    ready = await fleet(running, folder, TRUCKS, fences=FENCES, broker=own.broker)
    return await chaos_stream.broker_loss(
        ready,
        kill_it,
        fixes=args.fixes // 2,
        rate=LOSS_RATE,
        kills=BROKER_KILLS,
        quiet_s=MOSQUITTO_QUIET_S,
    )


async def _faults(folder: Path, running: Stack, args: argparse.Namespace, report: Report) -> None:
    ready = await fleet(running, folder, FAULT_TRUCKS, track_points=TRACK_POINTS)
    payers = Payers(running)
    await add_trucks(running, [CLOCK_TRUCK])
    clocks = WrongClocks(running, CLOCK_TRUCK)
    wanted = chaos_faults.usual(running, payers, clocks)
    done = await chaos_faults.drill(ready, wanted, _say, args.fault_seconds)
    _add_faults(report, done)
    report.add("provider_down.payments_taken", len(payers.asked), at_least=1)
    report.add("provider_down.payments_refused", payers.refused)
    left = await payers.ordered_in_time()
    report.add("provider_down.without_order_after", len(left), at_most=0)
    wrong = clocks.taken["ahead"] + clocks.taken["back"]
    report.add("clock_jump.fixes_of_wrong_times_taken", wrong, at_most=0)
    report.add("clock_jump.fixes_taken_once_right", clocks.taken["right"], at_least=1)


def _disk(args: argparse.Namespace, report: Report) -> None:
    """A file system of its own, so that nothing else of this machine runs out of it."""
    with stack.scratch() as folder:
        try:
            with faults.small_disk(folder / "data", DISK_BYTES), stack.running(folder) as running:
                asyncio.run(_disk_full(folder, running, args, report))
        except faults.NoSmallDiskError as error:
            report.note(f"disk: not done, {error}")


async def _disk_full(
    folder: Path, running: Stack, args: argparse.Namespace, report: Report
) -> None:
    ready = await fleet(running, folder, FAULT_TRUCKS, track_points=TRACK_POINTS)
    full = Fault("disk full", partial(faults.full_disk, folder / "data", DISK_LEFT_BYTES))
    _add_faults(report, await chaos_faults.drill(ready, [full], _say, args.fault_seconds))


def _add_faults(report: Report, done: FaultResult) -> None:
    rows = []
    for one in done.drilled:
        name = one.name.replace(" ", "_")
        report.add(f"{name}.committed_per_s", one.committed, floor=one.committed_before)
        report.add(f"{name}.reads_ok", one.reads_ok)
        report.add(f"{name}.recovered_s", one.recovered_s)
        report.add(f"{name}.seen_again_s", one.sees_after_s)
        figures = (one.taken, one.committed, one.reads_ok * 100.0, one.read_ms_p95)
        told = (one.said, one.blind, number(round(one.recovered_s, 1)))
        rows.append((one.name, *(number(round(value)) for value in figures), *told))
    of = "disk" if len(done.drilled) == 1 else "faults"
    _add_account(report, of, done.account)
    report.add(f"{of}.http_fixes_acknowledged", len(done.said.fixes))
    report.add(f"{of}.http_fixes_lost", done.http_lost, at_most=0)
    report.add(f"{of}.ledger_entries_acknowledged", len(done.said.entries))
    report.add(f"{of}.ledger_entries_lost", done.entries_lost, at_most=0)
    head = (
        "fault",
        "broker took/s",
        "committed/s",
        "reads ok %",
        "read p95 ms",
        "readyz",
        "watch",
        "s",
    )
    print(table(head, rows))


def _say(line: str) -> None:
    print(f"  {line}", flush=True)


def broker_killer(ready: Fleet) -> Callable[[], Awaitable[None]]:
    """Kills the embedded broker; `up` starts it again."""

    async def kill_it() -> None:
        os.kill(Victim("broker").pid(ready.stack), signal.SIGKILL)

    return kill_it


def _add_account(report: Report, name: str, found: Account) -> None:
    report.add(f"{name}.acknowledged_fixes", found.acked)
    report.add(f"{name}.lost", found.lost, at_most=0)
    report.add(f"{name}.doubled", found.doubled, at_most=0)
    report.add(f"{name}.never_published", found.foreign, at_most=0)


def _add_loss(report: Report, kind: str, found: Account) -> None:
    """Measured, not asked: only receipts can promise anything about the broker's own death."""
    name = f"broker_killed.plain_clients.{kind}"
    report.add(f"{name}.acknowledged_fixes", found.acked)
    report.add(f"{name}.lost", found.lost)
    report.add(f"{name}.doubled", found.doubled, at_most=0)
