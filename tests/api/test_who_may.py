"""Every operation of /openapi.json asked without a token, without the permission, by a stranger."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from serve.gateway import Gateway
from serve.identity.permissions import Permission
from store.tenants import Tenant
from tests.api.conftest import caller_with
from tests.api.makers import MAKERS, Made, World, fresh, maker_of, sent
from tests.api.operations import Operation
from tests.serve.caller import Caller

pytestmark = pytest.mark.postgres

# Whoever has no token yet, or is a machine that looks after us. Anything else is a finding.
PUBLIC = {
    "POST /v1/oauth/token",
    # A client proves itself there as it does for a token.
    "POST /v1/oauth/revoke",
    "POST /v1/oauth/introspect",
    "POST /v1/sessions",
    # Its clients know no sign-in; a device is named, and proves itself where its tenant asks.
    "GET /v1/ingest/osmand",
    "POST /v1/ingest/osmand",
    # A link to a document is for whoever has it.
    "GET /v1/shared-documents/{token}",
    # And one to a booking.
    "GET /s/{token}",
    # Providers prove themselves by a signature over what they send.
    "POST /v1/webhooks/{provider}",
    "POST /v1/webhooks/{provider}/{tenant}",
    # Meta asks so whether an address is ours, with a word that it was given.
    "GET /v1/webhooks/{provider}",
    "GET /v1/webhooks/{provider}/{tenant}",
    "GET /.well-known/jwks.json",
    "GET /livez",
    "GET /readyz",
    "GET /metrics",
}
# What everybody may do for themselves takes a token, and no permission.
OWN = {
    "GET /v1/sessions",
    "DELETE /v1/sessions/current",
    "DELETE /v1/sessions/{id}",
    "GET /v1/me",
    "PUT /v1/me/password",
    "POST /v1/me/totp",
    "POST /v1/me/totp/confirm",
    "POST /v1/me/totp/remove",
    "GET /v1/notification-preferences",
    "PUT /v1/notification-preferences",
    "GET /v1/inbox",
    "GET /v1/inbox/summary",
    "POST /v1/inbox/read",
    "POST /v1/inbox/{id}/read",
    "GET /v1/push-tokens",
    "POST /v1/push-tokens",
    "DELETE /v1/push-tokens/{id}",
}
# Not in the document: the document itself, its page, and what brokers ask with their own secret.
UNDOCUMENTED = ("/docs", "/openapi.json", "/v1/brokers/")
# A name here is one's own choice: a stranger who puts it makes an object of its own.
UPSERTS = {
    "PUT /v1/parties/shippers/{id}",
    "PUT /v1/parties/registrations/{state}",
    "PUT /v1/flags/{name}",
    "PUT /v1/secrets/{id}",
}


def placeholders(operation: Operation) -> Made:
    return dict.fromkeys(operation.parameters, "nothing")


def test_only_documented_operations_are_public(operations: list[Operation]) -> None:
    assert {one.says for one in operations if one.is_public} <= PUBLIC


def test_every_operation_names_its_permission(operations: list[Operation]) -> None:
    assert {one.says for one in operations if not one.is_public and not one.needs} <= OWN


def test_every_route_is_in_the_document(gateway_app: FastAPI, operations: list[Operation]) -> None:
    told = {one.path for one in operations}
    routes = {one.path_format for one in gateway_app.routes if isinstance(one, APIRoute)}

    assert {path for path in routes - told if not path.startswith(UNDOCUMENTED)} == set()


async def test_without_a_token_nobody_passes(
    operations: list[Operation], http: httpx.AsyncClient
) -> None:
    passed = []
    for operation in operations:
        if not operation.is_public:
            answer = await http.request(operation.method, operation.at(placeholders(operation)))
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                passed.append(f"{operation.says}: {answer.status_code}")

    assert not passed, "\n".join(["", *passed])


async def test_a_broken_token_opens_nothing(
    operations: list[Operation], http: httpx.AsyncClient, world: World
) -> None:
    broken = Caller(http, world.owner.tenant, world.owner.token[:-8] + "AAAAAAAA")
    passed = []
    for operation in operations:
        if not operation.is_public:
            answer = await broken.ask(operation.method, operation.at(placeholders(operation)))
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                passed.append(f"{operation.says}: {answer.status_code}")

    assert not passed, "\n".join(["", *passed])


async def test_all_other_permissions_do_not_replace_the_one(
    operations: list[Operation], http: httpx.AsyncClient, gateway: Gateway, tenant: Tenant
) -> None:
    passed = []
    for operation in operations:
        if operation.needs:
            rest = caller_with(http, gateway, tenant, set(Permission) - operation.needs)
            answer = await sent(rest, operation, operation.at(placeholders(operation)))
            if answer.status_code != httpx.codes.FORBIDDEN:
                passed.append(f"{operation.says}: {answer.status_code}")

    assert not passed, "\n".join(["", *passed])


def test_every_path_with_a_parameter_has_a_maker(operations: list[Operation]) -> None:
    """A new route for a new kind of object needs a maker in tests/api/makers.py."""
    lacking = [one.says for one in operations if one.parameters and maker_of(one) is None]

    assert lacking == []


async def test_owner_finds_what_the_makers_made(operations: list[Operation], world: World) -> None:
    """Otherwise the 404 of a stranger would prove nothing."""
    lost = []
    for operation in operations:
        maker = maker_of(operation)
        if operation.parameters and maker is not None:
            made = await maker(world)
            answer = await sent(world.owner, operation, operation.at(made), made)
            if answer.status_code in {401, 403, 422} or answer.status_code >= 500:
                lost.append(f"{operation.says}: {answer.status_code} {answer.text}")

    assert not lost, "\n".join(["", *lost])


async def test_a_stranger_finds_nothing(
    operations: list[Operation], world: World, stranger: Caller
) -> None:
    seen = []
    for operation in operations:
        maker = maker_of(operation)
        if operation.parameters and maker is not None:
            seen += await _seen_by(stranger, operation, world.owner, await maker(world))

    assert not seen, "\n".join(["", *seen])


async def _seen_by(stranger: Caller, operation: Operation, owner: Caller, made: Made) -> list[str]:
    path = operation.at(made)
    whole = path.removesuffix(operation.path.rpartition("}")[2])
    before = await owner.get(whole)
    answer = await sent(stranger, operation, path, made)
    after = await owner.get(whole)
    wrong = []
    is_theirs = operation.says in UPSERTS or operation.is_public
    if answer.status_code != httpx.codes.NOT_FOUND and not is_theirs:
        wrong.append(f"{operation.says}: {answer.status_code} {answer.text[:200]}")
    if before.is_success and before.content != after.content:
        wrong.append(f"{operation.says}: changed what belongs to another")
    return wrong


async def test_lists_of_a_stranger_show_nothing(
    operations: list[Operation], world: World, stranger: Caller
) -> None:
    made: list[str] = []
    for maker in {maker_of(one) for one in operations} - {None}:
        assert maker is not None
        # A state's code or a year is everybody's.
        made += [one for one in (await maker(world)).values() if not one.isdecimal()]
    shown = []
    for operation in operations:
        if operation.method == "GET" and not operation.parameters and not _is_stream(operation):
            answer = await stranger.get(operation.path, params={"limit": "500"})
            assert answer.status_code < 500, f"{operation.says}: {answer.text}"
            shown += [f"{operation.says}: {one}" for one in made if one in answer.text]

    assert not shown, "\n".join(["", *shown])


def _is_stream(operation: Operation) -> bool:
    return operation.path == "/v1/live/events"


@pytest.mark.parametrize(
    ("kind", "path", "field"),
    [
        ("/v1/trucks/{id}", "/v1/devices", "truck"),
        ("/v1/carriers/{id}", "/v1/trucks", "carrier"),
    ],
)
async def test_a_body_reaches_nobody_elses_object(
    world: World, stranger: Caller, kind: str, path: str, field: str
) -> None:
    """Naming another's object reads the same as naming one that is not there."""
    theirs = (await MAKERS[kind](world))["id"]
    told = []
    for name in (theirs, "nothing"):
        answer = await stranger.ask("POST", path, json={"id": fresh("mine"), field: name})
        said = answer.json()
        said.pop("correlation_id")
        told.append((answer.status_code, str(said).replace(theirs, "nothing")))

    assert told[0] == told[1]
    assert told[0][0] in {404, 409, 422}
