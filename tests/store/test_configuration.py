"""Versions of the configuration tree in a real Postgres: whole or not at all, and for ever."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from config.paths import parse
from store import configuration, events, outbox
from store.config_changes import (
    InvalidConfigurationError,
    dry_run,
    rollback,
    set_values,
    unset,
)
from store.configuration import EVERYONE, By, Scope, Version
from store.errors import NotFoundError, StaleVersionError
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant

MOVING = "services/tracking/*/business/moving_kmh_min"
OFFLINE = "services/tracking/*/business/offline_after_s"
PAGE = "services/api/*/technical/page_limit_max"
BY = By("client:tester", "to see", "corr-1")


@pytest.fixture
def scope(tenant: Tenant) -> Scope:
    return Scope(tenant.key, tenant.id)


async def put(conn: AnyConnection, scope: Scope, values: dict[str, Any], **more: Any) -> Version:
    path = parse(f"/{scope.tenant}/services/tracking", scope.tenant)
    return await set_values(conn, scope, path, values, by=BY, **more)


async def values_of(conn: AnyConnection, scope: Scope) -> dict[str, Any]:
    return configuration.own(await configuration.visible(conn, scope), scope)


async def test_a_change_is_a_version_with_its_diff(
    tenant_conn: AnyConnection, scope: Scope
) -> None:
    await put(tenant_conn, scope, {MOVING: 8})
    await put(tenant_conn, scope, {MOVING: 9, OFFLINE: 60})

    newest, first = await configuration.history(tenant_conn, scope, "", None, 10)

    assert (first.version, newest.version) == (1, 2)
    assert (newest.author, newest.reason, newest.correlation_id) == (
        "client:tester",
        "to see",
        "corr-1",
    )
    assert [(c.key, c.before, c.after) for c in newest.changes] == [
        (MOVING, 8, 9),
        (OFFLINE, None, 60),
    ]
    assert await values_of(tenant_conn, scope) == {MOVING: 9, OFFLINE: 60}


async def test_history_is_by_path(tenant_conn: AnyConnection, scope: Scope) -> None:
    await put(tenant_conn, scope, {MOVING: 8})
    await put(tenant_conn, scope, {OFFLINE: 60})

    found = await configuration.history(tenant_conn, scope, OFFLINE, None, 10)

    assert [version.version for version in found] == [2]
    assert await configuration.version_of(tenant_conn, scope, MOVING) == 1
    assert await configuration.version_of(tenant_conn, scope, "services/tracking/*") == 2
    assert await configuration.version_of(tenant_conn, scope, "services/track") == 0


async def test_what_is_wrong_is_refused_whole_and_named(
    tenant_conn: AnyConnection, scope: Scope
) -> None:
    wrong = {MOVING: -1, OFFLINE: "long", PAGE: 3, "services/tracking/*/business/colour": 1}

    with pytest.raises(InvalidConfigurationError) as refused:
        await put(tenant_conn, scope, {**wrong, "services/tracking/x/business/moving_kmh_min": 7})

    assert {one.path for one in refused.value.refused} == {
        f"/{scope.tenant}/{key}" for key in wrong
    }
    assert await values_of(tenant_conn, scope) == {}
    assert await configuration.history(tenant_conn, scope, "", None, 10) == []


async def test_nobody_changes_what_they_have_not_seen(
    tenant_conn: AnyConnection, scope: Scope
) -> None:
    await put(tenant_conn, scope, {MOVING: 8}, expected=0)

    with pytest.raises(StaleVersionError):
        await put(tenant_conn, scope, {MOVING: 9}, expected=0)

    assert await values_of(tenant_conn, scope) == {MOVING: 8}


async def test_the_same_again_is_no_new_version(tenant_conn: AnyConnection, scope: Scope) -> None:
    await put(tenant_conn, scope, {MOVING: 8})

    again = await put(tenant_conn, scope, {MOVING: 8})

    assert (again.version, again.changes) == (1, ())


async def test_a_rollback_is_a_new_version_and_touches_only_its_path(
    tenant_conn: AnyConnection, scope: Scope
) -> None:
    await put(tenant_conn, scope, {MOVING: 8})
    await put(tenant_conn, scope, {MOVING: 9, OFFLINE: 60})
    await put(tenant_conn, scope, {OFFLINE: 70})

    path = parse(f"/{scope.tenant}/{OFFLINE}", scope.tenant)
    done = await rollback(tenant_conn, scope, path, to=1, by=BY)

    assert (done.version, done.restores) == (4, 1)
    assert await values_of(tenant_conn, scope) == {MOVING: 9}
    whole = parse(f"/{scope.tenant}", scope.tenant)
    await rollback(tenant_conn, scope, whole, to=3, by=BY)
    assert await values_of(tenant_conn, scope) == {MOVING: 9, OFFLINE: 70}
    await rollback(tenant_conn, scope, whole, to=0, by=BY)
    assert await values_of(tenant_conn, scope) == {}


async def test_there_is_no_way_back_to_a_version_that_never_was(
    tenant_conn: AnyConnection, scope: Scope
) -> None:
    path = parse(f"/{scope.tenant}", scope.tenant)

    with pytest.raises(NotFoundError):
        await rollback(tenant_conn, scope, path, to=1, by=BY)


async def test_what_is_taken_back_is_inherited_again(
    tenant_conn: AnyConnection, scope: Scope
) -> None:
    await put(tenant_conn, scope, {MOVING: 8, OFFLINE: 60})
    folder = parse("services/tracking", scope.tenant)

    await unset(tenant_conn, scope, folder, by=BY)

    assert await values_of(tenant_conn, scope) == {}
    with pytest.raises(NotFoundError):
        await unset(tenant_conn, scope, folder, by=BY)


async def test_a_dry_run_tells_and_changes_nothing(
    tenant_conn: AnyConnection, scope: Scope
) -> None:
    (change,) = await dry_run(tenant_conn, scope, {MOVING: 8})

    assert (change.key, change.before, change.after) == (MOVING, None, 8)
    with pytest.raises(InvalidConfigurationError):
        await dry_run(tenant_conn, scope, {MOVING: 0})
    assert await values_of(tenant_conn, scope) == {}


async def test_a_change_is_told_as_an_event_of_the_same_transaction(
    tenant_conn: AnyConnection, scope: Scope, system: AnyPool
) -> None:
    await put(tenant_conn, scope, {MOVING: 8, OFFLINE: 60})

    (event,) = await events.list_page(tenant_conn, types=["config.changed"], limit=10)

    assert event.subject == f"config/{scope.tenant}/services/tracking/*/business"
    assert event.data["paths"] == [f"/{scope.tenant}/{MOVING}", f"/{scope.tenant}/{OFFLINE}"]
    assert (event.data["author"], event.data["reason"]) == ("client:tester", "to see")


@pytest.fixture
async def for_all(system: AnyPool) -> AsyncIterator[AnyConnection]:
    """A transaction in the tree of all tenants, rolled back for the sake of other tests."""
    async with system.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        yield conn
        await transaction.rollback()


async def test_a_change_for_all_is_told_to_each_without_its_author(
    for_all: AnyConnection, tenant: Tenant, other_tenant: Tenant
) -> None:
    path = parse(f"/*/{PAGE}", "*")
    await set_values(for_all, EVERYONE, path, {PAGE: 100}, by=BY)

    rows = [row for row in await outbox.take(for_all, 100_000) if b"config.changed" in row.body]

    told = {row.tenant_key: msgspec.json.decode(row.body) for row in rows}
    assert {tenant.key, other_tenant.key} <= told.keys()
    assert told[tenant.key]["subject"] == f"config/*/{PAGE}"
    assert "author" not in told[tenant.key]["data"]


async def test_tenants_inherit_and_do_not_see_each_other(
    app: AnyPool, tenant: Tenant, other_tenant: Tenant
) -> None:
    mine, theirs = Scope(tenant.key, tenant.id), Scope(other_tenant.key, other_tenant.id)
    async with as_tenant(app, other_tenant.key) as conn:
        await put(conn, theirs, {MOVING: 8})

    async with as_tenant(app, tenant.key) as conn:
        assert await configuration.visible(conn, mine) == []
        assert await configuration.visible(conn, theirs) == []
        assert await configuration.history(conn, theirs, "", None, 10) == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await put(conn, theirs, {MOVING: 9})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE config_versions SET author = 'x'",
        "DELETE FROM config_versions",
        "UPDATE config_changes SET after = '1'",
        "DELETE FROM config_changes",
    ],
)
async def test_versions_are_for_ever(app: AnyPool, tenant: Tenant, statement: str) -> None:
    async def attempt() -> None:
        async with as_tenant(app, tenant.key) as conn:
            await conn.execute(statement)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await attempt()


async def test_a_tenant_cannot_set_anything_for_all(app: AnyPool, tenant: Tenant) -> None:
    async def attempt() -> None:
        async with as_tenant(app, tenant.key) as conn:
            await set_values(conn, EVERYONE, parse(f"/*/{PAGE}", "*"), {PAGE: 5}, by=BY)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await attempt()


async def test_any_history_can_be_gone_back_in(tenant_conn: AnyConnection, scope: Scope) -> None:
    """Against a plain list of all states there ever were; the draws are always the same."""
    draw = random.Random(7)  # noqa: S311 - a test's variety
    states: list[dict[str, Any]] = [{}]
    for _ in range(60):
        now = states[-1]
        path = parse(draw.choice(["/{0}", f"/{{0}}/{MOVING}"]).format(scope.tenant), scope.tenant)
        if draw.random() < 0.6:
            values = {key: draw.randint(1, 3) for key in draw.sample([MOVING, OFFLINE], 2)}
            await put(tenant_conn, scope, values)
            after = {**now, **values}
        else:
            to = draw.randrange(len(states))
            await rollback(tenant_conn, scope, path, to=to, by=BY)
            keys = [key for key in (MOVING, OFFLINE) if key.startswith(path.key)]
            after = {key: value for key, value in now.items() if key not in keys}
            after |= {key: value for key, value in states[to].items() if key in keys}
        if after != now:
            states.append(after)

        assert await values_of(tenant_conn, scope) == states[-1]
    assert await configuration.newest_version(tenant_conn, scope) == len(states) - 1
