"""Tokens for those whom a real foreign issuer signed in; and what it takes to be refused."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from config.policy import Policy
from serve.gateway import Gateway
from store.tenants import Tenant
from tests.serve import oidc_issuer
from tests.serve.caller import Caller
from tests.serve.oidc_issuer import Issuer

pytestmark = pytest.mark.postgres

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
STAFF = {"groups": ["staff", "unknown"]}


@pytest.fixture
def quick(quick: Policy) -> Policy:
    """An issuer is asked again at once."""
    oidc = quick.identity.oidc.model_copy(update={"refetch_s": 0.001})
    identity = quick.identity.model_copy(update={"oidc": oidc})
    return quick.model_copy(update={"identity": identity})


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with oidc_issuer.running() as running:
        yield running


@pytest.fixture
async def trusting(caller: Caller, issuer: Issuer) -> Caller:
    await trust(caller, issuer)
    return caller


async def trust(caller: Caller, issuer: Issuer, **fields: Any) -> None:
    body = {
        "id": "corp",
        "issuer": issuer.url,
        "audience": oidc_issuer.CLIENT,
        "role_claim": "groups",
        "roles_of": {"staff": ["viewer"]},
        **fields,
    }
    answer = await caller.ask("POST", "/v1/oidc-issuers", json=body)
    assert answer.status_code == 201, answer.text


async def ask(caller: Caller, assertion: str, **fields: str) -> httpx.Response:
    form = {"grant_type": GRANT, "assertion": assertion, "tenant": caller.tenant.id, **fields}
    return await caller.http.post("/v1/oauth/token", data=form)


def refusal(answer: httpx.Response) -> str:
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), answer.text
    return str(answer.json()["error_description"])


def said(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


async def test_who_signed_in_there_is_let_in_here(trusting: Caller, issuer: Issuer) -> None:
    assertion = await asyncio.to_thread(issuer.signed_in, "asha", STAFF)

    answer = await ask(trusting, assertion)

    claims = said(answer)
    assert (claims["sub"], claims["kind"], claims["roles"]) == ("corp:asha", "user", ["viewer"])
    assert claims["tenant"] == trusting.tenant.id
    assert not {"carrier", "shipper"} & claims.keys()
    assert answer.headers["cache-control"] == "no-store"
    someone = Caller(trusting.http, trusting.tenant, answer.json()["access_token"])
    assert (await someone.get("/v1/trucks")).status_code == 200
    assert (await someone.ask("POST", "/v1/trucks", json={"id": "T"})).status_code == 403


async def test_less_can_be_asked_for(trusting: Caller, issuer: Issuer) -> None:
    less = await ask(trusting, issuer.signed(), scope="trucks:read")
    more = await ask(trusting, issuer.signed(), scope="trucks:write")

    assert less.json()["scope"] == "trucks:read"
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")


async def test_an_assertion_buys_one_token(trusting: Caller, issuer: Issuer) -> None:
    for assertion in (issuer.signed(), issuer.signed(jti=None)):
        assert (await ask(trusting, assertion)).status_code == 200
        assert "used before" in refusal(await ask(trusting, assertion))
    assert "used before" in refusal(await _twice(trusting, issuer))


async def _twice(trusting: Caller, issuer: Issuer) -> httpx.Response:
    """Another text with the same name."""
    assert (await ask(trusting, issuer.signed(jti="one"))).status_code == 200
    return await ask(trusting, issuer.signed(jti="one", exp=int(time.time()) + 200))


async def test_of_many_at_once_one_passes(trusting: Caller, issuer: Issuer) -> None:
    assertion = issuer.signed()

    answers = await asyncio.gather(*(ask(trusting, assertion) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7


async def test_keys_are_remembered_and_a_new_one_is_looked_up(
    trusting: Caller, issuer: Issuer
) -> None:
    assert (await ask(trusting, issuer.signed())).status_code == 200
    assert (await ask(trusting, issuer.signed())).status_code == 200
    assert issuer.asked == ["/.well-known/openid-configuration", "/jwks"]

    old = issuer.signed()
    issuer.change_key()

    assert (await ask(trusting, issuer.signed())).status_code == 200
    assert "does not name" in refusal(await ask(trusting, old))


async def test_a_nameless_key_is_looked_up_when_it_does_not_fit(
    trusting: Caller, issuer: Issuer
) -> None:
    """Real ID tokens of this issuer name no key."""
    first = await asyncio.to_thread(issuer.signed_in, "asha", STAFF)
    assert "kid" not in jwt.get_unverified_header(first)
    assert (await ask(trusting, first)).status_code == 200

    issuer.change_key()

    second = await asyncio.to_thread(issuer.signed_in, "asha", STAFF)
    assert (await ask(trusting, second)).status_code == 200
    assert issuer.asked.count("/jwks") == 2


async def test_unknown_keys_make_us_ask_at_a_limited_rate(
    trusting: Caller, issuer: Issuer, gateway: Gateway
) -> None:
    object.__setattr__(gateway.policy.identity.oidc, "refetch_s", 60.0)
    assert (await ask(trusting, issuer.signed())).status_code == 200
    issuer.change_key()

    for _ in range(5):
        refusal(await ask(trusting, issuer.signed()))

    assert issuer.asked.count("/jwks") == 1


async def test_times_are_checked_with_little_leeway(trusting: Caller, issuer: Issuer) -> None:
    now_s = int(time.time())
    for claims in (
        {"exp": now_s - 60},
        {"nbf": now_s + 120},
        {"iat": now_s + 120},
        {"iat": now_s - 90_000, "exp": now_s + 300},
        {"exp": None},
        {"iat": None},
        {"iat": "soon"},
        {"exp": float("inf")},
    ):
        refusal(await ask(trusting, issuer.signed(**claims)))
    assert (await ask(trusting, issuer.signed(exp=now_s - 10))).status_code == 200


async def test_what_is_made_out_to_others_is_refused(trusting: Caller, issuer: Issuer) -> None:
    foreign = await asyncio.to_thread(issuer.signed_in, "asha", STAFF, "another-application")

    assert "udience" in refusal(await ask(trusting, foreign))
    others: tuple[dict[str, Any], ...]
    others = ({"aud": None}, {"aud": []}, {"aud": ["x"]}, {"sub": None}, {"sub": ""})
    for claims in others:
        refusal(await ask(trusting, issuer.signed(**claims)))
    assert (await ask(trusting, issuer.signed(aud=["x", "ubertruck"]))).status_code == 200


async def test_only_trusted_issuers_are_believed_or_asked(trusting: Caller) -> None:
    with oidc_issuer.running() as stranger:
        told = refusal(await ask(trusting, stranger.signed()))

        assert "takes no identities" in told
        assert stranger.asked == []


async def test_one_issuer_cannot_speak_for_another(trusting: Caller, issuer: Issuer) -> None:
    with oidc_issuer.running() as stranger:
        refusal(await ask(trusting, stranger.signed(iss=issuer.url)))


async def test_forged_signatures(trusting: Caller, issuer: Issuer) -> None:
    good = issuer.signed()
    claims = jwt.decode(good, options={"verify_signature": False})
    kid = {"kid": issuer.key_id}
    public = issuer.storage.jwk.as_pem()
    other = rsa.generate_private_key(65537, 2048)
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", **kid}).encode()).rstrip(b"=")
    head, body, signature = good.split(".")
    forged = [
        jwt.encode(claims, "", "none", headers=kid),
        jwt.encode(claims, "x" * 32, "HS256", headers=kid),
        jwt.encode(claims, base64.b64encode(public), "HS256", headers=kid),
        jwt.encode(claims, other, "RS256", headers=kid),
        jwt.encode(claims, other, "RS256", headers={"kid": "another"}),
        jwt.encode(claims, other, "RS256", headers={"jwk": {"kty": "RSA"}}),
        f"{header.decode()}.{body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        "x.y.z",
        "a" * 20_000,
    ]
    for assertion in forged:
        refusal(await ask(trusting, assertion))
    assert (await ask(trusting, good)).status_code == 200


async def test_hostile_texts_are_refused(trusting: Caller) -> None:
    for payload in (b"[" * 5000, b'{"iss": 1e999}', b'{"iss": "\\u0000"}', b"[]", b"\xff"):
        encoded = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
        refusal(await ask(trusting, f"eyJhbGciOiJSUzI1NiJ9.{encoded}.AAAA"))


async def test_another_tenants_issuer_opens_nothing(
    trusting: Caller, neighbour: Caller, issuer: Issuer
) -> None:
    there = refusal(await ask(neighbour, issuer.signed()))
    nowhere = refusal(await ask(trusting, issuer.signed(), tenant="no-such-tenant"))

    assert there == nowhere


async def test_what_is_switched_off_ends_at_once(
    trusting: Caller, issuer: Issuer, gateway: Gateway
) -> None:
    token = (await ask(trusting, issuer.signed())).json()["access_token"]
    someone = Caller(trusting.http, trusting.tenant, token)
    assert (await someone.get("/v1/trucks")).status_code == 200

    await trusting.ask("PATCH", "/v1/oidc-issuers/corp", json={"is_enabled": False})

    assert (await someone.get("/v1/trucks")).status_code == 401
    assert "takes no identities" in refusal(await ask(trusting, issuer.signed()))
    await trusting.ask("PATCH", "/v1/oidc-issuers/corp", json={"is_enabled": True})
    assert (await someone.get("/v1/trucks")).status_code == 401
    again = (await ask(trusting, issuer.signed())).json()["access_token"]
    someone = Caller(trusting.http, trusting.tenant, again)
    assert (await someone.get("/v1/trucks")).status_code == 200
    await trusting.ask("DELETE", "/v1/oidc-issuers/corp")
    assert (await someone.get("/v1/trucks")).status_code == 401


async def test_roles_and_bounds_come_from_claims(caller: Caller, issuer: Issuer) -> None:
    await trust(
        caller,
        issuer,
        role_claim="realm.roles",
        roles_of={"hauler": ["carrier"], "boss": ["admin"]},
        carrier_claim="https://example.com/carrier",
        shipper_claim="shipper",
    )
    bound = {"realm": {"roles": ["hauler"]}, "https://example.com/carrier": "c-1"}

    claims = said(await ask(caller, issuer.signed(**bound)))

    assert (claims["roles"], claims["carrier"]) == (["carrier"], "c-1")
    unbound = {**bound, "https://example.com/carrier": None}
    assert "is missing" in refusal(await ask(caller, issuer.signed(**unbound)))
    odd = {**bound, "https://example.com/carrier": ["c-1"]}
    assert "names nothing" in refusal(await ask(caller, issuer.signed(**odd)))
    for groups in (None, [], "nobody", 7, [["hauler"]], [7, None]):
        told = refusal(await ask(caller, issuer.signed(**bound | {"realm": {"roles": groups}})))
        assert "gives no role" in told


async def test_an_issuer_that_is_away_is_asked_again_later(
    caller: Caller, gateway: Gateway
) -> None:
    object.__setattr__(gateway.policy.identity.oidc, "refetch_s", 60.0)
    with oidc_issuer.running() as gone:
        await trust(caller, gone)
        assertion = gone.signed()

    for _ in range(2):
        answer = await ask(caller, assertion)

        assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
        assert int(answer.headers["retry-after"]) > 0


async def test_its_keys_hold_while_it_is_away(caller: Caller) -> None:
    with oidc_issuer.running() as leaving:
        await trust(caller, leaving)
        assert (await ask(caller, leaving.signed())).status_code == 200

    assert (await ask(caller, leaving.signed())).status_code == 200


async def test_what_is_missing_is_named(caller: Caller) -> None:
    for form in ({"assertion": "x"}, {"tenant": "x"}, {}):
        answer = await caller.http.post("/v1/oauth/token", data={"grant_type": GRANT, **form})

        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_refused_attempts_are_recorded(
    trusting: Caller, issuer: Issuer, gateway: Gateway
) -> None:
    refusal(await ask(trusting, issuer.signed(aud="x")))
    await gateway.audit.flush()

    rows = (await trusting.get("/v1/audit", params={"actor": "oidc:corp"})).json()["items"]

    assert [(row["action"], row["outcome"]) for row in rows] == [("sign-in", "refused")]


async def test_outside_development_nothing_local_is_asked(
    trusting: Caller, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")

    assert (await ask(trusting, issuer.signed())).status_code == 503
    assert issuer.asked == []


async def test_a_refused_role_gives_nothing_after_it_was_emptied(
    trusting: Caller, issuer: Issuer, tenant: Tenant
) -> None:
    """What roles allow is asked anew for every token."""
    assert tenant == trusting.tenant
    await trusting.ask("PATCH", "/v1/roles/viewer", json={"permissions": ["trucks:read"]})

    assert (await ask(trusting, issuer.signed())).json()["scope"] == "trucks:read"


async def test_not_for_ever_while_it_is_away(caller: Caller, gateway: Gateway) -> None:
    """Nobody could take back a stolen key from who cannot ask."""
    with oidc_issuer.running() as leaving:
        await trust(caller, leaving)
        assert (await ask(caller, leaving.signed())).status_code == 200
    object.__setattr__(gateway.policy.identity.oidc, "keys_ttl_s", 0.001)
    object.__setattr__(gateway.policy.identity.oidc, "keys_stale_s_max", 0.001)

    assert (await ask(caller, leaving.signed())).status_code == 503
