"""The live bus over a real Redis: passes on what it can, and comes back by itself."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import TypeVar

import numpy as np
import pytest
from pydantic import SecretStr

from config.installation import Redis
from config.policy import policy
from config.sections.storage import Bus
from launch.embedded.redis import binary
from store.live_bus import LIVE_DTYPE, Event, LiveBus, Message, Positions, Reconnected

PATIENCE_S = 10.0
# As configured, but asking sooner whether Redis is still there.
LIMITS = policy().storage.bus.model_copy(
    update={"ping_s": 0.2, "timeout_s": 0.5, "reconnect_wait_s_max": 0.1}
)
AnyMessage = TypeVar("AnyMessage", bound=Message)


class RedisServer:
    """A Redis that tests may kill and start again on the same port."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.where = Redis(host="127.0.0.1", port=port, password=SecretStr(secrets.token_hex()))
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        assert self.where.password is not None
        settings = {
            "bind": self.where.host,
            "port": str(self.where.port),
            "requirepass": self.where.password.get_secret_value(),
            "save": "",
            "appendonly": "no",
        }
        conf = "".join(f'{name} "{value}"\n' for name, value in settings.items())
        self.process = subprocess.Popen(
            [str(binary()), "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        assert self.process.stdin is not None
        self.process.stdin.write(conf.encode())
        self.process.stdin.close()
        return self.process

    def kill(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def running() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.kill()


@pytest.fixture
async def redis(running: RedisServer) -> AsyncIterator[RedisServer]:
    """The module's Redis, up again whatever the test before did to it."""
    yield running
    running.process.send_signal(signal.SIGCONT)
    if running.process.poll() is not None:
        running.start()


async def open_bus(where: Redis, instance: str, limits: Bus = LIMITS) -> LiveBus:
    bus = LiveBus(where, instance, limits)
    async with asyncio.timeout(PATIENCE_S):
        up = False
        while not up:
            up = await bus.publish_event(0, 0, b"{}")
            await asyncio.sleep(0.01)
    return bus


@pytest.fixture
async def bus(redis: RedisServer) -> AsyncIterator[LiveBus]:
    opened = await open_bus(redis.where, secrets.token_hex(4))
    yield opened
    await opened.close()


async def next_of(feed: AsyncGenerator[Message, None], kind: type[AnyMessage]) -> AnyMessage:
    async with asyncio.timeout(PATIENCE_S):
        async for message in feed:
            if isinstance(message, kind):
                return message
    raise AssertionError("the feed ended")


def positions(count: int) -> np.ndarray:
    rows = np.zeros(count, LIVE_DTYPE)
    rows["truck_key"] = np.arange(count) + 2**40
    rows["lat"], rows["lon"], rows["speed_kmh"] = 19.25, 72.5, np.nan
    return rows


async def test_positions_and_events_arrive_as_sent(bus: LiveBus) -> None:
    feed = bus.subscribe()
    assert isinstance(await next_of(feed, Reconnected), Reconnected)
    sent = positions(3)

    assert await bus.publish_positions(7, sent)
    assert await bus.publish_events([Event(8, 2**40, b'{"a":1}'), Event(9, 1, b"{}")])

    got = await next_of(feed, Positions)
    assert got.tenant_key == 7
    assert got.rows.tobytes() == sent.tobytes()
    assert await next_of(feed, Event) == Event(8, 2**40, b'{"a":1}')
    assert await next_of(feed, Event) == Event(9, 1, b"{}")
    await feed.aclose()


async def test_a_fleet_is_sent_in_pieces(bus: LiveBus) -> None:
    feed = bus.subscribe()
    await next_of(feed, Reconnected)
    sent = positions(25_000)

    assert await bus.publish_positions(7, sent)

    pieces = [(await next_of(feed, Positions)).rows for _ in range(3)]
    assert np.concatenate(pieces).tobytes() == sent.tobytes()
    await feed.aclose()


async def test_no_positions_are_no_message(bus: LiveBus) -> None:
    assert await bus.publish_positions(7, positions(0))


async def test_instances_do_not_hear_each_other(redis: RedisServer, bus: LiveBus) -> None:
    neighbour = await open_bus(redis.where, "neighbour")
    feed = bus.subscribe()
    await next_of(feed, Reconnected)

    assert await neighbour.publish_event(1, 1, b"theirs")
    assert await bus.publish_event(1, 2, b"ours")

    assert (await next_of(feed, Event)).body == b"ours"
    await feed.aclose()
    await neighbour.close()


async def test_the_feed_survives_the_death_of_redis(redis: RedisServer, bus: LiveBus) -> None:
    feed = bus.subscribe()
    await next_of(feed, Reconnected)
    redis.kill()

    assert not await bus.publish_event(1, 1, b"lost")
    assert not await bus.publish_positions(1, positions(1))
    assert bus.failed == 2

    redis.start()
    await next_of(feed, Reconnected)
    assert await bus.publish_event(1, 2, b"after")
    assert (await next_of(feed, Event)).seq == 2
    await feed.aclose()


async def test_a_frozen_redis_holds_nobody(redis: RedisServer, bus: LiveBus) -> None:
    feed = bus.subscribe()
    await next_of(feed, Reconnected)
    reconnected = asyncio.create_task(next_of(feed, Reconnected))
    redis.process.send_signal(signal.SIGSTOP)

    async with asyncio.timeout(LIMITS.timeout_s * 4):
        assert not await bus.publish_event(1, 1, b"lost")
    crowd = LIMITS.publishes_in_flight_max + 5
    done = await asyncio.gather(*(bus.publish_event(1, n, b"{}") for n in range(crowd)))
    assert not any(done)

    redis.process.send_signal(signal.SIGCONT)
    await reconnected
    await feed.aclose()


async def test_silence_is_not_a_break(bus: LiveBus) -> None:
    feed = bus.subscribe()
    await next_of(feed, Reconnected)
    waiting = asyncio.create_task(anext(feed))

    # Several pings pass without a message.
    done, _ = await asyncio.wait([waiting], timeout=LIMITS.ping_s * 4)
    assert not done

    await bus.publish_event(1, 1, b"{}")
    assert await waiting == Event(1, 1, b"{}")
    await feed.aclose()


async def test_a_wrong_password_publishes_nothing(redis: RedisServer) -> None:
    wrong = redis.where.model_copy(update={"password": SecretStr("wrong")})
    bus = LiveBus(wrong, "x", LIMITS)

    assert not await bus.publish_event(1, 1, b"{}")
    await bus.close()
