"""Brokers that a benchmark starts by itself: NATS and Mosquitto, each with its own files and port.

Both store what they accept on disk and know every device of the load as a user with topics of its
own, as in the product; Mosquitto is Debian's package, run as a child and never as a service.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import yaml

from bench.debian import install
from config.policy import policy

START_S_MAX = 15.0
STOP_S_MAX = 10.0
SERVICE_USER = "ubertruck-bench"
# fixed: a broker on loopback for the length of a run
SERVICE_PASSWORD = "bench-secret"  # noqa: S105
MOSQUITTO = "/usr/sbin/mosquitto"


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """Where a broker of ours listens and how to be its consumer."""

    kind: str
    host: str
    port: int
    username: str
    password: str
    pid: int


@dataclasses.dataclass(frozen=True)
class Devices:
    """Whose connections the broker is to accept."""

    tenant: str
    trucks: list[str]
    secret: str

    def user(self, truck: str) -> str:
        return f"{self.tenant}/{truck}"


class BrokerError(RuntimeError):
    """The broker could not be installed or started; says what to do."""


class OwnBroker:
    """A broker of this kind for the length of a block; it can be killed and started again."""

    def __init__(self, kind: str, folder: Path, port: int, devices: Devices) -> None:
        self._kind, self._folder, self._port, self._devices = kind, folder, port, devices
        self._command: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> OwnBroker:
        self._folder.mkdir(parents=True, exist_ok=True)
        write = {"nats": _write_nats, "mosquitto": _write_mosquitto}[self._kind]
        self._command = write(self._folder, self._port, self._devices)
        self._process = launch(self._command, self._folder, self._port)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            stop(self._process)

    @property
    def broker(self) -> Broker:
        return Broker(
            kind=self._kind,
            host="127.0.0.1",
            port=self._port,
            username=SERVICE_USER,
            password=SERVICE_PASSWORD,
            pid=self._process.pid if self._process else 0,
        )

    def kill_and_restart(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = launch(self._command, self._folder, self._port)


def launch(command: list[str], folder: Path, port: int) -> subprocess.Popen[bytes]:
    with (folder / "broker.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    deadline = time.monotonic() + START_S_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return process
        time.sleep(0.05)
    stop(process)
    said = (folder / "broker.log").read_text(errors="replace")[-1000:]
    raise BrokerError(f"{command[0]} did not start:\n{said}")


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _write_nats(folder: Path, port: int, devices: Devices) -> list[str]:
    """The product's configuration, with the load's devices as its users."""
    rules = "\n".join(
        f'    {{ user: "{devices.user(truck)}", password: "{devices.secret}", permissions: {{ '
        f'publish: ["v1.{devices.tenant}.trucks.{truck}.position"], '
        f'subscribe: ["v1.{devices.tenant}.trucks.{truck}.receipts", '
        f'"$MQTT.sub.>", "$MQTT.deliver.>"] }} }}'
        for truck in devices.trucks
    )
    limits = policy().broker
    config = folder / "nats.conf"
    config.write_text(f"""
server_name: "bench"
host: "127.0.0.1"
port: {port + 1}
max_connections: {limits.connections_max}
max_payload: {limits.message_bytes_max}
jetstream {{
  store_dir: "{folder / "jetstream"}"
  max_memory_store: {limits.memory_bytes_max}
  max_file_store: {limits.store_bytes_max}
  sync_interval: "{limits.sync_interval_s}s"
}}
mqtt {{
  host: "127.0.0.1"
  port: {port}
  ack_wait: "{limits.ack_wait_s}s"
  max_ack_pending: {limits.ack_pending_max}
}}
authorization {{
  users: [
    {{ user: "{SERVICE_USER}", password: "{SERVICE_PASSWORD}" }}
{rules}
  ]
}}
""")
    return [str(Path(sys.executable).parent / "nats-server"), "-c", str(config)]


def _write_mosquitto(folder: Path, port: int, devices: Devices) -> list[str]:
    install("mosquitto", Path(MOSQUITTO))
    passwords = folder / "passwords"
    passwords.write_text(
        f"{SERVICE_USER}:{SERVICE_PASSWORD}\n"
        + "".join(f"{devices.user(truck)}:{devices.secret}\n" for truck in devices.trucks)
    )
    subprocess.run(["/usr/bin/mosquitto_passwd", "-U", str(passwords)], check=True)
    topics = "".join(
        f"user {devices.user(truck)}\ntopic readwrite v1/{devices.tenant}/trucks/{truck}/#\n"
        for truck in devices.trucks
    )
    acl = folder / "acl"
    acl.write_text(f"user {SERVICE_USER}\ntopic readwrite #\n{topics}")
    config = folder / "mosquitto.conf"
    config.write_text(f"""
listener {port} 127.0.0.1
allow_anonymous false
password_file {passwords}
acl_file {acl}
user root
persistence true
persistence_location {folder}/
autosave_interval 60
max_inflight_messages {policy().broker.ack_pending_max}
max_queued_messages 0
max_connections -1
set_tcp_nodelay true
log_type error
log_type warning
""")
    for path in (passwords, acl):
        path.chmod(0o600)
    return [MOSQUITTO, "-c", str(config)]


def external_broker(folder: Path, broker: Broker) -> Path:
    """The settings file with which `up` uses this broker instead of its embedded one."""
    path = folder / "settings.yaml"
    where = {
        name: getattr(broker, name) for name in ("kind", "host", "port", "username", "password")
    }
    path.write_text(yaml.safe_dump({"mqtt": where}))
    path.chmod(0o600)
    return path
