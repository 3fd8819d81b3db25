"""/v1/events: filters, order, pages, evidence, and nobody else's."""

from __future__ import annotations

import csv
import io
import json
import uuid
from typing import Any

import pytest

from freight.cloudevents import rfc3339
from freight.events import TruckEvent
from serve.gateway import Gateway
from store import events
from store.postgres import AnyPool
from tests.serve.caller import Caller
from tests.serve.holding import hold
from tests.serve.in_process import InProcessActors, now_ms

INSIDE, OUTSIDE = (28.5, 77.5), (10.0, 70.0)
ENTERED, EXITED = "truck.fence.entered", "truck.fence.exited"
SQUARE = {"type": "Polygon", "coordinates": [[[77, 28], [78, 28], [78, 29], [77, 29], [77, 28]]]}


@pytest.fixture
async def crossings(caller: Caller, actors: InProcessActors, gateway: Gateway) -> list[int]:
    """T1 goes in, out and in again, T2 in; the times of T1's crossings."""
    for name in ("T1", "T2"):
        await caller.truck(name)
    await caller.ask("POST", "/v1/fences", json={"id": "yard", "name": "Y", "shape": SQUARE})
    await gateway.directory.refresh(gateway.system_pool)
    first, second = (
        gateway.directory.by_name[caller.tenant.id, name].truck_key for name in ("T1", "T2")
    )
    times = [now_ms() - 60_000 + step * 1000 for step in range(3)]
    for ts_ms, (lat, lon) in zip(times, [INSIDE, OUTSIDE, INSIDE], strict=True):
        fix = {"truck_key": first, "ts_ms": ts_ms, "lat": lat, "lon": lon}
        await actors.report(caller.tenant.key, [fix])
    await actors.report(
        caller.tenant.key, [{"truck_key": second, "lat": INSIDE[0], "lon": INSIDE[1]}]
    )
    return times


async def listed(caller: Caller, **query: Any) -> list[dict[str, Any]]:
    answer = await caller.get("/v1/events", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_events_are_cloudevents(caller: Caller, crossings: list[int]) -> None:
    (event,) = await listed(caller, truck="T2")

    assert (event["specversion"], event["type"]) == ("1.0", ENTERED)
    assert (event["subject"], event["tenant"]) == ("trucks/T2", caller.tenant.id)
    assert event["data"]["fence"]
    assert event["data"]["known_at"]


async def test_filters_and_order(caller: Caller, crossings: list[int]) -> None:
    async def kinds(**query: Any) -> list[str]:
        return [event["type"] for event in await listed(caller, **query)]

    assert await kinds(truck="T1", order="asc") == [ENTERED, EXITED, ENTERED]
    assert await kinds(truck="T1", limit=1) == [ENTERED]
    assert await kinds(type=EXITED) == [EXITED]
    window = {"from": rfc3339(crossings[1]), "to": str(crossings[2])}
    assert await kinds(truck="T1", **window) == [EXITED]
    assert await kinds(truck="NOBODY") == []


async def test_several_types(caller: Caller, crossings: list[int]) -> None:
    async def kinds(query: str) -> list[str]:
        answer = await caller.get(f"/v1/events?truck=T1&order=asc&{query}")
        return [event["type"] for event in answer.json()["items"]]

    assert await kinds(f"type={ENTERED}&type={EXITED}") == [ENTERED, EXITED, ENTERED]
    assert await kinds(f"type={ENTERED},{EXITED}") == [ENTERED, EXITED, ENTERED]
    assert await kinds(f"type={EXITED},truck.stopped") == [EXITED]


async def test_events_of_a_booking(
    caller: Caller, telemetry: AnyPool, crossings: list[int]
) -> None:
    made = TruckEvent(
        id=uuid.uuid4(),
        type="booking.created",
        tenant_key=caller.tenant.key,
        truck_key=None,
        tenant=caller.tenant.id,
        subject="bookings/B-7",
        time_ms=crossings[0],
        known_at_ms=crossings[0],
        data={},
    )
    async with telemetry.acquire() as conn:
        await events.insert(conn, [made])

    assert [event["id"] for event in await listed(caller, booking="B-7")] == [str(made.id)]
    assert await listed(caller, booking="B-8") == []
    assert await listed(caller, booking="B-7", truck="T1") == []


async def test_events_as_a_file(
    caller: Caller, neighbour: Caller, gateway: Gateway, crossings: list[int]
) -> None:
    hold(gateway.settings, "api", page_limit_max=3)  # read in more than one piece
    answer = await caller.get("/v1/events", params={"format": "csv", "order": "asc"})

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    in_json = await listed(caller, order="asc")
    assert [row["id"] for row in rows] == [event["id"] for event in in_json]
    for row, event in zip(rows, in_json, strict=True):
        assert (row["type"], row["time"]) == (event["type"], event["time"])
        data = {**json.loads(row["data"]), "known_at": row["known_at"]}
        assert data == event["data"]
    foreign = await neighbour.get("/v1/events", params={"format": "csv"})
    assert foreign.text.splitlines() == ["id,type,time,known_at,tenant,subject,data"]


async def test_a_file_by_pages_names_the_next(caller: Caller, crossings: list[int]) -> None:
    path, seen = "/v1/events?format=csv&limit=3", list[str]()
    while path:
        answer = await caller.get(path)
        seen += [row["id"] for row in csv.DictReader(io.StringIO(answer.text))]
        path = answer.links["next"]["url"] if "next" in answer.links else ""

    assert seen == [event["id"] for event in await listed(caller)]


async def test_a_file_that_would_be_too_long_is_refused_whole(
    caller: Caller, gateway: Gateway, crossings: list[int]
) -> None:
    for most, status in ((4, 200), (3, 422)):
        hold(gateway.settings, "api", export_rows_max=most)
        assert (await caller.get("/v1/events?format=csv")).status_code == status


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages(caller: Caller, crossings: list[int], order: str) -> None:
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        query = {"limit": 3, "order": order, **({"cursor": cursor} if cursor else {})}
        page = (await caller.get("/v1/events", params=query)).json()
        seen += [event["id"] for event in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1

    assert pages == 2
    assert len(set(seen)) == len(seen) == 4


NO_QUERIES = [
    *({"type": "A B"}, {"type": ""}, {"booking": "a b"}, {"format": "xml"}),
    *({"truck": "a b"}, {"from": "x"}, {"cursor": "eA"}, {"order": "up"}),
]


async def test_a_query_that_cannot_be(caller: Caller) -> None:
    for query in NO_QUERIES:
        assert (await caller.get("/v1/events", params=query)).status_code == 422


async def test_evidence_shows_the_fixes(caller: Caller, crossings: list[int]) -> None:
    (exited,) = await listed(caller, type=EXITED)

    evidence = (await caller.get(f"/v1/events/{exited['id']}/evidence")).json()

    assert evidence["event"] == exited
    assert [fix["ts"] for fix in evidence["fixes"]] == [rfc3339(ts) for ts in crossings]


async def test_an_event_is_derived_again_byte_for_byte(
    caller: Caller, crossings: list[int]
) -> None:
    for event in await listed(caller):
        evidence = (await caller.get(f"/v1/events/{event['id']}/evidence")).json()

        assert evidence["replay"]["same"] is True, (event["type"], evidence["replay"])
        told = {key: value for key, value in event["data"].items() if key != "known_at"}
        assert evidence["numbers"] == evidence["replay"]["derived"] == told
        assert evidence["rules"]["visits"]
        assert len(evidence["policy_version"]) == 32
        assert evidence["replaced_by"] == []
    (exited,) = await listed(caller, type=EXITED)
    (fence,) = (await caller.get(f"/v1/events/{exited['id']}/evidence")).json()["fence_versions"]
    assert (fence["fence_id"], fence["version"], fence["shape"]) == ("yard", 1, SQUARE)


async def test_what_a_late_fix_took_back_says_so(
    caller: Caller, actors: InProcessActors, gateway: Gateway, crossings: list[int]
) -> None:
    (told,) = await listed(caller, truck="T2", type=ENTERED)
    key = gateway.directory.by_name[caller.tenant.id, "T2"].truck_key
    early = crossings[0] - 60_000
    await actors.report(
        caller.tenant.key,
        [{"truck_key": key, "ts_ms": early, "lat": INSIDE[0], "lon": INSIDE[1]}],
    )

    evidence = (await caller.get(f"/v1/events/{told['id']}/evidence")).json()

    assert [each["type"] for each in evidence["replaced_by"]] == ["event.retracted"]
    assert evidence["numbers"] is None
    assert (evidence["replay"]["same"], evidence["replay"]["derived"]) == (True, None)
    retracted = evidence["replaced_by"][0]["id"]
    again = (await caller.get(f"/v1/events/{retracted}/evidence")).json()
    assert again["replay"]["same"] is True
    standing = await listed(caller, truck="T2", type=ENTERED, to=str(early + 1))
    assert [event["time"] for event in standing] == [rfc3339(early)]


async def test_a_neighbour_reads_none(
    caller: Caller, neighbour: Caller, crossings: list[int]
) -> None:
    (event,) = await listed(caller, truck="T2")

    assert await listed(neighbour) == []
    assert await listed(neighbour, truck="T2") == []
    assert (await neighbour.get(f"/v1/events/{event['id']}/evidence")).status_code == 404
