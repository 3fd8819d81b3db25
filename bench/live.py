"""bench live: how old a position is when it reaches a dispatcher's screen, with many screens."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import numpy as np

from bench import load_process, stack
from bench.api import token
from bench.board import Board, Slot
from bench.evidence import CommitWatch, stored_fixes
from bench.fleet import Fleet, fleet
from bench.load_process import Published
from bench.processes import usage
from bench.report import Report
from bench.stack import Stack
from bench.viewers import ViewerSpec

TRUCKS = 10_000
EVERY_S = 5.0
VIEWERS = 200
SLOW = 5
SLOW_WAIT_S = 3.0
TRACK_POINTS = 40
FENCES = 1_000
WARM_UP_S = 10.0
MEMORY_EVERY_S = 1.0
# India, as far as the fleet drives.
WEST, SOUTH, EAST, NORTH = 73.0, 10.0, 88.0, 28.0
EVERYTHING = [WEST, SOUTH, EAST, NORTH]
GROWTH_MB_MAX = 32.0


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--trucks", type=int, default=TRUCKS)
    parser.add_argument("--viewers", type=int, default=VIEWERS)


@dataclasses.dataclass(frozen=True)
class Seen:
    """What the viewers and the machine noted."""

    healthy_ms: np.ndarray[tuple[int], np.dtype[np.float32]]
    slow_ms: np.ndarray[tuple[int], np.dtype[np.float32]]
    frames: np.ndarray[tuple[int], np.dtype[np.int64]]
    reconnects: np.ndarray[tuple[int], np.dtype[np.int64]]
    committed_ms: np.ndarray[tuple[int], np.dtype[np.int64]]
    memory_mb: list[float]
    published: Published
    seconds: float


def run(args: argparse.Namespace) -> Report:
    report = Report("live")
    with stack.scratch() as folder, stack.running(folder) as running:
        seen = asyncio.run(_watch(folder, running, args))
    committed = np.percentile(seen.committed_ms, 99)
    report.add(
        "drawn_age_ms_p99",
        float(np.percentile(seen.healthy_ms, 99)),
        floor=float(committed),
        at_most=1500,
    )
    report.add("drawn_age_ms_p50", float(np.percentile(seen.healthy_ms, 50)))
    if len(seen.slow_ms):
        report.add("slow_viewers_age_ms_p99", float(np.percentile(seen.slow_ms, 99)))
    report.add("positions_drawn_per_s", len(seen.healthy_ms) / seen.seconds)
    report.add("frames_per_s", float(seen.frames[SLOW:].sum()) / seen.seconds)
    report.add("healthy_viewers_cut", float(seen.reconnects[SLOW:].sum()), at_most=0)
    third = max(1, len(seen.memory_mb) // 3)
    first, last = np.mean(seen.memory_mb[:third]), np.mean(seen.memory_mb[-third:])
    report.add("replicas_rss_mb_first_third", float(first))
    report.add("replicas_rss_mb_last_third", float(last))
    report.add("replicas_rss_growth_mb", float(last - first), at_most=GROWTH_MB_MAX)
    report.add("fixes_published_per_s", seen.published.result.sent / seen.published.result.seconds)
    report.note("floor of the age: publish to committed, p99, of the same fixes")
    report.note(f"{args.trucks} trucks every {EVERY_S:g} s, {args.viewers} viewers, {SLOW} slow")
    return report


async def _watch(folder: Path, running: Stack, args: argparse.Namespace) -> Seen:
    ready = await fleet(running, folder, args.trucks, fences=FENCES, track_points=TRACK_POINTS)
    spec = viewer_spec(folder, running, viewports(args.viewers), SLOW)
    board, viewers = start_viewers(spec)
    try:
        load_process.wait_for(lambda: bool(board.get(Slot.READY)), viewers, 60)
        return await _publish(ready, board, viewers, spec, args)
    finally:
        board.set(Slot.STOP, 1)
        load_process.end(viewers)


def start_viewers(spec: ViewerSpec) -> tuple[Board, subprocess.Popen[bytes]]:
    spec_file = Path(spec.result + ".spec")
    spec_file.write_bytes(msgspec.json.encode(spec))
    return Board(Path(spec.board)), load_process.python("bench.viewers", str(spec_file))


async def _publish(
    ready: Fleet,
    board: Board,
    viewers: subprocess.Popen[bytes],
    spec: ViewerSpec,
    args: argparse.Namespace,
) -> Seen:
    memory_mb: list[float] = []
    with load_process.load(ready.load_spec(rate=args.trucks / EVERY_S)) as load:
        load.go()
        await asyncio.sleep(WARM_UP_S)
        async with CommitWatch(ready.reader) as watch:
            from_ms, pids = time.time_ns() // 1_000_000, ready.stack.pids()
            board.set(Slot.GO, 1)
            started = time.monotonic()
            while time.monotonic() < started + args.seconds:
                memory_mb.append(usage(pids).memory_mb["serve_replica"])
                await asyncio.sleep(MEMORY_EVERY_S)
            board.set(Slot.STOP, 1)
            seconds = time.monotonic() - started
            published = await asyncio.to_thread(load.finish)
    await asyncio.to_thread(viewers.wait, 60)
    async with ready.reading() as conn:
        stored = await stored_fixes(conn, list(ready.keys.values()), from_ms)
    held = np.load(spec.result + ".npz")
    split = int(held["counts"][: spec.slow].sum())
    return Seen(
        healthy_ms=held["ages_ms"][split:],
        slow_ms=held["ages_ms"][:split],
        frames=held["frames"],
        reconnects=held["reconnects"],
        committed_ms=watch.latencies_ms(stored),
        memory_mb=memory_mb,
        published=published,
        seconds=seconds,
    )


def viewer_spec(folder: Path, running: Stack, boxes: list[list[float]], slow: int) -> ViewerSpec:
    http = urlsplit(running.http)
    stem = folder / f"viewers-{time.time_ns()}"
    return ViewerSpec(
        host=str(http.hostname),
        port=int(http.port or 80),
        token=token(running),
        viewports=boxes,
        slow=slow,
        slow_wait_s=SLOW_WAIT_S,
        board=f"{stem}.board",
        result=str(stem),
    )


def viewports(count: int) -> list[list[float]]:
    """The slow ones look at all of India, the others at a town up to half of the country."""
    rng = np.random.default_rng(7)
    boxes = [EVERYTHING] * SLOW
    while len(boxes) < count:
        width, height = np.exp(rng.uniform(np.log(0.5), np.log(10.0), 2))
        west, south = rng.uniform(WEST, EAST - width), rng.uniform(SOUTH, NORTH - height)
        boxes.append([float(west), float(south), float(west + width), float(south + height)])
    return boxes[:count]
