"""Devices over TCP: answered after the commit and never before, and cut off at every limit."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest

from config.policy import policy
from store.device_commands import Due
from tests.ingest.frames import (
    AIS140_EMERGENCY_OVER,
    AIS140_HEALTH,
    AIS140_NORMAL,
    CODEC_8,
    QUECLINK_FRI,
    QUECLINK_HEARTBEAT,
    QUECLINK_IGN,
    codec_packet,
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


async def test_a_device_is_online_while_it_is_connected(port: Port) -> None:
    forgotten = await port.signed_in()
    truck = await port.signed_in()
    await forgotten.hears_end()
    await until(lambda: port.listener.connections == 1)
    assert port.store.states == [b"online", b"online"]

    truck.hang_up()
    await until(lambda: port.listener.connections == 0)
    assert port.store.states[2:] == [b"offline"]


async def test_only_given_networks_may_connect(port: Port) -> None:
    limit(networks={"teltonika": ("10.0.0.0/8",)})
    stranger = await port.connect()
    assert await stranger.hears_end() == b""
    assert port.counts["tcp_refused_connections_total"] == 1

    limit(networks={"teltonika": ("10.0.0.0/8", "127.0.0.0/8"), "ais140": ()})
    await port.signed_in()


# ------------------------------------------------------------------------------ commands


def command(truck: str, kind: str, payload: dict[str, object] | None = None) -> Due:
    now = datetime.now(UTC)
    return Due(uuid4(), "acme", truck, kind, payload, now, now)


async def test_a_command_goes_to_the_connected_device_and_its_answer_comes_back(
    port: Port,
) -> None:
    truck = await port.signed_in()
    first, second = command("T1", "getver"), command("T1", "set", {"text": "setdigout 1"})

    assert [port.door.send_command(one) for one in (first, second)] == [True, True]
    assert await truck.hear(8 + 14 + 4) == codec_packet(b"\x0c\x01\x05\x00\x00\x00\x06getver\x01")
    assert await truck.hear(8 + 19 + 4) == codec_packet(
        b"\x0c\x01\x05\x00\x00\x00\x0bsetdigout 1\x01"
    )

    for answer in (b"Ver:03.28.00", b"DOUT1:1 Timeout:0"):
        head = b"\x0c\x01\x06" + len(answer).to_bytes(4, "big")
        await truck.send(codec_packet(head + answer + b"\x01"))
    await until(lambda: len(port.store.answers) == 2)
    told = port.store.answers
    assert [(one["command"], one["detail"]) for one in told] == [
        (str(first.id), "Ver:03.28.00"),
        (str(second.id), "DOUT1:1 Timeout:0"),
    ]
    assert {one.address.truck for one in port.store.notices} == {"T1"}


async def test_a_command_sent_again_is_one_command(port: Port) -> None:
    truck = await port.signed_in()
    one = command("T1", "getver")
    assert [port.door.send_command(one) for _ in range(2)] == [True, True]
    answer = codec_packet(b"\x0c\x01\x06\x00\x00\x00\x02ok\x01")

    await truck.send(answer, answer, records(moment_ms()))

    await until(lambda: len(port.store.times_ms) == 1)
    assert len(port.store.answers) == 1


async def test_a_device_that_is_not_here_gets_its_commands_elsewhere(port: Port) -> None:
    truck = await port.signed_in()
    assert port.door.send_command(command("T2", "getver")) is None
    assert port.door.send_command(command("T1", "getver", {"text": 17})) is None

    truck.hang_up()
    await until(lambda: port.listener.connections == 0)
    assert port.door.send_command(command("T1", "getver")) is None


async def test_a_device_that_takes_nothing_is_sent_no_more(port: Port) -> None:
    await port.signed_in()

    sent = [port.door.send_command(command("T1", "getver")) for _ in range(1000)]

    assert 0 < sent.count(True) <= policy().tcp.frames_in_flight_max
    assert sent[-1] is False


async def test_queclink_takes_whole_commands_and_answers_by_name(queclink: Port) -> None:
    truck = await queclink.connect()
    await truck.send(QUECLINK_FRI)
    await truck.hear_until(b"$")
    good, bad = "AT+GTRTO=gv55,1,,,,,,FFFF$", "reboot"

    assert queclink.door.send_command(command("T1", "rto", {"text": bad})) is None
    assert queclink.door.send_command(command("T1", "rto", {"text": good})) is True
    assert await truck.hear_until(b"$") == good.encode()
    await truck.send(b"+ACK:GTRTO,DF0200,868487004353181,cv100,RTL,FFFF,20210608144354,32DC$")

    await until(lambda: len(queclink.store.answers) == 1)
    assert queclink.store.answers[0]["detail"] == "RTO,cv100,RTL,FFFF"
