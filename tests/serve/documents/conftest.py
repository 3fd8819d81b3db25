"""A booking to send papers about, and callers who speak for one party."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from serve.documents.sweeping import Sweeper
from serve.gateway import Gateway
from serve.identity.permissions import Role
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.test_bookings import book


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


@pytest.fixture
def speaking(caller: Caller, gateway: Gateway, bound: BoundTokens) -> Callable[..., Caller]:
    def of(role: Role, **binding: str) -> Caller:
        token = bound.token(gateway, caller.tenant, role, **binding)
        return Caller(caller.http, caller.tenant, token)

    return of


@pytest.fixture
async def booking(caller: Caller) -> str:
    return str((await book(caller, shipper="mill"))["id"])


@pytest.fixture
def sweeper(gateway: Gateway) -> Sweeper:
    return Sweeper(gateway.documents, gateway.settings, gateway.system_pool)
