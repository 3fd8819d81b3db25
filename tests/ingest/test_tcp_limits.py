"""Devices over TCP beyond every limit: cut off, kept waiting or rejected, and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
from collections.abc import Callable

import pytest

from config.installation import Http
from config.policy import policy
from ingest.decode.stream import DeviceStream
from ingest.tcp_listener import STREAMS
from tests.ingest.frames import QUECLINK_HEARTBEAT, records, said_by
from tests.ingest.spoiling import DIALECTS, spoilt
from tests.ingest.tcp import ACCEPTED, IMEI, LOGIN, Port, device, limit, moment_ms
from tests.launch.waiting import until

pytestmark = pytest.mark.usefixtures("quick")

ONE = b"\x00\x00\x00\x01"


async def test_more_connections_than_allowed_are_closed(port: Port) -> None:
    limit(connections_max=2)
    first, _ = await port.signed_in(), await port.connect()
    await until(lambda: port.listener.connections == 2)

    third = await port.connect()
    assert await third.hears_end() == b""
    first.hang_up()
    await until(lambda: port.listener.connections == 1)
    await port.signed_in()


async def test_more_connections_from_one_address_than_allowed_are_closed(port: Port) -> None:
    limit(connections_per_address_max=1)
    await port.signed_in()

    other = await port.connect()
    assert await other.hears_end() == b""
    assert port.counts["tcp_refused_connections_total"] == 1


async def test_who_does_not_say_who_it_is_is_cut_off(port: Port) -> None:
    limit(login_s_max=0.05)
    silent = await port.connect()

    assert await silent.hears_end() == b""
    assert port.counts["tcp_no_login_total"] == 1
    assert port.store.refused == []


async def test_keep_alives_are_no_login(port: Port) -> None:
    limit(login_s_max=0.2)
    truck = await port.connect()

    await truck.says_until_cut(b"\xff")

    assert port.counts["tcp_no_login_total"] == 1


async def test_a_frame_that_never_ends_is_rejected(port: Port) -> None:
    limit(frame_s_max=0.2)
    truck = await port.signed_in()
    await truck.send(b"\x00\x00\x00\x00\x00\x00\x10\x00")

    await truck.says_until_cut(b"\x07")

    (refused,) = port.store.refused
    assert (refused.reason, refused.detail) == ("truncated", "a frame took too long")
    assert refused.raw.startswith(b"\x00\x00\x00\x00\x00\x00\x10\x00\x07")
    assert refused.topic == f"tcp/teltonika/{IMEI}"


async def test_who_says_nothing_for_long_is_cut_off(port: Port) -> None:
    truck = await port.signed_in()
    limit(idle_s_max=0.05)
    await truck.send(b"\xff")

    assert await truck.hears_end() == b""
    assert port.counts["tcp_idle_total"] == 1


async def test_a_keep_alive_keeps_a_connection(port: Port) -> None:
    limit(idle_s_max=5.0)
    truck = await port.signed_in()
    await truck.send(b"\xff", records(moment_ms()), b"\xff\xff", records(moment_ms(1)))

    assert await truck.hear(8) == ONE + ONE


async def test_half_a_frame_at_the_end_is_rejected(port: Port) -> None:
    truck = await port.signed_in()
    packet = records(moment_ms())
    await truck.send(packet, packet[:30])
    assert await truck.hear(4) == ONE
    truck.finish()

    assert await truck.hears_end() == b""
    assert [(one.reason, one.raw) for one in port.store.refused] == [("truncated", packet[:30])]


async def test_a_frame_beyond_the_limit_ends_the_connection(port: Port) -> None:
    truck = await port.signed_in()
    size = policy().tcp.frame_bytes_max
    await truck.send(b"\x00\x00\x00\x00" + size.to_bytes(4, "big"))

    assert await truck.hears_end() == b""
    assert port.store.reasons == ["too_large"]


async def test_who_sends_only_rubbish_is_cut_off(ais140: Port) -> None:
    limit(unreadable_max=3, strangers_per_minute_max=2)
    truck = await ais140.connect()
    await truck.send(b"rubbish\r\n" * 10)

    assert await truck.hears_end() == b""
    assert ais140.counts["tcp_frames_total"] == 3
    assert ais140.store.reasons == ["malformed"] * 2, "strangers do not fill the store"


async def test_frames_on_their_way_to_the_store_are_bounded_and_none_is_lost(port: Port) -> None:
    truck = await port.signed_in()
    port.store.opened.clear()
    times_ms = [moment_ms(age_s) for age_s in range(200)]

    await truck.send(*(records(ts_ms) for ts_ms in times_ms[:150]))
    most = policy().tcp.frames_in_flight_max
    # One is being answered, one waits for room.
    await until(lambda: len(port.store.taken) == most + 2)
    await truck.send(*(records(ts_ms) for ts_ms in times_ms[150:]))
    assert len(port.store.taken) == most + 2
    port.store.opened.set()

    assert await truck.hear(4 * 200) == ONE * 200
    assert port.store.times_ms == times_ms


async def test_bytes_of_all_connections_on_their_way_are_bounded(port: Port) -> None:
    packet = records(moment_ms())
    limit(bytes_in_flight_max=len(packet) * 2)
    port.know(*(device(key, f"{key:015d}") for key in range(10, 15)))
    port.store.opened.clear()
    trucks = [await port.connect() for _ in range(5)]
    for key, truck in zip(range(10, 15), trucks, strict=True):
        await truck.send(b"\x00\x0f" + f"{key:015d}".encode())
        assert await truck.hear(1) == ACCEPTED
        await truck.send(packet)

    await until(lambda: len(port.store.taken) == 2)
    port.store.opened.set()

    for truck in trucks:
        assert await truck.hear(4) == ONE


async def test_who_does_not_take_its_answers_is_cut_off() -> None:
    limit(answer_s_max=0.1)
    known = Port("queclink", device(1, "861971050039361"))
    async with known.opened(send_bytes=2048) as port:
        truck = await port.connect(receive_bytes=2048)
        await truck.says_until_cut(QUECLINK_HEARTBEAT * 500)

        await until(lambda: port.listener.connections == 0)


async def test_an_unforeseen_fault_ends_one_connection_and_no_other(port: Port) -> None:
    other = await port.signed_in()
    port.know(device(9, "9" * 15))

    async def fails(_parcels: object) -> None:
        raise RuntimeError("planted")

    truck = await port.connect()
    await truck.send(b"\x00\x0f" + b"9" * 15)
    assert await truck.hear(1) == ACCEPTED
    whole, port.store.take = port.store.take, fails  # type: ignore[method-assign, assignment]
    await truck.send(records(moment_ms()))
    assert await truck.hears_end() == b"", "not stored, not answered"

    port.store.take = whole  # type: ignore[method-assign]
    await other.send(records(moment_ms()))
    assert await other.hear(4) == ONE


@pytest.mark.parametrize(("stream", "good", "end"), DIALECTS)
async def test_no_spoilt_stream_hangs_the_listener_or_goes_unnoticed(
    stream: Callable[[int], DeviceStream], good: list[bytes], end: bytes
) -> None:
    limit(strangers_per_minute_max=1_000_000)
    chance = random.Random(4)  # noqa: S311 - a seed
    dialect = next(name for name, known in STREAMS.items() if known is stream)
    imeis = {imei.decode() for imei in re.findall(rb"\d{15}", b",".join(good))}
    known = [device(key, imei) for key, imei in enumerate(sorted(imeis))]
    async with Port(dialect, *known).opened() as port:
        for _ in range(150):
            sent = chance.choice(good[:1]) + end + spoilt(chance, good) + end
            before = len(port.store.committed) + len(port.store.refused)
            expected = stream(policy().tcp.frame_bytes_max)
            said = said_by(expected, sent)
            truck = await port.connect()
            await truck.send(sent)
            truck.finish()
            await truck.hears_end()
            await until(lambda: port.listener.connections == 0)

            told = sum(bool(one.decoded.rows or one.decoded.bad) for one in said)
            if told or expected.waiting_bytes:
                assert len(port.store.committed) + len(port.store.refused) > before


async def test_a_port_that_is_taken_is_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = Http(host="127.0.0.1", port=taken.getsockname()[1])
        port = Port("teltonika", device(1, IMEI))
        serving = asyncio.create_task(port.listener.serve(where))
        await asyncio.sleep(0)
        assert not serving.done()

    async def lets_in() -> bool:
        try:
            reader, writer = await asyncio.open_connection(where.host, where.port)
        except ConnectionError:
            return False
        writer.write(LOGIN)
        answer = await reader.read(1)
        writer.close()
        return answer == ACCEPTED

    await until(lets_in)
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    await until(lambda: port.listener.connections == 0)
