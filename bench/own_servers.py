"""Postgres and Redis of a benchmark's own, for what needs no stack around them."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from bench.stack import free_port
from config.installation import (
    BrokerKind,
    DatabaseRole,
    Http,
    Installation,
    Mqtt,
    Postgres,
    RayCluster,
    Redis,
    SecretStores,
)
from config.policy import policy
from launch.embedded.postgres import STOP_SIGNAL, EmbeddedPostgres
from launch.embedded.redis import binary
from serve.identity.keys import create_key_file
from store.bootstrap import bootstrap
from store.key_file import create_key_ring
from store.migrate import migrate


@contextlib.contextmanager
def servers(folder: Path) -> Iterator[Installation]:
    """Postgres as `up` configures it, and Redis."""
    embedded = EmbeddedPostgres(folder / "data", folder / "run", free_port())
    embedded.prepare()
    redis = Redis(host="127.0.0.1", port=free_port())
    with (folder / "log").open("wb") as log:
        children = [
            subprocess.Popen(
                embedded.command(), env=embedded.environment(), stdout=log, stderr=log
            ),
            subprocess.Popen(
                [str(binary()), "--bind", redis.host, "--port", str(redis.port), "--save", ""],
                cwd=folder,
                stdout=log,
                stderr=log,
            ),
        ]
    try:
        asyncio.run(embedded.wait_ready())
        passwords = {role: SecretStr(secrets.token_hex(8)) for role in DatabaseRole}
        where = Postgres(
            host="127.0.0.1", port=embedded.port, database="bench", passwords=passwords
        )
        asyncio.run(bootstrap(embedded.superuser_dsn, where))
        asyncio.run(migrate(where, policy().storage))
        yield _installation(folder, where, redis)
    finally:
        for child in children:
            child.send_signal(STOP_SIGNAL)
            child.wait(timeout=60)


def _installation(folder: Path, where: Postgres, redis: Redis) -> Installation:
    create_key_file(folder / "signing.pem")
    create_key_ring(folder / "keys.json")
    nobody = Mqtt(
        kind=BrokerKind.NATS,
        host=redis.host,
        port=redis.port,
        username="none",
        password=SecretStr("none"),
    )
    return Installation(
        instance="bench",
        data_dir=folder,
        postgres=where,
        redis=redis,
        mqtt=nobody,
        ray=RayCluster(address="none", namespace="none", token_file=folder / "token"),
        http=Http(host="127.0.0.1", port=0),
        jwt_key_file=folder / "signing.pem",
        key_file=folder / "keys.json",
        secrets=SecretStores(local_file=folder / "sealed.json"),
        console_dir=folder,
    )
