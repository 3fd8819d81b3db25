"""Connections to Postgres: pools by role, and the one way to speak for a tenant."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from config.installation import DatabaseRole, Postgres
from config.sections.storage import Pool, Storage

# Subscripted classes exist for the type checker only.
if TYPE_CHECKING:
    AnyPool = asyncpg.Pool[asyncpg.Record]
    AnyConnection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    AnyPool = asyncpg.Pool
    AnyConnection = asyncpg.Connection | PoolConnectionProxy

# Whatever can go wrong between us and Postgres. The client library's own state machine trips over
# a server that dies in the middle of an answer, which is neither of its other two kinds.
# Nothing that was said to it is at fault.
STORE_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
STORE_FAILURES = (asyncpg.PostgresError, *STORE_AWAY)

PARTY_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def epoch_ms(at: datetime) -> int:
    """Exact where float seconds would round."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def moment(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


def one(row: asyncpg.Record | None) -> asyncpg.Record:
    """The row of a statement that always answers with one, said to the type checker."""
    if row is None:
        raise AssertionError("a statement that returns exactly one row returned none")
    return row


async def open_pool(where: Postgres, role: DatabaseRole, size: Pool, storage: Storage) -> AnyPool:
    """A pool of connections that speak as this role, each statement bounded in time."""
    bound_ms = str(int(storage.statement_timeout_s * 1000))
    return await asyncpg.create_pool(
        host=where.host,
        port=where.port,
        database=where.database,
        user=role.value,
        password=where.passwords[role].get_secret_value(),
        min_size=size.size_min,
        max_size=size.size_max,
        timeout=storage.connect_timeout_s,
        server_settings={
            "application_name": role.value,
            "statement_timeout": bound_ms,
            # A process frozen in mid-transaction must not hold a lease or the revision lock.
            "idle_in_transaction_session_timeout": bound_ms,
            "timezone": "UTC",
        },
        init=_prepare_connection,
        # Nothing of ours outlives a transaction (tenants are set LOCAL), so the usual clean-up
        # query would cost a round trip per request for nothing.
        reset=_keep_as_is,
    )


async def connect(where: Postgres, role: DatabaseRole) -> asyncpg.Connection[asyncpg.Record]:
    """One connection without time bounds, for administration."""
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
        host=where.host,
        port=where.port,
        database=where.database,
        user=role.value,
        password=where.passwords[role].get_secret_value(),
        server_settings={"application_name": role.value, "timezone": "UTC"},
    )
    await _prepare_connection(connection)
    return connection


async def ping(pool: AnyPool) -> None:
    """For readiness: raises what Postgres raises."""
    async with pool.acquire() as connection:
        await connection.fetchval("SELECT 1")


@asynccontextmanager
async def as_tenant(
    pool: AnyPool, tenant_key: int, carrier: str | None = None, shipper: str | None = None
) -> AsyncIterator[AnyConnection]:
    """A transaction of the APP role in which row level security shows this tenant's rows only,
    and of its trucks and bookings, if a carrier or shipper is named, only that one's."""
    # In one round trip: a bound parameter would cost two trips more. An int cannot carry SQL.
    begin = f"BEGIN; SET LOCAL ubertruck.tenant_key = {int(tenant_key)}"
    if carrier is not None:
        begin += f"; SET LOCAL ubertruck.carrier = '{_harmless(carrier)}'"
    if shipper is not None:
        begin += f"; SET LOCAL ubertruck.shipper = '{_harmless(shipper)}'"
    async with pool.acquire() as connection:
        await connection.execute(begin)
        try:
            yield connection
        except BaseException:
            if not connection.is_closed():
                await connection.execute("ROLLBACK")
            raise
        await connection.execute("COMMIT")


def _harmless(party: str) -> str:
    """Neither SQL nor empty, which would mean all of them."""
    if PARTY_ID.fullmatch(party) is None:
        raise ValueError("not the id of a carrier or shipper")
    return party


async def _prepare_connection(connection: AnyConnection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=_json_text,
            decoder=msgspec.json.decode,
        )


async def _keep_as_is(connection: AnyConnection) -> None:
    """See open_pool."""


def _json_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
