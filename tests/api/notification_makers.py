"""Makes messages, templates, calendars, inbox items and phones, and bodies for what is done."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from freight.notifying.channels import Channel
from freight.notifying.state import Message, Severity, Status
from store import inbox, notifications
from store.notifications import Sealed
from store.postgres import as_tenant

if TYPE_CHECKING:
    from tests.api.makers import Made, World

AT_MS = 1_795_240_800_000
SOON = {"from": "2050-01-01T00:00:00Z", "to": "2050-01-02T00:00:00Z"}


def a_message(person: str) -> Message:
    return Message(
        id=f"ntf-{secrets.token_hex(8)}",
        version=1,
        kind="alert.raised",
        severity=Severity.WARNING,
        subject="alerts/none",
        person=person,
        language="en",
        channels=(Channel.EMAIL,),
        cause="a test",
        created_ms=AT_MS,
        expires_ms=AT_MS,
        status=Status.WAITING,
    )


async def _post(world: World, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = await world.owner.ask("POST", path, json=body)
    assert answer.is_success, f"{path}: {answer.text}"
    made: dict[str, Any] = answer.json()
    return made


async def message(world: World) -> Made:
    """That waits."""
    made, key = a_message("users/nobody"), world.owner.tenant.key
    async with as_tenant(world.gateway.app_pool, key) as conn:
        facts = world.gateway.personal.seal("{}")
        await notifications.insert(conn, key, made, Sealed(None, facts), AT_MS)
    return {"id": made.id}


async def template(world: World) -> Made:
    kind = f"test.k{secrets.token_hex(4)}".translate(str.maketrans("0123456789", "ghijklmnop"))
    asked = {"kind": kind, "language": "en", "channel": "any", "text": "{{title}}"}
    return {"id": (await _post(world, "/v1/notification-templates", asked))["id"]}


async def user(world: World) -> Made:
    email = f"{secrets.token_hex(4)}@example.in"
    return {"id": (await _post(world, "/v1/users", {"email": email, "roles": ["viewer"]}))["id"]}


async def calendar(world: World) -> Made:
    who = (await user(world))["id"]
    rotation = {"level": 1, "people": [who], "begins_at": SOON["from"], "turn_hours": 168}
    asked = {"id": f"calendar-{secrets.token_hex(4)}", "name": "Main", "rotations": [rotation]}
    return {"id": (await _post(world, "/v1/on-call", asked))["id"], "person": who}


async def stand_in(world: World) -> Made:
    made = await calendar(world)
    asked = {"level": 1, "person": made["person"], **SOON}
    whole = await _post(world, f"/v1/on-call/{made['id']}/overrides", asked)
    return {**made, "override_id": whole["overrides"][0]["id"]}


async def item(world: World) -> Made:
    """In the inbox of whoever makes it."""
    made, key = a_message(f"clients/{world.owner.tenant.id}-prober"), world.owner.tenant.key
    sealed = world.gateway.personal.seal('{"title":"A title","text":"A text"}')
    async with as_tenant(world.gateway.app_pool, key) as conn:
        await inbox.put(conn, key, made.attempt, made, sealed, AT_MS)
    return {"id": made.attempt}


async def phone(world: World) -> Made:
    asked = {"token": secrets.token_hex(16), "app": "a phone"}
    made = await _post(world, "/v1/push-tokens", asked)
    answer = await world.owner.get("/v1/push-tokens")
    for one in answer.json()["items"][5:]:
        await world.owner.ask("DELETE", f"/v1/push-tokens/{one['id']}")
    return {"id": made["id"]}


MAKERS: Mapping[str, Callable[[World], Awaitable[Made]]] = {
    "/v1/notifications/{id}": message,
    "/v1/notification-templates/{id}": template,
    "/v1/notification-preferences/{id}": user,
    "/v1/on-call/{id}": calendar,
    "/v1/on-call/{id}/overrides/{override_id}": stand_in,
    "/v1/inbox/{id}": item,
    "/v1/push-tokens/{id}": phone,
}
BODIES: Mapping[str, Mapping[str, Any]] = {
    "PUT /v1/notification-templates/{id}": {"text": "{{title}} {{detail}}"},
    "PUT /v1/notification-preferences/{id}": {"language": "hi"},
    "PUT /v1/on-call/{id}": {"name": "Another", "rotations": []},
    "POST /v1/on-call/{id}/overrides": {"level": 2, "person": "{person}", **SOON},
}
