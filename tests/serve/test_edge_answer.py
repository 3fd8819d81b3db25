"""What every answer says besides its own: to browsers, caches, tracers, users of old routes."""

from __future__ import annotations

import gzip
import json
from datetime import date

import httpx
import pytest
from fastapi import FastAPI

from serve.deprecation import deprecated
from serve.gateway import Gateway
from tests.serve.caller import Caller
from tests.serve.holding import hold

PAGE = "https://desk.example"
PREFLIGHT = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}


async def test_preflights_are_allowed_what_any_tenant_allows(
    caller: Caller, gateway: Gateway, http: httpx.AsyncClient
) -> None:
    unknown = await http.options("/v1/trucks", headers=PREFLIGHT)
    hold(gateway.settings, "edge", for_tenant=caller.tenant.id, cors_origins=(PAGE,))
    known = await http.options("/v1/trucks", headers=PREFLIGHT)

    assert unknown.status_code == known.status_code == 204
    assert "access-control-allow-origin" not in unknown.headers
    assert known.headers["access-control-allow-origin"] == PAGE
    assert "PATCH" in known.headers["access-control-allow-methods"]
    assert "Idempotency-Key" in known.headers["access-control-allow-headers"]
    assert "origin" in known.headers["vary"].lower()


async def test_answers_are_open_to_pages_that_the_callers_own_tenant_allows(
    caller: Caller, neighbour: Caller, gateway: Gateway, http: httpx.AsyncClient
) -> None:
    hold(gateway.settings, "edge", for_tenant=caller.tenant.id, cors_origins=(PAGE,))

    mine, theirs, nobodys = [
        await ask.get("/v1/trucks", headers={"Origin": PAGE}) for ask in (caller, neighbour, http)
    ]
    elsewhere = await caller.get("/v1/trucks", headers={"Origin": "https://evil.example"})

    assert mine.headers["access-control-allow-origin"] == PAGE
    assert "ETag" in mine.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in mine.headers
    for answer in (theirs, nobodys, elsewhere):
        assert "access-control-allow-origin" not in answer.headers
        assert "origin" in answer.headers["vary"].lower()


async def test_answers_of_the_api_are_data_and_stay_with_the_caller(
    caller: Caller, http: httpx.AsyncClient
) -> None:
    headers = (await caller.get("/v1/trucks")).headers
    unknown = (await http.get("/v1/trucks")).headers

    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers
    assert unknown["x-content-type-options"] == "nosniff"


async def test_the_console_may_run_its_own_scripts_worker_and_socket(
    http: httpx.AsyncClient, gateway: Gateway
) -> None:
    folder = gateway.installation.console_dir
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>console")
    (folder / "assets" / "app.js").write_text("let a = 1;\n" * 1000)

    page = await http.get("/")
    script = await http.get("/assets/app.js", headers={"Accept-Encoding": "gzip"})

    allowed = page.headers["content-security-policy"]
    assert {"script-src 'self'", "worker-src 'self'", "frame-ancestors 'none'"} <= {
        part.strip() for part in allowed.split(";")
    }
    assert "ws:" in allowed
    assert page.headers["cache-control"] == "no-cache"
    assert script.headers["content-encoding"] == "gzip"
    assert "immutable" in script.headers["cache-control"]


async def test_tls_that_a_trusted_balancer_ends_is_said_to_last(
    caller: Caller, gateway: Gateway, gateway_app: FastAPI
) -> None:
    answer = await caller.http.get("https://gateway/livez")

    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_long_answers_are_compressed_for_who_takes_it(caller: Caller) -> None:
    for number in range(30):
        await caller.truck(f"T{number}", registration="DL 01 AB 1234")
    as_is = {"Accept-Encoding": "identity"}

    plain = await caller.get("/v1/trucks", headers=as_is)
    async with caller.http.stream(
        "GET",
        "/v1/trucks",
        headers={"Authorization": f"Bearer {caller.token}", "Accept-Encoding": "gzip"},
    ) as packed:
        raw = b"".join([part async for part in packed.aiter_raw()])
    short = await caller.get("/v1/trucks/T1", headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert int(packed.headers["content-length"]) == len(raw) < len(plain.content) / 3
    assert json.loads(gzip.decompress(raw)) == plain.json()
    assert "content-encoding" not in short.headers


async def test_a_known_version_is_not_sent_again(caller: Caller) -> None:
    await caller.truck("T1")
    first = await caller.get("/v1/trucks/T1")
    tag = first.headers["etag"]

    known = await caller.get("/v1/trucks/T1", headers={"If-None-Match": f'"99", W/{tag}'})
    any_at_all = await caller.get("/v1/trucks/T1", headers={"If-None-Match": "*"})
    older = await caller.get("/v1/trucks/T1", headers={"If-None-Match": '"99"'})
    missing = await caller.get("/v1/trucks/T2", headers={"If-None-Match": "*"})

    assert (known.status_code, known.content) == (304, b"")
    assert known.headers["etag"] == tag
    assert "content-length" not in known.headers
    assert any_at_all.status_code == 304
    assert (older.status_code, older.json()) == (200, first.json())
    assert missing.status_code == 404


async def test_a_change_may_have_to_name_its_version(caller: Caller, gateway: Gateway) -> None:
    await caller.truck("T1")
    hold(gateway.settings, "edge", for_tenant=caller.tenant.id, versions_required=True)

    blind = await caller.ask("PATCH", "/v1/trucks/T1", json={"capacity_t": 5})
    stale = await caller.ask(
        "PATCH", "/v1/trucks/T1", json={"capacity_t": 5}, headers={"If-Match": '"9"'}
    )
    right = await caller.ask(
        "PATCH", "/v1/trucks/T1", json={"capacity_t": 5}, headers={"If-Match": 'W/"1"'}
    )

    assert [answer.status_code for answer in (blind, stale, right)] == [428, 412, 200]


async def test_a_route_on_its_way_out_says_so(
    gateway_app: FastAPI, http: httpx.AsyncClient
) -> None:
    declared = deprecated(
        since=date(2027, 1, 31), sunset=date(2027, 12, 31), link="https://docs.example/old"
    )

    @gateway_app.get("/v1/old", **declared)
    async def old() -> dict[str, bool]:
        return {"old": True}

    gateway_app.router.routes.insert(0, gateway_app.router.routes.pop())
    gateway_app.openapi_schema = None
    answer = await http.get("/v1/old")
    described = (await http.get("/openapi.json")).json()["paths"]["/v1/old"]["get"]

    assert answer.headers["deprecation"] == "@1801353600"
    assert answer.headers["sunset"] == "Fri, 31 Dec 2027 00:00:00 GMT"
    assert (
        answer.headers["link"] == '<https://docs.example/old>; rel="deprecation"; type="text/html"'
    )
    assert described["deprecated"] is True
    assert described["x-deprecation"]["sunset"] == "2027-12-31"
    assert "deprecation" not in (await http.get("/livez")).headers


@pytest.mark.parametrize("path", ["/v2", "/v2/trucks", "/v10/x"])
async def test_another_version_is_pointed_to_this_one(http: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "POST"):
        answer = await http.request(method, path)

        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert "/v1" in answer.json()["detail"]


async def test_traces_go_on_into_the_answer(caller: Caller) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await caller.get(
        "/v1/trucks", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    )

    assert answer.headers["traceparent"].startswith(f"00-{trace}-")
    assert answer.headers["traceparent"].split("-")[2] != "00f067aa0ba902b7"
