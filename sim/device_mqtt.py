"""A tracker on MQTT that keeps every fix until the platform says by receipt that it is stored."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec

from config.sections.simulation import Devices
from sim.mqtt_link import Credentials, MqttLink
from sim.mqtt_packets import Publish, Will, topic_bytes
from sim.wire import OutgoingFix, message

log = logging.getLogger(__name__)

ONLINE, OFFLINE = b"online", b"offline"


class Receipt(msgspec.Struct, frozen=True):
    committed: list[int]


_receipt = msgspec.json.Decoder(Receipt)


@dataclass(slots=True)
class DeviceCounts:
    """What happened to one device's fixes, for progress lines and assertions."""

    messages_sent: int = 0
    fixes_sent: int = 0  # each time a fix is sent again counts
    confirmed: int = 0
    dropped: int = 0  # forgotten by a full store
    connects: int = 0
    failed_connects: int = 0
    commands: int = 0


@dataclass(slots=True)
class _Kept:
    fix: OutgoingFix
    sent_at: float | None  # loop time of the last sending; None while it waits for its turn


async def at_once() -> None:
    """The default gate: connect without waiting for others."""


class ReceiptDevice:
    """Connects by itself, again and again; `publish` and `offer` hand it fixes at any time."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tenant: str,
        truck: str,
        password: str,
        policy: Devices,
        rng: random.Random,
        gate: Callable[[], Awaitable[None]] = at_once,
    ) -> None:
        self.counts = DeviceCounts()
        self.trouble = ""  # why there is no connection, as was seen last
        self._host, self._port = host, port
        self._credentials = Credentials(f"{tenant}-{truck}", f"{tenant}/{truck}", password)
        base = f"v1/{tenant}/trucks/{truck}"
        self._position_topic = topic_bytes(f"{base}/position")
        self._status_topic = f"{base}/status"
        self._receipts_topic = f"{base}/receipts"
        self._commands_topic = f"{base}/commands"
        self._policy = policy
        self._rng = rng
        self._gate = gate
        self._kept: dict[int, _Kept] = {}
        self._to_send: deque[int] = deque()
        self._in_flight: set[int] = set()
        self._receipt_wait_s = policy.receipt_wait_s
        self._link: MqttLink | None = None
        self._task: asyncio.Task[None] | None = None
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    @property
    def unconfirmed(self) -> int:
        return len(self._kept)

    @property
    def connected(self) -> bool:
        return self._link is not None

    def start(self) -> None:
        name = f"device {self._credentials.username}"
        self._task = asyncio.get_running_loop().create_task(self._stay_connected(), name=name)
        self._sweep()

    async def publish(self, fixes: Sequence[OutgoingFix]) -> None:
        """Take fixes to be sent, waiting while the store is full: nothing is ever dropped."""
        for fix in fixes:
            while len(self._kept) >= self._policy.store_fixes_max and fix.ts_ms not in self._kept:
                self._pump()
                await self._wait_for_change()
            self._keep(fix)
        self._pump()

    def offer(self, fixes: Sequence[OutgoingFix]) -> None:
        """Take fixes as a real tracker does: a full store forgets its oldest fix."""
        for fix in fixes:
            if len(self._kept) >= self._policy.store_fixes_max and fix.ts_ms not in self._kept:
                del self._kept[next(iter(self._kept))]
                self.counts.dropped += 1
            self._keep(fix)
        self._pump()

    async def drain(self) -> None:
        """Wait until every fix has its receipt; the caller sets the time limit."""
        while self._kept:
            await self._wait_for_change()

    async def close(self) -> None:
        """Sign off and stop; unconfirmed fixes stay countable but are no longer sent."""
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        link, self._link = self._link, None
        if link is not None and link.writable:
            link.publish(topic_bytes(self._status_topic), OFFLINE, retain=True)
            link.disconnect()

    async def _stay_connected(self) -> None:
        failures = 0
        while True:
            await self._gate()
            link = self._new_link()
            try:
                async with asyncio.timeout(self._policy.connect_timeout_s):
                    await self._open(link)
            except (OSError, TimeoutError) as error:
                failures += 1
                self.counts.failed_connects += 1
                self.trouble = str(error) or type(error).__name__
                log.debug("%s: %s", self._credentials.username, error)
                await asyncio.sleep(self._reconnect_wait_s(failures))
                continue
            finally:
                if self._link is not link:
                    link.abort()
            failures, self.trouble = 0, ""
            await asyncio.shield(link.closed)
            self._link = None
            await asyncio.sleep(self._reconnect_wait_s(1))

    def _reconnect_wait_s(self, failures: int) -> float:
        """Doubling, with jitter, so that a returning broker is not run over by its devices."""
        policy = self._policy
        # fixed: keeps a power of two finite
        most = min(policy.reconnect_wait_s_min * 2.0 ** min(failures, 16), 1e9)
        return self._rng.uniform(0.5, 1.0) * min(most, policy.reconnect_wait_s_max)

    def _new_link(self) -> MqttLink:
        return MqttLink(
            on_message=self._on_message,
            on_puback=self._on_puback,
            on_writable=self._pump,
            keepalive_s=self._policy.keepalive_s,
            packet_bytes_max=self._policy.packet_bytes_max,
        )

    async def _open(self, link: MqttLink) -> None:
        qos = self._policy.receipts_qos
        await link.open(
            self._host,
            self._port,
            self._credentials,
            Will(self._status_topic, OFFLINE),
            [(self._receipts_topic, qos), (self._commands_topic, qos)],
        )
        self.counts.connects += 1
        self._in_flight.clear()
        self._in_flight.add(link.publish(topic_bytes(self._status_topic), ONLINE, retain=True))
        self._link = link
        # What the last connection carried may be lost with it, whatever the broker had said.
        self._to_send = deque(self._kept)
        self._pump()

    def _keep(self, fix: OutgoingFix) -> None:
        self._kept[fix.ts_ms] = _Kept(fix, None)
        self._to_send.append(fix.ts_ms)

    def _pump(self) -> None:
        """Send what waits, as long as the broker keeps up with acknowledging."""
        link = self._link
        while (
            self._to_send
            and link is not None
            and link.writable
            and len(self._in_flight) < self._policy.in_flight_messages_max
        ):
            fixes = self._next_fixes(asyncio.get_running_loop().time())
            if fixes:
                self._in_flight.add(link.publish(self._position_topic, message(fixes)))
                self.counts.messages_sent += 1
                self.counts.fixes_sent += len(fixes)

    def _next_fixes(self, now: float) -> list[OutgoingFix]:
        fixes: list[OutgoingFix] = []
        while self._to_send and len(fixes) < self._policy.array_fixes_max:
            kept = self._kept.get(self._to_send.popleft())
            if kept is not None:  # else its receipt came, or it was forgotten
                kept.sent_at = now
                fixes.append(kept.fix)
        return fixes

    def _on_puback(self, packet_id: int) -> None:
        self._in_flight.discard(packet_id)
        self._pump()

    def _on_message(self, packet: Publish) -> None:
        if packet.topic == self._commands_topic:
            self.counts.commands += 1
            return
        if packet.topic != self._receipts_topic:
            return
        try:
            receipt = _receipt.decode(packet.payload)
        except msgspec.DecodeError as error:
            log.warning("%s: not a receipt: %s", self._credentials.username, error)
            return
        for ts_ms in receipt.committed:
            if self._kept.pop(ts_ms, None) is not None:
                self.counts.confirmed += 1
        self._receipt_wait_s = self._policy.receipt_wait_s
        self._changed.set()

    def _sweep(self) -> None:
        """Send again what has waited too long for its receipt, each time more patiently."""
        loop = asyncio.get_running_loop()
        overdue_at = loop.time() - self._receipt_wait_s
        overdue = [
            ts_ms
            for ts_ms, kept in self._kept.items()
            if kept.sent_at is not None and kept.sent_at < overdue_at
        ]
        if overdue and self._link is not None and not self._to_send:
            longer_s = 2.0 * self._receipt_wait_s
            self._receipt_wait_s = min(longer_s, self._policy.receipt_wait_s_max)
            self._to_send.extend(overdue)
            self._pump()
        self._sweep_timer = loop.call_later(self._policy.receipt_wait_s / 3, self._sweep)

    async def _wait_for_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
