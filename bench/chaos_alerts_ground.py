"""What incidents need before the first one: trucks, fences, routes, people to tell, a webhook."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from typing import Any, Literal

import httpx
import numpy as np

from bench.api import token
from bench.chaos_incidents import BEFORE_THE_ROUTE_S, Incident
from bench.chaos_receiver import Receiver
from bench.fleet import SETTLE_S_MAX, all_fences_known
from bench.seeding import (
    TENANT,
    add_trucks,
    devices_settled,
    open_tenant,
    reader,
    tenant_key,
)
from bench.stack import Stack
from freight.cloudevents import rfc3339
from geo.polyline import encode
from serve.identity.development import DEVICE_SECRET

AT_ONCE = 6
WARM = 16  # trucks, so that every shard has some
JOURNEYS_KNOWN_S = 3.0  # shards hold trucks against a change within two
PEOPLE = 3
PRECISION: Literal[6] = 6
STOPPAGE_S = 5400
# Each route is a message of its own: a person hears of what is critical by all of these.
ROUTES = {"screen": ["in_app"], "urgent": ["whatsapp", "sms"], "mail": ["email"], "app": ["push"]}
OUTSIDE = ("whatsapp", "sms", "email", "push")
SERVICES = ("whatsapp", "smtp", "fcm")
TELLING = {
    "facts": ["alert.raised"],
    "where": {"severity": ["critical"]},
    "to": ["role:dispatcher"],
    "routes": list(ROUTES),
}
CONFIG = f"/v1/config/{TENANT}/services"


class Office:
    """An administrator at the public API."""

    def __init__(self, running: Stack) -> None:
        self.running = running
        bearer = {"Authorization": f"Bearer {token(running, f'{TENANT}-admin')}"}
        self.http = httpx.AsyncClient(
            base_url=running.http, headers=bearer, timeout=60, trust_env=False
        )

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        return await self._sent("POST", path, body)

    async def put(self, path: str, body: Any) -> dict[str, Any]:
        return await self._sent("PUT", path, body)

    async def configure(self, path: str, value: Any) -> None:
        await self.put(f"{CONFIG}/{path}", {"value": value, "reason": "a benchmark"})

    async def _sent(self, method: str, path: str, body: Any) -> dict[str, Any]:
        answer = await self.http.request(method, path, json=body)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    async def all_of(self, path: str, **wanted: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        more: dict[str, str] = {}
        while True:
            answer = await self.http.get(path, params={"limit": "100", **wanted, **more})
            answer.raise_for_status()
            page = answer.json()
            found += page["items"]
            if not page["next_cursor"]:
                return found
            more = {"cursor": page["next_cursor"]}


async def prepare(office: Office, wanted: Sequence[Incident], receiver: Receiver) -> list[str]:
    """Trucks know their fences and routes, people and endpoint stand; whom the sandbox knows."""
    running = office.running
    warm = [f"{wanted[0].truck}-warm-{nr}" for nr in range(WARM)]
    await add_trucks(running, [*(one.truck for one in wanted), *warm])
    await _rules(office)
    turns = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for one in wanted:
            group.create_task(_ground(office, one, turns))
    people = await people_told(office)
    await asyncio.to_thread(devices_settled, len(wanted))
    await fences_known(office, warm)
    await asyncio.sleep(JOURNEYS_KNOWN_S)
    body = {"url": receiver.url, "types": ["alert.*", "truck.*"]}
    receiver.secret = (await office.post("/v1/webhook-endpoints", body))["secret"]
    return people


async def _rules(office: Office) -> None:
    """Whatever the hour is: a driver's sleep at night would be no stoppage."""
    long = {"kinds": ["long_stoppage"], "rank": 1, "when": {}, "then": {"trigger_s": STOPPAGE_S}}
    await office.configure("alerts/*/business", {"overrides": {"by-night-too": long}})


async def people_told(office: Office) -> list[str]:
    """Dispatchers who hear of what is critical by every route; their keys."""
    await office.configure("notifying/*/business", {"routes": ROUTES, "tellings": [TELLING]})
    await office.configure("messaging/*/integration/sms_provider", "twilio")
    return [await _person(office, nr) for nr in range(PEOPLE)]


async def _ground(office: Office, one: Incident, turns: asyncio.Semaphore) -> None:
    async with turns:
        fence = one.fence()
        if fence is not None:
            await office.post("/v1/fences", fence)
        if not one.script.on_route:
            return
        drawn = {"polyline": encode(np.array(one.line()), PRECISION), "precision": PRECISION}
        await office.post("/v1/routes", {"id": one.truck, "name": one.truck, **drawn})
        began = rfc3339(time.time_ns() // 1_000_000 - BEFORE_THE_ROUTE_S * 1000)
        journey = {"route": {"id": one.truck}, "from": began}
        await office.put(f"/v1/trucks/{one.truck}/journey", journey)


async def _person(office: Office, nr: int) -> str:
    """A dispatcher with mail, telephone and the app; the person's key."""
    mark = time.time_ns()
    proof = {"email": f"d{nr}-{mark:x}@example.in", "password": secrets.token_urlsafe()}
    phone = f"+9198{mark // 1000 % 10**7:07}{nr}"
    made = await office.post(
        "/v1/users", {**proof, "phone": phone, "name": f"D{nr}", "roles": ["dispatcher"]}
    )
    session = await office.post("/v1/sessions", {"tenant": TENANT, **proof})
    own = {"Authorization": f"Bearer {session['access_token']}"}
    app = {"token": f"app-of-{nr}-{mark:x}", "app": "a benchmark"}
    (await office.http.post("/v1/push-tokens", json=app, headers=own)).raise_for_status()
    async with sandbox(office.running) as there:
        (await there.post("/sandbox/wrote", json={"to": phone})).raise_for_status()
    return f"users/{made['id']}"


def sandbox(running: Stack) -> httpx.AsyncClient:
    """The messages sandbox that `up` started."""
    where = running.installation.messaging_sandbox
    if where is None:
        raise RuntimeError("there is no messages sandbox")
    url = f"http://{where.http.host}:{where.http.port}"
    return httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)


async def answer_late(running: Stack, seconds: float) -> None:
    """Each channel once for every person."""
    async with sandbox(running) as there:
        for service in SERVICES:
            late = {"service": service, "kind": "slow", "delay_s": seconds, "times": PEOPLE}
            (await there.post("/sandbox/faults", json=late)).raise_for_status()


async def requests_of(running: Stack) -> int:
    """That the sandbox has had."""
    async with sandbox(running) as there:
        calls: dict[str, int] = (await there.get("/sandbox/calls")).json()["calls"]
    return sum(calls.get(service, 0) for service in SERVICES)


async def fences_known(office: Office, warm: Sequence[str]) -> None:
    """A trickle of fixes until every shard folds with all fences."""
    running = office.running
    own = await open_tenant(running, await tenant_key(running))
    revision = int(await own.fetchval("SELECT coalesce(max(revision), 0) FROM fences"))
    await own.close()
    conn = await reader(running)
    try:
        deadline = time.monotonic() + SETTLE_S_MAX
        while not await all_fences_known(conn, revision):
            if time.monotonic() > deadline:
                raise TimeoutError("the shards did not take up the fences")
            for nr, truck in enumerate(warm):
                fix = {"ts": time.time_ns() // 1_000_000, "lat": 12.0 + nr, "lon": 79.0}
                auth = (f"{TENANT}/{truck}", DEVICE_SECRET)
                await office.http.post("/v1/ingest/positions", json=fix, auth=auth)
            await asyncio.sleep(0.2)
    finally:
        await conn.close()
