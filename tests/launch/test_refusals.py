"""Starts that cannot succeed say why, name what to change, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launch.layout import REPOSITORY
from launch.up import FAILED, INTERRUPTED, REFUSED
from tests.conftest import free_port
from tests.launch.instance import Instance
from tests.launch.waiting import until


@pytest.fixture
def instance() -> Iterator[Instance]:
    made = Instance(http_port=free_port(), mqtt_port=free_port())
    yield made
    made.remove()


@pytest.mark.parametrize("option", ["--http-port", "--mqtt-port"])
def test_a_taken_port_is_refused_with_option_and_holder(instance: Instance, option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        setattr(instance, option.strip("-").replace("-", "_"), port)

        assert instance.spawn().wait(30) == REFUSED
    assert f"port {port} ({option}) is taken" in instance.said()
    assert f"process {os.getpid()}" in instance.said()


def test_a_failing_server_ends_the_start_with_its_log(instance: Instance) -> None:
    """Here Postgres: the files look like a database of another version."""
    instance.layout.postgres.mkdir(mode=0o777)
    (instance.layout.postgres / "PG_VERSION").write_text("9\n")
    for folder in (instance.data_dir, instance.layout.postgres):
        folder.chmod(0o777)

    assert instance.spawn().wait(60) == FAILED
    assert "postgres did not start" in instance.said()
    assert str(instance.layout.log_of("postgres")) in instance.said()
    assert instance.traces() == []


async def test_an_interrupted_start_leaves_nothing(instance: Instance) -> None:
    process = instance.spawn()
    await until(lambda: "redis" in instance.said(), within_s=60)
    process.send_signal(signal.SIGINT)

    assert process.wait(60) == INTERRUPTED
    assert instance.traces() == []


def test_a_bad_settings_file_is_refused_with_every_fault(instance: Instance) -> None:
    file = instance.data_dir / "settings.yaml"
    file.write_text("postgres: {host: db}\nkafka: {}\n")
    instance.options = ("--no-sim", f"--settings={file}")

    assert instance.spawn().wait(30) == REFUSED
    for fault in ("postgres.port", "postgres.passwords", "kafka"):
        assert fault in instance.said()


def test_status_and_doctor_of_nothing(tmp_path: Path) -> None:
    for command in ("status", "doctor"):
        ended = run(command, f"--data-dir={tmp_path}")
        assert ended.returncode == 1
        assert "start" in ended.stdout


def test_the_command_line_loads_nothing_it_does_not_need() -> None:
    ended = run("--help", interpreter=("-X", "importtime"))
    loaded = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}

    assert ended.returncode == 0
    assert not loaded & {"ray", "numpy", "pydantic", "asyncio", "launch.up", "config.policy"}


def run(*words: str, interpreter: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *interpreter, "-m", "ubertruck", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
