"""bench books: a month of bookings with all that can become of their money, and whether it agrees.

Shippers, carriers, drivers, banks and the office do what they do by a seed, in the month's own
time; rounds run meanwhile, several at once. In the end reports are compared with each other and
with documents, payments, settlements and payouts, to the paisa.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import defaultdict
from contextlib import AbstractAsyncContextManager

from bench import stack
from bench.books_ground import Ground, books_policy, ground, months_time, sandbox
from bench.books_month import DAY_MS, DAYS, HOUR_MS, START_MS, Month, Plan, month
from bench.books_office import BY_DAY, Office
from bench.books_people import People
from bench.books_proof import agreement
from bench.books_sources import Line
from bench.own_servers import servers
from bench.report import Report, table
from config.policy import defaults

BOOKINGS, SEED, WORKERS = 5_000, 7, 6
FEE_BP = 200  # what carriers pay of their freight
EVENING_MS = 22 * HOUR_MS


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bookings", type=int, default=BOOKINGS, help="in the month")
    parser.add_argument("--seed", type=int, default=SEED, help="which month")
    parser.add_argument("--carriers-fee-bp", type=int, default=FEE_BP, help="of their freight")
    parser.add_argument("--workers", type=int, default=WORKERS, help="people at work at once")


def run(args: argparse.Namespace) -> Report:
    report = Report("books")
    made = month(args.bookings, args.seed)
    with (
        stack.scratch() as folder,
        servers(folder) as where,
        sandbox(folder) as (box, at),
        months_time(),
    ):
        policy = books_policy(defaults(), made, args.carriers_fee_bp)
        place = ground(where, policy, (box, at), made)
        lines = asyncio.run(_month(place, made, args, report))
    print(shown(lines))
    for line in lines:
        report.add(f"{line.name} off by", abs(line.one - line.other), at_most=0)
    return report


def shown(lines: list[Line]) -> str:
    cells = [(one.name, f"{one.one:,}", f"{one.other:,}", one.verdict) for one in lines]
    return "\n" + table(("to the paisa", "one side", "the other", ""), cells)


async def _month(
    opened: AbstractAsyncContextManager[Ground],
    made: Month,
    args: argparse.Namespace,
    report: Report,
) -> list[Line]:
    async with opened as place:
        begun = time.perf_counter()
        office = await live(place, made, args.workers)
        took_s = time.perf_counter() - begun
        report.add("bookings", len(made.plans))
        report.add("bookings_per_s", len(made.plans) / took_s)
        begun = time.perf_counter()
        lines, counts = await agreement(place, office)
        report.add("compared_s", time.perf_counter() - begun)
        for name, count in counts.items():
            report.add(name, count)
        return lines


async def live(place: Ground, made: Month, workers: int) -> Office:
    people = People(place, made)
    office = Office(place, people)
    days: dict[int, dict[str, list[tuple[int, Plan, str]]]] = defaultdict(lambda: defaultdict(list))
    for plan in made.plans:
        for at_ms, step in plan.steps:
            days[(at_ms - START_MS) // DAY_MS][plan.id].append((at_ms, plan, step))
    for day in range(DAYS):
        await _day(place, people, list(days[day].values()), workers)
        await office.evening(START_MS + day * DAY_MS + EVENING_MS)
        print(f"day {day + 1} of {DAYS}", end="\r", flush=True)
    await office.rounds()
    return office


async def _day(
    place: Ground, people: People, errands: list[list[tuple[int, Plan, str]]], workers: int
) -> None:
    """Each booking's steps in their order, many bookings at once, and the rounds meanwhile."""
    waiting = iter(sorted(errands, key=lambda each: each[0][0]))

    async def worker() -> None:
        for errand in waiting:
            for at_ms, plan, step in errand:
                await people.do(plan, at_ms, step)

    work = asyncio.gather(*(worker() for _ in range(workers)))
    looking = asyncio.create_task(_rounds(place, work))
    try:
        await work
    finally:
        await looking


async def _rounds(place: Ground, work: asyncio.Future[list[None]]) -> None:
    while not work.done():
        moved = 0
        for one in BY_DAY:
            place.time.is_now(place.time.now_ms)
            moved += await one(place.desk)
        if not moved:
            await asyncio.wait([work], timeout=0.05)
