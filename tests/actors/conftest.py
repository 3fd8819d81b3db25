"""Bookings at work on the real store, and a dispatcher of theirs."""

from __future__ import annotations

import pytest

from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.dispatch_round import DispatchRounds
from config.policy import Settings
from store.postgres import AnyPool
from store.tenants import Tenant
from tests.actors.booked import Actors
from tests.actors.dispatching import willing


@pytest.fixture
def settings() -> Settings:
    return Settings(willing())


@pytest.fixture
def engine(app: AnyPool, settings: Settings) -> Bookings:
    return Bookings(app, 0, settings)


@pytest.fixture
def name(tenant: Tenant) -> TenantName:
    return TenantName(tenant.key, tenant.id)


@pytest.fixture
def actors(engine: Bookings) -> Actors:
    return Actors(engine)


@pytest.fixture
def rounds(app: AnyPool, system: AnyPool, actors: Actors, settings: Settings) -> DispatchRounds:
    return DispatchRounds(app, system, actors, settings)
