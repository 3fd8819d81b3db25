"""Which truck and driver are promised to which leg, and when; the database forbids it twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from store.errors import StoreError
from store.postgres import AnyConnection, moment


class PromisedError(StoreError):
    """The truck, the driver or the leg is promised already."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the {what} is promised to another load then")
        self.what = what


@dataclass(frozen=True, slots=True)
class Award:
    booking: str
    leg: str
    truck_key: int
    carrier: str | None
    driver: str | None
    from_ms: int  # and until the leg is done with it


# Which constraint says what.
_WHAT = {"awards_truck": "truck", "awards_driver": "driver", "awards_leg": "leg"}


async def truck_keys(conn: AnyConnection, ids: Sequence[str]) -> dict[str, int]:
    """By id; of trucks that had the same id the one in use, else the last one."""
    if not ids:
        return {}
    rows = await conn.fetch(
        """
        SELECT DISTINCT ON (id) id, key FROM trucks WHERE id = ANY ($1)
        ORDER BY id, (deleted_at IS NULL) DESC, key DESC
        """,
        ids,
    )
    return {row["id"]: row["key"] for row in rows}


async def truck_names(conn: AnyConnection, keys: Sequence[int]) -> dict[int, str]:
    """By key, of those trucks that may be seen."""
    rows = await conn.fetch("SELECT key, id FROM trucks WHERE key = ANY ($1)", keys)
    return {row["key"]: row["id"] for row in rows}


async def promise(conn: AnyConnection, tenant_key: int, award: Award) -> None:
    """PromisedError: another stands in the way, and the transaction is lost."""
    try:
        await conn.execute(
            """
            INSERT INTO awards
                (tenant_key, booking, leg, truck_key, carrier, driver, during)
            VALUES ($1, $2, $3, $4, $5, $6, tstzrange($7, NULL))
            """,
            *(tenant_key, award.booking, award.leg, award.truck_key, award.carrier),
            award.driver,
            moment(award.from_ms),
        )
    except (asyncpg.ExclusionViolationError, asyncpg.UniqueViolationError) as taken:
        what = _WHAT.get(taken.constraint_name or "")
        if what is None:
            raise
        raise PromisedError(what) from None


async def make_room(conn: AnyConnection, award: Award) -> None:
    """Whoever has the truck without an end has it until this award begins."""
    await conn.execute(
        """
        UPDATE awards SET during = during * tstzrange(NULL, $2)
        WHERE truck_key = $1 AND stands AND upper_inf(during)
        """,
        *(award.truck_key, moment(award.from_ms)),
    )


async def release(conn: AnyConnection, booking: str, leg: str, at_ms: int, why: str) -> None:
    """The leg does not count on its truck any more; from then on the truck is free."""
    await conn.execute(
        """
        UPDATE awards SET stands = false, ended = $4,
            during = during * tstzrange(NULL, $3)
        WHERE booking = $1 AND leg = $2 AND stands
        """,
        *(booking, leg, moment(at_ms), why),
    )
