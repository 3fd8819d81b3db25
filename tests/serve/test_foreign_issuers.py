"""How patiently foreign issuers are asked for their keys: each for itself, and none for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from prometheus_client import CollectorRegistry

from config.patience import OIDC, patience_with
from config.policy import policy
from config.sections.identity import Oidc
from config.sections.providers import Patience
from providers.metering import ProviderMetrics
from serve.identity.foreign_issuers import AssertionRefusedError, ForeignIssuers, IssuerAwayError
from tests.conftest import free_port
from tests.launch.waiting import until
from tests.serve.router_server import RouterServer, Said, running

KEY = rsa.generate_private_key(65537, 2048)
AUDIENCE = "ubertruck"


def limits(**changes: Any) -> Oidc:
    """Whoever is wanted again is asked again at once."""
    usual = {"refetch_s": 1e-9, "deadline_s": 20.0}
    return policy().identity.oidc.model_copy(update=usual | changes)


def patience(**changes: Any) -> Patience:
    identity = policy().identity.model_copy(update={"oidc": limits()})
    found = patience_with(policy().model_copy(update={"identity": identity}), OIDC)
    return found.model_copy(update={"retry_wait_s": 0.001, "attempts": 2, **changes})


@pytest.fixture(autouse=True)
def development(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where loopback may be asked."""
    monkeypatch.setenv("ENVIRONMENT", "development")


@pytest.fixture
def issuer() -> Iterator[RouterServer]:
    with running() as served:
        yield served


@pytest.fixture
def another() -> Iterator[RouterServer]:
    with running() as served:
        yield served


class Asking:
    """A replica's issuers, and what is counted of them."""

    def __init__(self, foreign: ForeignIssuers, counted: CollectorRegistry) -> None:
        self.foreign = foreign
        self._counted = counted

    async def ask(self, server: RouterServer) -> str:
        return await self.ask_at(server.url)

    async def ask_at(self, url: str) -> str:
        now_s = int(time.time())
        said = {"iss": url, "aud": AUDIENCE, "sub": "asha", "iat": now_s, "exp": now_s + 300}
        assertion = jwt.encode(said, KEY, "RS256", headers={"kid": "k"})
        claims = await self.foreign.claims_of(assertion, url, [AUDIENCE])
        return str(claims["sub"])

    @property
    def is_open(self) -> bool:
        found = self._counted.get_sample_value(
            "ubertruck_provider_breaker_open", {"provider": "oidc"}
        )
        return bool(found)

    def calls(self, operation: str, outcome: str) -> float | None:
        labels = {"provider": "oidc", "operation": operation, "outcome": outcome}
        return self._counted.get_sample_value("ubertruck_provider_calls_total", labels)


@asynccontextmanager
async def asking(
    by: Callable[[], Patience] = patience, within: Callable[[], Oidc] = limits
) -> AsyncIterator[Asking]:
    counted = CollectorRegistry()
    async with ForeignIssuers(within, by, ProviderMetrics(counted)) as foreign:
        yield Asking(foreign, counted)


def good(server: RouterServer) -> list[Said]:
    """Its discovery document and its keys."""
    public = {**RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "k", "alg": "RS256"}
    document = {"issuer": server.url, "jwks_uri": f"{server.url}/jwks"}
    return [Said(200, msgspec.json.encode(each)) for each in (document, {"keys": [public]})]


@pytest.mark.parametrize("said", [Said(429), Said(500), Said(503)], ids=lambda said: said.status)
async def test_what_passes_is_asked_again(issuer: RouterServer, said: Said) -> None:
    document, keys = good(issuer)
    issuer.says(said, document, said, keys)

    async with asking() as replica:
        assert await replica.ask(issuer) == "asha"
        assert (replica.calls("discovery", "ok"), replica.calls("keys", "ok")) == (1.0, 1.0)

    assert len(issuer.asked) == 4


AT_ONCE = [
    Said(404),
    Said(302, headers={"Location": "http://127.0.0.1/elsewhere"}),
    Said(200, b"<html>It works!</html>"),
    Said(200, b"[]"),
    Said(200, b'{"a":' + b"[" * 100_000),
    Said(200, b'{"issuer": "https://login.example.com"}'),
]


@pytest.mark.parametrize("said", AT_ONCE, ids=range(len(AT_ONCE)))
async def test_what_would_only_be_said_again_is_asked_once(
    issuer: RouterServer, said: Said
) -> None:
    issuer.says(said)

    async with asking() as replica:
        with pytest.raises(IssuerAwayError):
            await replica.ask(issuer)

    assert len(issuer.asked) == 1


async def test_a_long_answer_is_not_read(issuer: RouterServer) -> None:
    issuer.says(Said(200, b" " * 2000))

    async with asking(lambda: patience(answer_bytes_max=1000)) as replica:
        with pytest.raises(IssuerAwayError, match="more than 1000 bytes"):
            await replica.ask(issuer)


async def test_a_long_retry_after_is_not_waited_for(issuer: RouterServer) -> None:
    issuer.says(Said(429, headers={"Retry-After": "3600"}))

    async with asking(lambda: patience(failures_max=1)) as replica:
        with pytest.raises(IssuerAwayError, match="is throttling us"):
            await replica.ask(issuer)
        assert not replica.is_open, "who throttles lives"

    assert len(issuer.asked) == 1


async def test_nobody_at_the_address_is_away() -> None:
    async with asking(lambda: patience(failures_max=2)) as replica:
        with pytest.raises(IssuerAwayError, match="cannot be reached: ConnectError"):
            await replica.ask_at(f"http://127.0.0.1:{free_port()}")
        assert replica.is_open
        with pytest.raises(IssuerAwayError, match="is not known"):
            await replica.ask_at("https://nowhere.invalid")


async def test_one_that_is_down_is_left_alone_and_locks_no_other_out(
    issuer: RouterServer, another: RouterServer
) -> None:
    issuer.says(Said(503))
    another.says(*good(another))
    now = [patience(failures_max=2, rest_s=3600.0)]

    async with asking(lambda: now[0]) as replica:
        for _ in range(2):
            with pytest.raises(IssuerAwayError):
                await replica.ask(issuer)
        assert (len(issuer.asked), replica.is_open) == (2, True)

        assert await replica.ask(another) == "asha"
        assert replica.is_open, "another's success does not hide it"

        now[0] = patience(failures_max=10)
        issuer.says(*good(issuer))
        assert await replica.ask(issuer) == "asha"
        assert not replica.is_open


async def test_after_a_rest_one_look_closes_it(issuer: RouterServer) -> None:
    """Opened by silence until the deadline."""
    issuer.says(Said(is_silent=True))
    now = [patience(failures_max=1, rest_s=1e-9, deadline_s=0.05)]

    async with asking(lambda: now[0]) as replica:
        with pytest.raises(IssuerAwayError, match=r"no answer in 0\.05 s"):
            await replica.ask(issuer)
        assert replica.is_open
        issuer.says(*good(issuer))
        now[0] = patience(failures_max=1, rest_s=1e-9)

        assert await replica.ask(issuer) == "asha"
        assert not replica.is_open


async def test_all_issuers_share_their_places(issuer: RouterServer, another: RouterServer) -> None:
    issuer.says(Said(is_silent=True))
    another.says(*good(another))

    async with asking(lambda: patience(at_once_max=1, waiting_max=0)) as replica:
        inside = asyncio.create_task(replica.ask(issuer))
        await until(lambda: len(issuer.asked) == 1)
        with pytest.raises(IssuerAwayError, match="wait already"):
            await replica.ask(another)
        inside.cancel()
        await asyncio.gather(inside, return_exceptions=True)

        assert await replica.ask(another) == "asha"


async def test_who_is_forgotten_is_open_no_more(
    issuer: RouterServer, another: RouterServer
) -> None:
    """Nobody would ever close it, and an alert would ring for ever."""
    issuer.says(Said(503))
    another.says(Said(503))
    now = [limits(issuers_cached_max=1)]

    async with asking(lambda: patience(failures_max=1), lambda: now[0]) as replica:
        with pytest.raises(IssuerAwayError):
            await replica.ask(issuer)
        another.says(*good(another))
        await replica.ask(another)
        assert not replica.is_open, "it had to go for another"

        with pytest.raises(IssuerAwayError):
            await replica.ask(issuer)
        assert replica.is_open
        replica.foreign.forget_unwanted()
        assert replica.is_open, "somebody wanted it a moment ago"
        now[0] = limits(keys_stale_s_max=1e-9)
        replica.foreign.forget_unwanted()
        assert not replica.is_open


async def test_what_is_no_key_of_theirs_is_no_failure(issuer: RouterServer) -> None:
    document, _ = good(issuer)
    issuer.says(document, Said(200, b'{"keys": []}'))

    async with asking(lambda: patience(failures_max=1)) as replica:
        with pytest.raises(AssertionRefusedError):
            await replica.ask(issuer)
        assert not replica.is_open


def test_the_settings_of_identity_mean_what_they_meant() -> None:
    oidc = limits(deadline_s=7.0, body_bytes_max=99)
    identity = policy().identity.model_copy(update={"oidc": oidc})
    found = patience_with(policy().model_copy(update={"identity": identity}), OIDC)

    assert (found.deadline_s, found.attempt_s, found.answer_bytes_max) == (7.0, 7.0, 99)
    assert found.failures_max == policy().providers.patience["usual"].failures_max


async def test_where_it_may_not_lead_is_no_failure_of_anybody(
    issuer: RouterServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")

    async with asking(lambda: patience(failures_max=1)) as replica:
        with pytest.raises(IssuerAwayError, match="only https is asked"):
            await replica.ask(issuer)
        with pytest.raises(IssuerAwayError, match="is inside the network"):
            await replica.ask_at(issuer.url.replace("http:", "https:"))
        assert not replica.is_open

    assert issuer.asked == []
