"""/v1/trucks/{id}/conformance: what the database counts of a device's fixes and rejections."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from serve.gateway import Gateway
from serve.rejections.wire import RejectionOut
from store.rejections import StoredRejection
from tests.serve.caller import Caller
from tests.serve.in_process import InProcessActors

pytestmark = pytest.mark.postgres

MINUTE_MS = 60_000


async def key_of(caller: Caller, gateway: Gateway, truck: str) -> int:
    await caller.truck(truck)
    await gateway.directory.refresh(gateway.system_pool)
    return gateway.directory.by_name[caller.tenant.id, truck].truck_key


async def report(caller: Caller, truck: str, **query: Any) -> dict[str, Any]:
    answer = await caller.get(f"/v1/trucks/{truck}/conformance", params=query)
    assert answer.status_code == httpx.codes.OK, answer.text
    found: dict[str, Any] = answer.json()
    return found


def verdicts(told: dict[str, Any]) -> dict[str, str]:
    return {line["check"]: line["verdict"] for line in told["lines"]}


async def test_an_hour_of_a_device_is_counted(
    caller: Caller, gateway: Gateway, actors: InProcessActors
) -> None:
    key = await key_of(caller, gateway, "R1")
    end_ms = int(time.time() * 1000)
    start_ms = end_ms - 60 * MINUTE_MS
    common = {"truck_key": key, "lat": 19.0, "lon": 72.8, "accuracy_m": 8.0, "ignition": 1}
    minutes = [*range(20), *range(40, 60)]
    fixes = [
        common | {"ts_ms": start_ms + m * MINUTE_MS, "received_ms": start_ms + m * MINUTE_MS + 2000}
        for m in minutes
    ]
    await actors.report(caller.tenant.key, fixes[1:])
    late = fixes[0] | {"received_ms": end_ms}
    await actors.report(caller.tenant.key, [late])
    await actors.report(caller.tenant.key, fixes[3:8])

    told = await report(caller, "R1", **{"from": start_ms, "to": end_ms})

    assert (told["fixes"], told["late"], told["repeated"]) == (40, 1, 5)
    assert told["delay_s"]["p50"] == 2.0
    assert told["interval_s_p50"] == 60.0
    assert (told["gaps"], told["gap_s_longest"]) == (1, 21 * 60.0)
    assert told["accuracy_m"] == {"p05": 8.0, "p50": 8.0, "p95": 8.0}
    assert (told["missing"]["speed_kmh"], told["missing"]["ignition"]) == (40, 0)
    assert verdicts(told) | {"gaps": "attention", "fields": "attention"} == verdicts(told)
    assert verdicts(told)["clock"] == "good"
    assert told["verdict"] == "attention"


async def test_rejections_are_counted_by_reason(
    caller: Caller, gateway: Gateway, http: httpx.AsyncClient
) -> None:
    await caller.truck("R2")
    now_ms = int(time.time() * 1000)
    sent = [
        {"truck": "R2", "ts": now_ms, "lat": 19.0, "lon": 72.8},
        {"truck": "R2", "ts": now_ms, "lat": 99.0, "lon": 72.8},
        {"truck": "R2", "ts": now_ms + 10**9, "lat": 19.0, "lon": 72.8},
    ]
    await caller.ask("POST", "/v1/ingest/positions", json=sent)

    told = await report(caller, "R2", to=now_ms + 60_000)

    assert told["rejected"] == {"malformed": 1, "future": 1}
    assert verdicts(told)["rejections"] == "attention"


async def test_what_was_rejected_is_shown_with_its_reason_and_bytes(
    caller: Caller, neighbour: Caller
) -> None:
    for truck in ("R6", "R7"):
        await caller.truck(truck)
    now_ms = int(time.time() * 1000)
    for truck, lat in (("R6", 91.0), ("R7", 92.0), ("R6", 93.0)):
        bad = {"truck": truck, "ts": now_ms, "lat": lat, "lon": 72.8}
        await caller.ask("POST", "/v1/ingest/positions", json=bad)
    future = {"truck": "R6", "ts": now_ms + 10**9, "lat": 1.0, "lon": 72.8}
    await caller.ask("POST", "/v1/ingest/positions", json=future)

    path = "/v1/trucks/R6/rejections"
    first = (await caller.get(path, params={"limit": 2})).json()
    rest = (await caller.get(path, params={"cursor": first["next_cursor"]})).json()
    of_one = (await caller.get(path, params={"reason": "future"})).json()["items"]

    shown = first["items"] + rest["items"]
    assert [one["reason"] for one in shown] == ["future", "malformed", "malformed"]
    assert ["93.0" in shown[1]["raw"], "91.0" in shown[2]["raw"]] == [True, True]
    assert {one["is_hex"] for one in shown} == {False}
    assert [one["reason"] for one in of_one] == ["future"]
    assert (await neighbour.get(path)).status_code == httpx.codes.NOT_FOUND
    assert (await caller.get(path, params={"reason": "\0"})).json()["items"] == []


@pytest.mark.parametrize(
    ("raw", "shown", "is_hex"),
    [
        (b'{"lat": 1}\n', '{"lat": 1}\n', False),
        (b"\x00\x0f\xff", "000fff", True),
        ("cut: é".encode()[:-1], "cut: ", False),
        (b"", "", False),
    ],
)
def test_bytes_are_shown_as_text_where_they_are_one(raw: bytes, shown: str, is_hex: bool) -> None:
    stored = StoredRejection("t", "T1", "topic", "malformed", "why", raw, 0, 17)

    told = RejectionOut.of(stored)

    assert (told.raw, told.is_hex) == (shown, is_hex)


async def test_of_a_silent_device_nothing_is_known(caller: Caller) -> None:
    await caller.truck("R3")

    told = await report(caller, "R3")

    assert told["verdict"] == "unknown"
    assert set(verdicts(told).values()) == {"unknown"}


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-01-01T00:00:00Z", "to": "2026-01-10T00:00:00Z"},
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"from": "yesterday"},
    ],
)
async def test_a_span_that_cannot_be_looked_at_is_refused(
    caller: Caller, query: dict[str, str]
) -> None:
    await caller.truck("R4")

    answer = await caller.get("/v1/trucks/R4/conformance", params=query)

    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY


async def test_a_neighbour_finds_nothing(caller: Caller, neighbour: Caller) -> None:
    await caller.truck("R5")

    answer = await neighbour.get("/v1/trucks/R5/conformance")

    assert answer.status_code == httpx.codes.NOT_FOUND
