"""bench restore: destroys the data directory under load and brings it back, to a time and whole.

What was acknowledged before the time must all be there, and nothing after it; the books balance,
the audit trail proves whole; and what a restore to the archive's end lost is printed in seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

from bench import load_process, stack
from bench.acknowledged import Acknowledged, Clients
from bench.api import token
from bench.fleet import Fleet, fleet, publish_once
from bench.report import Report
from bench.seeding import TENANT, open_tenant, reader, tenant_key
from bench.stack import ROOT, Stack
from config.policy import policy
from launch.backup.place import moment
from launch.layout import Layout
from launch.leftovers import kill, living, read_record

TRUCKS = 50
RATE = 200.0
# A transaction notes its time before it commits: within this much of TIME either is right.
MARGIN_MS = 2_000
LOST_S_SLACK = 10.0


@dataclasses.dataclass(frozen=True)
class Truth:
    """What the store holds: fixes and facts with when they came in, and the books."""

    fixes: dict[tuple[int, int], int]
    events: dict[int, int]
    entries: set[str]
    unbalanced: int


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--before", type=float, default=20.0, help="seconds of load before TIME")
    parser.add_argument("--after", type=float, default=45.0, help="seconds of load after it")
    parser.add_argument("--trucks", type=int, default=TRUCKS)


def run(args: argparse.Namespace) -> Report:
    report = Report("restore")
    with stack.scratch() as folder:
        process = stack.start(folder)
        try:
            running = stack.wait_up(folder, process)
            lost = asyncio.run(_until_destroyed(folder, running, process, args, report))
            _restored(folder, lost, report)
        finally:
            stack.stop(process)
            _end_what_is_left(folder)
    return report


@dataclasses.dataclass(frozen=True)
class Lost:
    said: Acknowledged
    truth: Truth
    time_ms: int
    destroyed_ms: int
    keys: dict[str, int]


async def _until_destroyed(
    folder: Path,
    running: Stack,
    process: subprocess.Popen[bytes],
    args: argparse.Namespace,
    report: Report,
) -> Lost:
    ready = await fleet(running, folder, args.trucks, track_points=120)
    clients = Clients(running, ready.devices.trucks[0])
    with load_process.load(ready.load_spec(rate=RATE)) as load:
        load.go()
        async with clients.at_work() as said:
            began_s, before = time.monotonic(), load.acked
            await asyncio.to_thread(command, "backup", str(folder / "backup"), *_data(folder))
            took_s = time.monotonic() - began_s
            report.add("backup.took_s", took_s)
            report.add("backup.fixes_per_s_meanwhile", (load.acked - before) / took_s)
            await asyncio.sleep(args.before)
            time_ms = time.time_ns() // 1_000_000
            await asyncio.sleep(args.after)
            truth = await truth_of(running, ready.keys)
            destroyed_ms = await asyncio.to_thread(_destroy, folder, process)
    return Lost(said, truth, time_ms, destroyed_ms, ready.keys)


def _destroy(folder: Path, process: subprocess.Popen[bytes]) -> int:
    """The files go while everything runs; then what held them dies."""
    layout = Layout.at(folder / "data")
    record = read_record(layout)
    destroyed_ms = time.time_ns() // 1_000_000
    shutil.rmtree(layout.postgres, ignore_errors=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    if record is not None:
        kill(living(record))
    shutil.rmtree(layout.data_dir)
    return destroyed_ms


def _restored(folder: Path, lost: Lost, report: Report) -> None:
    _to_the_end(folder, lost, report)
    _to_the_time(folder, lost, report)


def _to_the_end(folder: Path, lost: Lost, report: Report) -> None:
    """Into another directory, only to see how far it reaches."""
    said = folder / "end.json"
    words = ["--data-dir", str(folder / "end"), "--json", str(said)]
    command("restore", str(folder / "backup"), *words)
    done = json.loads(said.read_text())
    lost_s = (lost.destroyed_ms - done["last_commit_ms"]) / 1000.0
    report.add("restore_to_end.took_s", done["took_s"])
    limit = policy().backup.archive_timeout_s + LOST_S_SLACK
    report.add("restore_to_end.seconds_lost", lost_s, at_most=limit)
    late = sum(1 for at in lost.said.fixes.values() if at > done["last_commit_ms"])
    report.add("restore_to_end.acknowledged_http_fixes_lost", late)
    report.note(
        f"seconds_lost: from the newest transaction that came back to the destruction; a piece of "
        f"the log is archived every {policy().backup.archive_timeout_s} s at the latest"
    )
    shutil.rmtree(folder / "end")


def _to_the_time(folder: Path, lost: Lost, report: Report) -> None:
    said = folder / "time.json"
    words = ["--to", moment(lost.time_ms), *_data(folder), "--json", str(said)]
    command("restore", str(folder / "backup"), *words)
    report.add("restore_to_time.took_s", json.loads(said.read_text())["took_s"])
    began_s = time.monotonic()
    process = stack.start(folder)
    try:
        running = stack.wait_up(folder, process)
        report.add("restore_to_time.up_s", time.monotonic() - began_s)
        asyncio.run(_compare(folder, running, lost, report))
    finally:
        stack.stop(process)


async def _compare(folder: Path, running: Stack, lost: Lost, report: Report) -> None:
    found = await truth_of(running, lost.keys)
    t = lost.time_ms
    wanted = {of for of, at in lost.truth.fixes.items() if at <= t - MARGIN_MS}
    beyond = {of for of, at in lost.truth.fixes.items() if at > t + MARGIN_MS}
    report.add("fixes.until_time", len(wanted), at_least=1)
    report.add("fixes.missing", len(wanted - found.fixes.keys()), at_most=0)
    report.add("fixes.of_after_time", len(beyond & found.fixes.keys()), at_most=0)
    facts = {seq for seq, at in lost.truth.events.items() if at <= t - MARGIN_MS}
    report.add("events.until_time", len(facts))
    report.add("events.missing", len(facts - found.events.keys()), at_most=0)
    acked = {(lost.keys[truck], ts) for (truck, ts), at in lost.said.fixes.items() if at <= t}
    report.add("http_fixes.acknowledged_until_time", len(acked), at_least=1)
    report.add("http_fixes.missing", len(acked - found.fixes.keys()), at_most=0)
    booked = {name for name, at in lost.said.entries.items() if at <= t}
    later = {name for name, at in lost.said.entries.items() if at > t + MARGIN_MS}
    report.add("ledger.acknowledged_until_time", len(booked), at_least=1)
    report.add("ledger.missing", len(booked - found.entries), at_most=0)
    report.add("ledger.of_after_time", len(later & found.entries), at_most=0)
    report.add("ledger.unbalanced_entries", found.unbalanced, at_most=0)
    report.add("ledger.trial_balance_minor", abs(_trial_balance(running)), at_most=0)
    report.add("audit.broken_chains", _audit(folder), at_most=0)
    ready = await fleet(running, folder, len(lost.keys), track_points=120)
    await _goes_on(ready, report)


async def _goes_on(ready: Fleet, report: Report) -> None:
    """Devices go on where they were; and the next backup begins a stream of its own."""
    await publish_once(ready)
    folder = ready.folder
    await asyncio.to_thread(command, "backup", str(folder / "backup"), *_data(folder))
    streams = list((folder / "backup" / "streams").iterdir())
    report.add("backup_after_restore.streams", len(streams), at_least=2, at_most=2)


async def truth_of(running: Stack, keys: dict[str, int]) -> Truth:
    conn = await reader(running)
    try:
        fixes = await conn.fetch(
            "SELECT truck_key, round(extract(epoch FROM ts) * 1000)::bigint AS ts_ms, "
            "(extract(epoch FROM committed_at) * 1000)::bigint AS at_ms "
            "FROM fixes LEFT JOIN shard_batches USING (shard, batch) WHERE truck_key = any($1)",
            list(keys.values()),
        )
        events = await conn.fetch(
            "SELECT seq, (extract(epoch FROM known_at) * 1000)::bigint AS at_ms FROM events"
        )
    finally:
        await conn.close()
    entries, unbalanced = await _books(running)
    return Truth(
        {(row["truck_key"], row["ts_ms"]): row["at_ms"] or 0 for row in fixes},
        {row["seq"]: row["at_ms"] for row in events},
        entries,
        unbalanced,
    )


async def _books(running: Stack) -> tuple[set[str], int]:
    conn = await open_tenant(running, await tenant_key(running))
    try:
        rows = await conn.fetch(
            "SELECT e.id, coalesce(sum(p.amount_minor), 0) AS rest FROM ledger_entries e "
            "LEFT JOIN ledger_postings p ON p.entry_nr = e.nr GROUP BY e.id"
        )
    finally:
        await conn.close()
    return {row["id"] for row in rows}, sum(1 for row in rows if row["rest"])


def _trial_balance(running: Stack) -> int:
    """What debits and credits differ by; 0 in every ledger that is one."""
    headers = {"Authorization": f"Bearer {token(running, f'{TENANT}-admin')}"}
    answer = httpx.get(
        f"{running.http}/v1/ledger/trial-balance", headers=headers, timeout=30, trust_env=False
    )
    answer.raise_for_status()
    said: dict[str, Any] = answer.json()
    debit, credit = (said[side]["amount_minor"] for side in ("debit", "credit"))
    return int(debit) - int(credit)


def _audit(folder: Path) -> int:
    ended = _run("audit", ["verify", *_data(folder)])
    return 0 if ended.returncode == 0 else 1


def command(name: str, *words: str) -> str:
    """One of our own, as an operator would."""
    ended = _run(name, words)
    if ended.returncode != 0:
        raise RuntimeError(f"`{name}` failed:\n{ended.stdout}{ended.stderr}")
    return ended.stdout


def _run(name: str, words: Iterable[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ubertruck", name, *words],
        cwd=ROOT,
        # fixed: a child process gets what we were given
        env={**os.environ, "ENVIRONMENT": "development"},
        capture_output=True,
        text=True,
        check=False,
    )


def _data(folder: Path) -> list[str]:
    return ["--data-dir", str(folder / "data")]


def _end_what_is_left(folder: Path) -> None:
    with contextlib.suppress(OSError):
        record = read_record(Layout.at(folder / "data"))
        if record is not None:
            kill(living(record))
