"""Carriers: whose trucks a tenant's trucks are, with what must be known to call and pay them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import asyncpg

from freight.fleet.kyc import KycState
from freight.personal import PersonalKind
from store.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from store.personal import PersonalData
from store.postgres import AnyConnection, one

# Each has two columns: sealed, and a blind index to find it by.
PERSONAL = {
    "phone": PersonalKind.PHONE,
    "email": PersonalKind.EMAIL,
    "gstin": PersonalKind.GSTIN,
    "pan": PersonalKind.PAN,
    "bank_account": PersonalKind.BANK_ACCOUNT,
}
FOUND_BY = ("phone", "email", "gstin", "pan")
COLUMNS = (
    f"id, name, ifsc, {', '.join(f'{name}_sealed' for name in PERSONAL)}, kyc_state, kyc_since, "
    "kyc_reason, created_at, version"
)
SEALED = tuple(f"{name}_{part}" for name in PERSONAL for part in ("sealed", "index"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierFields:
    name: str
    phone: str | None = None
    email: str | None = None
    gstin: str | None = None
    pan: str | None = None
    bank_account: str | None = None
    ifsc: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier(CarrierFields):
    id: str
    kyc_state: KycState
    kyc_since: datetime
    kyc_reason: str | None
    created_at: datetime
    version: int

    @property
    def editable(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(CarrierFields)}


async def create(
    conn: AnyConnection,
    personal: PersonalData,
    tenant_key: int,
    id: str,  # noqa: A002 - its name everywhere
    given: CarrierFields,
) -> Carrier:
    places = ", ".join(f"${number}" for number in range(1, len(SEALED) + 5))
    try:
        row = await conn.fetchrow(
            f"""
            INSERT INTO carriers (tenant_key, id, name, ifsc, {", ".join(SEALED)})
            VALUES ({places}) RETURNING {COLUMNS}
            """,
            tenant_key,
            id,
            given.name,
            given.ifsc,
            *_sealed(personal, given),
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError("carrier", id) from None
    return _carrier(personal, one(row))


async def create_many(
    conn: AnyConnection,
    personal: PersonalData,
    tenant_key: int,
    given: Sequence[tuple[str, CarrierFields]],
) -> None:
    """Their ids must be free (`known`); another's that came between ends it all."""
    places = ", ".join(f"${number}" for number in range(1, len(SEALED) + 5))
    try:
        await conn.executemany(
            f"INSERT INTO carriers (tenant_key, id, name, ifsc, {', '.join(SEALED)}) "
            f"VALUES ({places})",
            [
                (tenant_key, carrier_id, each.name, each.ifsc, *_sealed(personal, each))
                for carrier_id, each in given
            ],
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError("carrier", "of the file") from None


async def get(conn: AnyConnection, personal: PersonalData, id: str) -> Carrier:  # noqa: A002
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM carriers WHERE id = $1", id)
    if row is None:
        raise NotFoundError("carrier", id)
    return _carrier(personal, row)


async def list_page(
    conn: AnyConnection,
    personal: PersonalData,
    after: str | None,
    limit: int,
    having: Mapping[str, str],
) -> list[Carrier]:
    """In the order of their ids, beginning behind `after`; `having` is of FOUND_BY."""
    args: list[object] = [after or "", limit]
    where = ["id > $1"]
    for name in FOUND_BY:
        if name in having:
            args.append(personal.blind_index(PERSONAL[name], having[name]))
            where.append(f"{name}_index = ${len(args)}")
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM carriers WHERE {' AND '.join(where)} ORDER BY id LIMIT $2", *args
    )
    return [_carrier(personal, row) for row in rows]


async def update(
    conn: AnyConnection,
    personal: PersonalData,
    id: str,  # noqa: A002
    given: CarrierFields,
    expected_version: int,
    *,
    kyc_state: KycState,
) -> Carrier:
    """Replace what may change, if the carrier is still at this version."""
    sets = ", ".join(f"{column} = ${number}" for number, column in enumerate(SEALED, start=6))
    row = await conn.fetchrow(
        f"""
        UPDATE carriers SET name = $3, ifsc = $4, kyc_state = $5,
            kyc_since = CASE WHEN kyc_state = $5 THEN kyc_since ELSE now() END, {sets},
            version = version + 1
        WHERE id = $1 AND version = $2 RETURNING {COLUMNS}
        """,
        id,
        expected_version,
        given.name,
        given.ifsc,
        kyc_state,
        *_sealed(personal, given),
    )
    if row is None:
        found = await get(conn, personal, id)
        raise StaleVersionError("carrier", id, expected_version, found.version)
    return _carrier(personal, row)


async def step_kyc(
    conn: AnyConnection,
    personal: PersonalData,
    id: str,  # noqa: A002
    leads_to: KycState,
    *,
    reason: str | None,
    expected_version: int,
) -> Carrier:
    row = await conn.fetchrow(
        f"""
        UPDATE carriers SET kyc_state = $3, kyc_reason = $4, kyc_since = now(),
            version = version + 1
        WHERE id = $1 AND version = $2 RETURNING {COLUMNS}
        """,
        *(id, expected_version, leads_to, reason),
    )
    if row is None:
        found = await get(conn, personal, id)
        raise StaleVersionError("carrier", id, expected_version, found.version)
    return _carrier(personal, row)


async def delete(
    conn: AnyConnection,
    id: str,  # noqa: A002
    expected_version: int,
) -> bool:
    """Whether it was still at this version and so is gone."""
    return bool(
        await conn.fetchval(
            "DELETE FROM carriers WHERE id = $1 AND version = $2 RETURNING true",
            id,
            expected_version,
        )
    )


async def is_used(conn: AnyConnection, id: str) -> bool:  # noqa: A002
    """Whether trucks, also former ones, or anybody who signs in belong to it."""
    used: bool = await conn.fetchval("SELECT carrier_is_used($1)", id)
    return used


async def known(conn: AnyConnection, ids: Sequence[str]) -> set[str]:
    """Those of these ids that carriers of the tenant have."""
    rows = await conn.fetch("SELECT id FROM carriers WHERE id = ANY ($1)", list(ids))
    return {row["id"] for row in rows}


async def exists(conn: AnyConnection, tenant_key: int, id: str) -> bool:  # noqa: A002
    """For APP, and for OWNER when it seeds."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT FROM carriers WHERE tenant_key = $1 AND id = $2)", tenant_key, id
    )
    return found


async def seed(conn: AnyConnection, tenant_key: int, id: str, name: str) -> None:  # noqa: A002
    """For OWNER: one that is only a name, unless it is there."""
    await conn.execute(
        "INSERT INTO carriers (tenant_key, id, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        tenant_key,
        id,
        name,
    )


def _sealed(personal: PersonalData, given: CarrierFields) -> list[bytes | None]:
    values: list[bytes | None] = []
    for name, kind in PERSONAL.items():
        text: str | None = getattr(given, name)
        values.append(None if text is None else personal.seal(text))
        values.append(None if text is None else personal.blind_index(kind, text))
    return values


def _carrier(personal: PersonalData, row: asyncpg.Record) -> Carrier:
    fields = dict(row)
    for name in PERSONAL:
        sealed = fields.pop(f"{name}_sealed")
        fields[name] = None if sealed is None else personal.open(sealed)
    fields["kyc_state"] = KycState(fields["kyc_state"])
    return Carrier(**fields)
