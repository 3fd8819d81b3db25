"""bench api: GET /v1/trucks/{id}/position through Serve, and under bare uvicorn as the floor."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec

from bench import load_process, stack
from bench.fleet import devices_of, fleet, publish_once
from bench.http_load import HttpResult, HttpSpec
from bench.processes import Profiler, print_profile, usage
from bench.report import Report
from bench.seeding import TENANT
from bench.stack import Stack

TRUCKS = 500
CONNECTIONS = 32
WARM_UP_S = 3.0
READY_S_MAX = 60.0


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--profile", action="store_true", help="py-spy on the replicas")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)


def run(args: argparse.Namespace) -> Report:
    report = Report("api")
    with stack.scratch() as folder, stack.running(folder) as running:
        asyncio.run(_position_every_truck(folder, running))
        bearer = token(running)
        with _bare_gateway(running, folder / "bare.log") as port:
            floor = _ask(folder, ("127.0.0.1", port), bearer, args)
        http = urlsplit(running.http)
        before = usage(running.pids())
        profiler = _profiler(running, folder, args) if args.profile else None
        served = _ask(folder, (str(http.hostname), int(http.port or 80)), bearer, args)
        cpu = usage(running.pids()).cpu_since(before)
        if profiler is not None:
            print_profile(profiler.top())
    report.add(
        "requests_per_s", served.requests_per_s, floor=floor.requests_per_s, ratio_at_least=0.35
    )
    report.add("p50_ms", served.p50_ms, floor=floor.p50_ms)
    report.add("p99_ms", served.p99_ms, floor=floor.p99_ms, at_most=60)
    report.add("errors", served.errors + floor.errors, at_most=0)
    for role in ("serve_replica", "haproxy", "postgres"):
        spent_us = 1e6 * cpu.get(role, 0.0) / max(served.requests, 1)
        report.add(f"{role}_us_per_request", spent_us)
    report.add("client_us_per_request", 1e6 * served.client_cpu_s / max(served.requests, 1))
    report.note(f"{args.connections} keep-alive connections, {TRUCKS} trucks in turn")
    return report


async def _position_every_truck(folder: Path, running: Stack) -> None:
    await publish_once(await fleet(running, folder, TRUCKS))


def _profiler(running: Stack, folder: Path, args: argparse.Namespace) -> Profiler:
    pids = {f"serve_replica-{i}": p for i, p in enumerate(running.pids()["serve_replica"])}
    return Profiler(pids, folder, args.seconds)


def token(running: Stack, client: str = f"{TENANT}-viewer") -> str:
    answer = httpx.post(
        f"{running.http}/v1/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client, f"{client}-secret"),
        timeout=30,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


@contextlib.contextmanager
def _bare_gateway(running: Stack, log: Path) -> Iterator[int]:
    port = stack.free_port()
    environment = running.environment()
    process = load_process.python("bench.bare_gateway", str(port), environment=environment, log=log)
    try:
        load_process.wait_for(lambda: _lives(port), process, READY_S_MAX)
        yield port
    finally:
        load_process.end(process)


def _lives(port: int) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/livez", timeout=1).is_success
    return False


def _ask(folder: Path, where: tuple[str, int], bearer: str, args: argparse.Namespace) -> HttpResult:
    result = folder / f"http-{time.time_ns()}.json"
    spec = HttpSpec(
        host=where[0],
        port=where[1],
        paths=[f"/v1/trucks/{truck}/position" for truck in devices_of(TRUCKS).trucks],
        token=bearer,
        connections=args.connections,
        warm_up_s=WARM_UP_S,
        seconds=args.seconds,
        result=str(result),
    )
    spec_file = result.with_suffix(".spec")
    spec_file.write_bytes(msgspec.json.encode(spec))
    process = load_process.python("bench.http_load", str(spec_file))
    if process.wait(args.seconds + WARM_UP_S + 60) != 0:
        raise load_process.LoadFailedError("the HTTP client failed")
    return msgspec.json.decode(result.read_bytes(), type=HttpResult)
