"""An instance from start to stop, as a normal user: what dies comes back, nothing is left behind.

One start serves many questions, since each costs half a minute: the steps build on each other and
run in the order they stand here.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest

from launch.layout import REPOSITORY
from launch.up import REFUSED
from serve.identity.development import DEVICE_SECRET
from tests.conftest import free_port
from tests.launch.device import may_connect
from tests.launch.instance import Instance
from tests.launch.waiting import until

pytestmark = pytest.mark.stack

RECOVERED_WITHIN_S = 240.0
# Every role of a summary that must have a process.
ROLES = (
    *("up", "postgres", "redis", "broker", "payments", "eway", "messaging", "ray", "haproxy"),
    *("serve_replica", "truck_shard", "ingest_worker", "outbox_relay", "sim"),
    *("booking_shard", "dispatcher", "bookkeeper", "watch", "messenger"),
)

# Postgres and Ray start and end processes all the time.
STEADY = [role for role in ROLES if role not in {"postgres", "ray"}]


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    made = Instance(
        http_port=free_port(),
        mqtt_port=free_port(),
        name="lifecycle",
        normal_user=True,
        options=("--trucks=2",),
    )
    try:
        made.start()
        yield made
    finally:
        made.remove()


class Api:
    """A signed-in client of one instance, each request on a connection of its own."""

    def __init__(self, instance: Instance) -> None:
        self._base = f"{instance.http}/v1"
        answer = httpx.post(
            f"{self._base}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=("demo-admin", "demo-admin-secret"),
            timeout=30,
            trust_env=False,
        )
        answer.raise_for_status()
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def create_truck(self, truck: str) -> int:
        return self._ask("POST", "/trucks", {"id": truck})

    def truck(self, truck: str) -> int:
        return self._ask("GET", f"/trucks/{truck}", None)

    def _ask(self, method: str, path: str, body: dict[str, str] | None) -> int:
        answer = httpx.request(
            method,
            self._base + path,
            json=body,
            headers=self._headers,
            timeout=30,
            trust_env=False,
        )
        return answer.status_code


def ready(instance: Instance) -> bool:
    try:
        answer = httpx.get(f"{instance.http}/readyz", timeout=10, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK


def status(instance: Instance) -> tuple[int, dict[str, Any]]:
    ended = subprocess.run(
        [sys.executable, "-m", "ubertruck", "status", f"--data-dir={instance.data_dir}", "--json"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, json.loads(ended.stdout)


def test_the_summary_says_what_runs(instance: Instance) -> None:
    summary = instance.summary

    assert summary["http"] == instance.http
    assert summary["mqtt"] == {"host": "127.0.0.1", "port": instance.mqtt_port}
    sandbox = httpx.get(f"{summary['payment_sandbox']}/sandbox/healthz", trust_env=False)
    assert sandbox.json()["ok"]
    assert summary["credentials"]["demo"]["device_secret"] == DEVICE_SECRET
    for role in ROLES:
        assert summary["processes"][role], role
    for role in STEADY:
        assert all(psutil.pid_exists(pid) for pid in summary["processes"][role]), role
    assert summary["timings_s"]["total"] > 0
    assert "demo-admin-secret" in instance.said()


def test_nothing_of_ours_runs_as_root(instance: Instance) -> None:
    for pids in instance.processes().values():
        for pid in pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                assert psutil.Process(pid).uids().effective != 0


def test_workers_are_not_niced_below_the_rest(instance: Instance) -> None:
    for role in ("truck_shard", "ingest_worker", "serve_replica"):
        assert {psutil.Process(pid).nice() for pid in instance.processes()[role]} == {0}


def test_status_agrees(instance: Instance) -> None:
    code, said = status(instance)

    assert code == 0
    assert said["healthy"] is True
    running = instance.processes()
    assert set(running) == set(said["processes"])
    assert {role: said["processes"][role] for role in STEADY} == {r: running[r] for r in STEADY}


def test_the_console_is_served(instance: Instance) -> None:
    answer = httpx.get(f"{instance.http}/", trust_env=False)

    assert answer.status_code == httpx.codes.OK
    assert "text/html" in answer.headers["content-type"]


def test_a_second_start_on_the_same_data_is_refused(instance: Instance) -> None:
    second = Instance(http_port=free_port(), mqtt_port=free_port(), data_dir=instance.data_dir)
    second.normal_user = True
    second.summary_file = instance.data_dir / "second.json"
    second.output = instance.data_dir / "second.out"

    assert second.spawn().wait(30) == REFUSED
    assert f"process {instance.summary['processes']['up'][0]}" in second.said()
    assert ready(instance)


async def test_two_instances_serve_only_their_own(instance: Instance, stack: Instance) -> None:
    """Side by side, each with its own ports; replicas of one must not answer for the other."""
    ours, theirs = Api(instance), Api(stack)
    assert ours.create_truck("LIFECYCLE-ONLY") == httpx.codes.CREATED
    assert theirs.create_truck("STACK-ONLY") == httpx.codes.CREATED

    for _ in range(50):  # so that every replica takes its turn
        assert ours.truck("LIFECYCLE-ONLY") == httpx.codes.OK
        assert ours.truck("STACK-ONLY") == httpx.codes.NOT_FOUND
        assert theirs.truck("STACK-ONLY") == httpx.codes.OK
        assert theirs.truck("LIFECYCLE-ONLY") == httpx.codes.NOT_FOUND
    await until(lambda: may_connect(stack.mqtt_port, "demo/STACK-ONLY", DEVICE_SECRET))
    assert not await may_connect(instance.mqtt_port, "demo/STACK-ONLY", DEVICE_SECRET)


@pytest.mark.parametrize("role", ["redis", "broker", "payments", "postgres"])
async def test_a_killed_server_comes_back(instance: Instance, role: str) -> None:
    killed = instance.processes()[role][0]
    os.kill(killed, signal.SIGKILL)
    await until(lambda: killed not in instance.processes()[role], RECOVERED_WITHIN_S)
    await until(lambda: bool(instance.processes()[role]), RECOVERED_WITHIN_S)

    await until(lambda: f"{role}: restarted" in instance.said(), RECOVERED_WITHIN_S)
    await until(lambda: ready(instance), RECOVERED_WITHIN_S)


async def test_a_killed_ray_comes_back_with_all_that_runs_on_it(instance: Instance) -> None:
    before = instance.processes()
    os.kill(before["ray"][0], signal.SIGKILL)
    await until(lambda: "actors and Serve run again" in instance.said(), RECOVERED_WITHIN_S)

    await until(lambda: ready(instance), RECOVERED_WITHIN_S)
    after = instance.processes()
    for role in ("truck_shard", "ingest_worker", "outbox_relay", "serve_replica", "haproxy"):
        assert after[role], role
        assert not set(after[role]) & set(before[role]), role
    assert Api(instance).truck("LIFECYCLE-ONLY") == httpx.codes.OK


async def test_after_kill_9_of_up_the_next_start_cleans_up_and_keeps_the_data(
    instance: Instance,
) -> None:
    orphans = [pid for pids in instance.processes().values() for pid in pids]
    assert instance.process is not None
    instance.process.kill()
    instance.process.wait()
    code, said = status(instance)
    assert (code, said["running"]) == (1, False)
    assert ready(instance)  # what was started lives on, unwatched

    instance.start()

    assert "that an earlier, killed run had left" in instance.said()
    running = {pid for pids in instance.processes().values() for pid in pids}
    assert not running & set(orphans)
    assert Api(instance).truck("LIFECYCLE-ONLY") == httpx.codes.OK


async def test_a_stop_leaves_no_process_no_port_and_no_temp_file(instance: Instance) -> None:
    assert instance.traces()  # it does see them

    assert instance.stop(signal.SIGINT) == 0
    assert instance.traces() == []
    assert "stopped; nothing is left running" in instance.said()
    code, said = status(instance)
    assert (code, said["running"]) == (1, False)
