"""The embedded Postgres comes up on its own data, survives kill -9, takes over nobody else's."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator

import asyncpg
import pytest

from launch.embedded import postgres
from launch.embedded.postgres import STOP_SIGNAL, EmbeddedPostgres, EmbeddedPostgresError
from tests.conftest import free_port


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedPostgres:
    base = tmp_path_factory.mktemp("embedded")
    return EmbeddedPostgres(base / "data", base / "run", free_port())


def start(cluster: EmbeddedPostgres) -> subprocess.Popen[bytes]:
    cluster.prepare()
    process = subprocess.Popen(
        cluster.command(), env=cluster.environment(), stderr=subprocess.DEVNULL
    )
    asyncio.run(cluster.wait_ready())
    return process


@pytest.fixture
def running(cluster: EmbeddedPostgres) -> Iterator[subprocess.Popen[bytes]]:
    process = start(cluster)
    yield process
    if process.poll() is None:
        process.send_signal(STOP_SIGNAL)
    process.wait()


def query(cluster: EmbeddedPostgres, sql: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(cluster.superuser_dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_it_keeps_what_was_committed_through_kill_9(
    cluster: EmbeddedPostgres, running: subprocess.Popen[bytes]
) -> None:
    query(cluster, "CREATE TABLE kept AS SELECT 1 AS a")
    running.kill()
    running.wait()

    again = start(cluster)
    assert query(cluster, "SELECT a FROM kept") == 1
    again.send_signal(STOP_SIGNAL)

    assert again.wait(timeout=20) == 0
    assert cluster.leftover_pids() == []


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_a_commit_is_on_disk(
    cluster: EmbeddedPostgres, running: subprocess.Popen[bytes], setting: str
) -> None:
    assert query(cluster, f"SHOW {setting}") == "on"


def test_a_password_is_needed_and_well_kept(
    cluster: EmbeddedPostgres, running: subprocess.Popen[bytes]
) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(
            asyncpg.connect(
                host="127.0.0.1", port=cluster.port, user="postgres", password="postgres"
            )
        )

    secret = cluster.data_dir / "superuser.password"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert cluster.data_dir.stat().st_mode & 0o777 == 0o700


def test_a_running_server_is_not_started_over(
    cluster: EmbeddedPostgres, running: subprocess.Popen[bytes]
) -> None:
    with pytest.raises(EmbeddedPostgresError, match=str(running.pid)):
        cluster.prepare()


def test_a_server_that_outlived_its_supervisor_is_stopped(
    cluster: EmbeddedPostgres, running: subprocess.Popen[bytes]
) -> None:
    assert cluster.leftover_pids()[0] == running.pid

    cluster.stop_leftover()

    assert cluster.leftover_pids() == []
    assert running.wait(timeout=20) == 0


def test_a_reused_process_number_does_not_block_the_start(
    cluster: EmbeddedPostgres, running: subprocess.Popen[bytes]
) -> None:
    running.kill()
    running.wait()
    pid_file = cluster.data_dir / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")

    again = start(cluster)

    again.send_signal(signal.SIGQUIT)
    again.wait()


def test_a_backend_that_does_not_notice_its_orphanhood_does_not_block_the_start(
    cluster: EmbeddedPostgres, running: subprocess.Popen[bytes]
) -> None:
    deaf = next(pid for pid in cluster.leftover_pids() if pid != running.pid)
    os.kill(deaf, signal.SIGSTOP)
    running.kill()
    running.wait()

    again = start(cluster)

    assert deaf not in cluster.leftover_pids()
    again.send_signal(signal.SIGQUIT)
    again.wait()


def test_root_without_setpriv_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", {}.get)

    with pytest.raises(EmbeddedPostgresError, match="setpriv"):
        postgres.as_server_user()


def test_another_user_runs_it_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert postgres.as_server_user() == []
