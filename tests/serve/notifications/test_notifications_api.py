"""/v1/notifications, templates, preferences, on call, consents, the inbox and the receipts door."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr

from actors.booking_writing import TenantName
from actors.messages.notification_receipts import receipts_round
from actors.messages.notification_sending import send
from config.installation import Http, Installation, MessagingSandbox
from freight.notifying.channels import Channel
from providers.messaging.port import Message, Repeats, Sent, State
from serve.gateway import Gateway
from serve.identity.permissions import PERMISSIONS_OF, Role
from serve.notifications.service import desk_of
from serve.notifications.template_wire import template_id
from store import notification_work
from tests.serve.caller import Caller

pytestmark = pytest.mark.postgres
SECRET = "word-of-the-sandbox"
PASSWORD = "a-truck-on-highway-48"
PHONE = "+919876543210"


@pytest.fixture
def installation(installation: Installation) -> Installation:
    nowhere = Http(host="127.0.0.1", port=1)
    sandbox = MessagingSandbox(
        http=nowhere,
        smtp=nowhere,
        receipts_url="",
        secret=SecretStr(SECRET),
        push_key=SecretStr("none"),
    )
    return installation.model_copy(update={"messaging_sandbox": sandbox})


async def made(caller: Caller, path: str, body: dict[str, Any], status: int = 201) -> Any:
    answer = await caller.ask("POST", path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def user(caller: Caller, **fields: Any) -> tuple[str, Caller]:
    """With a token of its own."""
    email = f"{secrets.token_hex(4)}@example.in"
    proof = {"email": email, "password": PASSWORD}
    new = await made(caller, "/v1/users", {**proof, "roles": ["dispatcher"], **fields})
    signed = {"tenant": caller.tenant.id, **proof}
    begun = await caller.http.post("/v1/sessions", json=signed)
    assert begun.is_success, begun.text
    return new["id"], Caller(caller.http, caller.tenant, begun.json()["access_token"])


class Taking:
    """A channel that takes everything."""

    channel, repeats, has_receipts = Channel.WHATSAPP, Repeats.DOUBLED, True
    name = "whatsapp"

    def __init__(self) -> None:
        self.sent: list[Message] = []

    async def send(self, message: Message) -> Sent:
        self.sent.append(message)
        return Sent(f"wamid.{message.id}", State.ACCEPTED)


async def go_round(gateway: Gateway, caller: Caller) -> None:
    desk, tenant = desk_of(gateway), TenantName(caller.tenant.key, caller.tenant.id)
    async with gateway.system_pool.acquire() as conn:
        due = await notification_work.due(conn, desk.now_ms(), 1000, 100)
    for one in due:
        if one.tenant == tenant.id:
            await send(desk, tenant, one.id)


async def test_a_notice_is_sent_read_and_its_life_is_shown(
    caller: Caller, gateway: Gateway
) -> None:
    user_id, own = await user(caller)
    said = {"to": [f"user:{user_id}"], "title": "Rain", "text": "Cover the goods"}
    sent = await made(caller, "/v1/notifications", {**said, "routes": ["screen"]})
    (one,) = sent["items"]
    assert (one["state"], one["person"]) == ("waiting", f"users/{user_id}")

    await go_round(gateway, caller)
    assert (await own.get("/v1/inbox/summary")).json() == {"unread": 1, "unread_critical": 0}
    (item,) = (await own.get("/v1/inbox")).json()["items"]
    assert (item["title"], item["text"]) == ("Rain", "Cover the goods")
    read = await own.ask("POST", f"/v1/inbox/{item['id']}/read")
    assert read.json()["read_at"] is not None
    assert (await own.get("/v1/inbox", params={"unread": "true"})).json()["items"] == []
    assert (await caller.get("/v1/inbox")).json()["items"] == []

    whole = (await caller.get(f"/v1/notifications/{one['id']}")).json()
    assert (whole["state"], whole["title"]) == ("read", "Rain")
    (attempt,) = whole["attempts"]
    assert (attempt["channel"], attempt["outcome"]) == ("in_app", "read")
    assert [step["what"] for step in whole["history"]] == ["planned", "asked", "accepted", "heard"]
    listed = await caller.get("/v1/notifications", params={"person": f"users/{user_id}"})
    assert [each["id"] for each in listed.json()["items"]] == [one["id"]]


async def test_what_waits_can_be_kept_back_and_sent_anew(caller: Caller) -> None:
    user_id, _ = await user(caller)
    said = {"to": [f"user:{user_id}"], "title": "Rain", "text": "Cover the goods"}
    later = {**said, "routes": ["mail"], "send_at": "2050-01-01T00:00:00Z"}
    (one,) = (await made(caller, "/v1/notifications", later))["items"]
    assert one["due_at"].startswith("2050-01-01")
    path = f"/v1/notifications/{one['id']}"
    assert (await caller.ask("POST", f"{path}/replay")).status_code == 409
    stopped = await caller.ask("POST", f"{path}/cancel", json={"why": "no rain"})
    assert (stopped.json()["state"], stopped.json()["why"]) == ("cancelled", "no rain")
    again = await caller.ask("POST", f"{path}/replay")
    assert (again.json()["state"], again.json()["replays"]) == ("waiting", 1)
    stale = await caller.ask("POST", f"{path}/cancel", headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    nobody = await caller.ask("POST", "/v1/notifications", json={**said, "to": ["user:nobody"]})
    assert nobody.status_code == 422
    unknown = await caller.ask("POST", "/v1/notifications", json={**said, "routes": ["smoke"]})
    assert unknown.json()["errors"][0]["pointer"] == "/routes"


async def test_templates_are_checked_previewed_versioned_and_used(
    caller: Caller, neighbour: Caller, gateway: Gateway
) -> None:
    asked = {"kind": "notice", "language": "en", "channel": "in_app", "text": "Hello {{recipien}}"}
    refused = await caller.ask("POST", "/v1/notification-templates", json=asked)
    assert refused.status_code == 422
    assert "nothing is called 'recipien'" in refused.json()["errors"][0]["detail"]
    preview = await made(caller, "/v1/notification-templates/preview", asked, 200)
    assert (preview["text"], preview["problems"][0]["is_error"]) == (None, True)

    asked["text"] = "Hello {{recipient}}: {{detail}}"
    new = await made(caller, "/v1/notification-templates", asked)
    assert (new["id"], new["version"], new["is_shipped"]) == ("notice--en--in_app", 1, False)
    assert (await caller.ask("POST", "/v1/notification-templates", json=asked)).status_code == 409
    path = f"/v1/notification-templates/{new['id']}"
    wanted = {"title": "{{title}}", "text": "Dear {{recipient}}, {{detail}}"}
    changed = await caller.ask("PUT", path, json=wanted, headers={"If-Match": '"1"'})
    assert changed.json()["version"] == 2
    stale = await caller.ask("PUT", path, json=wanted, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    listed = (await caller.get(f"{path}/versions")).json()["items"]
    assert [one["version"] for one in listed] == [2, 1]
    shown = await made(caller, f"{path}/preview", {"data": {"recipient": "Asha"}}, 200)
    assert shown["text"] == "Dear Asha,"
    old = await made(caller, f"{path}/preview", {"version": 1}, 200)
    assert old["text"].startswith("Hello Asha Rao: For 47 minutes")

    user_id, own = await user(caller, name="Mira")
    said = {"to": [f"user:{user_id}"], "title": "Rain", "text": "cover the goods"}
    await made(caller, "/v1/notifications", {**said, "routes": ["screen"]})
    await go_round(gateway, caller)
    (item,) = (await own.get("/v1/inbox")).json()["items"]
    assert item["text"] == "Dear Mira, cover the goods"

    assert (await neighbour.get(path)).status_code == 404
    assert (await caller.ask("DELETE", path)).status_code == 204
    assert (await caller.get(path)).status_code == 404


async def test_an_sms_preview_counts_its_parts(caller: Caller) -> None:
    place = {"kind": "alert.raised", "language": "hi", "channel": "sms"}
    shipped = await caller.get(f"/v1/notification-templates/{template_id(('alert', 'hi', 'sms'))}")
    assert shipped.json()["is_shipped"]
    asked = {**place, "text": "ट्रक {{truck}} रुका है"}
    preview = await made(caller, "/v1/notification-templates/preview", asked, 200)
    assert (preview["segments"]["encoding"], preview["segments"]["parts"]) == ("UCS-2", 1)
    assert {one["field"] for one in preview["problems"]} == {"text", "dlt_template"}
    long = await caller.ask("POST", "/v1/notification-templates", json={**place, "text": "क" * 400})
    assert "parts" in long.json()["errors"][0]["detail"]


async def test_preferences_are_ones_own_and_an_administrators(caller: Caller) -> None:
    user_id, own = await user(caller)
    wanted = {
        "language": "hi",
        "quiet": {"from_clock": "23:00", "to_clock": "06:00"},
        "kinds": {"alert": {"without": ["sms"]}, "*": {"digest": True}},
    }
    mine = await own.ask("PUT", "/v1/notification-preferences", json=wanted)
    assert mine.json()["version"] == 1
    path = f"/v1/notification-preferences/{user_id}"
    assert (await caller.get(path)).json() == mine.json()
    assert (await own.ask("PUT", path, json={})).status_code == 403
    other = await caller.ask("PUT", path, json={"language": "en"}, headers={"If-Match": '"1"'})
    assert (other.json()["version"], other.json()["kinds"]) == (2, {})
    bad = await own.ask("PUT", "/v1/notification-preferences", json={"language": "xx"})
    assert bad.json()["errors"][0]["pointer"] == "/language"


async def test_who_is_on_call_turns_and_is_stood_in_for(caller: Caller) -> None:
    asha, _ = await user(caller)
    ravi, _ = await user(caller)
    rotation = {"level": 1, "people": [asha, ravi], "turn_hours": 24}
    begins = {"begins_at": "2026-11-01T00:00:00Z"}
    asked = {"id": "main", "name": "Main", "rotations": [{**rotation, **begins}]}
    missing = {**rotation, **begins, "people": ["nobody"]}
    refused = await caller.ask("POST", "/v1/on-call", json={**asked, "rotations": [missing]})
    assert refused.json()["errors"][0]["pointer"] == "/rotations"
    await made(caller, "/v1/on-call", asked)

    async def now(at: str) -> list[str]:
        answer = await caller.get("/v1/on-call/now", params={"at": at})
        people: list[str] = answer.json()["items"][0]["people"]
        return people

    assert await now("2026-11-01T12:00:00Z") == [asha]
    assert await now("2026-11-02T12:00:00Z") == [ravi]
    away = {"level": 1, "person": asha}
    when = {"from": "2050-01-02T00:00:00Z", "to": "2050-01-04T00:00:00Z"}
    path = "/v1/on-call/main/overrides"
    whole = await made(caller, path, {**away, **when}, 200)
    for day in ("02", "03"):
        assert await now(f"2050-01-{day}T12:00:00Z") == [asha]
    ended = await caller.ask("DELETE", f"{path}/{whole['overrides'][0]['id']}")
    assert (ended.json()["overrides"], ended.json()["version"]) == ([], 3)


async def test_receipts_are_verified_stored_and_worked_on(
    caller: Caller, http: httpx.AsyncClient, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking = Taking()

    async def sender(*_: object) -> Taking:
        return taking

    monkeypatch.setattr(gateway.channels, "sender", sender)
    user_id, _ = await user(caller, phone=PHONE)
    said = {"to": [f"user:{user_id}"], "title": "Rain", "text": "Cover", "severity": "critical"}
    (one,) = (await made(caller, "/v1/notifications", {**said, "routes": ["customer"]}))["items"]
    await go_round(gateway, caller)
    (letter,) = taking.sent
    assert letter.to == PHONE

    path = f"/v1/webhooks/whatsapp/{caller.tenant.id}"
    body = _statuses(f"wamid.{letter.id}", "delivered")
    forged = await http.post(path, content=body, headers={"x-hub-signature-256": "sha256=00"})
    assert forged.status_code == 401
    headers = {"x-hub-signature-256": _signed(body)}
    for result in ("kept", "known"):
        answer = await http.post(path, content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"result": result})
    whole = (await caller.get(f"/v1/notifications/{one['id']}")).json()
    assert (whole["state"], whole["attempts"][0]["outcome"]) == ("delivered", "delivered")

    early = _statuses("wamid.of-nothing-known", "read")
    await http.post(path, content=early, headers={"x-hub-signature-256": _signed(early)})
    await receipts_round(desk_of(gateway))
    kept = (await caller.get("/v1/provider-webhooks", params={"provider": "whatsapp"})).json()
    assert [each["state"] for each in kept["items"]] == ["waiting", "done", "refused"]
    assert PHONE[1:] not in json.dumps(kept)
    asked = {"hub.mode": "subscribe", "hub.verify_token": SECRET, "hub.challenge": "4711"}
    assert (await http.get(path, params=asked)).text == "4711"
    wrong = await http.get(path, params={**asked, "hub.verify_token": "guessed"})
    assert wrong.status_code == 401


async def test_an_answer_of_stop_is_an_opt_out(caller: Caller, http: httpx.AsyncClient) -> None:
    path = f"/v1/webhooks/twilio/{caller.tenant.id}"
    fields = {"From": PHONE, "Body": " Stop. ", "MessageSid": "SM1", "SmsStatus": "received"}
    text = f"http://gateway{path}" + "".join(f"{k}{v}" for k, v in sorted(fields.items()))
    digest = hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest()
    headers = {
        "x-twilio-signature": base64.b64encode(digest).decode(),
        "content-type": "application/x-www-form-urlencoded",
    }
    answer = await http.post(path, content=urlencode(fields), headers=headers)
    assert answer.status_code == 200, answer.text
    listed = await caller.get("/v1/notification-consents", params={"phone": "9876543210"})
    (consent,) = listed.json()["items"]
    assert (consent["channel"], consent["standing"]) == ("sms", "withdrawn")
    assert "98765" not in consent["address"]
    again = {"phone": PHONE, "channel": "sms", "standing": "granted", "source": "a call"}
    await made(caller, "/v1/notification-consents", again)
    assert len((await caller.get("/v1/notification-consents")).json()["items"]) == 2


async def test_phones_are_limited_and_ones_own(caller: Caller, gateway: Gateway) -> None:
    most = gateway.policy.notifications.push_tokens_max
    for number in range(most):
        token = f"token-number-{number:04}"
        await made(caller, "/v1/push-tokens", {"token": token, "app": "a phone"})
    same = {"token": "token-number-0000", "app": "the same phone"}
    again = await made(caller, "/v1/push-tokens", same)
    over = await caller.ask(
        "POST", "/v1/push-tokens", json={"token": "one-token-too-many", "app": "a phone"}
    )
    assert over.status_code == 409
    assert (await caller.ask("DELETE", f"/v1/push-tokens/{again['id']}")).status_code == 204
    assert len((await caller.get("/v1/push-tokens")).json()["items"]) == most - 1


def test_dispatchers_read_and_plan_but_do_not_write() -> None:
    held = {one.value for one in PERMISSIONS_OF[Role.DISPATCHER]}
    assert {"notifications:read", "oncall:write"} <= held
    assert not {"notifications:write", "templates:write"} & held


def _statuses(provider_id: str, status: str) -> bytes:
    told = {"id": provider_id, "status": status, "timestamp": "1795240800"}
    told["recipient_id"] = PHONE[1:]
    value = {"messaging_product": "whatsapp", "statuses": [told]}
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def _signed(body: bytes) -> str:
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
