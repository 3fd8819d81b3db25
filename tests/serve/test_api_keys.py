"""/v1/api-keys: as good as a token on every route, and no better than who made them."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from serve.gateway import Gateway
from serve.identity.key_format import is_well_formed
from tests.launch.waiting import until
from tests.serve.caller import Caller
from tests.serve.holding import hold


@dataclasses.dataclass(frozen=True)
class Maker:
    """A client that is there, as keys live only as long as who made them."""

    admin: Caller
    id: str
    caller: Caller

    async def key(self, *scopes: str, **fields: Any) -> dict[str, Any]:
        body = {"name": "A key", "scopes": scopes, **fields}
        answer = await self.caller.ask("POST", "/v1/api-keys", json=body)
        assert answer.status_code == 201, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        made: dict[str, Any] = answer.json()
        return made


@pytest.fixture
async def maker(caller: Caller) -> Maker:
    body = {"name": "Maker of keys", "roles": ["admin"]}
    made = (await caller.ask("POST", "/v1/clients", json=body)).json()
    form = {"grant_type": "client_credentials"}
    signed_in = await caller.http.post(
        "/v1/oauth/token", data=form, auth=(made["id"], made["secret"])
    )
    token = signed_in.json()["access_token"]
    return Maker(caller, made["id"], dataclasses.replace(caller, token=token))


async def ask(
    http: httpx.AsyncClient, key: str, path: str = "/v1/trucks", method: str = "GET", **body: Any
) -> httpx.Response:
    options = {"json": body} if body else {}
    return await http.request(method, path, headers={"X-API-Key": key}, **options)  # type: ignore[arg-type]


async def test_a_key_opens_what_its_scopes_say(http: httpx.AsyncClient, maker: Maker) -> None:
    made = await maker.key("trucks:read", "trucks:write")
    key = made["key"]

    assert is_well_formed(key)
    assert (await ask(http, key, method="POST", id="TRK-1")).status_code == 201
    assert (await ask(http, key, "/v1/trucks/TRK-1")).status_code == 200
    assert (await ask(http, key, "/v1/fences")).status_code == 403
    assert (await ask(http, key[:-1] + "-")).status_code == 401
    shown = await maker.caller.get(f"/v1/api-keys/{made['id']}")
    assert shown.headers["ETag"] == '"1"'
    assert shown.json()["created_by"] == f"client:{maker.id}"
    assert shown.json()["scopes"] == ["trucks:read", "trucks:write"]
    listed = await maker.caller.get("/v1/api-keys")
    assert [one["id"] for one in listed.json()["items"]] == [made["id"]]
    told = listed.text + shown.text + (await maker.caller.get("/v1/audit")).text
    assert f"api_key:{made['id']}" in told
    assert key not in told


async def test_when_it_was_last_used_is_told(
    http: httpx.AsyncClient, maker: Maker, gateway: Gateway
) -> None:
    made = await maker.key("trucks:read")
    place = f"/v1/api-keys/{made['id']}"
    assert (await maker.caller.get(place)).json()["last_used_at"] is None

    await ask(http, made["key"])
    await gateway.authority.api_keys.write_used()

    used = (await maker.caller.get(place)).json()["last_used_at"]
    assert datetime.now(UTC) - datetime.fromisoformat(used) < timedelta(minutes=1)


async def test_an_expired_key_opens_nothing(http: httpx.AsyncClient, maker: Maker) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    key = (await maker.key("trucks:read", expires_at=soon))["key"]
    assert (await ask(http, key)).status_code == 200

    async def has_expired() -> bool:
        return (await ask(http, key)).status_code == 401

    await until(has_expired)


async def test_how_long_a_key_may_live(maker: Maker, gateway: Gateway) -> None:
    limits = gateway.policy.identity.api_keys
    usual = await maker.key("trucks:read")
    lives_s = (
        datetime.fromisoformat(usual["expires_at"]) - datetime.fromisoformat(usual["created_at"])
    ).total_seconds()
    assert lives_s == pytest.approx(limits.usual_life_s, abs=60)

    now = datetime.now(UTC)
    never = (now + timedelta(seconds=limits.life_s_max + 60)).isoformat()
    for wrong in (never, (now - timedelta(seconds=1)).isoformat(), "2030-01-01T00:00:00"):
        body = {"name": "Wrong", "scopes": ["trucks:read"], "expires_at": wrong}
        answer = await maker.caller.ask("POST", "/v1/api-keys", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/expires_at"


async def test_a_key_is_no_better_than_its_maker(
    http: httpx.AsyncClient, gateway: Gateway, maker: Maker
) -> None:
    body = {"name": "More", "scopes": ["tenants:write"]}
    assert (await maker.caller.ask("POST", "/v1/api-keys", json=body)).status_code == 403
    key = (await maker.key("api-keys:write", "trucks:read"))["key"]
    more = {"name": "A key's key", "scopes": ["trucks:read"]}
    assert (await ask(http, key, "/v1/api-keys", "POST", **more)).status_code == 403

    assert (await ask(http, key)).status_code == 200
    sooner = gateway.settings.now.identity.api_keys.model_copy(update={"recheck_s": 0.3})
    hold(gateway.settings, "identity", api_keys=sooner)

    place = f"/v1/clients/{maker.id}"
    await maker.admin.ask("PATCH", place, json={"roles": ["finance"]})

    async def has_lost_it() -> bool:
        return (await ask(http, key)).status_code == 403

    await until(has_lost_it)


async def test_a_revoked_key_is_refused_at_once(http: httpx.AsyncClient, maker: Maker) -> None:
    made = await maker.key("trucks:read")
    place = f"/v1/api-keys/{made['id']}"
    assert (await ask(http, made["key"])).status_code == 200
    stale = await maker.caller.ask("DELETE", place, headers={"If-Match": '"7"'})
    assert stale.status_code == 412

    assert (await maker.caller.ask("DELETE", place)).status_code == 204

    assert (await ask(http, made["key"])).status_code == 401
    assert (await maker.caller.get(place)).json()["revoked_at"] is not None
    assert (await maker.caller.ask("DELETE", place)).status_code == 409


async def test_a_revoked_makers_keys_end_with_it(http: httpx.AsyncClient, maker: Maker) -> None:
    made = await maker.key("trucks:read")
    assert (await ask(http, made["key"])).status_code == 200

    assert (await maker.admin.ask("DELETE", f"/v1/clients/{maker.id}")).status_code == 204

    assert (await ask(http, made["key"])).status_code == 401
    shown = await maker.admin.get(f"/v1/api-keys/{made['id']}")
    assert shown.json()["revoked_at"] is not None


async def test_keys_are_each_tenants_own(maker: Maker, neighbour: Caller) -> None:
    place = f"/v1/api-keys/{(await maker.key('trucks:read'))['id']}"

    assert (await neighbour.get(place)).status_code == 404
    assert (await neighbour.ask("DELETE", place)).status_code == 404
    assert (await neighbour.get("/v1/api-keys")).json()["items"] == []


@pytest.mark.parametrize("way", ["header", "subprotocol"])
async def test_a_live_feed_opens_with_a_key_and_closes_when_another_replica_revokes_it(
    live_url: tuple[str, Gateway], maker: Maker, way: str
) -> None:
    made = await maker.key("live:read")
    blind = await maker.key("trucks:read")
    url = f"ws://{live_url[0]}/v1/live"
    async with connect(url, **_with(way, made["key"])) as socket:
        assert json.loads(await socket.recv())["type"] == "hello"
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, **_with(way, blind["key"]))
        assert refused.value.response.status_code == 403

        place = f"/v1/api-keys/{made['id']}"
        assert (await maker.caller.ask("DELETE", place)).status_code == 204
        async with asyncio.timeout(5):
            await socket.wait_closed()
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, **_with(way, made["key"]))
    assert refused.value.response.status_code == 401


def _with(way: str, key: str) -> dict[str, Any]:
    if way == "header":
        return {"additional_headers": {"X-API-Key": key}}
    return {"subprotocols": [f"ubertruck.api-key.{key}"]}
