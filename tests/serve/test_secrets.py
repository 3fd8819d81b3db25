"""/v1/secrets: a value goes in and never comes out; each tenant's own; every use is told."""

from __future__ import annotations

import time

import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from serve.secrets.uses import SecretUses
from store.postgres import AnyPool
from store.secret_names import Scope, SecretName, SecretReference
from tests.serve.caller import Caller
from tests.serve.conftest import token_for
from tests.serve.holding import hold

HIDDEN = "correct horse battery staple"


@pytest.fixture
def operator(caller: Caller, gateway: Gateway) -> Caller:
    permissions = ("secrets:read", "secrets:write", "installation:write", "audit:read")
    token = gateway.issuer.issue(
        client_id="operator",
        tenant=caller.tenant.id,
        tenant_key=caller.tenant.key,
        permissions=permissions,
        now_s=int(time.time()),
    )
    return Caller(caller.http, caller.tenant, token)


async def put(caller: Caller, name: str, value: str = HIDDEN, **query: str) -> dict[str, object]:
    answer = await caller.ask("PUT", f"/v1/secrets/{name}", json={"value": value}, params=query)
    assert answer.status_code == 200, answer.text
    made: dict[str, object] = answer.json()
    return made


async def test_a_secret_is_put_listed_and_never_shown(caller: Caller) -> None:
    await put(caller, "webhook")
    made = await put(caller, "webhook", HIDDEN + " 2")
    await put(caller, "other")

    listed = await caller.get("/v1/secrets")
    one = await caller.get("/v1/secrets/webhook")
    trail = await caller.get("/v1/audit")

    assert made["reference"] == "secret://webhook"
    assert [item["name"] for item in listed.json()["items"]] == ["other", "webhook"]
    assert [version["version"] for version in one.json()["versions"]] == [2, 1]
    assert one.json()["versions"][0]["last_used_at"] is None
    assert [(row["action"], row["subject"]) for row in trail.json()["items"]] == [
        ("secrets.put", "secrets/other"),
        ("secrets.put", "secrets/webhook"),
        ("secrets.put", "secrets/webhook"),
    ]
    for answer in (listed, one, trail):
        assert "horse" not in answer.text


async def test_a_list_goes_on_with_its_cursor(caller: Caller) -> None:
    for name in ("a", "b", "c"):
        await put(caller, name)

    first = (await caller.get("/v1/secrets?limit=2")).json()
    cursor = first["next_cursor"]
    second = (await caller.get("/v1/secrets", params={"limit": 2, "cursor": cursor})).json()

    assert [item["name"] for item in first["items"]] == ["a", "b"]
    assert [item["name"] for item in second["items"]] == ["c"]
    assert second["next_cursor"] is None


async def test_each_tenant_has_its_own(caller: Caller, neighbour: Caller) -> None:
    await put(caller, "webhook")

    assert (await neighbour.get("/v1/secrets")).json()["items"] == []
    assert (await neighbour.get("/v1/secrets/webhook")).status_code == 404
    assert (await neighbour.ask("DELETE", "/v1/secrets/webhook")).status_code == 404
    assert (await caller.get("/v1/secrets/webhook")).status_code == 200


async def test_the_installations_are_for_its_operators(caller: Caller, operator: Caller) -> None:
    name = f"smtp-{caller.tenant.id}"
    await put(operator, name, scope="installation")

    assert (await operator.get(f"/v1/secrets/{name}")).status_code == 404
    shown = await operator.get(f"/v1/secrets/{name}?scope=installation")
    assert shown.json()["name"] == name
    for method in ("GET", "DELETE"):
        answer = await caller.ask(method, f"/v1/secrets/{name}?scope=installation")
        assert answer.status_code == 403
    query = {"chain": "installation", "subject": f"secrets/{name}"}
    rows = (await operator.get("/v1/audit", params=query)).json()["items"]
    assert [row["action"] for row in rows] == ["secrets.put"]


async def test_who_may_only_look_cannot_put(caller: Caller, gateway: Gateway) -> None:
    viewer = Caller(caller.http, caller.tenant, token_for(gateway, caller.tenant, Role.VIEWER))

    for method in ("GET", "PUT", "DELETE"):
        answer = await viewer.ask(method, "/v1/secrets/x", json={"value": "x"})
        assert answer.status_code == 403


async def test_a_deleted_secret_is_gone(caller: Caller) -> None:
    await put(caller, "webhook")

    assert (await caller.ask("DELETE", "/v1/secrets/webhook")).status_code == 204
    assert (await caller.ask("DELETE", "/v1/secrets/webhook")).status_code == 404
    assert (await caller.get("/v1/secrets")).json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"value":""}', b'{"value":7}', b'{"value":"x","more":1}', b'{"value":"\\ud800"}'],
)
async def test_what_is_no_secret_is_refused_without_repeating_it(
    caller: Caller, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await caller.ask("PUT", "/v1/secrets/x", content=body, headers=headers)

    assert answer.status_code == 422


async def test_a_secret_is_of_bounded_length(caller: Caller, gateway: Gateway) -> None:
    hold(gateway.settings, "secrets", value_bytes_max=10)

    answer = await caller.ask("PUT", "/v1/secrets/x", json={"value": HIDDEN})

    assert answer.status_code == 422
    assert HIDDEN not in answer.text


async def test_its_use_is_told_by_reader_and_version(
    caller: Caller, gateway: Gateway, system: AnyPool
) -> None:
    await put(caller, "webhook")
    scope = Scope(caller.tenant.key, caller.tenant.id)
    reference = SecretReference("webhook", None)
    for _ in range(3):
        found = await gateway.secret_values.get(scope, reference, "service:webhooks")
    assert found.text == HIDDEN

    uses = SecretUses(gateway.secret_values, gateway.audit, system, gateway.settings)
    await uses.flush()
    await gateway.audit.flush()

    (version,) = (await caller.get("/v1/secrets/webhook")).json()["versions"]
    assert version["uses"] == 3
    assert version["last_used_at"] is not None
    (row, _) = (await caller.get("/v1/audit?subject=secrets/webhook")).json()["items"]
    assert (row["action"], row["actor"]) == ("secrets.use", "service:webhooks")
    assert row["after"] == {"version": 1, "count": 3}


async def test_a_new_version_is_read_at_once_where_it_was_put(
    caller: Caller, gateway: Gateway
) -> None:
    of = SecretName(Scope(caller.tenant.key, caller.tenant.id), "webhook")
    await put(caller, "webhook", "old")
    await gateway.secret_values.current_and_previous(of, "service:webhooks")

    await put(caller, "webhook", "new")

    current, previous = await gateway.secret_values.current_and_previous(of, "service:webhooks")
    assert (current.text, previous and previous.text) == ("new", "old")
