"""Tokens: how they are got, what they say, and what is refused."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from pathlib import Path

import httpx
import jwt
import pytest

from serve.gateway import Gateway
from serve.identity import development
from serve.identity.development import DevelopmentSecretsError, refuse_development_secrets
from serve.identity.keys import KeyFileError, PublicKey, SigningKey, create_key_file, load_key
from serve.identity.secret_hashes import hash_secret, matches
from serve.identity.tokens import TokenError, TokenIssuer, TokenVerifier
from store.postgres import AnyConnection, AnyPool
from tests.serve.caller import Caller
from tests.serve.conftest import token_for

CLIENT = {"client_id": "demo-viewer", "client_secret": "demo-viewer-secret"}
GRANT = {"grant_type": "client_credentials"}


@dataclasses.dataclass
class OneKey:
    """A ring of one key."""

    key: SigningKey

    def signing(self, now_s: float) -> SigningKey:  # noqa: ARG002 - one at all times
        return self.key

    def public(self, key_id: str) -> PublicKey | None:
        return self.key.private.public_key() if key_id == self.key.key_id else None


@pytest.fixture
async def seeded(owner: AnyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "development")
    await development.seed(owner)


async def ask(http: httpx.AsyncClient, form: dict[str, str], **options: object) -> httpx.Response:
    return await http.post("/v1/oauth/token", data=form, **options)  # type: ignore[arg-type]


@pytest.mark.usefixtures("seeded")
async def test_credentials_give_a_token_that_the_published_key_checks(
    http: httpx.AsyncClient,
) -> None:
    answer = await ask(http, {**GRANT, **CLIENT})

    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    published = (await http.get("/.well-known/jwks.json")).json()["keys"]
    header = jwt.get_unverified_header(body["access_token"])
    (key,) = [key for key in published if key["kid"] == header["kid"]]
    assert (header["typ"], header["alg"]) == ("at+jwt", "RS256")
    claims = jwt.decode(
        body["access_token"], jwt.PyJWK(key).key, ["RS256"], audience="urn:ubertruck:api"
    )
    assert {"iss", "aud", "sub", "client_id", "iat", "exp", "jti", "scope"} <= claims.keys()
    assert (claims["tenant"], claims["sub"]) == ("demo", "demo-viewer")
    assert claims["scope"].split() == claims["permissions"] == body["scope"].split()
    assert "trucks:read" in claims["permissions"]
    assert "trucks:write" not in claims["permissions"]
    allowed = {"Authorization": f"Bearer {body['access_token']}"}
    assert (await http.get("/v1/trucks", headers=allowed)).status_code == 200


@pytest.mark.usefixtures("seeded")
async def test_credentials_in_the_header(http: httpx.AsyncClient) -> None:
    answer = await ask(http, GRANT, auth=("acme-admin", "acme-admin-secret"))

    assert answer.status_code == 200


@pytest.mark.usefixtures("seeded")
async def test_a_client_may_ask_for_less(http: httpx.AsyncClient) -> None:
    less = await ask(http, {**GRANT, **CLIENT, "scope": "trucks:read"})
    more = await ask(http, {**GRANT, **CLIENT, "scope": "trucks:write"})

    assert less.json()["scope"] == "trucks:read"
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")


REFUSALS = [
    ({}, 400, "invalid_request"),
    ({**CLIENT}, 400, "invalid_request"),
    ({**CLIENT, "grant_type": "password"}, 400, "unsupported_grant_type"),
    ({**GRANT}, 401, "invalid_client"),
    ({**GRANT, "client_id": "demo-viewer", "client_secret": "x"}, 401, "invalid_client"),
    ({**GRANT, "client_id": "nobody", "client_secret": "x"}, 401, "invalid_client"),
    ({**GRANT, "client_id": "a\0b", "client_secret": "x"}, 401, "invalid_client"),
]


@pytest.mark.usefixtures("seeded")
async def test_refusals_have_their_oauth_names(http: httpx.AsyncClient) -> None:
    for form, status, error in REFUSALS:
        answer = await ask(http, form)

        body = answer.json()
        assert (answer.status_code, body["error"]) == (status, error)
        assert body["error_description"] == body["detail"]
        assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_a_token_must_be_a_form(http: httpx.AsyncClient) -> None:
    assert (await http.post("/v1/oauth/token", json=GRANT)).json()["error"] == "invalid_request"


NO_TOKENS = [None, "", "Bearer", "Bearer x.y.z", "Basic eDp5", "Bearer " + "a" * 5000]


async def test_without_a_token_nothing(http: httpx.AsyncClient) -> None:
    for header in NO_TOKENS:
        headers = {} if header is None else {"Authorization": header}

        answer = await http.get("/v1/trucks", headers=headers)

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"


async def test_tokens_of_others_are_refused(
    gateway: Gateway, caller: Caller, tmp_path: Path
) -> None:
    """Another key, another installation, another kind of token, none at all."""
    other_file = tmp_path / "other.pem"
    create_key_file(other_file)
    issue = {"client_id": "c", "tenant": "t", "tenant_key": 1, "permissions": ["trucks:read"]}
    instance, now_s = gateway.installation.instance, int(time.time())
    claims = jwt.decode(caller.token, options={"verify_signature": False})
    ours = gateway.authority.keys.signing(now_s)
    named = {"kid": ours.key_id}
    forged = [
        TokenIssuer(OneKey(load_key(other_file)), instance, 60).issue(**issue, now_s=now_s),  # type: ignore[arg-type]
        TokenIssuer(OneKey(ours), "another", 60).issue(**issue, now_s=now_s),  # type: ignore[arg-type]
        jwt.encode(claims, ours.private, "RS256", headers={"typ": "JWT", **named}),
        jwt.encode(claims, "", "none", headers={"typ": "at+jwt", **named}),
        jwt.encode(claims, ours.jwk["n"], "HS256", headers={"typ": "at+jwt", **named}),
        caller.token[:-4] + "AAAA",
    ]
    for token in forged:
        answer = await caller.http.get("/v1/trucks", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


async def test_a_remembered_token_still_expires(gateway: Gateway, caller: Caller) -> None:
    verifier = TokenVerifier(gateway.authority.keys, gateway.installation.instance, cache_max=2)
    token = token_for(gateway, caller.tenant, now_s=1000)
    ttl_s = gateway.policy.api.token_ttl_s

    assert verifier.verify(token, 1000 + ttl_s - 1).tenant == caller.tenant.id
    with pytest.raises(TokenError, match="expired"):
        verifier.verify(token, 1000 + ttl_s)


async def test_the_memory_of_tokens_is_bounded(gateway: Gateway, caller: Caller) -> None:
    verifier = TokenVerifier(gateway.authority.keys, gateway.installation.instance, cache_max=2)
    for now_s in range(5):
        verifier.verify(token_for(gateway, caller.tenant, now_s=now_s), now_s)

    assert len(verifier._verified) == 2


def test_a_secret_matches_its_own_hash_only() -> None:
    hashed = hash_secret("right")

    assert matches("right", hashed)
    assert not matches("wrong", hashed)
    assert hashed != hash_secret("right")


def test_a_key_file_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "run" / "key.pem"

    assert create_key_file(path)
    before = load_key(path).key_id
    assert not create_key_file(path)
    assert load_key(path).key_id == before
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("no key")
    with pytest.raises(KeyFileError):
        load_key(path)


@pytest.mark.usefixtures("seeded")
async def test_well_known_secrets_are_for_development_only(
    system: AnyPool, owner: AnyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await development.seed(owner)  # twice is as good as once
    await refuse_development_secrets(system)
    monkeypatch.setenv("ENVIRONMENT", "production")

    with pytest.raises(DevelopmentSecretsError, match="demo-admin"):
        await refuse_development_secrets(system)
    with pytest.raises(DevelopmentSecretsError):
        await development.seed(owner)


async def test_many_wrong_secrets_at_once_leave_the_loop_free(gateway: Gateway) -> None:
    checks = [gateway.secrets.check("wrong", None) for _ in range(4)]
    checking = asyncio.gather(*checks)
    longest_s, before_s = 0.0, time.perf_counter()
    while not checking.done():
        await asyncio.sleep(0)
        longest_s, before_s = max(longest_s, time.perf_counter() - before_s), time.perf_counter()

    assert await checking == [False] * 4
    assert longest_s < 0.5
