"""Webhook endpoints: where facts are sent, which, with what secret, and how each fares (APP)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from freight.webhooks.endpoints import EndpointState, Health, Why
from freight.webhooks.filters import Filter
from store.errors import NotFoundError, StaleVersionError
from store.key_file import KeyFile
from store.postgres import AnyConnection, epoch_ms, moment
from store.sealing import Sealer

PURPOSE = "webhook-secrets"
COLUMNS = (
    "id, url, description, types, subjects, state, why, failures, failing_since, paused_at, "
    "probe_at, rotated_at, previous_until, created_at, updated_at, version, secret_sealed, "
    "previous_secret_sealed"
)
_IS_THERE = "removed_at IS NULL"


@dataclass(frozen=True, slots=True)
class SealedSecrets:
    newest: bytes
    previous: bytes | None  # whether it still signs says the endpoint


@dataclass(frozen=True, slots=True)
class Endpoint:
    id: str
    url: str
    description: str | None
    filter: Filter
    health: Health
    secrets: SealedSecrets
    rotated_ms: int | None
    previous_until_ms: int | None
    created_ms: int
    updated_ms: int
    version: int

    def sealed_at(self, at_ms: int) -> list[bytes]:
        """The secrets that sign then, the newest first."""
        until_ms, previous = self.previous_until_ms, self.secrets.previous
        is_overlap = previous is not None and until_ms is not None and at_ms < until_ms
        return [self.secrets.newest, *([previous] if previous and is_overlap else [])]


def endpoint_sealer(keys: KeyFile) -> Sealer:
    return Sealer(keys, PURPOSE)


async def create(  # noqa: PLR0917 - as the columns are named
    conn: AnyConnection,
    tenant_key: int,
    id: str,  # noqa: A002 - its name everywhere
    url: str,
    description: str | None,
    wanted: Filter,
    secret_sealed: bytes,
    created_by: str,
    at_ms: int,
) -> Endpoint:
    await conn.execute(
        """
        INSERT INTO webhook_endpoints (created_at, updated_at, tenant_key, version, id, url,
            description, state, created_by, types, subjects, secret_sealed)
        VALUES ($1, $1, $2, 1, $3, $4, $5, 'active', $6, $7, $8, $9)
        """,
        *(moment(at_ms), tenant_key, id, url, description, created_by),
        *(list(wanted.types), list(wanted.subjects), secret_sealed),
    )
    return await get(conn, id)


async def count(conn: AnyConnection) -> int:
    found: int = await conn.fetchval(f"SELECT count(*) FROM webhook_endpoints WHERE {_IS_THERE}")
    return found


async def get(conn: AnyConnection, endpoint_id: str, *, locked: bool = False) -> Endpoint:
    """`locked`: until the transaction ends nobody else changes it."""
    lock = " FOR NO KEY UPDATE" if locked else ""
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM webhook_endpoints WHERE id = $1 AND {_IS_THERE}{lock}", endpoint_id
    )
    if row is None:
        raise NotFoundError("webhook endpoint", endpoint_id)
    return _endpoint(row)


async def list_page(conn: AnyConnection, after: str | None, limit: int) -> list[Endpoint]:
    """In the order of their ids, beginning behind `after`."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM webhook_endpoints WHERE id > $1 AND {_IS_THERE} "
        "ORDER BY id LIMIT $2",
        *(after or "", limit),
    )
    return [_endpoint(row) for row in rows]


async def wanting(conn: AnyConnection) -> list[Endpoint]:
    """All that are due facts, also while they are paused."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM webhook_endpoints WHERE state <> $1 AND {_IS_THERE} ORDER BY id",
        EndpointState.DISABLED.value,
    )
    return [_endpoint(row) for row in rows]


async def put(
    conn: AnyConnection,
    endpoint_id: str,
    *,
    url: str,
    description: str | None,
    wanted: Filter,
    at_ms: int,
    version: int,
) -> Endpoint:
    """What people say of it; `version` is the one that it had."""
    row = await conn.fetchrow(
        f"""
        UPDATE webhook_endpoints SET url = $3, description = $4, types = $5, subjects = $6,
            updated_at = $7, version = version + 1
        WHERE id = $1 AND version = $2 AND {_IS_THERE} RETURNING {COLUMNS}
        """,
        *(endpoint_id, version, url, description, list(wanted.types), list(wanted.subjects)),
        moment(at_ms),
    )
    return await _changed(conn, row, endpoint_id, version)


async def rotate(  # noqa: PLR0917 - as the columns are named
    conn: AnyConnection,
    endpoint_id: str,
    secret_sealed: bytes,
    previous_until_ms: int | None,
    at_ms: int,
    version: int,
) -> Endpoint:
    """The secret before signs on for a while, if one is named; one older than it does no more."""
    row = await conn.fetchrow(
        f"""
        UPDATE webhook_endpoints SET secret_sealed = $3, rotated_at = $5, updated_at = $5,
            previous_secret_sealed = CASE WHEN $4::timestamptz IS NOT NULL THEN secret_sealed END,
            previous_until = $4, version = version + 1
        WHERE id = $1 AND version = $2 AND {_IS_THERE} RETURNING {COLUMNS}
        """,
        *(endpoint_id, version, secret_sealed, _moment(previous_until_ms), moment(at_ms)),
    )
    return await _changed(conn, row, endpoint_id, version)


async def put_health(
    conn: AnyConnection, endpoint_id: str, health: Health, version: int, at_ms: int
) -> None:
    """How it fares now; the caller holds its row. A new version where the world is told."""
    await conn.execute(
        """
        UPDATE webhook_endpoints SET state = $2, why = $3, failures = $4, failing_since = $5,
            paused_at = $6, probe_at = $7, version = $8, updated_at = $9
        WHERE id = $1
        """,
        *(endpoint_id, health.state.value, None if health.why is None else health.why.value),
        *(health.failures, _moment(health.failing_since_ms), _moment(health.paused_ms)),
        *(_moment(health.probe_ms), version, moment(at_ms)),
    )


async def remove(conn: AnyConnection, endpoint_id: str, at_ms: int, version: int) -> None:
    """What was sent stays to be read; what waits is withdrawn; the secrets are forgotten."""
    row = await conn.fetchrow(
        f"""
        UPDATE webhook_endpoints SET removed_at = $3, updated_at = $3, version = version + 1,
            state = 'disabled', why = 'by_hand', secret_sealed = NULL,
            previous_secret_sealed = NULL, previous_until = NULL
        WHERE id = $1 AND version = $2 AND {_IS_THERE} RETURNING id
        """,
        *(endpoint_id, version, moment(at_ms)),
    )
    if row is None:
        now = await get(conn, endpoint_id)
        raise StaleVersionError("webhook endpoint", endpoint_id, version, now.version)
    await conn.execute(
        """
        UPDATE webhook_deliveries SET state = 'withdrawn', due_at = NULL, finished_at = $2,
            claim = NULL, claimed_until = NULL
        WHERE endpoint = $1 AND state = 'pending'
        """,
        *(endpoint_id, moment(at_ms)),
    )


async def _changed(
    conn: AnyConnection, row: asyncpg.Record | None, endpoint_id: str, version: int
) -> Endpoint:
    if row is not None:
        return _endpoint(row)
    now = await get(conn, endpoint_id)
    raise StaleVersionError("webhook endpoint", endpoint_id, version, now.version)


def _endpoint(row: asyncpg.Record) -> Endpoint:
    return Endpoint(
        id=row["id"],
        url=row["url"],
        description=row["description"],
        filter=Filter(_texts(row["types"]), _texts(row["subjects"])),
        health=Health(
            state=EndpointState(row["state"]),
            why=None if row["why"] is None else Why(row["why"]),
            failures=row["failures"],
            failing_since_ms=_ms(row["failing_since"]),
            paused_ms=_ms(row["paused_at"]),
            probe_ms=_ms(row["probe_at"]),
        ),
        secrets=SealedSecrets(row["secret_sealed"], row["previous_secret_sealed"]),
        rotated_ms=_ms(row["rotated_at"]),
        previous_until_ms=_ms(row["previous_until"]),
        created_ms=epoch_ms(row["created_at"]),
        updated_ms=epoch_ms(row["updated_at"]),
        version=row["version"],
    )


def _texts(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(given)


def _ms(at: datetime | None) -> int | None:
    return None if at is None else epoch_ms(at)


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)
