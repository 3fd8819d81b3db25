"""An installation is put together from what is given and what is embedded."""

from __future__ import annotations

import dataclasses
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from config.installation import (
    BrokerKind,
    DatabaseRole,
    Http,
    Installation,
    TcpPorts,
    read_installation,
)
from config.policy import policy
from launch.layout import Layout
from launch.options import UpOptions
from launch.ports import PortBlock
from launch.settings import (
    GivenServers,
    SettingsError,
    build_installation,
    read_given,
    write_installation,
)

BLOCK = PortBlock(20_000)
GIVEN = """
postgres:
  host: db
  port: 6432
  database: trucks
  passwords: {ubertruck_owner: o, ubertruck_app: a, ubertruck_telemetry: t, ubertruck_system: s}
redis: {host: cache, port: 6380, password: p, tls: true}
mqtt: {kind: emqx, host: mqtt, port: 1884, username: ingest, password: p, shared_group: g}
"""


def options(data_dir: Path) -> UpOptions:
    return UpOptions(
        data_dir=data_dir,
        http_port=8123,
        mqtt_port=1993,
        instance="here",
        trucks=0,
        seed=1,
        sim=False,
        json_summary=None,
        settings=None,
    )


def build(data_dir: Path, given: GivenServers | None = None) -> Installation:
    layout = Layout.at(data_dir)
    layout.create()
    return build_installation(options(data_dir), layout, BLOCK, given or GivenServers())


def test_what_is_not_given_is_embedded(tmp_path: Path) -> None:
    found = build(tmp_path)

    assert (found.postgres.host, found.postgres.port) == ("127.0.0.1", BLOCK["postgres"])
    assert (found.redis.host, found.redis.port) == ("127.0.0.1", BLOCK["redis"])
    assert (found.mqtt.kind, found.mqtt.port) == (BrokerKind.NATS, 1993)
    assert found.http.port == 8123
    assert found.broker_users_file is not None
    assert found.payment_sandbox is not None
    assert found.payment_sandbox.http.port == BLOCK["payment_sandbox"]


def test_the_sandbox_keeps_its_keys_from_start_to_start(tmp_path: Path) -> None:
    first, again = build(tmp_path).payment_sandbox, build(tmp_path).payment_sandbox

    assert first is not None
    assert first == again
    secrets = {first.key_secret.get_secret_value(), first.webhook_secret.get_secret_value()}
    assert len(secrets) == 2
    assert first.key_id.startswith("rzp_test_")


def test_the_sandbox_can_be_left_out_or_be_given_a_port(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path)
    layout.create()
    without = replace(options(tmp_path), payment_sandbox=False)
    with_port = replace(options(tmp_path), payments_port=8099)

    assert build_installation(without, layout, BLOCK, GivenServers()).payment_sandbox is None
    found = build_installation(with_port, layout, BLOCK, GivenServers()).payment_sandbox
    assert found is not None
    assert found.http.port == 8099


def test_what_is_given_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(GIVEN)
    found = build(tmp_path, read_given(file))

    assert (found.postgres.host, found.postgres.port) == ("db", 6432)
    assert found.postgres.passwords[DatabaseRole.APP].get_secret_value() == "a"
    assert found.redis.tls
    assert (found.mqtt.kind, found.mqtt.shared_group) == (BrokerKind.EMQX, "g")
    assert found.broker_users_file is None


def test_dialects_over_tcp_have_ports_where_somebody_asks_for_them(tmp_path: Path) -> None:
    asked = replace(options(tmp_path), teltonika_port=5027)
    layout = Layout.at(tmp_path)
    layout.create()
    elsewhere = GivenServers(tcp=TcpPorts(ais140=Http(host="10.0.0.7", port=5028)))

    assert build(tmp_path).tcp.given() == []
    by_option = build_installation(asked, layout, BLOCK, GivenServers())
    assert by_option.tcp.given() == [("teltonika", Http(host="127.0.0.1", port=5027))]
    by_file = build_installation(asked, layout, BLOCK, elsewhere)
    assert by_file.tcp.given() == [("ais140", Http(host="10.0.0.7", port=5028))]


def test_osmand_has_the_port_asked_for_or_the_address_of_the_settings_file(tmp_path: Path) -> None:
    asked = dataclasses.replace(options(tmp_path), osmand_port=5056)
    layout = Layout.at(tmp_path)
    layout.create()
    own = build_installation(asked, layout, BLOCK, GivenServers())
    elsewhere = GivenServers(osmand=Http(host="10.0.0.5", port=5055))

    assert build(tmp_path).osmand is None
    assert own.osmand == Http(host="127.0.0.1", port=5056)
    assert build(tmp_path, elsewhere).osmand == elsewhere.osmand


def test_secrets_are_made_once_per_data_directory(tmp_path: Path) -> None:
    first, again, other = (build(tmp_path / name) for name in ("a", "a", "b"))

    assert first == again
    assert first.postgres.passwords[DatabaseRole.APP] != other.postgres.passwords[DatabaseRole.APP]
    assert first.redis.password != other.redis.password
    assert first.mqtt.client_id_secret != other.mqtt.client_id_secret


def test_the_installation_file_reads_back_and_is_private(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path)
    where = build(tmp_path)
    write_installation(where, layout)

    assert read_installation(layout.installation_file) == where
    for file in (layout.installation_file, layout.secrets_file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_every_fault_of_a_settings_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("redis: {port: many}\nmqtt: {kind: carrier-pigeon}\n")

    with pytest.raises(SettingsError) as refused:
        read_given(file)
    for fault in ("redis.host", "redis.port", "mqtt.kind", "mqtt.host"):
        assert fault in str(refused.value)


def test_the_broker_holds_back_no_message_that_ingest_has_room_for() -> None:
    assert policy().broker.ack_pending_max >= policy().ingest.batching.pending_messages_max
