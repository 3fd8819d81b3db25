"""Drivers: what says who one is stays sealed, and goes when the driver is deleted (APP role)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import asyncpg

from freight.personal import PersonalKind
from store.errors import (
    AlreadyExistsError,
    InUseError,
    NotFoundError,
    StaleVersionError,
    UnknownCarrierError,
)
from store.personal import PersonalData
from store.postgres import AnyConnection

# Found again by blind indexes.
FOUND_BY = {"phone": PersonalKind.PHONE, "licence": PersonalKind.LICENCE}
SETTABLE = (
    *("carrier", "truck_key", "duty_since", "licence_valid_until", "hazardous_valid_until"),
    *("name_sealed", "phone_sealed", "phone_index", "licence_sealed", "licence_index"),
)
COLUMNS = """d.key, d.id, d.carrier, d.truck_key, d.duty_since, d.licence_valid_until,
    d.hazardous_valid_until, d.name_sealed, d.phone_sealed, d.licence_sealed, d.created_at,
    d.version, (SELECT t.id FROM trucks t WHERE t.key = d.truck_key) AS truck"""
TRUCK_INDEX = "drivers_truck"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverFields:
    name: str
    phone: str | None = None
    licence: str | None = None
    licence_valid_until: date | None = None
    hazardous_valid_until: date | None = None
    carrier: str | None = None
    truck_key: int | None = None
    duty_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver(DriverFields):
    key: int
    id: str
    truck: str | None
    created_at: datetime
    version: int

    @property
    def editable(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(DriverFields)}


async def create(
    conn: AnyConnection,
    personal: PersonalData,
    tenant_key: int,
    id: str,  # noqa: A002 - its name everywhere
    given: DriverFields,
) -> Driver:
    places = ", ".join(f"${number}" for number in range(3, len(SETTABLE) + 3))
    with _refusing(id, given):
        await conn.execute(
            f"INSERT INTO drivers (tenant_key, id, {', '.join(SETTABLE)}) "
            f"VALUES ($1, $2, {places})",
            *(tenant_key, id),
            *_values(personal, given),
        )
    return await get(conn, personal, id)


async def get(conn: AnyConnection, personal: PersonalData, id: str) -> Driver:  # noqa: A002
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM drivers d WHERE d.id = $1 AND d.deleted_at IS NULL", id
    )
    if row is None:
        raise NotFoundError("driver", id)
    return _driver(personal, row)


async def list_page(
    conn: AnyConnection,
    personal: PersonalData,
    after: str | None,
    limit: int,
    *,
    having: Mapping[str, str],
) -> list[Driver]:
    """In the order of their ids, beginning behind `after`; `having` names a carrier, a truck, or
    something of FOUND_BY."""
    args: list[object] = [after or "", limit]
    where = ["d.deleted_at IS NULL", "d.id > $1"]
    for name, text in having.items():
        kind = FOUND_BY.get(name)
        args.append(text if kind is None else personal.blind_index(kind, text))
        if name == "truck":
            where.append(
                f"d.truck_key = (SELECT t.key FROM trucks t WHERE t.id = ${len(args)} "
                "AND t.deleted_at IS NULL)"
            )
        else:
            where.append(f"d.{'carrier' if kind is None else f'{name}_index'} = ${len(args)}")
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM drivers d WHERE {' AND '.join(where)} ORDER BY d.id LIMIT $2",
        *args,
    )
    return [_driver(personal, row) for row in rows]


async def update(
    conn: AnyConnection,
    personal: PersonalData,
    id: str,  # noqa: A002
    given: DriverFields,
    expected_version: int,
) -> Driver:
    """Replace what may change, if the driver is still at this version."""
    sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(SETTABLE, start=3))
    with _refusing(id, given):
        done = await conn.fetchval(
            f"UPDATE drivers SET {sets}, version = version + 1 "
            "WHERE id = $1 AND deleted_at IS NULL AND version = $2 RETURNING true",
            *(id, expected_version),
            *_values(personal, given),
        )
    found = await get(conn, personal, id)
    if not done:
        raise StaleVersionError("driver", id, expected_version, found.version)
    return found


async def delete(
    conn: AnyConnection,
    id: str,  # noqa: A002
    expected_version: int,
) -> bool:
    """Whether it was still at this version and so is gone, with all that said who it was."""
    emptied = ", ".join(f"{name} = NULL" for name in SETTABLE if name != "carrier")
    return bool(
        await conn.fetchval(
            f"UPDATE drivers SET deleted_at = now(), {emptied}, version = version + 1 "
            "WHERE id = $1 AND deleted_at IS NULL AND version = $2 RETURNING true",
            *(id, expected_version),
        )
    )


async def create_many(
    conn: AnyConnection,
    personal: PersonalData,
    tenant_key: int,
    given: Sequence[tuple[str, DriverFields]],
) -> None:
    """Their ids must be free (`known`); another's that came between ends it all."""
    places = ", ".join(f"${number}" for number in range(3, len(SETTABLE) + 3))
    try:
        await conn.executemany(
            f"INSERT INTO drivers (tenant_key, id, {', '.join(SETTABLE)}) "
            f"VALUES ($1, $2, {places})",
            [(tenant_key, driver_id, *_values(personal, each)) for driver_id, each in given],
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError("driver", "of the file") from None


async def known(conn: AnyConnection, ids: Sequence[str]) -> set[str]:
    rows = await conn.fetch(
        "SELECT id FROM drivers WHERE id = ANY ($1) AND deleted_at IS NULL", list(ids)
    )
    return {row["id"] for row in rows}


async def driven_trucks(conn: AnyConnection, truck_keys: Sequence[int]) -> set[int]:
    """Those of these trucks that have a driver."""
    rows = await conn.fetch(
        "SELECT truck_key FROM drivers WHERE truck_key = ANY ($1)", list(truck_keys)
    )
    return {row["truck_key"] for row in rows}


async def driven(
    conn: AnyConnection, driver_key: int, since: datetime
) -> list[tuple[datetime, datetime | None]]:
    """Trips of its trucks while it was at the wheel; None: it goes on."""
    rows = await conn.fetch(
        """
        SELECT greatest(s.from_ts, u.from_ts) AS since, least(s.to_ts, u.to_ts) AS until
        FROM driver_turns u JOIN spans s ON s.truck_key = u.truck_key AND s.kind = 'trip'
            AND (s.to_ts IS NULL OR s.to_ts > $2)
        WHERE u.driver_key = $1 AND (u.to_ts IS NULL OR u.to_ts > $2)
            AND (u.to_ts IS NULL OR s.from_ts < u.to_ts)
            AND (s.to_ts IS NULL OR s.to_ts > u.from_ts)
        """,
        driver_key,
        since,
    )
    return [(row["since"], row["until"]) for row in rows]


@contextmanager
def _refusing(id: str, given: DriverFields) -> Iterator[None]:  # noqa: A002
    try:
        yield
    except asyncpg.UniqueViolationError as taken:
        if taken.constraint_name == TRUCK_INDEX:
            raise InUseError("truck", str(given.truck_key), "another driver") from None
        raise AlreadyExistsError("driver", id) from None
    except asyncpg.ForeignKeyViolationError:
        raise UnknownCarrierError(given.carrier) from None


def _values(personal: PersonalData, given: DriverFields) -> list[object]:
    """In the order of SETTABLE."""
    sealed: dict[str, object] = {"name_sealed": personal.seal(given.name)}
    for name, kind in FOUND_BY.items():
        text: str | None = getattr(given, name)
        sealed[f"{name}_sealed"] = None if text is None else personal.seal(text)
        sealed[f"{name}_index"] = None if text is None else personal.blind_index(kind, text)
    return [sealed[name] if name in sealed else getattr(given, name) for name in SETTABLE]


def _driver(personal: PersonalData, row: asyncpg.Record) -> Driver:
    found = dict(row)
    for name in ("name", *FOUND_BY):
        sealed = found.pop(f"{name}_sealed")
        found[name] = None if sealed is None else personal.open(sealed)
    return Driver(**found)
