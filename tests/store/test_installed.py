"""What the installation's settings refer to is put in its place."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

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
from store.installed import with_secrets
from store.key_file import create_key_ring
from store.secret_names import SecretMissingError


@pytest.fixture
def where(tmp_path: Path) -> Installation:
    create_key_ring(tmp_path / "keys.json")
    password = {role: SecretStr("plain") for role in DatabaseRole}
    password[DatabaseRole.APP] = SecretStr("secret://pg-app")
    return Installation(
        instance="i",
        data_dir=tmp_path,
        postgres=Postgres(host="h", port=1, database="d", passwords=password),
        redis=Redis(host="h", port=1, password=SecretStr("secret://redis")),
        mqtt=Mqtt(
            kind=BrokerKind.NATS, host="h", port=1, username="u", password=SecretStr("plain")
        ),
        ray=RayCluster(address="a", namespace="n", token_file=tmp_path / "t"),
        http=Http(host="h", port=1),
        jwt_key_file=tmp_path / "jwt",
        key_file=tmp_path / "keys.json",
        secrets=SecretStores(mounted_dir=tmp_path),
    )


async def test_references_become_values_also_inside_a_running_loop(
    where: Installation, tmp_path: Path
) -> None:
    (tmp_path / "pg-app").write_text("of postgres\n")
    (tmp_path / "redis").write_text("of redis\n")

    found = await asyncio.to_thread(with_secrets, where)

    assert found == with_secrets(where)
    passwords = {role.name: p.get_secret_value() for role, p in found.postgres.passwords.items()}
    assert passwords["APP"] == "of postgres"
    assert passwords["OWNER"] == "plain"
    assert found.redis.password is not None
    assert found.redis.password.get_secret_value() == "of redis"
    assert found.secrets == where.secrets
    assert with_secrets(found) is found, "nothing left to look up"


def test_a_reference_to_nothing_stops_the_start(where: Installation) -> None:
    with pytest.raises(SecretMissingError):
        with_secrets(where)
