"""Journeys of a tenant's trucks: which of them follows which route from when on (APP role)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

import asyncpg
import msgspec

from store.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from store.postgres import AnyConnection
from store.routes import RouteRef


class JourneyState(StrEnum):
    PLANNED = "planned"  # its time has not come
    ACTIVE = "active"
    ARRIVED = "arrived"  # at its last stop, and not ended yet
    ENDED = "ended"


_STATE = """CASE WHEN j.ended_at IS NOT NULL THEN 'ended'
    WHEN j.arrived_at IS NOT NULL THEN 'arrived'
    WHEN j.starts_at > now() THEN 'planned' ELSE 'active' END"""
WINDOWS = ("departs_from", "departs_until", "arrives_from", "arrives_until")
TERMS = (
    *("starts_at", *WINDOWS, "corridor_m"),
    *("paise_per_km", "paise_per_hour", "route_id", "route_version"),
    *("alternate_ids", "alternate_versions", "stops", "allowed"),
)
COLUMNS = ", ".join(
    (
        *("j.id", "t.id AS truck", "j.truck_key", "j.version", "j.revision"),
        *("j.created_at", "j.arrived_at", "j.ended_at", "j.end_reason", f"{_STATE} AS state"),
        *(f"j.{name}" for name in TERMS),
    )
)
_FROM = "FROM journeys j JOIN trucks t ON t.key = j.truck_key"
OPEN_INDEX = "journeys_open"
PlaceKind = TypeVar("PlaceKind", bound="Place")


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where leaving the route means nothing; of a fence, the circle that was around it."""

    lat: float
    lon: float
    radius_m: float
    name: str | None = None
    fence: str | None = None


class Stop(Place, frozen=True, kw_only=True, omit_defaults=True):
    """Where the truck is to halt."""

    arrives_from: datetime | None = None
    arrives_until: datetime | None = None
    service_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyTerms:
    """What a truck is told; times are by the device's clock."""

    route: RouteRef
    # Left out: now for a new journey, and as it was for one that changes.
    starts_at: datetime | None = None
    stops: tuple[Stop, ...] = ()
    alternates: tuple[RouteRef, ...] = ()
    departs_from: datetime | None = None
    departs_until: datetime | None = None
    arrives_from: datetime | None = None
    arrives_until: datetime | None = None
    corridor_m: float | None = None
    allowed: tuple[Place, ...] = ()
    # What leaving the route costs; None: as the tenant's rules say.
    paise_per_km: int | None = None
    paise_per_hour: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey(JourneyTerms):
    starts_at: datetime
    id: str
    truck: str
    truck_key: int
    version: int
    revision: int
    state: JourneyState
    created_at: datetime
    arrived_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None


async def get_open(conn: AnyConnection, truck_key: int) -> Journey | None:
    """The one the truck is on or is to go on."""
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} {_FROM} WHERE j.truck_key = $1 AND j.ended_at IS NULL", truck_key
    )
    return None if row is None else _journey(row)


async def get(conn: AnyConnection, id: str) -> Journey:  # noqa: A002 - its name everywhere
    row = await conn.fetchrow(f"SELECT {COLUMNS} {_FROM} WHERE j.id = $1", id)
    if row is None:
        raise NotFoundError("journey", id)
    return _journey(row)


async def list_page(
    conn: AnyConnection,
    after: str | None,
    limit: int,
    *,
    truck: str | None = None,
    state: JourneyState | None = None,
) -> list[Journey]:
    """In the order of their ids, beginning behind `after`; also those of deleted trucks."""
    args: list[object] = [after or "", limit]
    where = ["j.id > $1"]
    if truck is not None:
        args.append(truck)
        where.append(f"t.id = ${len(args)}")
    if state is not None:
        args.append(state.value)
        where.append(f"{_STATE} = ${len(args)}")
        # Said twice, so that the index of the open ones serves.
        where.append(f"j.ended_at IS {'NOT ' if state is JourneyState.ENDED else ''}NULL")
    rows = await conn.fetch(
        f"SELECT {COLUMNS} {_FROM} WHERE {' AND '.join(where)} ORDER BY j.id LIMIT $2", *args
    )
    return [_journey(row) for row in rows]


async def begin(
    conn: AnyConnection,
    tenant_key: int,
    truck_key: int,
    id: str,  # noqa: A002
    terms: JourneyTerms,
) -> Journey:
    """Its routes must be held (store.routes.hold); the truck must have none that is open."""
    values = _values_of(terms)
    places = [f"${number}" for number in range(4, len(values) + 4)]
    places[0] = f"coalesce({places[0]}, now())"
    try:
        await conn.execute(
            f"INSERT INTO journeys (tenant_key, truck_key, id, {', '.join(TERMS)}) "
            f"VALUES ($1, $2, $3, {', '.join(places)})",
            tenant_key,
            truck_key,
            id,
            *values,
        )
    except asyncpg.UniqueViolationError as taken:
        if taken.constraint_name == OPEN_INDEX:
            raise AlreadyExistsError("open journey of truck", str(truck_key)) from None
        raise AlreadyExistsError("journey", id) from None
    return await get(conn, id)


async def change(
    conn: AnyConnection,
    id: str,  # noqa: A002
    terms: JourneyTerms,
    expected_version: int | None,
) -> Journey:
    """Replaces what an open journey's truck was told."""
    sets = [f"{name} = ${number}" for number, name in enumerate(TERMS, start=3)]
    sets[0] = "starts_at = coalesce($3, starts_at)"
    done = await conn.fetchval(
        f"UPDATE journeys SET {', '.join(sets)} WHERE id = $1 AND ended_at IS NULL "
        "AND version = coalesce($2, version) RETURNING true",
        id,
        expected_version,
        *_values_of(terms),
    )
    if not done:
        raise await _refusal(conn, id, expected_version)
    return await get(conn, id)


async def end(
    conn: AnyConnection,
    id: str,  # noqa: A002
    reason: str,
    expected_version: int | None,
) -> Journey:
    done = await conn.fetchval(
        "UPDATE journeys SET ended_at = now(), end_reason = $3 WHERE id = $1 "
        "AND ended_at IS NULL AND version = coalesce($2, version) RETURNING true",
        id,
        expected_version,
        reason,
    )
    if not done:
        raise await _refusal(conn, id, expected_version)
    return await get(conn, id)


async def fence_shapes(conn: AnyConnection, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Of those of these fences that are there."""
    rows = await conn.fetch(
        "SELECT id, shape FROM fences WHERE id = ANY ($1) AND deleted_at IS NULL", list(ids)
    )
    return {row["id"]: row["shape"] for row in rows}


# ------------------------------------------------------------------------------------ rows


def _values_of(terms: JourneyTerms) -> list[object]:
    """In the order of TERMS; knows how routes lie in columns."""
    routes = {
        "route_id": terms.route.id,
        "route_version": terms.route.version,
        "alternate_ids": [ref.id for ref in terms.alternates],
        "alternate_versions": [ref.version for ref in terms.alternates],
    }
    return [routes[name] if name in routes else getattr(terms, name) for name in TERMS]


def routes_in(fields: dict[str, Any]) -> dict[str, Any]:
    """The other way."""
    pairs = zip(fields.pop("alternate_ids"), fields.pop("alternate_versions"), strict=True)
    return {
        "route": RouteRef(fields.pop("route_id"), fields.pop("route_version")),
        "alternates": tuple(RouteRef(*pair) for pair in pairs),
    }


def _journey(row: asyncpg.Record) -> Journey:
    fields = dict(row)
    fields["state"] = JourneyState(fields["state"])
    fields["stops"] = many(fields["stops"], Stop)
    fields["allowed"] = many(fields["allowed"], Place)
    return Journey(**routes_in(fields), **fields)


def many(found: Any, kind: type[PlaceKind]) -> tuple[PlaceKind, ...]:
    return msgspec.convert(found, tuple[kind, ...])  # type: ignore[valid-type]


async def _refusal(conn: AnyConnection, id: str, expected: int | None) -> Exception:  # noqa: A002
    found = await conn.fetchval(
        "SELECT version FROM journeys WHERE id = $1 AND ended_at IS NULL", id
    )
    if found is None:
        return NotFoundError("open journey", id)
    return StaleVersionError("journey", id, expected or 0, found)
