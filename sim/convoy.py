"""Drives the fleet in real time: each truck's device sends its fixes when they are taken."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from config.sections.simulation import Devices, Simulation
from sim.device_mqtt import ReceiptDevice
from sim.radio import Outbox
from sim.scenario import Drive
from sim.wire import OutgoingFix, encode_fixes

# Messages of one step are spread over it in this many portions, as real devices would.
PORTIONS = 10
# A machine that slept longer than this does not make up for it.
BEHIND_S_MAX = 30.0  # fixed: the simulator's own honesty, not a behaviour of the fleet


@dataclass(frozen=True, slots=True)
class Progress:
    trucks: int
    connected: int
    in_dead_zones: int
    fixes_per_s: float
    awaiting: int
    dropped: int

    def __str__(self) -> str:
        line = (
            f"{self.trucks} trucks ({self.connected} connected), "
            f"{self.in_dead_zones} in dead zones, {self.fixes_per_s:.0f} fixes/s, "
            f"{self.awaiting} fixes awaiting receipts"
        )
        return f"{line}, {self.dropped} dropped" if self.dropped else line


class Pacer:
    """Lets devices connect one after another, not all at once."""

    def __init__(self, per_s: float) -> None:
        self._gap_s = 1.0 / per_s
        self._next_at = 0.0

    async def turn(self) -> None:
        now = asyncio.get_running_loop().time()
        at = max(now, self._next_at)
        self._next_at = at + self._gap_s
        if at > now:
            await asyncio.sleep(at - now)


def make_devices(
    truck_ids: Sequence[str], *, host: str, port: int, tenant: str, seed: int, policy: Devices
) -> list[ReceiptDevice]:
    pacer = Pacer(policy.connects_per_s)
    return [
        ReceiptDevice(
            host,
            port,
            tenant=tenant,
            truck=truck_id,
            # fixed: public, refused outside development
            password="dev-secret",  # noqa: S106 - what the contract gives every demo truck
            policy=policy,
            rng=random.Random(f"{seed} {truck_id}"),
            gate=pacer.turn,
        )
        for truck_id in truck_ids
    ]


class Convoy:
    def __init__(
        self,
        drive: Drive,
        devices: Sequence[ReceiptDevice],
        policy: Simulation,
        say: Callable[[str], None],
    ) -> None:
        self._drive = drive
        self._devices = devices
        self._policy = policy
        self._say = say
        self.fixes_offered = 0

    async def run(self, stop: asyncio.Event, duration_s: float | None) -> None:
        """Until `stop` is set or the time is over; then give the last fixes their receipts."""
        for device in self._devices:
            device.start()
        started = reported_at = time.monotonic()
        offered_before = 0
        try:
            while not stop.is_set():
                now = time.monotonic()
                if duration_s is not None and now - started >= duration_s:
                    break
                if now - reported_at >= self._policy.report_every_s:
                    rate = (self.fixes_offered - offered_before) / (now - reported_at)
                    self._say(str(self.progress(rate)))
                    reported_at, offered_before = now, self.fixes_offered
                await self._send_step(stop)
            if not stop.is_set():
                self._offer_all(self._drive.radio.flush())
            await self._drain(self._policy.drain_within_s)
        finally:
            await asyncio.gather(*(device.close() for device in self._devices))

    def progress(self, fixes_per_s: float) -> Progress:
        return Progress(
            trucks=len(self._devices),
            connected=sum(device.connected for device in self._devices),
            in_dead_zones=self._drive.radio.in_dead_zones,
            fixes_per_s=fixes_per_s,
            awaiting=sum(device.unconfirmed for device in self._devices),
            dropped=sum(device.counts.dropped for device in self._devices)
            + self._drive.radio.dropped,
        )

    async def _send_step(self, stop: asyncio.Event) -> None:
        """One step of the world, its messages offered as their moments come."""
        world = self._drive.world
        step_ms = round(self._drive.step_s * 1000)
        behind_s = time.time() - world.now_ms / 1000.0
        if behind_s > BEHIND_S_MAX:
            world.now_ms += round(behind_s * 1000)
        begin_ms = world.now_ms
        _, outbox = self._drive.step()
        encoded = encode_fixes(outbox.fixes)
        # A message goes out at the moment of the newest fix that the truck has just taken.
        moments = np.cumsum(np.full(PORTIONS, step_ms / PORTIONS)) + begin_ms
        ends = _portions(outbox, moments)
        sent = 0
        for moment_ms, end in zip(moments.tolist(), ends, strict=True):
            wait_s = moment_ms / 1000.0 - time.time()
            if wait_s > 0.0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), wait_s)
            if stop.is_set():
                return
            self._offer(outbox, encoded, sent, end)
            sent = end
            await asyncio.sleep(0)

    def _offer(self, outbox: Outbox, encoded: list[OutgoingFix], first: int, end: int) -> None:
        for truck, start, stop in outbox.messages[first:end]:
            self._devices[truck].offer(encoded[start:stop])
            self.fixes_offered += stop - start

    def _offer_all(self, outbox: Outbox) -> None:
        self._offer(outbox, encode_fixes(outbox.fixes), 0, len(outbox.messages))

    async def _drain(self, within_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(device.drain() for device in self._devices))
        left = sum(device.unconfirmed for device in self._devices)
        if left:
            self._say(f"{left} fixes were still awaiting their receipts")


def _portions(outbox: Outbox, moments: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
    """How many messages have been sent at each moment; messages are ordered by occasion."""
    if not outbox.messages:
        return [0] * len(moments)
    starts = np.array([start for _, start, _ in outbox.messages])
    occasions = np.maximum.accumulate(outbox.fixes["ts_ms"][starts])
    ends = np.searchsorted(occasions, moments, side="right")
    ends[-1] = len(outbox.messages)
    return [int(end) for end in ends]
