"""`python -m ubertruck sim`: a seeded fleet that drives against any installation."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import signal
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any

import httpx
import uvloop

from config.policy import policy
from config.sections.simulation import Simulation
from geo.roads import RoadGraph, read_roads
from sim.convoy import Convoy, make_devices
from sim.dispatching import Dispatcher
from sim.fleet import TruckIdentity, fleet
from sim.market import Market
from sim.paperwork import Papers, today
from sim.parties import Parties
from sim.party import SetupError
from sim.places import demo_fences
from sim.scenario import Drive, perfect_network
from sim.setup import TenantSetup
from sim.world import LastKnown

# Open files beside the devices' connections: the API's connections, libraries, logs.
FILES_BESIDE = 200


def main(argv: Sequence[str]) -> int:
    options = _options(argv)
    rules = policy().simulation
    if options.clean:
        rules = perfect_network(rules)
    problem = _allow_connections(options.trucks)
    if problem:
        _say(problem)
        return 1
    try:
        return uvloop.run(_simulate(options, rules))
    except SetupError as error:
        _say(f"cannot start: {error}")
        return 1


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck sim",
        description="A seeded fleet of trucks on Indian highways, as devices over MQTT.",
    )
    parser.add_argument("--trucks", type=_count, default=200)
    parser.add_argument("--rate", type=_positive, default=0.2, help="fixes per second and truck")
    parser.add_argument("--seed", type=int, default=1)
    # fixed: the default of a development command
    parser.add_argument("--http", default="http://127.0.0.1:8000", metavar="URL")
    # fixed: the default of a development command
    parser.add_argument("--mqtt", type=address, default=("127.0.0.1", 1883), metavar="HOST:PORT")
    parser.add_argument("--payments", metavar="URL", help="where the payments sandbox is")
    parser.add_argument("--tenant", default="demo")
    parser.add_argument("--duration", type=_positive, metavar="S", help="stop after so long")
    parser.add_argument("--clean", action="store_true", help="a perfect network, no alarms")
    parser.add_argument(
        "--anew", action="store_true", help="start where the seed says, not where trucks were seen"
    )
    parser.add_argument("--no-fences", action="store_true", help="create trucks only")
    parser.add_argument("--no-journeys", action="store_true", help="give no truck a route")
    parser.add_argument(
        "--no-market", action="store_true", help="no loads, no papers, nobody who books or offers"
    )
    return parser.parse_args(argv)


async def _simulate(options: argparse.Namespace, rules: Simulation) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    graph = read_roads()
    trucks = fleet(options.trucks)
    timeout_s = rules.setup.request_timeout_s
    async with (
        httpx.AsyncClient(base_url=options.http, timeout=timeout_s) as http,
        contextlib.AsyncExitStack() as open_at,
    ):
        setup = TenantSetup(http, options.tenant, rules.setup, _say)
        seen: dict[str, LastKnown] = {}
        if not await _unless_stopped(stop, _prepare(setup, options, trucks, seen)):
            return 0
        fences = [] if options.no_fences else demo_fences(graph, rules)
        drive = _drive(options, rules, graph, trucks, seen)
        dispatcher = Dispatcher(drive.world, trucks, setup, rules.setup, _say)
        drawn = asyncio.Event()
        beside = [_ensure_fences(setup, fences, drawn)]
        beside += [] if options.no_journeys else [dispatcher.run(stop)]
        if not (options.no_market or options.clean):
            box = await open_at.enter_async_context(_sandbox(options.payments, timeout_s))
            parties = Parties(http, options.tenant, rules, _say, box)
            market = Market(parties, drive.world, trucks, rules, options.seed)
            beside += [_trade(Papers(setup, rules.market.paperwork, today()), market, drawn, stop)]
            beside += [_enter(Papers(setup, rules.market.paperwork, today()), trucks, drawn)]
        works = [asyncio.create_task(_unless_stopped(stop, work)) for work in beside]
        await _convoy(options, rules, trucks, drive).run(stop, options.duration)
        stop.set()
        await asyncio.gather(*works)
    return 0


@contextlib.asynccontextmanager
async def _sandbox(url: str | None, timeout_s: float) -> AsyncIterator[httpx.AsyncClient | None]:
    """None: there is no provider at whom the simulated could pay."""
    if url is None:
        yield None
        return
    async with httpx.AsyncClient(base_url=url, timeout=timeout_s) as opened:
        yield opened


def _drive(
    options: argparse.Namespace,
    rules: Simulation,
    graph: RoadGraph,
    trucks: Sequence[TruckIdentity],
    seen: dict[str, LastKnown],
) -> Drive:
    drive = Drive(
        graph,
        rules,
        trucks=len(trucks),
        rate_hz=options.rate,
        seed=options.seed,
        start_ms=round(time.time() * 1000),
    )
    for row, truck in enumerate(trucks):
        if truck.id in seen:
            drive.world.resume(row, seen[truck.id])
    return drive


def _convoy(
    options: argparse.Namespace,
    rules: Simulation,
    trucks: Sequence[TruckIdentity],
    drive: Drive,
) -> Convoy:
    host, port = options.mqtt
    devices = make_devices(
        [truck.id for truck in trucks],
        host=host,
        port=port,
        tenant=options.tenant,
        seed=options.seed,
        policy=rules.devices,
    )
    return Convoy(drive, devices, rules, _say)


async def _unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Runs the work, but not beyond a stop; says whether it was finished."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
        await asyncio.wait({working})
        return False
    working.result()
    return True


async def _prepare(
    setup: TenantSetup,
    options: argparse.Namespace,
    trucks: Sequence[TruckIdentity],
    seen: dict[str, LastKnown],
) -> None:
    """Everything that must be there before the first truck moves; fills `seen`."""
    await setup.sign_in()
    known = await setup.ensure_trucks(trucks)
    new = len(trucks) - len(known)
    _say(f"{len(trucks)} trucks in tenant {options.tenant}, {new} of them new")
    if known and not options.anew:
        seen.update(await setup.last_known(sorted(known)))
        _say(f"{len(seen)} trucks go on from where they were last seen")


async def _ensure_fences(
    setup: TenantSetup, fences: Sequence[dict[str, Any]], drawn: asyncio.Event
) -> None:
    """Trucks drive without fences too, so a failure here is told and not fatal."""
    try:
        created = await setup.ensure_fences(fences)
    except SetupError as error:
        _say(f"not all fences could be drawn: {error}")
    else:
        _say(f"{len(fences)} fences, {created} of them new")
    drawn.set()


async def _trade(papers: Papers, market: Market, drawn: asyncio.Event, stop: asyncio.Event) -> None:
    """Loads lie at depots, so their fences come first."""
    await drawn.wait()
    try:
        await papers.verify_carrier()
        await papers.register_parties()
    except SetupError as error:
        _say(f"carrier and parties stay as they are: {error}")
    await market.run(stop)


async def _enter(papers: Papers, trucks: Sequence[TruckIdentity], drawn: asyncio.Event) -> None:
    """Trucks drive without papers on record too."""
    await drawn.wait()
    try:
        entered = await papers.enter(trucks)
    except SetupError as error:
        _say(f"not all papers could be entered: {error}")
    else:
        _say(f"papers and drivers of {entered} trucks entered")


def _allow_connections(trucks: int) -> str:
    """Each truck has its own connection; gives the reason when this machine does not allow it."""
    wanted = trucks + FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and wanted > hard:
        return f"{trucks} trucks need {wanted} open files, this machine allows {hard} (ulimit -Hn)"
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return ""


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0.0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError("must be HOST:PORT")
    return host.strip("[]"), int(port)


def _say(line: str) -> None:
    print(f"sim: {line}", file=sys.stderr, flush=True)
