"""A request with an Idempotency-Key is done once, whoever repeats it whenever."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from typing import Any

import httpx
import pytest

from serve.gateway import Gateway
from serve.idempotency.repeats import Repeats
from serve.identity.permissions import Role
from store import idempotency
from store.idempotency import KeyOf
from store.postgres import AnyConnection, as_tenant
from tests.serve.caller import Caller
from tests.serve.conftest import token_for
from tests.serve.holding import hold

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[77, 28], [78, 28], [78, 29], [77, 29], [77, 28]]],
}
FENCE = {"name": "Yard", "shape": SQUARE}


async def post(
    caller: Caller, key: str, body: dict[str, Any], path: str = "/v1/fences"
) -> httpx.Response:
    return await caller.ask("POST", path, json=body, headers={"Idempotency-Key": key})


async def fences_of(caller: Caller) -> list[str]:
    return [fence["id"] for fence in (await caller.get("/v1/fences")).json()["items"]]


async def test_a_repeat_is_answered_as_before_and_does_nothing(caller: Caller) -> None:
    first = await post(caller, "k1", FENCE)
    again = await post(caller, "k1", FENCE)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for name in ("etag", "location", "content-type"):
        assert again.headers[name] == first.headers[name]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await fences_of(caller) == [first.json()["id"]]


async def test_a_compressed_answer_is_repeated_in_whatever_form_is_read(caller: Caller) -> None:
    ring = [[77 + i / 1000, 28] for i in range(500)]
    long = {
        "name": "Road",
        "shape": {"type": "Polygon", "coordinates": [[*ring, [77, 29], ring[0]]]},
    }
    first = await post(caller, "k1", long)
    again = await post(caller, "k1", long)
    headers = {"Idempotency-Key": "k1", "Accept-Encoding": "identity"}
    plain = await caller.ask("POST", "/v1/fences", json=long, headers=headers)

    assert first.headers["content-encoding"] == again.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert again.json() == plain.json() == first.json()


async def test_another_body_under_the_same_key_is_refused(caller: Caller) -> None:
    await post(caller, "k1", FENCE)
    other = await post(caller, "k1", {**FENCE, "name": "Other"})
    elsewhere = await post(caller, "k1", {"id": "T"}, "/v1/trucks")

    assert (other.status_code, elsewhere.status_code) == (422, 422)
    assert len(await fences_of(caller)) == 1


async def test_a_secret_is_kept_sealed_and_shown_again_to_the_same_repeat(
    caller: Caller, superuser: AnyConnection
) -> None:
    first = await post(caller, "k1", {"id": "T1"}, "/v1/trucks")
    again = await post(caller, "k1", {"id": "T1"}, "/v1/trucks")

    assert first.status_code == 201
    secret = first.json()["device"]["secret"]
    assert again.json()["device"]["secret"] == secret
    rows = await superuser.fetch(
        "SELECT k::text FROM idempotency_keys k WHERE tenant_key = $1", caller.tenant.key
    )
    assert len(rows) == 1
    assert secret not in rows[0]["k"]
    assert secret.encode().hex() not in rows[0]["k"]


async def test_keys_belong_to_their_caller(
    caller: Caller, neighbour: Caller, gateway: Gateway
) -> None:
    token = token_for(gateway, caller.tenant, Role.DISPATCHER)
    colleague = Caller(caller.http, caller.tenant, token)

    ids = [(await post(who, "same", FENCE)).json()["id"] for who in (caller, colleague, neighbour)]

    assert len(set(ids)) == 3
    assert set(await fences_of(caller)) == set(ids[:2])


async def test_what_failed_may_be_tried_again_under_its_key(caller: Caller) -> None:
    await caller.truck("T1")
    refused = await post(caller, "k1", {"id": "T1"}, "/v1/trucks")
    await caller.ask("DELETE", "/v1/trucks/T1")

    assert refused.status_code == 409
    assert (await post(caller, "k1", {"id": "T1"}, "/v1/trucks")).status_code == 201


@pytest.mark.parametrize("repeats", [2, 5, 25])
async def test_repeats_at_once_make_exactly_one(caller: Caller, repeats: int) -> None:
    keys = [f"k{number}-{secrets.token_hex(3)}" for number in range(3)]

    answers = await asyncio.gather(
        *(post(caller, key, {**FENCE, "name": key}) for key in keys for _ in range(repeats))
    )

    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    for answer in answers:
        if answer.status_code == 409:
            assert int(answer.headers["retry-after"]) >= 1
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 3
    assert set(await fences_of(caller)) == made


async def test_a_process_that_died_before_its_answer_did_it_once(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: object) -> None:
        raise RuntimeError("killed between commit and answer")

    with monkeypatch.context() as patched:
        patched.setattr(Repeats, "keep", die)
        lost_fence = await post(caller, "k1", FENCE)
        lost_truck = await post(caller, "k2", {"id": "T1"}, "/v1/trucks")
    assert (lost_fence.status_code, lost_truck.status_code) == (500, 500)

    again_fence = await post(caller, "k1", FENCE)
    again_truck = await post(caller, "k2", {"id": "T1"}, "/v1/trucks")

    assert again_fence.status_code == 201
    assert await fences_of(caller) == [again_fence.json()["id"]]
    assert again_fence.headers["location"] == f"/v1/fences/{again_fence.json()['id']}"
    assert again_truck.status_code == 409, "its secret went with the process"
    assert len((await caller.get("/v1/trucks")).json()["items"]) == 1
    assert len(await fences_of(caller)) == 1


async def test_an_answer_too_long_is_not_kept_but_its_key_is(
    caller: Caller, gateway: Gateway, owner: AnyConnection, superuser: AnyConnection
) -> None:
    limits = gateway.policy.edge.idempotency
    hold(gateway.settings, "edge", idempotency=limits.model_copy(update={"answer_bytes_max": 50}))
    first = await post(caller, "k1", {"id": "T1"}, "/v1/trucks")
    at_once = await post(caller, "k1", {"id": "T1"}, "/v1/trucks")
    await superuser.execute(
        "UPDATE idempotency_keys SET claimed_at = now() - interval '1 hour' WHERE tenant_key = $1",
        caller.tenant.key,
    )
    later = await post(caller, "k1", {"id": "T1"}, "/v1/trucks")

    assert first.status_code == 201
    assert (at_once.status_code, at_once.headers["retry-after"]) == (409, "1")
    assert (later.status_code, later.headers["location"]) == (409, "/v1/trucks/T1")


async def test_a_key_too_long_is_refused(caller: Caller) -> None:
    assert (await post(caller, "k" * 256, FENCE)).status_code == 400
    assert await fences_of(caller) == []


async def test_expired_keys_mean_nothing_and_are_removed(
    caller: Caller, gateway: Gateway, superuser: AnyConnection
) -> None:
    first = await post(caller, "k1", FENCE)
    await superuser.execute(
        "UPDATE idempotency_keys SET expires_at = now() WHERE tenant_key = $1", caller.tenant.key
    )

    anew = await post(caller, "k1", FENCE)
    await superuser.execute(
        "UPDATE idempotency_keys SET expires_at = now() WHERE tenant_key = $1", caller.tenant.key
    )

    assert anew.json()["id"] != first.json()["id"]
    assert await gateway.repeats.sweep_once() >= 1
    of = KeyOf(caller.tenant.key, f"client:{caller.tenant.id}-admin", "k1")
    async with as_tenant(gateway.app_pool, caller.tenant.key) as conn:
        assert await idempotency.find(conn, of) is None
    count = "SELECT count(*) FROM idempotency_keys WHERE tenant_key = $1"
    assert await superuser.fetchval(count, caller.tenant.key) == 0


async def test_without_permission_nothing_is_repeated(caller: Caller, gateway: Gateway) -> None:
    viewer = Caller(caller.http, caller.tenant, token_for(gateway, caller.tenant, Role.VIEWER))

    assert (await post(viewer, "k1", FENCE)).status_code == 403
    assert (await post(viewer, "k1", FENCE)).status_code == 403
