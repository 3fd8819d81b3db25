"""A real Mosquitto with its dynamic-security plugin is kept equal to the truck directory."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.installation import BrokerControl, BrokerKind, Mqtt
from config.policy import policy
from ingest.dynamic_security import DynamicSecurity
from ingest.mqtt_client import BrokerAwayError
from serve.fleet.device_secrets import hash_secret
from store.device_sealing import seal
from store.directory import DirectoryEntry
from store.key_file import KeyFile, create_key_ring
from tests.conftest import free_port
from tests.launch.device import REFUSED, device, may_connect
from tests.launch.waiting import until

MOSQUITTO = "/usr/sbin/mosquitto"
INIT = shutil.which("mosquitto_ctrl")
PLUGINS = [
    path
    for path in Path("/usr/lib").glob("*/mosquitto_dynamic_security.so")
    if Path(MOSQUITTO).exists()
]
pytestmark = pytest.mark.skipif(
    not PLUGINS or INIT is None,
    reason="needs Debian's mosquitto with mosquitto_dynamic_security.so, and mosquitto_ctrl",
)

INGEST, INGEST_PASSWORD = "ubertruck-ingest", "ingest-password"
OLD, NEW = "the-old-secret", "the-new-secret"
OLD_HASH, NEW_HASH = hash_secret(OLD), hash_secret(NEW)
OWN, OTHER = "v1/demo/trucks/A", "v1/demo/trucks/B"
CUT_WITHIN_S = 5


@dataclass
class Mosquitto:
    """Debian's, as a child, with files of its own; never as a service."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    heard: set[int] = field(default_factory=set)

    @property
    def mqtt(self) -> Mqtt:
        return Mqtt(
            kind=BrokerKind.MOSQUITTO,
            host="127.0.0.1",
            port=self.port,
            username=INGEST,
            password=SecretStr(INGEST_PASSWORD),
            control=BrokerControl(username="admin", password=SecretStr("admin-password")),
        )

    def prepare(self) -> None:
        security = self.folder / "security.json"
        security.unlink(missing_ok=True)
        command = [str(INIT), "dynsec", "init", str(security), "admin", "admin-password"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        user = "user root\n" if os.geteuid() == 0 else ""
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\n{user}"
            f"plugin {PLUGINS[0]}\nplugin_opt_config_file {security}\n"
        )

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            command = [MOSQUITTO, "-c", str(self.folder / "mosquitto.conf")]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=10)

    async def seen_since(self, keys: Sequence[int], _seconds: float) -> set[int]:
        return self.heard & set(keys)


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    folder = Path(tempfile.mkdtemp(prefix="ut-test-"))
    made = Mosquitto(folder, free_port())
    made.prepare()
    made.start()
    yield made
    made.stop()
    shutil.rmtree(folder)


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    create_key_ring(tmp_path / "keys")
    return KeyFile(tmp_path / "keys")


def adapter(broker: Mosquitto, keys: KeyFile, **limits: float) -> DynamicSecurity:
    quick = policy().devices.control.model_copy(
        update={"answer_s_max": 5.0, "page_max": 3, "commands_max": 4, **limits}
    )
    return DynamicSecurity(broker.mqtt, "here", keys, lambda: quick, broker.seen_since)


@pytest.fixture
async def driven(broker: Mosquitto, keys: KeyFile) -> AsyncIterator[DynamicSecurity]:
    made = adapter(broker, keys, silent_s=0.0)
    await until(lambda: is_up(broker.port))
    async with made.opened():
        yield made


async def is_up(port: int) -> bool:
    return await may_connect(port, "admin", "admin-password")


def entry(keys: KeyFile, truck: str, key: int, secret: str = OLD) -> DirectoryEntry:
    sealed = seal(keys, f"demo/{truck}", secret)
    known = OLD_HASH if secret == OLD else NEW_HASH
    return DirectoryEntry(1, "demo", key, truck, known, key, deleted=False, sealed_secret=sealed)


def rotated(keys: KeyFile, truck: str, key: int, overlap_s: float) -> DirectoryEntry:
    return replace(
        entry(keys, truck, key, NEW),
        previous_hash=OLD_HASH,
        previous_sealed=seal(keys, f"demo/{truck}", OLD),
        previous_until=datetime.now(UTC) + timedelta(seconds=overlap_s),
    )


async def test_a_device_speaks_and_hears_only_as_itself(
    driven: DynamicSecurity, broker: Mosquitto, keys: KeyFile
) -> None:
    bound = replace(entry(keys, "A", 1), unique_id="860000000000001")
    await driven.apply([bound, entry(keys, "B", 2)], is_all=True)
    port = broker.port

    assert not await may_connect(port, "demo/A", "wrong")
    assert not await may_connect(port, "demo/C", OLD)
    with (
        device(port, INGEST, INGEST_PASSWORD, "ingest") as ingest,
        device(port, "demo/B", OLD, "b") as victim,
        device(port, "demo/A", OLD, "a") as attacker,
    ):
        for topic in ("v1/+/trucks/+/position", "owntracks/+/+", "teltonika/+/data"):
            assert ingest.subscribe(topic) == 1
        assert victim.subscribe(f"{OTHER}/commands") == 1
        assert attacker.subscribe(f"{OWN}/commands") == 1
        for foreign in ("#", "v1/#", f"{OTHER}/commands", "v1/demo/trucks/+/commands", "$SYS/#"):
            assert attacker.subscribe(foreign) == REFUSED
        for topic in (f"{OTHER}/position", f"{OTHER}/commands", "teltonika/86/data", "$CONTROL/x"):
            attacker.publish(topic, b"forged")
        for topic in (f"{OWN}/position", "owntracks/demo/A", "teltonika/860000000000001/data"):
            attacker.publish(topic, b"own")
        ingest.publish(f"{OWN}/commands", b"stop")
        await until(lambda: len(ingest.received) >= 3 and bool(attacker.received))

        assert sorted(ingest.received) == [
            ("owntracks/demo/A", b"own"),
            ("teltonika/860000000000001/data", b"own"),
            (f"{OWN}/position", b"own"),
        ]
        assert attacker.received == [(f"{OWN}/commands", b"stop")]
        assert victim.received == []


async def test_a_refused_device_is_cut_and_others_stay(
    driven: DynamicSecurity, broker: Mosquitto, keys: KeyFile
) -> None:
    a, b = entry(keys, "A", 1), entry(keys, "B", 2)
    await driven.apply([a, b], is_all=True)
    port = broker.port
    for refused in (replace(a, revoked=True), replace(a, suspended=True), replace(a, deleted=True)):
        with device(port, "demo/A", OLD, "a") as goes, device(port, "demo/B", OLD, "b") as stays:
            await driven.apply([refused], is_all=False)
            assert await until(lambda goes=goes: not goes.client.is_connected()) < CUT_WITHIN_S  # type: ignore[misc]
            assert not await may_connect(port, "demo/A", OLD)
            await driven.apply([a], is_all=False)
            assert stays.client.is_connected()


async def test_a_new_binding_disconnects_nobody(
    driven: DynamicSecurity, broker: Mosquitto, keys: KeyFile
) -> None:
    a = entry(keys, "A", 1)
    await driven.apply([a], is_all=True)
    with (
        device(broker.port, INGEST, INGEST_PASSWORD, "ingest") as ingest,
        device(broker.port, "demo/A", OLD, "a") as stays,
    ):
        assert ingest.subscribe("teltonika/+/data") == 1
        await driven.apply([replace(a, unique_id="86")], is_all=False)
        stays.publish("teltonika/86/data", b"own")
        await until(lambda: bool(ingest.received))
        assert stays.client.is_connected()


async def test_either_secret_gets_in_during_the_overlap(
    driven: DynamicSecurity, broker: Mosquitto, keys: KeyFile
) -> None:
    await driven.apply([entry(keys, "A", 1)], is_all=True)
    await driven.apply([rotated(keys, "A", 1, 600)], is_all=False)
    port = broker.port
    assert await may_connect(port, "demo/A", OLD)

    broker.heard = {1}
    await driven.tick()
    assert await may_connect(port, "demo/A", OLD), "a device that sends keeps its turn"
    broker.heard = set()
    for secret in (NEW, OLD, NEW):
        await driven.tick()
        assert await may_connect(port, "demo/A", secret)

    await driven.apply([rotated(keys, "A", 1, -1)], is_all=False)
    await driven.tick()
    assert not await may_connect(port, "demo/A", OLD)
    assert await may_connect(port, "demo/A", NEW)


async def test_a_reconnect_finds_what_has_changed_meanwhile(
    broker: Mosquitto, keys: KeyFile
) -> None:
    port = broker.port
    await until(lambda: is_up(port))
    fleet = [entry(keys, f"T{number}", number) for number in range(10)]
    async with (first := adapter(broker, keys)).opened():
        await first.apply(fleet, is_all=True)
    with device(port, "demo/T0", OLD, "stays") as stays:
        changed = [*fleet[:5], entry(keys, "NEW", 99), entry(keys, "T6", 6, NEW)]
        async with (second := adapter(broker, keys)).opened():
            await second.apply(changed, is_all=True)

        assert stays.client.is_connected(), "who is as before is not disconnected"
    for truck, secret, may in (
        *(("T0", OLD, True), ("T4", OLD, True), ("T7", OLD, False), ("NEW", OLD, True)),
        *(("T6", OLD, False), ("T6", NEW, True)),
    ):
        assert await may_connect(port, f"demo/{truck}", secret) is may, truck
    assert await is_up(port), "who is not ours is left alone"


async def test_a_broker_that_forgot_everything_is_noticed(broker: Mosquitto, keys: KeyFile) -> None:
    await until(lambda: is_up(broker.port))
    driven = adapter(broker, keys, check_s=0.0)

    async def until_trouble() -> None:
        async with driven.opened():
            await driven.apply([entry(keys, "A", 1)], is_all=True)
            await driven.tick()
            broker.stop()
            broker.prepare()
            broker.start()
            while True:
                await driven.tick()
                await asyncio.sleep(0)

    with pytest.raises(BrokerAwayError):
        await until_trouble()
    await until(lambda: is_up(broker.port))
    assert not await may_connect(broker.port, "demo/A", OLD)
    async with driven.opened():
        await driven.apply([entry(keys, "A", 1)], is_all=True)
    assert await may_connect(broker.port, "demo/A", OLD)


async def test_a_device_without_a_sealed_secret_waits_for_its_rotation(
    driven: DynamicSecurity, broker: Mosquitto, keys: KeyFile
) -> None:
    await driven.apply([replace(entry(keys, "A", 1), sealed_secret=None)], is_all=True)
    assert not await may_connect(broker.port, "demo/A", OLD)
    moved = replace(entry(keys, "A", 1), sealed_secret=seal(keys, "demo/B", OLD))
    await driven.apply([moved], is_all=False)
    assert not await may_connect(broker.port, "demo/A", OLD)
