"""The embedded broker alone, on ports of its own, with users of the tests' making."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.installation import BrokerKind, Mqtt
from config.policy import policy
from launch.embedded import nats
from launch.embedded.broker_users import UsersFile
from launch.layout import Layout
from launch.ports import BlockClaim
from launch.process import Child
from store.directory import DirectoryEntry
from tests.conftest import free_port

INGEST = "ubertruck-ingest"
INGEST_PASSWORD = "ingest-password"


@dataclass
class RunningBroker:
    layout: Layout
    mqtt: Mqtt
    child: Child
    log_file: Path
    monitor_url: str

    @property
    def port(self) -> int:
        return self.mqtt.port

    def set_users(self, entries: Iterable[DirectoryEntry]) -> None:
        users = UsersFile(self.mqtt)
        users.apply(entries)
        self.layout.broker_users_file.write_text(users.text())
        self.reload()

    def reload(self) -> None:
        self.child.send_signal(nats.RELOAD_SIGNAL)


@pytest.fixture
async def broker() -> AsyncIterator[RunningBroker]:
    layout = Layout.at(Path(tempfile.mkdtemp(prefix="ut-test-")))
    layout.create()
    mqtt = Mqtt(
        kind=BrokerKind.NATS,
        host="127.0.0.1",
        port=free_port(),
        username=INGEST,
        password=SecretStr(INGEST_PASSWORD),
    )
    claim = BlockClaim(layout)
    settings = nats.NatsSettings(
        layout=layout,
        mqtt=mqtt,
        ports=claim.block,
        instance="test",
        # Tests that wait for a second delivery need not wait long.
        limits=policy().broker.model_copy(update={"ack_wait_s": 1}),
        log_bytes_max=policy().launch.log_bytes_max,
    )
    child = Child(nats.plan(settings, policy().launch), policy().launch, changed=lambda: None)
    try:
        await child.start()
        yield RunningBroker(layout, mqtt, child, settings.log, settings.monitor_url)
    finally:
        await child.stop()
        claim.release()
        shutil.rmtree(layout.data_dir)
