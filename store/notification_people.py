"""Where the people of a tenant are reached; what is personal leaves sealed (APP role)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.postgres import AnyConnection


@dataclass(frozen=True, slots=True)
class SealedReach:
    """`key` is users/x, drivers/x, carriers/x or shippers/x; a carrier's name is no secret."""

    key: str
    email_sealed: bytes | None
    phone_sealed: bytes | None
    name_sealed: bytes | None
    name: str | None = None


_USERS = """
    SELECT 'users/' || id AS key, email_sealed, phone_sealed, name_sealed FROM users
    WHERE disabled_at IS NULL AND
"""


async def with_roles(conn: AnyConnection, roles: Sequence[str], limit: int) -> list[SealedReach]:
    """The tenant's own people; who speaks for one carrier or shipper is none of them."""
    rows = await conn.fetch(
        f"{_USERS} roles && $1 AND carrier IS NULL AND shipper IS NULL ORDER BY id LIMIT $2",
        *(list(roles), limit),
    )
    return [SealedReach(**row) for row in rows]


async def users(conn: AnyConnection, ids: Sequence[str]) -> list[SealedReach]:
    rows = await conn.fetch(f"{_USERS} id = ANY ($1) ORDER BY id", list(ids))
    return [SealedReach(**row) for row in rows]


async def of_shipper(conn: AnyConnection, shipper: str, limit: int) -> list[SealedReach]:
    """Its users; of one without any, what its papers say."""
    rows = await conn.fetch(f"{_USERS} shipper = $1 ORDER BY id LIMIT $2", shipper, limit)
    if not rows:
        rows = await conn.fetch(
            """
            SELECT 'shippers/' || id AS key, email_sealed, phone_sealed, NULL::bytea AS name_sealed,
                name
            FROM shippers WHERE id = $1
            """,
            shipper,
        )
    return [SealedReach(**row) for row in rows]


async def of_carrier(conn: AnyConnection, carrier: str, limit: int) -> list[SealedReach]:
    rows = await conn.fetch(f"{_USERS} carrier = $1 ORDER BY id LIMIT $2", carrier, limit)
    if not rows:
        rows = await conn.fetch(
            """
            SELECT 'carriers/' || id AS key, email_sealed, phone_sealed, NULL::bytea AS name_sealed,
                name
            FROM carriers WHERE id = $1
            """,
            carrier,
        )
    return [SealedReach(**row) for row in rows]


async def carrier_of_truck(conn: AnyConnection, truck: str) -> str | None:
    found: str | None = await conn.fetchval(
        "SELECT carrier FROM trucks WHERE id = $1 AND deleted_at IS NULL", truck
    )
    return found


async def drivers(
    conn: AnyConnection, *, driver: str | None = None, truck: str | None = None
) -> list[SealedReach]:
    """By name, or whoever drives a truck now."""
    rows = await conn.fetch(
        """
        SELECT 'drivers/' || d.id AS key, NULL::bytea AS email_sealed, d.phone_sealed,
            d.name_sealed
        FROM drivers d WHERE d.deleted_at IS NULL AND (d.id = $1 OR d.truck_key =
            (SELECT t.key FROM trucks t WHERE t.id = $2 AND t.deleted_at IS NULL))
        """,
        *(driver, truck),
    )
    return [SealedReach(**row) for row in rows]
