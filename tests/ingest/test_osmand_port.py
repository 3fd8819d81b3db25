"""The port of OsmAnd and Traccar Client: what it answers, and what it does with bad company."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from actors.doors import FixResult, Form, HttpFixes, HttpTaken, Trouble
from config.installation import Http
from config.policy import Snapshot, process_settings
from ingest.osmand_port import OsmandApp, serve_osmand
from tests.conftest import free_port
from tests.launch.waiting import until

TAKEN = HttpTaken((FixResult("stored", "T1", 1_763_700_000_000),))


class Door:
    """Says what a test wants it to say."""

    def __init__(self) -> None:
        self.asked: list[HttpFixes] = []
        self.says = TAKEN

    async def take(self, asked: HttpFixes) -> HttpTaken:
        self.asked.append(asked)
        return self.says


@pytest.fixture
def strict() -> Iterator[None]:
    """Small limits, for this test."""
    settings = process_settings()
    before = settings.snapshot
    doors = settings.now.doors
    small = {"silence_s_max": 0.2, "connections_max": 3, "refusals_per_minute_max": 5}
    osmand = doors.osmand.model_copy(update=small)
    http = doors.http.model_copy(update={"body_bytes_max": 1000, "deadline_s": 0.3})
    changed = doors.model_copy(update={"osmand": osmand, "http": http})
    settings.swap(Snapshot(settings.now.model_copy(update={"doors": changed})))
    yield
    settings.swap(before)


@pytest.fixture
async def door(strict: None) -> AsyncIterator[tuple[Door, int]]:
    made, port = Door(), free_port()
    running = asyncio.create_task(serve_osmand(Http(host="127.0.0.1", port=port), made))
    await until(lambda: _listens(port))
    yield made, port
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_query_form_and_json_are_handed_on_as_they_came(door: tuple[Door, int]) -> None:
    made, port = door
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        answers = [
            await http.get("/?id=T1&lat=1&lon=2"),
            await http.post("/", data={"id": "T1"}),
            await http.post("/?id=T1", json={"device_id": "T1"}),
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].json()["results"][0]["result"] == "stored"
    assert [one.form for one in made.asked] == [Form.OSMAND] * 3
    assert made.asked[0].query == b"id=T1&lat=1&lon=2"
    assert made.asked[1].body == b"id=T1"
    assert made.asked[2].content_type == "application/json"
    assert {(one.tenant, one.truck) for one in made.asked} == {(None, None)}


@pytest.mark.parametrize(
    ("says", "status"),
    [
        (HttpTaken(trouble=Trouble.MALFORMED, detail="id: missing"), HTTPStatus.BAD_REQUEST),
        (HttpTaken(trouble=Trouble.UNKNOWN, detail="who?"), HTTPStatus.NOT_FOUND),
        (HttpTaken(trouble=Trouble.KEY, detail="key"), HTTPStatus.UNAUTHORIZED),
        (HttpTaken(trouble=Trouble.BUSY, detail="later"), HTTPStatus.SERVICE_UNAVAILABLE),
        (HttpTaken(trouble=Trouble.AWAY, detail="later"), HTTPStatus.SERVICE_UNAVAILABLE),
        (HttpTaken((FixResult("rejected", reason="malformed"),)), HTTPStatus.BAD_REQUEST),
        # Its client would send it for ever, and nothing behind it.
        (HttpTaken((FixResult("rejected", reason="too_old"),)), HTTPStatus.OK),
        (HttpTaken((FixResult("repeated"),)), HTTPStatus.OK),
    ],
)
async def test_what_each_answer_means_to_a_client(
    door: tuple[Door, int], says: HttpTaken, status: HTTPStatus
) -> None:
    made, port = door
    made.says = says
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        answer = await http.get("/?id=T1")

    assert answer.status_code == status
    assert ("retry-after" in answer.headers) is (status == HTTPStatus.SERVICE_UNAVAILABLE)


async def test_what_is_not_asked_for_is_refused(door: tuple[Door, int]) -> None:
    made, port = door
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        assert (await http.get("/elsewhere")).status_code == HTTPStatus.NOT_FOUND
        assert (await http.put("/")).status_code == HTTPStatus.METHOD_NOT_ALLOWED
        too_long = await http.post("/", content=b"x" * 1001)
        assert too_long.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert made.asked == []


@pytest.mark.usefixtures("strict")
async def test_an_address_that_is_refused_too_often_is_not_heard_for_the_minute() -> None:
    now_s = [600.0]
    made = Door()
    made.says = HttpTaken(trouble=Trouble.UNKNOWN, detail="who?")
    app: Any = OsmandApp(made, clock_s=lambda: now_s[0])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://osmand"
    ) as http:
        statuses = [(await http.get("/?id=guess")).status_code for _ in range(7)]
        now_s[0] = 660.0
        statuses.append((await http.get("/?id=guess")).status_code)

    assert statuses == [404] * 5 + [429] * 2 + [404]
    assert len(made.asked) == 6


async def test_a_connection_that_asks_nothing_is_closed(door: tuple[Door, int]) -> None:
    _, port = door
    for said in (b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


async def test_a_body_that_does_not_come_is_not_waited_for(door: tuple[Door, int]) -> None:
    made, port = door
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nid=")

    assert b" 408 " in await asyncio.wait_for(reader.readline(), 10)
    assert made.asked == []
    writer.close()


async def test_beyond_the_connections_there_may_be_it_says_so(door: tuple[Door, int]) -> None:
    made, port = door
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        answer = await http.get("/?id=T1")

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert made.asked == []
    for _, writer in held:
        writer.close()


async def test_nonsense_is_answered_and_the_port_goes_on(door: tuple[Door, int]) -> None:
    made, port = door
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
    assert b"400" in await asyncio.wait_for(reader.readline(), 10)
    writer.close()

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        assert (await http.get("/?id=T1")).status_code == HTTPStatus.OK
    assert len(made.asked) == 1
