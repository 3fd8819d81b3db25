"""bench api: a read and two writes through Serve, and under bare uvicorn as the floor."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
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
from geo.roads import read_roads

TRUCKS = 500
CONNECTIONS = 32
LANES = 40
WARM_UP_S = 5.0
READY_S_MAX = 60.0


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--profile", action="store_true", help="py-spy on the replicas")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)


@dataclasses.dataclass(frozen=True)
class Question:
    """One kind of request, asked as fast as it is answered."""

    name: str
    client: str
    paths: list[str]
    p99_ms_max: float
    bodies: list[str] = dataclasses.field(default_factory=list)
    # Of the rate that the same application has under uvicorn alone.
    ratio_at_least: float | None = None


def questions(running: Stack) -> list[Question]:
    """Bookings take over quotes that were made before, as shippers' programs do."""
    positions = [f"/v1/trucks/{truck}/position" for truck in devices_of(TRUCKS).trucks]
    lanes = bodies_of_loads()
    dispatcher = f"{TENANT}-dispatcher"
    quoted = bodies_of_bookings(running, dispatcher, lanes)
    return [
        Question("positions", f"{TENANT}-viewer", positions, 60, ratio_at_least=0.35),
        Question("quotes", dispatcher, ["/v1/quotes"] * len(lanes), 250, lanes),
        Question("bookings", dispatcher, ["/v1/bookings"] * len(quoted), 250, quoted),
    ]


def run(args: argparse.Namespace) -> Report:
    report = Report("api")
    with stack.scratch() as folder, stack.running(folder) as running:
        asyncio.run(_position_every_truck(folder, running))
        asked = questions(running)
        with _bare_gateway(running, folder / "bare.log") as port:
            floors = [_ask(folder, ("127.0.0.1", port), each, running, args) for each in asked]
        for question, floor in zip(asked, floors, strict=True):
            _through_serve(report, folder, running, question, floor, args)
    report.note(
        f"{args.connections} keep-alive connections; {TRUCKS} trucks in turn, {LANES} lanes"
    )
    return report


def _through_serve(  # noqa: PLR0917 - what is asked of whom, and where it is told
    report: Report,
    folder: Path,
    running: Stack,
    question: Question,
    floor: HttpResult,
    args: argparse.Namespace,
) -> None:
    http = urlsplit(running.http)
    before = usage(running.pids())
    profiler = _profiler(running, folder, args) if args.profile else None
    where = str(http.hostname), int(http.port or 80)
    served = _ask(folder, where, question, running, args)
    cpu = usage(running.pids()).cpu_since(before)
    if profiler is not None:
        print_profile(profiler.top())
    # The first kind keeps the names it had when it was the only one.
    prefix = "" if question.name == "positions" else f"{question.name}_"
    report.add(
        f"{prefix}requests_per_s",
        served.requests_per_s,
        floor=floor.requests_per_s,
        ratio_at_least=question.ratio_at_least,
    )
    report.add(f"{prefix}p50_ms", served.p50_ms, floor=floor.p50_ms)
    report.add(f"{prefix}p99_ms", served.p99_ms, floor=floor.p99_ms, at_most=question.p99_ms_max)
    report.add(f"{prefix}errors", served.errors + floor.errors, at_most=0)
    for role in ("serve_replica", "haproxy", "postgres"):
        spent_us = 1e6 * cpu.get(role, 0.0) / max(served.requests, 1)
        report.add(f"{prefix}{role}_us_per_request", spent_us)
    client_us = 1e6 * served.client_cpu_s / max(served.requests, 1)
    report.add(f"{prefix}client_us_per_request", client_us)


def bodies_of_loads() -> list[str]:
    """Loads between towns of the highways, each with a drop on its way, as shippers send them."""
    towns = read_roads().towns
    bodies = []
    for number in range(LANES):
        places = [towns[(number * step + step) % len(towns)] for step in (3, 7, 11)]
        stops = [
            {
                "kind": "drop" if i else "pickup",
                "place": {"lat": town.lat, "lon": town.lon, "name": town.name},
                "weight_t": (20, 8, 12)[i],
            }
            for i, town in enumerate(places)
        ]
        load = {"material": "steel", "weight_t": 20, "truck_class": "TRL_18W"}
        bodies.append(msgspec.json.encode({"load": load, "stops": stops}).decode())
    return bodies


def bodies_of_bookings(running: Stack, client: str, lanes: list[str]) -> list[str]:
    """Of one quote for each lane."""
    bearer = f"Bearer {token(running, client)}"
    headers = {"Authorization": bearer, "Content-Type": "application/json"}
    bodies = []
    with httpx.Client(base_url=running.http, headers=headers, timeout=30) as http:
        for lane in lanes:
            answer = http.post("/v1/quotes", content=lane)
            answer.raise_for_status()
            body = {"quote": answer.json()["id"], "references": {"po": "4711"}}
            bodies.append(msgspec.json.encode(body).decode())
    return bodies


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


def _ask(
    folder: Path,
    where: tuple[str, int],
    question: Question,
    running: Stack,
    args: argparse.Namespace,
) -> HttpResult:
    result = folder / f"http-{time.time_ns()}.json"
    spec = HttpSpec(
        host=where[0],
        port=where[1],
        paths=question.paths,
        bodies=question.bodies,
        token=token(running, question.client),
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
