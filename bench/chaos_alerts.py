"""Incidents that go on while every process is killed in turn; afterwards, who was told what."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
import time
from collections.abc import Callable

import aiomqtt
import httpx
import msgspec

from bench.chaos_alerts_ground import Office, answer_late, prepare, requests_of
from bench.chaos_alerts_truth import Counts, account, missing_at, newest_seq, taken_in_calm
from bench.chaos_incidents import Fix, Incident, incidents
from bench.chaos_kills import SERVERS, NotRecoveredError, Victim, everyone, until
from bench.chaos_receiver import Receiver, receiving
from bench.fleet import embedded_broker
from bench.seeding import TENANT, open_tenant, tenant_key
from bench.sending import is_posted, session
from bench.stack import Stack
from freight.device_topics import position_topic
from store.postgres import AnyConnection

PREFIX = "chaos-alert"
PER_KILL = 12  # each script once
BEFORE_KILL = 4
AFTER_KILL = 4
CLIENTS = 4
BETWEEN_MESSAGES_S = 0.05
AGAIN_S = 0.3
ANSWER_S_MAX = 15.0
TAKEN_S_MAX = 180.0
IN_THE_MIDDLE_S_MAX = 10.0
SETTLE_S_MAX = 240.0
LOOK_EVERY_S = 0.5
MESSENGER = "messenger"
# Who sends has the longest to mend what it left, so it is killed first, and more than once.
TELLERS = (MESSENGER, MESSENGER, MESSENGER, "watch", "watch", "bookkeeper")
ANSWER_AFTER_S = 2.0  # of everybody whom the messenger asks, while it is about to be killed


@dataclasses.dataclass(frozen=True)
class Recovery:
    """Seconds from the kill until its process was back, and until an incident that began after
    it was heard of at the other end, through everything."""

    victim: str
    process_s: float
    told_s: float


@dataclasses.dataclass(frozen=True)
class AlertsResult:
    counts: Counts
    recoveries: list[Recovery]
    sent: list[Incident]
    fixes_again: int
    settled_s: float


class Devices:
    """Each incident by a device of its own, every second one over HTTP, the others over MQTT."""

    def __init__(self, running: Stack) -> None:
        self.done: list[Incident] = []
        self.again = 0
        self._broker = embedded_broker(running)
        self._http = httpx.AsyncClient(base_url=running.http, timeout=ANSWER_S_MAX, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def happen(self, one: Incident) -> None:
        for fixes in one.messages(time.time_ns() // 1_000_000):
            await self._say(one, fixes)
            await asyncio.sleep(BETWEEN_MESSAGES_S)
        self.done.append(one)

    async def _say(self, one: Incident, fixes: list[Fix]) -> None:
        """Until it is taken: a device keeps what nobody has acknowledged."""
        give_up_at = time.monotonic() + TAKEN_S_MAX
        body = msgspec.json.encode(fixes)
        while time.monotonic() < give_up_at:
            if one.nr % 2 and await is_posted(self._http, one.truck, body):
                return
            if not one.nr % 2 and await self._is_published(one.truck, body):
                return
            self.again += 1
            await asyncio.sleep(AGAIN_S)
        raise NotRecoveredError(f"nobody took what {one.truck} has to say")

    async def _is_published(self, truck: str, body: bytes) -> bool:
        with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
            async with session(self._broker, truck, ANSWER_S_MAX) as client:
                await client.publish(position_topic(TENANT, truck), body, qos=1)
            return True
        return False


def victims_of(stack: Stack) -> list[Victim]:
    """Also who works behind: watch, messenger and bookkeeper."""
    return [*(Victim(role) for role in TELLERS), *everyone(stack)]


async def with_kills(
    running: Stack, victims: list[Victim], *, say: Callable[[str], None]
) -> AlertsResult:
    """A round of incidents for each victim, which is killed in the middle of it."""
    wanted = incidents(PER_KILL * len(victims), PREFIX)
    office, devices = Office(running), Devices(running)
    conn = await open_tenant(running, await tenant_key(running))
    try:
        async with receiving() as receiver:
            people = await prepare(office, wanted, receiver)
            after_seq = await newest_seq(conn)
            await conn.close()
            recoveries = []
            for nr, victim in enumerate(victims):
                part = wanted[nr * PER_KILL : (nr + 1) * PER_KILL]
                recoveries.append(await _round(running, victim, part, devices, receiver))
                say(_line(recoveries[-1], len(receiver.told)))
            conn = await open_tenant(running, await tenant_key(running))
            counts, settled_s = await taken_in_calm(
                conn,
                lambda: _settled(conn, wanted, receiver, after_seq),
                lambda: account(office, conn, devices.done, people, receiver, after_seq),
                SETTLE_S_MAX,
            )
        return AlertsResult(counts, recoveries, devices.done, devices.again, settled_s)
    finally:
        await conn.close()
        await devices.close()
        await office.http.aclose()


async def _round(
    running: Stack, victim: Victim, part: list[Incident], devices: Devices, receiver: Receiver
) -> Recovery:
    """Some happen before the kill, some are under way, and the last begin after it."""
    turns, over = asyncio.Semaphore(CLIENTS), asyncio.Event()
    after = part[-AFTER_KILL:]

    async def one_of(incident: Incident) -> None:
        if incident in after:
            await over.wait()
        async with turns:
            await devices.happen(incident)

    goal, asked = len(devices.done) + BEFORE_KILL, 0
    if victim.role == MESSENGER:
        await answer_late(running, ANSWER_AFTER_S)
        receiver.answer_after_s, asked = ANSWER_AFTER_S, await requests_of(running)
    flow = asyncio.gather(*map(one_of, part))
    try:
        await until(lambda: len(devices.done) >= goal, "nothing is taken")
        if victim.role == MESSENGER:
            await _in_the_middle(running, receiver, asked)
        pids, pid = running.pids()[victim.role], victim.pid(running)
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        over.set()
        receiver.answer_after_s = 0.0
        process_s = await until(
            lambda: is_back(running, victim, pid, len(pids)), f"{victim.name} stayed away", killed
        )
        told_s = await until(
            lambda: any(one.truck in receiver.raised for one in after),
            f"no alert was told of after {victim.name} was killed",
            killed,
        )
        await flow
    finally:
        flow.cancel()
        await asyncio.gather(flow, return_exceptions=True)
    return Recovery(victim.name, process_s, told_s)


async def _in_the_middle(running: Stack, receiver: Receiver, asked: int) -> None:
    """Until somebody was asked and has not answered: by webhook and by message."""
    began = time.monotonic()
    while time.monotonic() - began < IN_THE_MIDDLE_S_MAX:
        if receiver.waiting and await requests_of(running) > asked:
            return
        await asyncio.sleep(AGAIN_S / 10)


def is_back(running: Stack, victim: Victim, pid: int, count: int) -> bool:
    now = running.pids()[victim.role]
    return pid not in now and bool(now) and (victim.role in SERVERS or len(now) >= count)


async def _settled(
    conn: AnyConnection, wanted: list[Incident], receiver: Receiver, after_seq: int
) -> int:
    """Until nothing is on its way any more, or time is up: the account says what is missing."""
    began, expected = time.monotonic(), {one.truck for one in wanted if one.script.kind}
    newest = -1
    while time.monotonic() - began < SETTLE_S_MAX:
        newest = await newest_seq(conn)
        sending = await conn.fetchval(
            "SELECT count(*) FROM notifications WHERE status IN ('waiting', 'sending')"
        )
        missing = await missing_at(conn, receiver, after_seq)
        if not (sending or missing) and expected <= receiver.raised:
            break
        await asyncio.sleep(LOOK_EVERY_S)
    return newest


def _line(recovery: Recovery, told: int) -> str:
    return (
        f"{recovery.victim} killed with {told:,} webhooks out: process back after "
        f"{recovery.process_s:.1f} s, a new alert told of after {recovery.told_s:.1f} s"
    )
