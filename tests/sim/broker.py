"""A real NATS broker of its own for the device tests, and a platform that gives receipts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from sim.mqtt_link import Credentials, MqttLink
from sim.mqtt_packets import Publish, Will, topic_bytes
from tests.conftest import free_port

NATS_SERVER = Path(sys.executable).with_name("nats-server")
PASSWORD = "dev-secret"


def config_text(
    directory: Path, *, mqtt_port: int, client_port: int, monitor_port: int, trucks: list[str]
) -> str:
    users = ['{user: "platform", password: "platform"}']
    for truck in trucks:
        own = f"v1.demo.trucks.{truck}"
        publish = json.dumps([f"{own}.position", f"{own}.status"])
        subscribe = json.dumps(
            [f"{own}.receipts", f"{own}.commands", "$MQTT.sub.>", "$MQTT.deliver.>"]
        )
        users.append(
            f'{{user: "demo/{truck}", password: "{PASSWORD}", '
            f"permissions: {{publish: {publish}, subscribe: {subscribe}}}}}"
        )
    newline = ",\n"
    return f"""
server_name: "devices-test"
host: "127.0.0.1"
port: {client_port}
http: "127.0.0.1:{monitor_port}"
jetstream {{ store_dir: "{directory}/store" }}
mqtt {{ host: "127.0.0.1", port: {mqtt_port}, ack_wait: "5s", max_ack_pending: 10000 }}
authorization {{ users: [
{newline.join(users)}
] }}
"""


class Broker:
    """Started, killed and started again on the same port and store."""

    host = "127.0.0.1"

    def __init__(self, directory: Path, trucks: list[str]) -> None:
        self.port, client_port, self._monitor_port = (free_port() for _ in range(3))
        self._config = directory / "broker.conf"
        self._log = directory / "broker.log"
        self._config.write_text(
            config_text(
                directory,
                mqtt_port=self.port,
                client_port=client_port,
                monitor_port=self._monitor_port,
                trucks=trucks,
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._process = self._launch()
        async with asyncio.timeout(20):
            while not await asyncio.to_thread(self._is_ready):
                assert self._process.poll() is None, self._log.read_text()
                await asyncio.sleep(0.02)

    def _launch(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen([NATS_SERVER, "--config", self._config], stdout=log, stderr=log)

    def kill(self, with_signal: int = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(with_signal)
            self._process.wait(timeout=10)
            self._process = None

    def pause(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            address = f"http://127.0.0.1:{self._monitor_port}/healthz"
            with urllib.request.urlopen(address, timeout=1) as answer:
                return bool(answer.status == 200)
        return False


@dataclass
class Platform:
    """Stands for the ingest: stores by (truck, time) and answers with receipts."""

    gives_receipts: bool = True
    stored: dict[tuple[str, int], dict[str, object]] = field(default_factory=dict)
    statuses: dict[str, list[str]] = field(default_factory=dict)
    received: int = 0
    messages: list[int] = field(default_factory=list)  # how many fixes each one had
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @contextlib.asynccontextmanager
    async def connected(self, broker: Broker) -> AsyncIterator[Platform]:
        link = MqttLink(
            on_message=lambda packet: self._take(link, packet),
            on_puback=lambda _: None,
            on_writable=lambda: None,
            keepalive_s=60,
            packet_bytes_max=1 << 20,
        )
        await link.open(
            broker.host,
            broker.port,
            Credentials("platform", "platform", "platform"),
            Will("platform/status", b"offline"),
            [("v1/+/trucks/+/position", 1), ("v1/+/trucks/+/status", 1)],
        )
        try:
            yield self
        finally:
            link.disconnect()
            await link.closed

    def all_say(self, status: str) -> bool:
        return all(said[-1] == status for said in self.statuses.values())

    async def until(self, condition: Callable[[], bool], within_s: float = 15.0) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    def _take(self, link: MqttLink, packet: Publish) -> None:
        _, tenant, _, truck, subject = packet.topic.split("/")
        if subject == "status":
            self.statuses.setdefault(truck, []).append(packet.payload.decode())
        else:
            stored = self._store(truck, packet.payload)
            if stored and self.gives_receipts:
                receipt = json.dumps({"committed": stored}).encode()
                link.publish(topic_bytes(f"v1/{tenant}/trucks/{truck}/receipts"), receipt)
        self.changed.set()

    def _store(self, truck: str, raw: bytes) -> list[int]:
        """The device times that want a receipt."""
        parsed = json.loads(raw)
        fixes = parsed if isinstance(parsed, list) else [parsed]
        self.received += len(fixes)
        self.messages.append(len(fixes))
        for fix in fixes:
            self.stored[truck, fix["ts"]] = fix
        wanted = any(fix.get("ack") for fix in fixes)
        return [fix["ts"] for fix in fixes] if wanted else []
