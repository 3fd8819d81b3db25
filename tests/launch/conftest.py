"""The embedded broker alone, with users of the tests' making; a data directory as `up` leaves."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.installation import BrokerKind, Mqtt, Postgres
from config.policy import policy
from launch.embedded import nats
from launch.embedded.broker_users import UsersFile
from launch.layout import Layout
from launch.options import UpOptions
from launch.ports import BlockClaim, PortBlock
from launch.process import Child
from launch.settings import GivenServers, build_installation, write_installation
from store.directory import DirectoryEntry
from store.key_file import create_key_ring
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


@pytest.fixture
def data_dir(tmp_path: Path, where: Postgres) -> Path:
    """As `up` leaves it, around the tests' database."""
    layout = Layout.at(tmp_path)
    layout.create()
    create_key_ring(layout.key_file)
    options = UpOptions(
        data_dir=tmp_path,
        http_port=1,
        mqtt_port=2,
        instance="here",
        trucks=0,
        seed=1,
        sim=False,
        json_summary=None,
        settings=None,
    )
    given = GivenServers(postgres=where)
    write_installation(build_installation(options, layout, PortBlock(20_000), given), layout)
    return tmp_path
