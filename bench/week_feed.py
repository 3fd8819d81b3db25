"""Sends a week's fixes in the order in which they came, by HTTP and MQTT, until all are taken."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Iterator
from functools import partial
from typing import Any

import aiomqtt
import httpx
import msgspec
import numpy as np

from bench.alerts_lives import MINUTE
from bench.alerts_week import Week, clock
from bench.chaos_kills import NotRecoveredError
from bench.fleet import embedded_broker
from bench.seeding import TENANT
from bench.sending import is_posted, session
from bench.stack import Stack
from bench.week_ground import shift_of, truck_id
from freight.device_topics import position_topic
from freight.fixes import FixArray

WINDOW_MS = 60 * MINUTE
ANSWER_S_MAX = 20.0
TRIES_MAX = 400
AGAIN_S = 0.3
AT_ONCE = 24
FIXES_MAX = 200  # in one message
SAID = ("lat", "lon", "speed_kmh", "heading_deg", "accuracy_m", "fuel_pct", "external_v")
DIGITS = (6, 6, 1, 0, 0, 1, 1)


@dataclasses.dataclass(frozen=True)
class Window:
    name: str
    fixes: FixArray


def windows(made: Week) -> Iterator[Window]:
    received = made.fixes["received_ms"]
    edges = np.arange(made.start_ms, made.end_ms + WINDOW_MS, WINDOW_MS)
    bounds = [*np.searchsorted(received, edges[:-1]).tolist(), len(received)]
    for at_ms, low, high in zip(edges.tolist(), bounds[:-1], bounds[1:], strict=False):
        yield Window(clock(at_ms), made.fixes[low:high])


class Feed:
    """A device sends again what nobody took; every second one by HTTP, the others by MQTT."""

    def __init__(self, running: Stack, made: Week) -> None:
        self.made, self.shift_ms, self.again = made, shift_of(made), 0
        self._broker = embedded_broker(running)
        self._http = httpx.AsyncClient(base_url=running.http, timeout=ANSWER_S_MAX, trust_env=False)
        self._links: dict[str, aiomqtt.Client] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def close(self) -> None:
        await self._http.aclose()
        for truck in list(self._links):
            await self._hang_up(truck)

    async def send(self, window: Window) -> None:
        keys = window.fixes["truck_key"]
        order = np.argsort(keys, kind="stable")
        async with asyncio.TaskGroup() as group:
            for key in np.unique(keys).tolist():
                low, high = np.searchsorted(keys[order], [key, key + 1])
                mine = window.fixes[order[low:high]]
                group.create_task(self._say(key, mine))

    async def _say(self, key: int, fixes: FixArray) -> None:
        truck = truck_id(key)
        send = self._is_published if key % 2 else partial(is_posted, self._http)
        async with self._turns:
            for first in range(0, len(fixes), FIXES_MAX):
                body = msgspec.json.encode(self._told(fixes[first : first + FIXES_MAX]))
                for _ in range(TRIES_MAX):
                    if await send(truck, body):
                        break
                    self.again += 1
                    await asyncio.sleep(AGAIN_S)
                else:
                    raise NotRecoveredError(f"nobody took what {truck} has to say")

    def _told(self, fixes: FixArray) -> list[dict[str, Any]]:
        columns = [
            np.round(fixes[name].astype(np.float64), digits).tolist()
            for name, digits in zip(SAID, DIGITS, strict=True)
        ]
        found = []
        times = (fixes["ts_ms"] + self.shift_ms).tolist()
        marks = fixes[["ignition", "alarm"]].tolist()
        for ts_ms, (ignition, alarm), *said in zip(times, marks, *columns, strict=True):
            one = {"ts": ts_ms, "ignition": bool(ignition), **dict(zip(SAID, said, strict=True))}
            if alarm == 1:
                one["alarm"] = "panic"
            found.append(one)
        return found

    async def _is_published(self, truck: str, body: bytes) -> bool:
        try:
            client = self._links.get(truck) or await self._call(truck)
            await client.publish(position_topic(TENANT, truck), body, qos=1)
        except (aiomqtt.MqttError, TimeoutError):
            await self._hang_up(truck)
            return False
        return True

    async def _call(self, truck: str) -> aiomqtt.Client:
        client = session(self._broker, truck, ANSWER_S_MAX)
        await client.__aenter__()
        self._links[truck] = client
        return client

    async def _hang_up(self, truck: str) -> None:
        client = self._links.pop(truck, None)
        if client is not None:
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                await client.__aexit__(None, None, None)
