"""Devices over TCP: answered after the commit and never before, and cut off at every limit."""

from __future__ import annotations

import msgspec
import pytest

from tests.ingest.frames import (
    AIS140_EMERGENCY_OVER,
    AIS140_HEALTH,
    AIS140_NORMAL,
    CODEC_8,
    QUECLINK_FRI,
    QUECLINK_HEARTBEAT,
    QUECLINK_IGN,
    records,
)
from tests.ingest.tcp import (
    IMEI,
    LOGIN,
    Port,
    device,
    limit,
    moment_ms,
)
from tests.launch.waiting import until

pytestmark = pytest.mark.usefixtures("quick")

ONE, TWO = b"\x00\x00\x00\x01", b"\x00\x00\x00\x02"


# -------------------------------------------------------------------- answers and commits


async def test_a_packet_is_acknowledged_after_its_commit_and_not_before(port: Port) -> None:
    truck = await port.signed_in()
    port.store.opened.clear()

    await truck.send(records(moment_ms(2), moment_ms(1)))
    await until(lambda: len(port.store.taken) == 1)
    before = port.store.committed.copy()
    port.store.opened.set()

    assert before == []
    assert await truck.hear(4) == TWO
    (parcel,) = port.store.taken
    assert (parcel.address.tenant, parcel.address.truck) == ("acme", "T1")
    assert parcel.message.topic == f"tcp/teltonika/{IMEI}"


async def test_answers_keep_the_order_of_the_frames(port: Port) -> None:
    truck = await port.signed_in()

    await truck.send(records(moment_ms(3)) + records(moment_ms(2), moment_ms(1)) + records(0))

    assert await truck.hear(12) == ONE + TWO + ONE
    assert len(port.store.times_ms) == 3
    assert port.store.reasons == ["malformed"]


async def test_a_frame_in_any_number_of_pieces(port: Port) -> None:
    truck = await port.signed_in()
    packet = records(moment_ms())

    await truck.send(*(packet[at : at + 1] for at in range(len(packet))))

    assert await truck.hear(4) == ONE


async def test_a_busy_store_is_waited_for(port: Port) -> None:
    truck = await port.signed_in()
    port.store.busy = 3

    await truck.send(records(moment_ms()))

    assert await truck.hear(4) == ONE
    assert port.counts["tcp_retries_total"] == 3


async def test_what_was_heard_is_stored_though_the_device_is_gone(ais140: Port) -> None:
    ais140.store.opened.clear()
    truck = await ais140.connect()
    await truck.send(AIS140_NORMAL + b"\r\n")
    await until(lambda: len(ais140.store.taken) == 1)

    truck.hang_up()
    ais140.store.opened.set()

    await until(lambda: ais140.listener.connections == 0)
    assert len(ais140.store.times_ms) == 1


async def test_a_wrong_checksum_asks_for_the_packet_again(port: Port) -> None:
    truck = await port.signed_in()
    spoilt = bytearray(CODEC_8)
    spoilt[20] ^= 1

    await truck.send(bytes(spoilt) + CODEC_8)

    assert await truck.hear(8) == b"\x00\x00\x00\x00" + ONE
    assert port.store.reasons == ["checksum"]
    assert port.store.committed[0].bad[0].raw == bytes(spoilt)


async def test_ais_140_is_let_in_by_its_first_packet_and_health_goes_with_the_next_fix(
    ais140: Port,
) -> None:
    imei = b"868997031721531"
    health = AIS140_HEALTH.replace(b"869247046143589", imei)
    login = b"$LGN,OD00AB1234," + imei + b",V1,AIS140,30.10145,78.28998,DDE3220E*"
    truck = await ais140.connect()

    await truck.send(login)
    assert (await truck.hear(19)).startswith(b"$LGN")
    await truck.send(health + b"\r\n", AIS140_EMERGENCY_OVER + b"\r\n")

    await until(lambda: len(ais140.store.times_ms) == 1)
    kept = msgspec.json.decode(ais140.store.committed[0].extras[0])
    assert kept["health"]["battery_pct"] == 100
    assert kept["what"] == "SEM"


async def test_queclink_reports_and_heartbeats_are_answered_with_their_counters(
    queclink: Port,
) -> None:
    truck = await queclink.connect()
    await truck.send(QUECLINK_FRI)
    assert await truck.hear(11) == b"+SACK:32DB$"

    other = await queclink.connect()
    await other.send(QUECLINK_HEARTBEAT)
    assert await other.hear_until(b"$") == b"+SACK:GTHBD,5E0100,1B0B$"


# ------------------------------------------------------------------------- who is let in


async def test_an_unknown_device_is_refused_stored_and_cut_off(port: Port) -> None:
    stranger = await port.connect()
    await stranger.send(b"\x00\x0f" + b"1" * 15)

    assert await stranger.hears_end() == b"\x00"
    (refused,) = port.store.refused
    assert (refused.reason, refused.address) == ("unknown_device", None)
    assert refused.topic == "tcp/teltonika/111111111111111"
    assert refused.raw == b"\x00\x0f" + b"1" * 15


async def test_a_revoked_device_is_unknown(port: Port) -> None:
    port.know(device(1, IMEI, is_revoked=True))
    truck = await port.connect()
    await truck.send(LOGIN)

    assert await truck.hears_end() == b"\x00"


async def test_a_device_that_is_revoked_meanwhile_is_cut_off_with_its_next_frame(
    port: Port,
) -> None:
    truck = await port.signed_in()
    port.know(device(1, IMEI, is_revoked=True))

    await truck.send(records(moment_ms()))

    assert await truck.hears_end() == b""
    assert (port.store.committed, port.store.reasons) == ([], ["unknown_device"])


async def test_nothing_is_taken_before_the_login(port: Port) -> None:
    truck = await port.connect()
    await truck.send(records(moment_ms()))

    assert await truck.hears_end() == b""
    assert (port.store.committed, port.store.reasons) == ([], ["no_login"])


async def test_a_connection_is_one_device_s(queclink: Port) -> None:
    truck = await queclink.connect()
    await truck.send(QUECLINK_FRI + QUECLINK_IGN)

    assert await truck.hears_end() == b"+SACK:32DB$"
    assert queclink.store.reasons == ["another_device"]


async def test_a_device_that_connects_anew_ends_the_connection_its_network_forgot(
    port: Port,
) -> None:
    forgotten = await port.signed_in()
    truck = await port.signed_in()

    assert await forgotten.hears_end() == b""
    await until(lambda: port.listener.connections == 1)
    await truck.send(records(moment_ms()))
    assert await truck.hear(4) == ONE


async def test_only_given_networks_may_connect(port: Port) -> None:
    limit(networks={"teltonika": ("10.0.0.0/8",)})
    stranger = await port.connect()
    assert await stranger.hears_end() == b""
    assert port.counts["tcp_refused_connections_total"] == 1

    limit(networks={"teltonika": ("10.0.0.0/8", "127.0.0.0/8"), "ais140": ()})
    await port.signed_in()
