"""/v1/webhook-endpoints and /v1/webhook-deliveries, with a real receiver behind them."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors.desk import WorkDesk
from actors.following import Follower
from actors.life import now_ms
from actors.messages.webhook_facts import WebhookFacts
from actors.messages.webhook_sending import WebhookRound
from freight.events import TruckEvent
from freight.webhooks.signing import is_signed
from providers.webhooks import WebhookSender
from serve.gateway import Gateway
from serve.identity.permissions import Role
from store import events
from store.postgres import as_tenant, moment
from tests.actors.messages.receiver import Receiver, Reply, receiving
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller

ENDPOINTS, DELIVERIES = "/v1/webhook-endpoints", "/v1/webhook-deliveries"
OF_TESTS = "booking.tested"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


async def made(caller: Caller, url: str, **fields: Any) -> dict[str, Any]:
    body = {"url": url, "types": [OF_TESTS, "webhook.test"], **fields}
    answer = await caller.ask("POST", ENDPOINTS, json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    endpoint: dict[str, Any] = answer.json()
    return endpoint


async def post(caller: Caller, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
    answer = await caller.ask("POST", path, json=body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def items(caller: Caller, **wanted: str) -> list[dict[str, Any]]:
    """The oldest first."""
    found: list[dict[str, Any]] = (await caller.get(DELIVERIES, params=wanted)).json()["items"]
    return found[::-1]


def desk(gateway: Gateway) -> WorkDesk:
    return WorkDesk(gateway.app_pool, gateway.system_pool, gateway.settings, now_ms)


async def happen(gateway: Gateway, caller: Caller, *subjects: str) -> None:
    at = desk(gateway)
    taking, limits = WebhookFacts(at), gateway.policy.messenger.following
    follower = Follower(f"h-{caller.tenant.id}", at, lambda: limits, taking.take_up, [OF_TESTS])
    await follower.go_on()
    facts = [
        TruckEvent(
            id=uuid.uuid4(),
            type=OF_TESTS,
            tenant_key=caller.tenant.key,
            truck_key=None,
            tenant=caller.tenant.id,
            subject=subject,
            time_ms=now_ms(),
            known_at_ms=now_ms(),
            data={"n": number},
        )
        for number, subject in enumerate(subjects)
    ]
    async with as_tenant(gateway.app_pool, caller.tenant.key) as conn:
        await events.insert(conn, facts)
    await follower.go_on()


async def send(gateway: Gateway) -> None:
    sender = WebhookSender(lambda: gateway.policy.webhook_sending, "development")
    await WebhookRound(desk(gateway), sender, gateway.webhook_secrets).go_on()


async def test_an_endpoint_is_made_and_its_secret_shown_once(
    caller: Caller, neighbour: Caller
) -> None:
    endpoint = await made(caller, "https://example.com/hook", subjects=["bookings/*"])
    place = f"{ENDPOINTS}/{endpoint['id']}"
    shown = await caller.get(place)

    assert endpoint["secret"].startswith("whsec_")
    assert "secret" not in shown.json()
    assert (shown.json()["state"], shown.headers["ETag"]) == ("active", '"1"')
    assert shown.json() in (await caller.get(ENDPOINTS)).json()["items"]
    assert (await neighbour.get(place)).status_code == 404
    stale = {"If-Match": '"7"'}
    change = {"types": ["alert.*"], "description": None}
    assert (await caller.ask("PATCH", place, json=change, headers=stale)).status_code == 412
    changed = await caller.ask("PATCH", place, json=change)
    assert (changed.json()["types"], changed.json()["subjects"]) == (["alert.*"], ["bookings/*"])
    assert (await caller.ask("DELETE", place)).status_code == 204
    assert (await caller.get(place)).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "ftp://example.com/"}, "/url"),
        ({"url": "http://example.com/"}, "/url"),
        ({"url": "https://a:b@example.com/"}, "/url"),
        ({"url": "https://10.0.0.1/"}, "/url"),
        ({"url": "https://169.254.169.254/"}, "/url"),
        ({"url": "https://0xa000001/"}, "/url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "/url"),
        ({"url": "https://printer/"}, "/url"),
        ({"url": "https://db.internal/"}, "/url"),
        ({"url": "https://example.com/", "types": ["Booking"]}, "/types/0"),
        ({"url": "https://example.com/", "subjects": ["x"]}, "/subjects/0"),
        ({"url": "https://example.com/", "types": ["a.b"] * 51}, "/types"),
        ({"url": "https://example.com/", "secret": "mine"}, "/secret"),
    ],
)
async def test_what_cannot_be_an_endpoint(
    caller: Caller, body: dict[str, Any], pointer: str
) -> None:
    answer = await caller.ask("POST", ENDPOINTS, json=body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_there_is_an_end_to_how_many(caller: Caller, gateway: Gateway) -> None:
    most = gateway.policy.webhooks.endpoints_max
    for _ in range(most):
        await made(caller, "https://example.com/hook")

    answer = await caller.ask("POST", ENDPOINTS, json={"url": "https://example.com/"})
    assert answer.status_code == 409


async def test_a_test_event_goes_to_one_endpoint_also_while_it_is_paused(
    caller: Caller, gateway: Gateway, receiver: Receiver
) -> None:
    endpoint = await made(caller, receiver.url)
    await made(caller, receiver.url + "-other")
    place = f"{ENDPOINTS}/{endpoint['id']}"
    assert (await post(caller, f"{place}/pause"))["why"] == "by_hand"
    asked = await post(caller, f"{place}/test", status=202)
    await happen(gateway, caller, "bookings/B1")
    await send(gateway)

    assert [taken.said["type"] for taken in receiver.taken if taken.path == "/hook"] == [
        "webhook.test"
    ]
    taken = receiver.taken[0]
    assert is_signed(
        endpoint["secret"], taken.headers, taken.body, now_s=now_ms() / 1000, tolerance_s=60
    )
    shown = (await caller.get(f"{DELIVERIES}/{asked['id']}")).json()
    assert (shown["state"], shown["origin"], shown["body"]) == (
        "delivered",
        "test",
        taken.body.decode(),
    )
    [attempt] = shown["tried"]
    assert attempt["response"] == {
        "status": 200,
        "headers": {"content-length": "6"},
        "body": "thanks",
    }
    assert attempt["request"]["headers"]["webhook-id"] == asked["message"]
    assert (await post(caller, f"{place}/resume"))["state"] == "active"
    await send(gateway)
    waited = await items(caller, endpoint=endpoint["id"], type=OF_TESTS)
    assert [one["state"] for one in waited] == ["delivered"]


async def test_a_replay_gives_the_same_signed_bodies(
    caller: Caller, gateway: Gateway, receiver: Receiver
) -> None:
    began = moment(now_ms() - 1000).isoformat()
    endpoint = await made(caller, receiver.url)
    place = f"{ENDPOINTS}/{endpoint['id']}"
    await happen(gateway, caller, "bookings/B1", "bookings/B2", "bookings/B1")
    await send(gateway)
    first, receiver.taken = receiver.taken, []
    rotated = await post(caller, f"{place}/rotate", {"overlap_s": 0})
    wish = {"from": began, "to": moment(now_ms() + 1000).isoformat()}
    replayed = await post(caller, f"{place}/replay", wish, 202)
    await send(gateway)

    def sent(taken: Any) -> Any:
        return taken.id, taken.body

    assert replayed["deliveries"] == 3
    assert sorted(map(sent, receiver.taken)) == sorted(map(sent, first))
    of_b1 = [taken.about[1] for taken in receiver.taken if taken.about[0] == "bookings/B1"]
    assert of_b1 == [0, 2]
    for taken in receiver.taken:
        now_s = now_ms() / 1000
        assert is_signed(rotated["secret"], taken.headers, taken.body, now_s=now_s, tolerance_s=60)
    again = await items(caller, endpoint=endpoint["id"])
    assert [(one["origin"], one["state"]) for one in again] == [
        *[("fact", "delivered")] * 3,
        *[("replay", "delivered")] * 3,
    ]
    none = await post(caller, f"{place}/replay", {**wish, "types": ["alert.*"]}, 202)
    assert none["deliveries"] == 0
    backwards = {"from": wish["to"], "to": wish["from"]}
    assert (await caller.ask("POST", f"{place}/replay", json=backwards)).status_code == 422


async def test_dead_letters_are_found_and_sent_again(
    caller: Caller, gateway: Gateway, receiver: Receiver
) -> None:
    endpoint = await made(caller, receiver.url)
    receiver.answer = lambda _: Reply(413)
    await happen(gateway, caller, "bookings/B1")
    await send(gateway)
    [dead] = await items(caller, endpoint=endpoint["id"], state="failed")
    assert dead["error"] == "answers 413: it will not take this message"
    receiver.answer = lambda _: Reply()
    retried = await post(caller, f"{DELIVERIES}/{dead['id']}/retry", status=202)
    await send(gateway)
    shown = (await caller.get(f"{DELIVERIES}/{dead['id']}")).json()

    assert retried["state"] == "pending"
    assert (shown["state"], [one["verdict"] for one in shown["tried"]]) == (
        "delivered",
        ["never", "success"],
    )
    answer = await caller.ask("POST", f"{DELIVERIES}/{dead['id']}/retry")
    assert answer.status_code == 409


async def test_what_waits_for_an_endpoint_that_is_removed_is_withdrawn(
    caller: Caller, gateway: Gateway
) -> None:
    endpoint = await made(caller, "https://example.com/")
    await happen(gateway, caller, "bookings/B1")
    await caller.ask("DELETE", f"{ENDPOINTS}/{endpoint['id']}")

    [left] = await items(caller, endpoint=endpoint["id"])
    assert left["state"] == "withdrawn"


async def test_who_speaks_for_one_carrier_or_shipper_has_no_webhooks(
    caller: Caller, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts are about everybody's trucks and bookings."""
    tokens = BoundTokens(monkeypatch)
    for bound in ({"carrier": "C1"}, {"shipper": "S1"}):
        token = tokens.token(gateway, caller.tenant, Role.ADMIN, **bound)
        held = dataclasses.replace(caller, token=token)
        assert (await held.get(ENDPOINTS)).status_code == 403
        assert (await held.get(DELIVERIES)).status_code == 403
        answer = await held.ask("POST", ENDPOINTS, json={"url": "https://example.com/"})
        assert answer.status_code == 403
