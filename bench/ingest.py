"""bench ingest: messages and fixes a second from devices to committed rows, and how late.

Generator, broker, ingest, shards and Postgres share the machine. A generator that runs flat out is
kept a fixed number of messages ahead of what is committed: the pipeline is always full, and nobody
spends the cores on a backlog.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench import brokers, floor_ingest, load_process, stack
from bench.api import token
from bench.brokers import Broker, Devices, OwnBroker
from bench.device import Pace
from bench.evidence import WATCH_EVERY_S, Account, CommitWatch
from bench.fleet import Fleet, devices_of, embedded_broker, fleet, warm_up
from bench.journeys import follow, hold_to_rules, let_go
from bench.load_process import LoadProcess
from bench.processes import Profiler, Usage, print_profile, usage
from bench.report import Report, number, table
from bench.seeding import TENANT
from bench.stack import Stack

FENCES = 5_000
TRACK_POINTS = 480
SEED = 1
PER_ARRAY = 20
PACED_PER_S = 12_000.0
AHEAD_MESSAGES = 15_000
AHEAD_FIXES = 60_000
# Nobody asks how late a fix is that was sent flat out, and looking takes from what is measured.
FLAT_OUT_LOOK_S = 0.1
FLOOR_S = 10.0
SETTLE_S_MAX = 120.0
# When the two runs begin by the devices' clocks, held to rules or not, and how far those go on
# from fix to fix: STEP_M at 55 km/h.
RULES_DAYS_AGO = {False: 25, True: 12}
RULES_STEP_MS = 9_800
DAY_MS = 86_400_000
RULES_KNOWN_S = 3.0  # a change of the configuration is everywhere within two
RATIO_SINGLE = 0.4
MODES = ("single", "paced", "arrays", "rules")
# What the whole rule set may cost: of the rate of the same run without it.
RULES_SHARE_MIN = 0.75
REQUIRED = {
    ("nats", "single"): 18_000,
    ("nats", "arrays"): 100_000,
    ("mosquitto", "single"): 20_000,
    ("mosquitto", "arrays"): 120_000,
}


@dataclasses.dataclass(frozen=True)
class Run:
    """One mode against one broker, as Postgres saw it."""

    seconds: float
    account: Account
    messages_sent: int
    slices_per_s: list[float]  # committed fixes a second, in fifths of the run
    latencies_ms: np.ndarray[tuple[int], np.dtype[np.int64]]
    cpu_us_per_fix: dict[str, float]
    generator_us: float
    batches: int
    profile: dict[str, list[tuple[str, float]]]

    @property
    def fixes_per_s(self) -> float:
        return self.account.stored / self.seconds


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--broker", choices=("nats", "mosquitto", "both"), default="both")
    parser.add_argument("--mode", choices=MODES, action="append", help="default: all")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument(
        "--devices",
        type=int,
        default=600,
        help="connections of the generator; each stays below the rate of one device",
    )
    parser.add_argument("--fences", type=int, default=FENCES)
    parser.add_argument("--profile", action="store_true", help="py-spy on ingest and shards")


def run(args: argparse.Namespace) -> Report:
    report = Report("ingest")
    kinds = ("nats", "mosquitto") if args.broker == "both" else (args.broker,)
    for kind in kinds:
        with stack.scratch() as folder:
            asyncio.run(_one_broker(kind, folder, args, report))
    return report


async def _one_broker(kind: str, folder: Path, args: argparse.Namespace, report: Report) -> None:
    devices = devices_of(args.devices)
    wanted = [mode for mode in args.mode or MODES if mode != "rules"]
    floors = {mode: _floor(kind, folder, devices, mode) for mode in wanted}
    with _stack_with(kind, folder, devices) as (running, broker):
        ready = await fleet(
            running, folder, args.devices, fences=args.fences, broker=broker, warm=False
        )
        # First: its clocks run in the past, and for a truck heard of today that is too late.
        if "rules" in (args.mode or MODES):
            await _with_and_without_rules(ready, kind, args, report)
        if wanted:
            await warm_up(ready)
        for mode in wanted:
            done = await _measure(ready, mode, args)
            _add_rows(report, kind, mode, done, floors[mode])
            _explain(kind, mode, done)


async def _with_and_without_rules(
    ready: Fleet, kind: str, args: argparse.Namespace, report: Report
) -> None:
    """Single fixes flat out: held to no rules, then to all of them, every truck on a route."""
    bearer = token(ready.stack, f"{TENANT}-admin")
    now_ms = time.time_ns() // 1_000_000
    await follow(ready.stack, bearer, ready.ground, now_ms - RULES_DAYS_AGO[True] * DAY_MS)
    rates, told = [], [await _events(ready)]
    for in_use in (False, True):
        await hold_to_rules(ready.stack, bearer, in_use=in_use)
        await asyncio.sleep(RULES_KNOWN_S)
        pace = Pace(now_ms - RULES_DAYS_AGO[in_use] * DAY_MS, RULES_STEP_MS)
        done = await _measure(ready, "single", args, pace)
        _explain(kind, "with all rules" if in_use else "without rules", done)
        rates.append(done.fixes_per_s)
        told.append(await _events(ready))
    await let_go(ready.stack, bearer, ready.ground.trucks)
    without, with_all = rates
    report.add(f"{kind}.rules.events_told_without", told[1] - told[0], at_most=0)
    report.add(f"{kind}.rules.events_told", told[2] - told[1], at_least=1)
    report.add(
        f"{kind}.rules.messages_per_s", with_all, floor=without, ratio_at_least=RULES_SHARE_MIN
    )


async def _events(ready: Fleet) -> int:
    async with ready.reading() as conn:
        count: int = await conn.fetchval(
            "SELECT count(*) FROM events WHERE truck_key = any($1)", list(ready.keys.values())
        )
    return count


def _floor(kind: str, folder: Path, devices: Devices, mode: str) -> floor_ingest.Floor:
    """The bare consumer alone with its broker and generator, before the stack is started."""
    place = folder / f"floor-{mode}"
    with OwnBroker(kind, place, stack.free_port(following=1), devices) as own:
        broker = own.broker
        spec = load_process.spec_for(
            place,
            broker,
            devices,
            track_points=TRACK_POINTS,
            per_message=PER_ARRAY if mode == "arrays" else 1,
            window=_window(devices, mode),
        )
        return floor_ingest.measure(broker, spec, place, FLOOR_S)


def _window(devices: Devices, mode: str) -> int:
    """Messages in flight per device: 6 400 over all of them, a tenth of that as arrays."""
    return max(4, (640 if mode == "arrays" else 6_400) // len(devices.trucks))


@contextlib.contextmanager
def _stack_with(kind: str, folder: Path, devices: Devices) -> Iterator[tuple[Stack, Broker]]:
    if kind == "nats":
        with stack.running(folder) as running:
            yield running, embedded_broker(running)
        return
    with OwnBroker(kind, folder / "broker", stack.free_port(), devices) as own:
        settings = brokers.external_broker(folder, own.broker)
        with stack.running(folder, "--settings", str(settings)) as running:
            yield running, own.broker


async def _measure(
    ready: Fleet, mode: str, args: argparse.Namespace, pace: Pace | None = None
) -> Run:
    spec = ready.load_spec(
        per_message=PER_ARRAY if mode == "arrays" else 1,
        rate=PACED_PER_S if mode == "paced" else None,
        window=_window(ready.devices, mode),
        pace=pace,
    )
    with load_process.load(spec) as load:
        return await _run_load(ready, load, args)


async def _run_load(ready: Fleet, load: LoadProcess, args: argparse.Namespace) -> Run:
    # A broker of our own is not among the processes of the stack.
    pids = {**ready.stack.pids(), "broker": [ready.broker.pid]}
    look_s = WATCH_EVERY_S if load.spec.rate is not None else FLAT_OUT_LOOK_S
    async with CommitWatch(ready.reader, look_s) as watch:
        before = usage(pids)
        load.allow(_ahead(load))
        from_ms = time.time_ns() // 1_000_000
        load.go()
        profiler = _profiler(ready, args.seconds) if args.profile else None
        await _permit(load, watch, args.seconds, look_s)
        after, committed = usage(pids), watch.fixes
        published = await asyncio.to_thread(load.finish)
        found = await ready.settled(published)
    async with ready.reading() as conn:
        stored = await ready.stored(conn, published)
    slices, seconds = _slices(watch, from_ms)
    return Run(
        seconds=seconds,
        account=found,
        messages_sent=published.result.sent,
        slices_per_s=slices,
        latencies_ms=watch.latencies_ms(stored),
        cpu_us_per_fix=_per_fix(before, after, committed),
        generator_us=1e6 * published.result.cpu_s / max(found.published, 1),
        batches=len(watch.batches),
        profile=profiler.top() if profiler else {},
    )


def _profiler(ready: Fleet, seconds: float) -> Profiler:
    pids = ready.stack.pids()
    watched = {
        f"{role}-{i}": pid
        for role in ("ingest_worker", "truck_shard")
        for i, pid in enumerate(pids.get(role, []))
    }
    return Profiler(watched, ready.folder, seconds)


def _ahead(load: LoadProcess) -> int:
    return AHEAD_MESSAGES if load.spec.per_message == 1 else AHEAD_FIXES // load.spec.per_message


async def _permit(load: LoadProcess, watch: CommitWatch, seconds: float, look_s: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and load.running:
        if load.spec.rate is None:
            load.allow(watch.fixes // load.spec.per_message + _ahead(load))
        else:
            load.allow(int(load.spec.rate * seconds))
        await asyncio.sleep(look_s)


def _slices(watch: CommitWatch, from_ms: int) -> tuple[list[float], float]:
    """Committed fixes a second in each fifth of the time from the first send to the last commit."""
    times = np.array([(seen, fixes) for _, _, seen, fixes in watch.batches], dtype=np.float64)
    whole_ms = times[:, 0].max() - from_ms
    part = np.minimum((times[:, 0] - from_ms) * 5 // whole_ms, 4)
    sums = [float(times[part == i, 1].sum()) / (whole_ms / 5e3) for i in range(5)]
    return sums, whole_ms / 1000


def _per_fix(before: Usage, after: Usage, fixes: int) -> dict[str, float]:
    return {role: 1e6 * s / max(fixes, 1) for role, s in after.cpu_since(before).items()}


def _add_rows(report: Report, kind: str, mode: str, done: Run, floor: floor_ingest.Floor) -> None:
    name = f"{kind}.{mode}"
    per_message = PER_ARRAY if mode == "arrays" else 1
    if mode != "paced":
        report.add(
            f"{name}.{'fixes' if mode == 'arrays' else 'messages'}_per_s",
            done.fixes_per_s,
            floor=floor.messages_per_s * per_message,
            at_least=REQUIRED[kind, mode],
            # Per message. An array costs the bare consumer no more than a single fix does, and us
            # twenty decoded, folded and stored rows: that ratio is told, not asked.
            ratio_at_least=RATIO_SINGLE if mode == "single" else None,
        )
        report.add(f"{name}.slowest_fifth_per_s", min(done.slices_per_s))
    else:
        report.add(f"{name}.messages_per_s", done.fixes_per_s, floor=floor.messages_per_s)
        for share in (50, 95, 99):
            report.add(
                f"{name}.publish_to_committed_ms_p{share}",
                float(np.percentile(done.latencies_ms, share)),
                at_most=1000.0 if share == 99 else None,
            )
    report.add(f"{name}.acknowledged_fixes", done.account.acked)
    report.add(f"{name}.lost_fixes", done.account.lost, at_most=0)
    report.add(f"{name}.doubled_fixes", done.account.doubled, at_most=0)


def _explain(kind: str, mode: str, done: Run) -> None:
    """Where the time went."""
    costs = {**done.cpu_us_per_fix, "generator": done.generator_us}
    rows = [
        (role, number(us), f"{us * done.fixes_per_s / 1e6:.0%}")
        for role, us in sorted(costs.items(), key=lambda pair: -pair[1])
    ]
    whole_us = sum(costs.values())
    rows.append(("together", number(whole_us), f"{whole_us * done.fixes_per_s / 1e6:.0%}"))
    stored = done.account.stored
    print(
        f"\n{kind}, {mode}: {stored:,} fixes in {done.seconds:.1f} s, "
        f"{stored / max(done.batches, 1):,.0f} a commit"
    )
    print(table(("process", "CPU us per fix", "of a core"), rows))
    print_profile(done.profile)
