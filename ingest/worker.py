"""The Ray actor between the broker and the shards: nothing leaves the broker before its commit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable

from actors.configured import following_configuration
from actors.doors import HttpFixes, HttpTaken, Trouble
from actors.handles import ShardHandle
from actors.life import live, now_ms
from actors.service_tokens import guard_of, maker_for
from actors.stats import ActorStats, stats_of
from config.installation import DatabaseRole
from config.policy import policy
from config.sections.ingest import Batching
from config.snapshot import Handed, take_over
from freight.device_topics import INGEST_SUBSCRIBES
from ingest import measures
from ingest.admission import admission_now
from ingest.broker_kinds import device_broker
from ingest.command_sender import CommandSender
from ingest.decode import scanning
from ingest.delivery import Delivery
from ingest.device_brokers import keep_devices
from ingest.direct import DirectDoor
from ingest.http_door import HttpDoor
from ingest.inbox import Inbox, Picked
from ingest.mqtt_client import BrokerAwayError, BrokerStream
from ingest.osmand_port import serve_osmand
from ingest.receipts import send_receipts
from ingest.tcp_door import TcpDoor
from ingest.tcp_listener import TcpListener
from ingest.topics import AddressBook
from ingest.windows import Window, WindowReader
from store.directory import TruckDirectory
from store.installed import installation
from store.postgres import STORE_FAILURES, AnyPool, open_pool
from telemetry import process, tracing

log = logging.getLogger(__name__)

COUNTED = (
    *("messages_total", "fixes_total", "rejections_total", "fold_retries_total"),
    *("read_pauses_total", "receipts_deferred_total"),
)


class IngestWorker:
    """Bounded all the way: when the store slows, windows stay in flight, then messages stay in the
    socket, then the broker keeps them."""

    def __init__(self, number: int, handed: Handed) -> None:
        take_over(handed)
        process.begin(f"ingest-worker-{number}", installation())
        self._number = number
        self._limits = policy().ingest
        self._guard = guard_of(f"ingest-worker-{number}")
        self._room = asyncio.Semaphore(self._limits.batching.in_flight_max)
        self._in_flight = 0
        self._addresses = AddressBook(policy().tracking.shards)
        self._reader = WindowReader(self._addresses.find, self._limits.admission)
        self._directory = TruckDirectory()
        tokens = maker_for(installation(), f"ingest-worker-{number}")
        self._shards = [ShardHandle(i, tokens) for i in range(policy().tracking.shards)]
        # From the first look on they are there, so that nothing can be told from nobody asked.
        self._counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
        self._inbox = Inbox(self._limits.batching, self._counts)
        self._http: HttpDoor | None = None
        self._trouble: str | None = "starting"
        # Brokers bound what a session may leave unacknowledged, by each of its subscriptions; so
        # the many positions have one for themselves, as they always had.
        self._positions, self._others = (
            BrokerStream(installation().mqtt, self._limits, self._client_id(of), self._inbox.take)
            for of in ("", "-others")
        )
        self._life = live(self._run(), "ingest-life")

    async def stats(self, token: str) -> ActorStats:
        self._guard.admit(token)
        values = {
            **{name: float(count) for name, count in self._counts.items()},
            "waiting_messages": float(len(self._inbox)),
            "waiting_bytes": float(self._inbox.bytes),
            "windows_in_flight": float(self._in_flight),
            "broker_connections_total": float(
                self._positions.connections + self._others.connections
            ),
            "known_trucks": float(len(self._addresses)),
        }
        trouble = self._trouble or self._positions.trouble or self._others.trouble
        return stats_of("ingest_worker", f"ingest-worker-{self._number}", values, trouble)

    async def take_http(self, token: str, asked: HttpFixes) -> HttpTaken:
        """Fixes that came to the gateway; answered after their commit."""
        self._guard.admit(token)
        if self._http is None:
            return HttpTaken(trouble=Trouble.AWAY, detail="starting")
        return await self._http.take(asked)

    async def drain(self, token: str) -> None:
        """Takes nothing more; answers when all that it held is stored and acknowledged."""
        self._guard.admit(token)
        self._trouble, self._http = "draining", None
        self._inbox.close()
        await self._inbox.empty.wait()
        for _ in range(self._limits.batching.in_flight_max):
            await self._room.acquire()  # as each window is done with

    def _client_id(self, of: str) -> str:
        """Fixed, so that the broker keeps our session and its messages while we are away."""
        secret = installation().mqtt.client_id_secret
        unguessable = f"-{secret.get_secret_value()}" if secret else ""
        return f"ubertruck-{installation().instance}-ingest-{self._number}{of}{unguessable}"

    async def _run(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            where, storage = installation().postgres, policy().storage
            system = await open_pool(where, DatabaseRole.SYSTEM, storage.system_pool, storage)
            stack.push_async_callback(system.close)
            await stack.enter_async_context(following_configuration(system))
            telemetry = await open_pool(
                where, DatabaseRole.TELEMETRY, storage.telemetry_pool, storage
            )
            stack.push_async_callback(telemetry.close)
            await asyncio.to_thread(scanning.warm_up)
            # Before the first message: an empty address book would refuse every truck.
            await self._learn_trucks(system)
            delivery = Delivery(
                shards=self._shards,
                limits=self._limits,
                counts=self._counts,
                of_truck=self._addresses.of_truck,
                telemetry=telemetry,
                system=system,
            )
            direct = DirectDoor(self._reader, delivery, telemetry)
            self._http = HttpDoor(self._directory, self._addresses, direct)
            entry_of = self._directory.by_key.get
            tcp = TcpDoor(self._addresses.find, entry_of, direct, delivery, self._counts)
            self._trouble = None
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow_directory(system), name="directory")
                positions, *others = INGEST_SUBSCRIBES
                tasks.create_task(self._positions.run([positions]), name="broker")
                tasks.create_task(self._others.run(others), name="broker-others")
                tasks.create_task(self._pump(system, delivery, tasks), name="pump")
                tasks.create_task(direct.run(), name="direct")
                for dialect, port in installation().tcp.given():
                    # Each worker takes its share of the connections.
                    listener = TcpListener(dialect, tcp, is_shared=self._limits.workers > 1)
                    tasks.create_task(listener.serve(port), name=dialect)
                if not self._number:
                    self._start_single_tasks(tasks, system, telemetry, tcp)

    def _start_single_tasks(
        self, tasks: asyncio.TaskGroup, system: AnyPool, telemetry: AnyPool, tcp: TcpDoor
    ) -> None:
        """What one worker does for all."""
        keeper = device_broker(installation(), policy, telemetry)
        if keeper is not None:
            tasks.create_task(keep_devices(keeper, system, policy), name="devices")
        sender = CommandSender(
            system,
            lambda: self._positions.session,
            self._limits.receipts,
            self._counts,
            tcp.send_command,
        )
        tasks.create_task(sender.run(), name="commands")
        where = installation().osmand
        if where is not None and self._http is not None:
            tasks.create_task(serve_osmand(where, self._http), name="osmand")

    async def _learn_trucks(self, system: AnyPool) -> None:
        wait_s = self._limits.retry_wait_s_min
        while True:
            try:
                self._addresses.learn(await self._directory.refresh(system))
                return
            except STORE_FAILURES as error:
                log.warning("truck directory: %s", error)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, self._limits.retry_wait_s_max)

    async def _follow_directory(self, system: AnyPool) -> None:
        while True:
            await asyncio.sleep(self._limits.directory_poll_s)
            await self._learn_trucks(system)
            self._reader.rates.forget_full(now_ms())
            # The doors of our own read by the same reader, whether or not the broker has messages.
            self._reader.judge_by(admission_now(policy(), now_ms()))

    async def _pump(self, system: AnyPool, delivery: Delivery, tasks: asyncio.TaskGroup) -> None:
        """Form windows and send them on their way, in the order of the messages."""
        batching = self._limits.batching
        before: asyncio.Event | None = None
        while True:
            await self._inbox.news.wait()
            await self._company(batching)
            await self._room.acquire()
            picked = self._inbox.pick()
            traced = _traced(picked)
            picked_s = time.perf_counter()
            if any(self._addresses.find(m.topic) is None for m in picked.messages):
                # The truck may be younger than our copy of the directory.
                await self._learn_trucks(system)
            self._reader.judge_by(admission_now(policy(), now_ms()))
            read_ms = now_ms()
            window = self._reader.read(picked.messages, read_ms)
            self._counts["messages_total"] += len(picked.messages)
            _measure(picked, window, read_ms, time.perf_counter() - picked_s)
            done = asyncio.Event()
            doing = self._deliver(picked, window, delivery, before, done)
            tasks.create_task(doing if traced is None else _seen(traced, window, doing))
            before = done

    async def _company(self, batching: Batching) -> None:
        """A window waits for more messages: a little while by itself, longer while others are on
        their way, for what a batch costs besides its fixes is paid by all that are in it."""
        waited_ms = 0.0
        while not self._inbox.fills_a_window:
            await asyncio.sleep(batching.wait_ms_max / 1000.0)
            waited_ms += batching.wait_ms_max
            if not self._in_flight or waited_ms >= batching.wait_behind_ms_max:
                return

    async def _deliver(
        self,
        picked: Picked,
        window: Window,
        delivery: Delivery,
        before: asyncio.Event | None,
        done: asyncio.Event,
    ) -> None:
        """Store all of a window, confirm it to the devices, then acknowledge it to the broker."""
        self._in_flight += 1
        begun_s = time.perf_counter()
        try:
            await delivery.store(window)
            stored_s, stored_ns = time.perf_counter(), tracing.clock()
            measures.store.observe(stored_s - begun_s)
            try:
                session = self._positions.session
                await send_receipts(session, window.receipts, self._limits.receipts)
            except BrokerAwayError:
                # Not acknowledged either: the broker sends the messages again, then come receipts.
                self._counts["receipts_deferred_total"] += 1
                return
            if before is not None:
                await before.wait()
            for received_by, mids in picked.mids.items():
                received_by.acknowledge(mids)
            measures.confirm.observe(time.perf_counter() - stored_s)
            tracing.lap("ingest.confirm", stored_ns)
        finally:
            done.set()
            self._in_flight -= 1
            self._room.release()


def _traced(picked: Picked) -> tracing.Window | None:
    """Whether this window is one of the few that are seen all the way."""
    if not tracing.is_on() or not picked.messages:
        return None
    return tracing.window_of((m.payload for m in picked.messages), picked.messages[0].received_ms)


async def _seen(traced: tracing.Window, window: Window, doing: Awaitable[None]) -> None:
    with tracing.working_on(traced, fixes=window.fixes, refused=len(window.refused)):
        tracing.lap("ingest.read", traced.begun_ns)
        await doing


def _measure(picked: Picked, window: Window, read_ms: int, read_s: float) -> None:
    """Once a window, however many messages it has; the oldest has waited longest."""
    if picked.messages:
        measures.queue.observe(max(0, read_ms - picked.messages[0].received_ms) / 1000.0)
    measures.read.observe(read_s)
    measures.messages.observe(len(picked.messages))
    measures.fixes.observe(window.fixes)
