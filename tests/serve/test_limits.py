"""Who asks too often is told so, and nobody else; with Redis or without."""

from __future__ import annotations

import asyncio
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from config.installation import Redis
from config.policy import Settings, defaults
from config.sections.limits import Quota
from launch.embedded.redis import binary
from serve.gateway import Gateway
from serve.identity.permissions import Role
from serve.identity.principal import Kind, Principal
from serve.limits.counter import SharedCounter
from serve.limits.limiter import Limiter
from serve.metrics import GatewayMetrics
from serve.problems import TooManyError
from tests.conftest import free_port
from tests.launch.waiting import until
from tests.serve.caller import Caller
from tests.serve.conftest import PATIENCE_S, token_for, wait_listening
from tests.serve.holding import hold

FEW = Quota(requests=5, window_s=60)
MANY = Quota(requests=100_000, window_s=60)


def client(name: str, tenant: str = "acme", roles: tuple[str, ...] = ()) -> Principal:
    return Principal(name, Kind.CLIENT, tenant, 1, frozenset(), 2**40, roles)


async def asked(limiter: Limiter, who: Principal, times: int) -> int:
    """How many of so many requests at once were granted."""

    async def ask() -> bool:
        try:
            await limiter.admit(limiter.of_principal(who))
        except TooManyError:
            return False
        return True

    return sum(await asyncio.gather(*(ask() for _ in range(times))))


Replica = Callable[..., Limiter]


@pytest.fixture
async def replica(redis: Redis) -> AsyncIterator[Replica]:
    """Makes limiters as each replica has one; those of a test share their counts."""
    made: list[Limiter] = []
    instance = uuid.uuid4().hex

    def make(*, where: Redis = redis, **values: Any) -> Limiter:
        settings = Settings(defaults())
        hold(settings, "limits", **{"redis_timeout_s": PATIENCE_S, "redis_retry_s": 0.05, **values})
        limits = settings.now.limits
        limiter = Limiter(settings, SharedCounter(where, instance, limits), GatewayMetrics())
        made.append(limiter)
        return limiter

    yield make
    for limiter in made:
        await limiter.close()


async def test_above_its_limit_a_client_is_told_how_long_to_wait(
    caller: Caller, gateway: Gateway, neighbour: Caller
) -> None:
    hold(gateway.settings, "limits", client=FEW)

    answers = [await caller.get("/v1/trucks") for _ in range(7)]
    refused = answers[-1]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit"].startswith('"client";r=0;t=')
    assert answers[0].headers["ratelimit"] == '"client";r=4;t=60'
    tenant_quota = defaults().limits.tenant
    assert answers[0].headers["ratelimit-policy"] == (
        f'"client";q=5;w=60, "tenant";q={tenant_quota.requests};w={tenant_quota.window_s}'
    )
    assert (await neighbour.get("/v1/trucks")).status_code == 200


async def test_after_the_wait_a_request_passes(replica: Replica) -> None:
    limiter, who = replica(client=Quota(requests=2, window_s=1)), client("a")
    assert await asked(limiter, who, 2) == 2

    with pytest.raises(TooManyError) as refused:
        await limiter.admit(limiter.of_principal(who))
    free_at_s = time.monotonic() + int((refused.value.headers or {})["Retry-After"])
    await until(lambda: time.monotonic() >= free_at_s)

    assert await asked(limiter, who, 1) == 1


async def test_twenty_clients_above_their_limit_do_not_touch_another(replica: Replica) -> None:
    limiter = replica(client=FEW, api_key=MANY)
    other = Principal("key", Kind.API_KEY, "acme", 1, frozenset(), 2**40)

    *granted, passed = await asyncio.gather(
        *(asked(limiter, client(f"c{number}"), 30) for number in range(20)),
        asked(limiter, other, 500),
    )

    assert granted == [5] * 20
    assert passed == 500


async def test_replicas_share_a_limit(replica: Replica) -> None:
    one, two = replica(client=FEW), replica(client=FEW)

    assert await asked(one, client("a"), 3) + await asked(two, client("a"), 9) == 5


async def test_chunks_are_off_by_what_is_documented_at_most(replica: Replica) -> None:
    quota = Quota(requests=1000, window_s=60)
    replicas = [replica(client=quota) for _ in range(2)]
    bound = 2 * len(replicas) * 20  # chunks of 2 %, one in hand and one fetched ahead

    granted = sum(await asyncio.gather(*(asked(one, client("a"), 2000) for one in replicas)))

    assert 1000 - bound <= granted <= 1000 + bound


async def test_a_role_and_a_tenant_have_limits_of_their_own(replica: Replica) -> None:
    limiter = replica(roles={"viewer": FEW}, tenant=Quota(requests=8, window_s=60))
    first, second = client("a", roles=("viewer",)), client("b", roles=("viewer",))

    assert await asked(limiter, first, 3) + await asked(limiter, second, 9) == 5
    assert await asked(limiter, client("c"), 9) == 3
    assert await asked(limiter, client("a", tenant="demo", roles=("viewer",)), 9) == 5


async def test_a_changed_limit_holds_at_once(caller: Caller, gateway: Gateway) -> None:
    hold(gateway.settings, "limits", client=Quota(requests=1, window_s=60))
    await caller.get("/v1/trucks")
    assert (await caller.get("/v1/trucks")).status_code == 429

    hold(gateway.settings, "limits", for_tenant=caller.tenant.id, client=MANY)

    assert (await caller.get("/v1/trucks")).status_code == 200


async def test_addresses_and_bad_tokens_are_limited_probes_are_not(
    http: httpx.AsyncClient, gateway: Gateway, caller: Caller
) -> None:
    hold(gateway.settings, "limits", anonymous=FEW, token=Quota(requests=2, window_s=60))
    bad = {"Authorization": "Bearer made-up"}

    guesses = [await http.get("/v1/trucks", headers=bad) for _ in range(7)]
    bare = await http.get("/v1/trucks")
    tokens = [await http.post("/v1/oauth/token", data={"grant_type": "x"}) for _ in range(3)]
    probes = [await http.get("/livez") for _ in range(9)]

    assert [answer.status_code for answer in guesses] == [401] * 5 + [429] * 2
    assert bare.status_code == 429
    assert [answer.status_code for answer in tokens] == [400, 400, 429]
    assert {answer.status_code for answer in probes} == {200}
    assert (await caller.get("/v1/trucks")).status_code == 200, "the same address, a good token"


async def test_made_up_credentials_do_not_open_public_pages_without_limit(
    http: httpx.AsyncClient, gateway: Gateway
) -> None:
    hold(gateway.settings, "limits", anonymous=FEW)
    headers = {"Authorization": "Bearer made-up", "Sec-WebSocket-Protocol": "x"}

    answers = [await http.get("/.well-known/jwks.json", headers=headers) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2


async def test_a_broker_may_ask_for_as_many_devices_as_connect(
    http: httpx.AsyncClient, gateway: Gateway
) -> None:
    hold(gateway.settings, "limits", anonymous=FEW)

    answers = [await http.post("/v1/brokers/emqx/authentication", json={}) for _ in range(7)]

    assert 429 not in [answer.status_code for answer in answers]


async def test_who_claims_another_address_is_not_believed(gateway: Gateway, caller: Caller) -> None:
    hold(gateway.settings, "limits", anonymous=FEW)

    answers = [
        await caller.http.get(
            "/v1/trucks", headers={"X-Forwarded-For": f"198.51.100.{number}, 9.9.9.9"}
        )
        for number in range(7)
    ]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2


async def test_connecting_to_the_live_feed_counts(
    live_url: tuple[str, Gateway], caller: Caller
) -> None:
    url, gateway = live_url
    hold(gateway.settings, "limits", client=Quota(requests=2, window_s=60))
    headers = {"Authorization": f"Bearer {token_for(gateway, caller.tenant, Role.VIEWER)}"}

    for _ in range(2):
        async with connect(f"ws://{url}/v1/live", additional_headers=headers):
            pass
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://{url}/v1/live", additional_headers=headers)

    assert refused.value.response.status_code == 429
    assert int(refused.value.response.headers["retry-after"]) >= 1


class OwnRedis:
    """A server that a test may kill, and start again."""

    def __init__(self, folder: Path) -> None:
        self.where = Redis(host="127.0.0.1", port=free_port())
        self._folder = folder
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        options = ["--bind", self.where.host, "--port", str(self.where.port), "--save", ""]
        process = subprocess.Popen(
            [str(binary()), *options, "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_listening(self.where.port)
        return process

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=10)

    def start_again(self) -> None:
        self.process = self._start()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path)
    yield server
    server.kill()


async def test_without_redis_a_stricter_limit_holds_and_it_heals(
    replica: Replica, own_redis: OwnRedis
) -> None:
    quota = Quota(requests=40, window_s=60)
    limiter = replica(where=own_redis.where, client=quota, chunk_share=0.0)
    counter = limiter._counter
    assert await asked(limiter, client("before"), 50) == 40

    own_redis.kill()

    assert await asked(limiter, client("after"), 50) == 10, "a quarter of it"
    assert counter.is_away
    own_redis.start_again()
    await until(lambda: not counter.is_away)
    assert await asked(limiter, client("healed"), 50) == 40


async def test_a_redis_that_hangs_holds_up_one_question_and_not_each(
    replica: Replica, own_redis: OwnRedis
) -> None:
    limiter = replica(where=own_redis.where, redis_timeout_s=0.2, redis_retry_s=60.0)
    assert await asked(limiter, client("before"), 1) == 1
    own_redis.process.send_signal(19)  # SIGSTOP
    try:
        started_s = time.monotonic()
        for number in range(50):
            assert await asked(limiter, client(f"c{number}"), 1) == 1
        took_s = time.monotonic() - started_s
    finally:
        own_redis.process.send_signal(18)

    assert took_s < 2.0, "one time-out, not fifty"
