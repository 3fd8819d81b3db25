"""Brokers that ask over HTTP: EMQX's and mosquitto-go-auth's questions, and who may ask them."""

from __future__ import annotations

import json
from typing import Any

import bcrypt
import httpx
import pytest
from pydantic import SecretStr

from config.installation import Installation
from config.policy import policy
from serve.gateway import Gateway
from store.postgres import AnyConnection
from tests.launch.waiting import until
from tests.serve.caller import Caller

SECRET = "the-brokers-secret"
NEXT_SECRET = "its-next-secret"
EMQX = {"Authorization": f"Bearer {SECRET}"}
GO_AUTH = {"User-Agent": SECRET}
INGEST, INGEST_PASSWORD = "u", "p"


@pytest.fixture
def installation(installation: Installation) -> Installation:
    """With a broker that asks."""
    mqtt = installation.mqtt.model_copy(
        update={"callback_secrets": (SecretStr(SECRET), SecretStr(NEXT_SECRET))}
    )
    return installation.model_copy(update={"mqtt": mqtt})


async def ask_emqx(http: httpx.AsyncClient, what: str, **body: Any) -> str:
    answer = await http.post(f"/v1/brokers/emqx/{what}", json=body, headers=EMQX)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["is_superuser"] is False
    return str(said["result"])


async def ask_go_auth(http: httpx.AsyncClient, what: str, **body: Any) -> bool:
    """In both of its ways to send, which must be answered alike."""
    url = f"/v1/brokers/mosquitto-go-auth/{what}"
    as_json = await http.post(url, json=body, headers=GO_AUTH)
    as_form = await http.post(url, data=body, headers=GO_AUTH)
    assert as_json.status_code == as_form.status_code
    assert as_json.json() == as_form.json()
    assert as_json.json()["Ok"] is (as_json.status_code == 200)
    return as_json.status_code == 200


@pytest.fixture
async def device(caller: Caller, gateway: Gateway) -> dict[str, str]:
    """User name and secret of a truck's device, known to the replica."""
    made = (await caller.truck("TRK-1"))["device"]
    await until(lambda: gateway.directory.of_username(made["username"]) is not None)
    return {"username": made["username"], "password": made["secret"]}


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"User-Agent": "wrong"}, {"Authorization": SECRET}],
)
async def test_only_the_broker_may_ask(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for path in ("emqx/authentication", "emqx/authorization", "mosquitto-go-auth/user"):
        answer = await http.post(f"/v1/brokers/{path}", json={}, headers=headers)
        assert answer.status_code == 401


async def test_the_brokers_secret_changes_without_a_gap(http: httpx.AsyncClient) -> None:
    for secret in (SECRET, NEXT_SECRET):
        headers = {"Authorization": f"Bearer {secret}"}
        answer = await http.post("/v1/brokers/emqx/authentication", json={}, headers=headers)
        assert answer.json()["result"] == "deny"


async def test_a_question_that_cannot_be_read(http: httpx.AsyncClient) -> None:
    url = "/v1/brokers/emqx/authorization"
    for body in (b"{", b"[]", b'{"topic": 1}', b'{"topic": "t", "action": "fly"}'):
        answer = await http.post(url, content=body, headers=EMQX)
        assert answer.status_code == 422


async def test_a_device_signs_in(http: httpx.AsyncClient, device: dict[str, str]) -> None:
    wrong = device | {"password": "wrong"}
    nobody = device | {"username": "nobody/T"}

    assert await ask_emqx(http, "authentication", **device, clientid="c") == "allow"
    assert await ask_emqx(http, "authentication", **wrong) == "deny"
    assert await ask_emqx(http, "authentication", **nobody) == "deny"
    assert await ask_emqx(http, "authentication", username=None, password=None) == "deny"
    assert await ask_emqx(http, "authentication", **device | {"password": "x" * 80}) == "deny"
    assert await ask_go_auth(http, "user", **device)
    assert not await ask_go_auth(http, "user", **wrong)


TOPICS = [
    ("publish", "v1/{t}/trucks/TRK-1/position", True),
    ("publish", "v1/{t}/trucks/TRK-1/status", True),
    ("publish", "owntracks/{t}/TRK-1", True),
    ("publish", "teltonika/{imei}/data", True),
    ("publish", "teltonika/860000000000000/data", False),
    ("publish", "v1/{t}/trucks/TRK-1/commands", False),
    ("publish", "v1/{t}/trucks/TRK-2/position", False),
    ("publish", "v1/acme/trucks/TRK-1/position", False),
    ("subscribe", "v1/{t}/trucks/TRK-1/commands", True),
    ("subscribe", "v1/{t}/trucks/TRK-1/receipts", True),
    ("subscribe", "v1/{t}/trucks/TRK-1/position", False),
    ("subscribe", "v1/{t}/trucks/+/commands", False),
    ("subscribe", "v1/{t}/trucks/TRK-1/#", False),
    ("subscribe", "#", False),
    ("subscribe", "$share/g/v1/{t}/trucks/TRK-1/commands", False),
]
GO_AUTH_ACCESS = {"publish": (2,), "subscribe": (1, 4)}


async def test_a_device_speaks_and_hears_only_as_itself(
    http: httpx.AsyncClient, caller: Caller, device: dict[str, str], gateway: Gateway
) -> None:
    imei = f"35{caller.tenant.key:013}"
    await caller.ask("PATCH", "/v1/devices/TRK-1", json={"unique_id": imei})
    user = device["username"]

    def is_bound() -> bool:
        entry = gateway.directory.of_username(user)
        return entry is not None and entry.unique_id == imei

    await until(is_bound)
    for action, template, allowed in TOPICS:
        topic = template.format(t=caller.tenant.id, imei=imei)
        said = await ask_emqx(http, "authorization", username=user, topic=topic, action=action)
        assert said == ("allow" if allowed else "deny"), (action, topic)
        for acc in GO_AUTH_ACCESS[action]:
            said_too = await ask_go_auth(http, "acl", username=user, topic=topic, acc=acc)
            assert said_too is allowed, (action, topic, acc)
    for acc in (0, 3, 8):
        topic = f"v1/{caller.tenant.id}/trucks/TRK-1/position"
        assert not await ask_go_auth(http, "acl", username=user, topic=topic, acc=acc)
    assert not await ask_go_auth(http, "superuser", username=user)


async def test_our_own_ingest_may_do_its_work_and_no_more(http: httpx.AsyncClient) -> None:
    me = {"username": INGEST, "password": INGEST_PASSWORD}
    acts = [
        ("subscribe", "v1/+/trucks/+/position", "allow"),
        ("subscribe", "$share/g/v1/+/trucks/+/position", "allow"),
        ("publish", "v1/demo/trucks/T/receipts", "allow"),
        ("publish", "v1/demo/trucks/T/position", "deny"),
        ("subscribe", "#", "deny"),
        ("subscribe", "v1/#", "deny"),
    ]

    assert await ask_emqx(http, "authentication", **me) == "allow"
    assert await ask_emqx(http, "authentication", **me | {"password": "x"}) == "deny"
    for action, topic, expected in acts:
        said = await ask_emqx(http, "authorization", username=INGEST, topic=topic, action=action)
        assert said == expected, (action, topic)


async def test_a_revoked_device_and_a_suspended_tenants_are_refused(
    http: httpx.AsyncClient,
    caller: Caller,
    device: dict[str, str],
    superuser: AnyConnection,
) -> None:
    topic = f"v1/{caller.tenant.id}/trucks/TRK-1/position"
    act = {"username": device["username"], "topic": topic, "action": "publish"}

    async def may() -> set[str]:
        return {
            await ask_emqx(http, "authentication", **device),
            await ask_emqx(http, "authorization", **act),
        }

    async def is_refused() -> bool:
        return await may() == {"deny"}

    async def is_allowed() -> bool:
        return await may() == {"allow"}

    assert await is_allowed()
    suspend = "UPDATE tenants SET status = $2 WHERE key = $1"
    await superuser.execute(suspend, caller.tenant.key, "suspended")
    assert await until(is_refused) < 5
    await superuser.execute(suspend, caller.tenant.key, "active")
    await until(is_allowed)
    await caller.ask("POST", "/v1/devices/TRK-1/revoke")
    assert await until(is_refused) < 5


def counted_checks(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The secrets that are hashed from now on."""
    hashed: list[bytes] = []
    check = bcrypt.checkpw

    def counting(given: bytes, known: bytes) -> bool:
        hashed.append(given)
        return check(given, known)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    return hashed


async def test_a_good_secret_is_hashed_once(
    http: httpx.AsyncClient, device: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = counted_checks(monkeypatch)
    for _ in range(5):
        assert await ask_emqx(http, "authentication", **device) == "allow"

    assert len(hashed) == 1


async def test_guessing_is_slowed_and_locks_nobody_out(
    http: httpx.AsyncClient, device: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await ask_emqx(http, "authentication", **device, peerhost="10.0.0.1") == "allow"
    hashed = counted_checks(monkeypatch)
    most = policy().devices.door.failures_per_minute_max
    for number in range(most + 10):
        guess = device | {"password": f"guess-{number}"}
        assert await ask_emqx(http, "authentication", **guess, peerhost="10.0.0.1") == "deny"

    # The minute may end in between, and begins anew then.
    assert most <= len(hashed) < 2 * most + 10
    assert await ask_emqx(http, "authentication", **device, peerhost="10.0.0.1") == "allow"


async def test_denials_are_recorded(
    http: httpx.AsyncClient, caller: Caller, device: dict[str, str]
) -> None:
    user = device["username"]
    foreign = "v1/acme/trucks/X/position"
    await ask_emqx(http, "authentication", username=user, password="no", peerhost="10.1.2.3")
    await ask_emqx(http, "authorization", username=user, topic=foreign, action="publish")
    await ask_go_auth(http, "acl", username=user, topic=foreign, acc=4, clientid="c")

    async def recorded() -> set[tuple[str, str, str]]:
        answer = await caller.get("/v1/devices/TRK-1/refusals")
        return {(r["reason"], r["topic"], r["origin"]) for r in answer.json()["items"]}

    expected = {
        ("sign_in", "", "10.1.2.3"),
        ("publish", foreign, ""),
        ("subscribe", foreign, ""),
    }

    async def is_recorded() -> bool:
        return await recorded() == expected

    await until(is_recorded)


async def test_questions_are_not_for_clients(http: httpx.AsyncClient) -> None:
    paths = json.loads((await http.get("/openapi.json")).text)["paths"]

    assert [path for path in paths if path.startswith("/v1/brokers")] == []
