"""Links by which others follow a booking, who opened them, and who agreed to being followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from store.errors import NotFoundError
from store.postgres import AnyConnection, one

COLUMNS = (
    "s.nr, s.id, s.booking, s.coarse, s.language, s.label, s.created_at, s.created_by, "
    "s.expires_at, s.revoked_at, "
    "(SELECT count(*) FROM share_accesses a WHERE a.share = s.id) AS views, "
    "(SELECT max(a.at) FROM share_accesses a WHERE a.share = s.id) AS viewed_at"
)
CONSENT_COLUMNS = "nr, at, driver, carrier, shipper, agreed, how, recorded_by"


@dataclass(frozen=True, slots=True)
class Share:
    nr: int
    id: str
    booking: str
    coarse: bool
    language: str
    label: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None
    views: int
    viewed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShareAccess:
    nr: int
    at: datetime
    form: str
    origin: str | None


@dataclass(frozen=True, slots=True)
class Consent:
    nr: int
    at: datetime
    driver: str | None
    carrier: str | None
    shipper: str | None
    agreed: bool
    how: str
    recorded_by: str


class Found(NamedTuple):
    tenant_key: int
    tenant: str
    share: str


async def create(  # noqa: PLR0917 - as the columns are named
    conn: AnyConnection,
    tenant_key: int,
    id: str,  # noqa: A002 - its name everywhere
    booking: str,
    coarse: bool,
    language: str,
    label: str | None,
    created_by: str,
    created_at: datetime,
    expires_at: datetime,
    token_digest: bytes,
) -> Share:
    await conn.execute(
        """
        INSERT INTO booking_shares (created_at, expires_at, tenant_key, coarse, id, booking,
            language, label, created_by, token_digest)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        *(created_at, expires_at, tenant_key, coarse, id, booking, language, label, created_by),
        token_digest,
    )
    return await get(conn, booking, id)


async def get(conn: AnyConnection, booking: str, share_id: str) -> Share:
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM booking_shares s WHERE s.booking = $1 AND s.id = $2",
        *(booking, share_id),
    )
    if row is None:
        raise NotFoundError("share", share_id)
    return Share(**row)


async def list_page(
    conn: AnyConnection, booking: str, before: int | None, limit: int
) -> list[Share]:
    """The newest first; those that are good no more too."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM booking_shares s WHERE s.booking = $1 "
        "AND s.nr < coalesce($2, 9223372036854775807) ORDER BY s.nr DESC LIMIT $3",
        *(booking, before, limit),
    )
    return [Share(**row) for row in rows]


async def count_good(conn: AnyConnection, booking: str, at: datetime) -> int:
    good: int = await conn.fetchval(
        "SELECT count(*) FROM booking_shares WHERE booking = $1 AND expires_at > $2 "
        "AND revoked_at IS NULL",
        *(booking, at),
    )
    return good


async def revoke(conn: AnyConnection, booking: str, share_id: str, at: datetime) -> Share:
    """The second time changes nothing."""
    await conn.execute(
        "UPDATE booking_shares SET revoked_at = coalesce(revoked_at, $3) "
        "WHERE booking = $1 AND id = $2",
        *(booking, share_id, at),
    )
    return await get(conn, booking, share_id)


async def whose(conn: AnyConnection, token_digest: bytes) -> Found | None:
    """For SYSTEM: whoever opens a link is of no tenant yet."""
    row = await conn.fetchrow(
        "SELECT s.tenant_key, t.id AS tenant, s.id AS share FROM booking_shares s "
        "JOIN tenants t ON t.key = s.tenant_key WHERE s.token_digest = $1",
        token_digest,
    )
    return None if row is None else Found(**row)


async def good(conn: AnyConnection, share_id: str, at: datetime) -> Share | None:
    """Unless it was revoked or has expired."""
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM booking_shares s WHERE s.id = $1 AND s.expires_at > $2 "
        "AND s.revoked_at IS NULL",
        *(share_id, at),
    )
    return None if row is None else Share(**row)


async def note_access(  # noqa: PLR0917 - as the columns are named
    conn: AnyConnection, tenant_key: int, share: str, at: datetime, form: str, origin: str | None
) -> None:
    await conn.execute(
        "INSERT INTO share_accesses (tenant_key, share, at, form, origin) "
        "VALUES ($1, $2, $3, $4, $5)",
        *(tenant_key, share, at, form, origin),
    )


async def accesses(
    conn: AnyConnection, share: str, before: int | None, limit: int
) -> list[ShareAccess]:
    """The newest first."""
    rows = await conn.fetch(
        "SELECT nr, at, form, origin FROM share_accesses WHERE share = $1 "
        "AND nr < coalesce($2, 9223372036854775807) ORDER BY nr DESC LIMIT $3",
        *(share, before, limit),
    )
    return [ShareAccess(**row) for row in rows]


async def forget_accesses(conn: AnyConnection, before: datetime, limit: int) -> int:
    """For SYSTEM."""
    gone: int = await conn.fetchval("SELECT forget_share_accesses($1, $2)", before, limit)
    return gone


# ----------------------------------------------------------------------------------- consent


async def record_consent(  # noqa: PLR0917 - as the columns are named
    conn: AnyConnection,
    tenant_key: int,
    at: datetime,
    driver: str | None,
    carrier: str | None,
    shipper: str | None,
    agreed: bool,
    how: str,
    recorded_by: str,
) -> Consent:
    """Nothing that was said before is changed. NotFoundError: there is no such driver."""
    row = await conn.fetchrow(
        f"""
        INSERT INTO tracking_consents (at, tenant_key, driver, driver_key, carrier, shipper, agreed,
            how, recorded_by)
        SELECT $1, $2, $3, d.key, $4, $5, $6, $7, $8 FROM (SELECT 1) AS always
            LEFT JOIN drivers d ON d.id = $3 AND d.deleted_at IS NULL
        WHERE $3::text IS NULL OR d.key IS NOT NULL
        RETURNING {CONSENT_COLUMNS}
        """,
        *(at, tenant_key, driver, carrier, shipper, agreed, how, recorded_by),
    )
    if row is None:
        raise NotFoundError("driver", str(driver))
    return Consent(**one(row))


async def consents(
    conn: AnyConnection,
    before: int | None,
    limit: int,
    driver: str | None = None,
    carrier: str | None = None,
) -> list[Consent]:
    """The ledger, the newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {CONSENT_COLUMNS} FROM tracking_consents
        WHERE nr < coalesce($1, 9223372036854775807)
            AND ($3::text IS NULL OR driver = $3) AND ($4::text IS NULL OR carrier = $4)
        ORDER BY nr DESC LIMIT $2
        """,
        *(before, limit, driver, carrier),
    )
    return [Consent(**row) for row in rows]


async def last_said(
    conn: AnyConnection, drivers: Sequence[str], carriers: Sequence[str]
) -> list[Consent]:
    """The newest of each of them, for all shippers and for each one."""
    rows = await conn.fetch(
        f"""
        SELECT DISTINCT ON (driver, carrier, shipper) {CONSENT_COLUMNS} FROM tracking_consents c
        WHERE c.driver_key IN
                (SELECT key FROM drivers WHERE id = ANY ($1) AND deleted_at IS NULL)
            OR c.carrier = ANY ($2)
        ORDER BY driver, carrier, shipper, nr DESC
        """,
        *(list(drivers), list(carriers)),
    )
    return [Consent(**row) for row in rows]
