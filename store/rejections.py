"""Messages we could not take, kept with the reason and the first bytes for a person to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from config.policy import policy
from store.postgres import AnyConnection, epoch_ms


@dataclass(frozen=True, slots=True)
class Rejection:
    tenant: str
    truck: str
    topic: str
    reason: str
    detail: str
    raw: bytes
    received_ms: int


@dataclass(frozen=True, slots=True)
class StoredRejection(Rejection):
    id: int


async def insert_many(conn: AnyConnection, rows: Sequence[Rejection]) -> None:
    """For the TELEMETRY role. Every field came from outside: cut to size, made storable."""
    if not rows:
        return
    raw_bytes_max = policy().ingest.admission.rejection_raw_bytes_max
    await conn.execute(
        """
        INSERT INTO rejections (tenant_key, tenant, truck, topic, reason, detail, raw, received_at)
        SELECT t.key, g.tenant, g.truck, g.topic, g.reason, g.detail, g.raw,
            'epoch'::timestamptz + g.received_ms * interval '1 ms'
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[],
            $7::bigint[]) WITH ORDINALITY
            AS g (tenant, truck, topic, reason, detail, raw, received_ms, nr)
            LEFT JOIN tenants t ON t.id = g.tenant
        -- Of a tenant that leaves nothing is kept.
        WHERE t.status IS NULL OR t.status NOT IN ('offboarding', 'erased')
        ORDER BY g.nr
        """,
        [_text(row.tenant, raw_bytes_max) for row in rows],
        [_text(row.truck, raw_bytes_max) for row in rows],
        [_text(row.topic, raw_bytes_max) for row in rows],
        [_text(row.reason, raw_bytes_max) for row in rows],
        [_text(row.detail, raw_bytes_max) for row in rows],
        [row.raw[:raw_bytes_max] for row in rows],
        [row.received_ms for row in rows],
    )


async def list_page(
    conn: AnyConnection,
    *,
    after: int | None = None,
    limit: int,
    truck: str | None = None,
    reason: str | None = None,
) -> list[StoredRejection]:
    """Newest first, beginning behind (that is: below) the id `after`; of one truck by its id."""
    rows = await conn.fetch(
        """
        SELECT id, tenant, truck, topic, reason, detail, raw, received_at FROM rejections
        WHERE ($1::bigint IS NULL OR id < $1) AND ($3::text IS NULL OR truck = $3)
            AND ($4::text IS NULL OR reason = $4) ORDER BY id DESC LIMIT $2
        """,
        after,
        limit,
        truck,
        reason,
    )
    found = []
    for row in rows:
        fields = dict(row)
        found.append(StoredRejection(received_ms=epoch_ms(fields.pop("received_at")), **fields))
    return found


def _text(value: str, bytes_max: int) -> str:
    """Postgres takes neither NUL nor half a surrogate pair; a device may well send both."""
    kept = value[:bytes_max].encode(errors="replace").decode()
    return kept.replace("\x00", "\N{REPLACEMENT CHARACTER}")
