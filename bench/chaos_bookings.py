"""Bookings that flow while those who book and dispatch are killed; afterwards, the account."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from bench.api import token
from bench.booking_truth import Acked, BookingAccount, account
from bench.chaos_kills import NotRecoveredError, Victim, until
from bench.fleet import fleet, publish_once
from bench.seeding import TENANT, open_tenant, tenant_key
from bench.stack import Stack
from store.postgres import AnyConnection

DISPATCHER = "dispatcher"
VICTIMS = ("booking_shard", DISPATCHER)
CARRIER = f"{TENANT}-carrier"
PAYLOAD_KG = 20_000
BETWEEN_COMMANDS = 30  # acknowledged from one kill to the next
AGAIN_S = 0.2
ANSWER_S_MAX = 120.0
ASSIGNED_S_MAX = 20.0
LOOK_EVERY_S = 0.25
CANCELLED_SHARE = 0.75  # so that trucks become free again
SETTLED_LOOKS = 2
SETTLE_EVERY_S = 6.0  # longer than a window of the dispatcher
SETTLE_LOOKS_MAX = 20
STATUS_TRY_LATER = 429
STATUS_SERVER = 500


@dataclasses.dataclass(frozen=True)
class Recovery:
    """Seconds from the kill until its process was back, and until its work was seen going on."""

    victim: str
    process_s: float
    work_s: float


@dataclasses.dataclass(frozen=True)
class BookingResult:
    acked: Acked
    account: BookingAccount
    recoveries: list[Recovery]


class Flow:
    """Clients that book, confirm and cancel, and a carrier that accepts all that it is offered."""

    def __init__(self, http: httpx.AsyncClient, places: list[tuple[float, float]]) -> None:
        self.acked = Acked()
        self.assigned = 0  # bookings that were seen to have a truck
        self.over = False
        self._http = http
        self._places = places
        self._rng = random.Random(len(places))
        self._mark = f"po-{time.time_ns():x}"
        self._next = 0

    async def command(self, path: str, body: dict[str, Any], key: str) -> httpx.Response:
        """Sent again by the same key until it is answered, as shippers' programs do."""
        asked = time.monotonic()
        while time.monotonic() - asked < ANSWER_S_MAX:
            with contextlib.suppress(httpx.HTTPError):
                answer = await self._http.post(path, json=body, headers={"Idempotency-Key": key})
                if answer.status_code < STATUS_SERVER and answer.status_code != STATUS_TRY_LATER:
                    return answer
            self.acked.again += 1
            await asyncio.sleep(AGAIN_S)
        raise NotRecoveredError(f"{path} was not answered")

    async def book(self) -> None:
        while not self.over:
            self._next += 1
            reference = f"{self._mark}-{self._next}"
            made = await self.command("/v1/bookings", self._wanted(reference), reference)
            made.raise_for_status()
            booking = str(made.json()["id"])
            self.acked.created[reference] = booking
            path = f"/v1/bookings/{booking}"
            confirmed = await self.command(f"{path}/confirm", {}, f"{reference}-confirm")
            confirmed.raise_for_status()
            self.acked.confirmed.add(booking)
            await self._assigned(path)
            if self._rng.random() < CANCELLED_SHARE:
                cancelled = await self.command(f"{path}/cancel", {}, f"{reference}-cancel")
                if cancelled.is_success:
                    self.acked.cancelled.add(booking)

    async def carry(self) -> None:
        """Every accept is sent twice at once."""
        while True:
            found = await self._got("/v1/offers", state="made", limit=50)
            for offer in [] if found is None else found["items"]:
                path = f"/v1/offers/{offer['id']}/accept"
                twins = (self.command(path, {}, f"{offer['id']}-{n}") for n in range(2))
                answers = await asyncio.gather(*twins)
                if any(answer.is_success for answer in answers):
                    self.acked.accepted[offer["id"]] = (offer["booking"], offer["leg"])
            await asyncio.sleep(LOOK_EVERY_S)

    async def _assigned(self, path: str) -> None:
        """Or not, when no truck is left."""
        asked = time.monotonic()
        while time.monotonic() - asked < ASSIGNED_S_MAX and not self.over:
            found = await self._got(path)
            if found is not None and found["status"] == "assigned":
                self.assigned += 1
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def _got(self, path: str, **params: Any) -> dict[str, Any] | None:
        with contextlib.suppress(httpx.HTTPError):
            answer = await self._http.get(path, params=params)
            if answer.is_success:
                found: dict[str, Any] = answer.json()
                return found
        return None

    def _wanted(self, reference: str) -> dict[str, Any]:
        """From where a truck stands to where another one does."""
        ends = self._rng.sample(self._places, 2)
        stops = [
            {
                "kind": kind,
                "place": {"lat": lat, "lon": lon, "name": kind.title()},
                "weight_t": 9,
            }
            for kind, (lat, lon) in zip(("pickup", "drop"), ends, strict=True)
        ]
        load = {"material": "cement", "weight_t": 9}
        return {"load": load, "stops": stops, "references": {"po": reference}}


async def with_kills(
    stack: Stack,
    folder: Path,
    *,
    trucks: int,
    clients: int,
    kills: int,
    say: Callable[[str], None],
) -> BookingResult:
    """Kills them in turn with SIGKILL, each when commands were taken again since the last one."""
    ready = await fleet(stack, folder, trucks, prefix="chaos-booked")
    await publish_once(ready)
    conn = await open_tenant(stack, await tenant_key(stack))
    headers = {"Authorization": f"Bearer {token(stack, f'{TENANT}-admin')}"}
    try:
        places = await _fitted(conn, list(ready.keys.values()))
        async with httpx.AsyncClient(base_url=stack.http, headers=headers, timeout=30) as http:
            flow = Flow(http, places)
            carrier = asyncio.create_task(flow.carry())
            booking = [asyncio.create_task(flow.book()) for _ in range(clients)]
            try:
                recoveries = [
                    await _killed(stack, flow, VICTIMS[number % len(VICTIMS)], say)
                    for number in range(kills)
                ]
                flow.over = True
                await asyncio.gather(*booking)
                await _settled(conn)
            finally:
                for task in (carrier, *booking):
                    task.cancel()
                await asyncio.gather(carrier, *booking, return_exceptions=True)
        return BookingResult(flow.acked, await account(conn, flow.acked), recoveries)
    finally:
        await conn.close()


async def _fitted(conn: AnyConnection, keys: list[int]) -> list[tuple[float, float]]:
    """Half of the trucks are a carrier's; where they stand."""
    await conn.execute("UPDATE carriers SET kyc_state = 'verified' WHERE id = $1", CARRIER)
    await conn.execute(
        """
        UPDATE trucks SET payload_kg = $2, truck_class = NULL,
            carrier = CASE WHEN key % 2 = 0 THEN $3 END
        WHERE key = any($1)
        """,
        *(keys, PAYLOAD_KG, CARRIER),
    )
    rows = await conn.fetch(
        """
        SELECT DISTINCT ON (truck_key) lat, lon FROM fixes WHERE truck_key = any($1)
        ORDER BY truck_key, ts DESC
        """,
        keys,
    )
    return [(row["lat"], row["lon"]) for row in rows]


async def _killed(stack: Stack, flow: Flow, role: str, say: Callable[[str], None]) -> Recovery:
    await until(partial(_further, flow, flow.acked.count + BETWEEN_COMMANDS), "nothing is booked")
    pids = stack.pids()[role]
    pid = Victim(role).pid(stack)
    os.kill(pid, signal.SIGKILL)
    killed, before = time.monotonic(), _work(flow, role)
    process_s = await until(
        lambda: pid not in stack.pids()[role] and len(stack.pids()[role]) >= len(pids),
        f"{role} did not come back",
        killed,
    )
    # What was on its way when the process died may still come through without it.
    back = _work(flow, role)
    work_s = await until(
        lambda: _work(flow, role) > back, f"nothing went on after {role} was killed", killed
    )
    say(
        f"{role} killed at {before:,}: process back after {process_s:.1f} s, "
        f"its work after {work_s:.1f} s"
    )
    return Recovery(role, process_s, work_s)


def _further(flow: Flow, count: int) -> bool:
    return flow.acked.count >= count


def _work(flow: Flow, victim: str) -> int:
    """Of a dispatcher: trucks that were found."""
    return flow.assigned if victim == DISPATCHER else flow.acked.count


async def _settled(conn: AnyConnection) -> None:
    """Every leg has a truck, or none is left for it: several windows change nothing."""
    same, before = 0, None
    for _ in range(SETTLE_LOOKS_MAX):
        now = await conn.fetchval(
            """
            SELECT ARRAY[(SELECT count(*) FROM booking_log), (SELECT count(*) FROM offer_log)]
            """
        )
        same, before = (same + 1 if now == before else 0), now
        if same >= SETTLED_LOOKS:
            return
        await asyncio.sleep(SETTLE_EVERY_S)
