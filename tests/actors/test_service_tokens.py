"""Calls between processes: admitted with a fresh token for this actor, refused with any other."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from actors.outbox_relay import OutboxRelay
from actors.service_tokens import (
    ALGORITHM,
    PURPOSE,
    TYPE,
    EndUser,
    Guard,
    ServiceTokenError,
    TokenMaker,
)
from actors.truck_shard import TruckShard
from config.policy import policy
from config.sections.service_tokens import ServiceTokens
from ingest.worker import IngestWorker
from store.key_file import KeyFile, create_key_ring

SHARD = "truck-shard-0"
LIMITS = ServiceTokens(ttl_s=60, leeway_s=5, remembered_max=3)
HOT_CALL_US_MAX = 20.0


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    path = tmp_path / "keys.json"
    create_key_ring(path)
    return KeyFile(path)


def maker(
    keys: KeyFile, instance: str = "here", acting_for: Callable[[], EndUser | None] = lambda: None
) -> TokenMaker:
    return TokenMaker("ingest-worker-0", KeyFile(keys.path), instance, LIMITS, acting_for)


@pytest.fixture
def guard(keys: KeyFile) -> Guard:
    return Guard(SHARD, KeyFile(keys.path), "here", LIMITS)


def forged(keys: KeyFile, typ: str = TYPE, **changes: Any) -> str:
    claims = {
        "iss": "here",
        "aud": SHARD,
        "sub": "ingest-worker-0",
        "act": {"sub": "ingest-worker-0"},
        "iat": time.time(),
        "exp": time.time() + 60,
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    secret = keys.key_for(PURPOSE, 1)
    return jwt.encode(claims, secret, ALGORITHM, {"kid": "1", "typ": typ})


def test_a_service_calls_for_itself(keys: KeyFile, guard: Guard) -> None:
    call = guard.admit(maker(keys).token_for(SHARD))

    assert (call.service, call.subject, call.tenant) == ("ingest-worker-0", "ingest-worker-0", None)


def test_a_service_calls_on_behalf_of_a_user(keys: KeyFile, guard: Guard) -> None:
    tokens = maker(keys, acting_for=lambda: EndUser("client:demo-admin", "demo"))

    call = guard.admit(tokens.token_for(SHARD))

    assert (call.service, call.subject, call.tenant) == (
        "ingest-worker-0",
        "client:demo-admin",
        "demo",
    )


def test_each_user_has_a_token_of_its_own(keys: KeyFile) -> None:
    user = [EndUser("client:a", "demo")]
    tokens = maker(keys, acting_for=lambda: user[0])
    first = tokens.token_for(SHARD)
    assert tokens.token_for(SHARD) is first
    user[0] = EndUser("client:b", "demo")

    assert tokens.token_for(SHARD) != first


def bad_tokens(keys: KeyFile, tmp_path: Path) -> dict[str, Any]:
    other_path = tmp_path / "other.json"
    create_key_ring(other_path)
    whole = maker(keys).token_for(SHARD)
    return {
        "none": None,
        "empty": "",
        "garbage": "a.b.c",
        "a batch": [1, 2],
        "another audience": maker(keys).token_for("truck-shard-1"),
        "another installation": maker(keys, instance="there").token_for(SHARD),
        "another key": maker(KeyFile(other_path)).token_for(SHARD),
        "expired": forged(keys, exp=time.time() - 60),
        "another kind": forged(keys, typ="at+jwt"),
        "without an end": forged(keys, exp=None),
        "without a caller": forged(keys, act=None),
        "cut short": whole[:-4],
        "unsigned": jwt.encode({"aud": SHARD}, "", "none", {"kid": "1", "typ": TYPE}),
    }


def test_any_other_token_is_refused(keys: KeyFile, guard: Guard, tmp_path: Path) -> None:
    admitted = []
    for says, token in bad_tokens(keys, tmp_path).items():
        try:
            guard.admit(token)
        except ServiceTokenError:
            continue
        admitted.append(says)

    assert admitted == []


def test_a_token_that_was_admitted_expires_all_the_same(
    keys: KeyFile, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = maker(keys).token_for(SHARD)
    guard.admit(token)
    later_s = time.time() + LIMITS.ttl_s + LIMITS.leeway_s + 1
    monkeypatch.setattr(time, "time", lambda: later_s)

    with pytest.raises(ServiceTokenError, match="expired"):
        guard.admit(token)


def test_a_token_is_made_anew_before_it_ends(
    keys: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = maker(keys)
    first = tokens.token_for(SHARD)
    later_s = time.time() + LIMITS.ttl_s / 2 + 1
    monkeypatch.setattr(time, "time", lambda: later_s)

    assert tokens.token_for(SHARD) != first


def test_keys_rotate_under_way(keys: KeyFile, guard: Guard) -> None:
    tokens = maker(keys)
    first = tokens.token_for(SHARD)

    keys.rotate()
    tokens.forget()
    second = tokens.token_for(SHARD)
    assert jwt.get_unverified_header(second)["kid"] == "2"
    guard.admit(second)
    guard.admit(first)
    keys.rotate()
    tokens.forget()
    guard.admit(tokens.token_for(SHARD))

    with pytest.raises(ServiceTokenError, match="not in use"):
        guard.admit(forged(keys))


@pytest.mark.parametrize("actor", [TruckShard, OutboxRelay, IngestWorker])
async def test_every_method_of_an_actor_asks_for_a_token(
    actor: type, guard: Guard, keys: KeyFile, tmp_path: Path
) -> None:
    """Of an actor that has nothing but its guard: a method that looks at anything first fails."""
    bare: Any = object.__new__(actor)
    bare._guard = guard
    methods = [
        (name, method)
        for name, method in inspect.getmembers(bare, inspect.iscoroutinefunction)
        if not name.startswith("_")
    ]
    assert methods
    for _, method in methods:
        rest = [None] * (len(inspect.signature(method).parameters) - 1)
        for token in bad_tokens(keys, tmp_path).values():
            with pytest.raises(ServiceTokenError):
                await method(token, *rest)


def test_a_call_costs_microseconds(keys: KeyFile, guard: Guard) -> None:
    """The best of several rounds: what it takes, not how busy this machine is."""
    tokens, calls, best_us = maker(keys), 2_000, float("inf")
    for _ in range(5):
        started_s = time.perf_counter()
        for _ in range(calls):
            guard.admit(tokens.token_for(SHARD))
        best_us = min(best_us, (time.perf_counter() - started_s) / calls * 1e6)

    assert best_us < HOT_CALL_US_MAX


def test_the_policy_lets_no_token_live_long() -> None:
    assert policy().service_tokens.ttl_s <= 300
