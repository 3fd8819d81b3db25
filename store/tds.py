"""The register of tax that settlements deducted from carriers, as statements want it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from freight.tax.tcs import Sold
from store.personal import PersonalData
from store.postgres import AnyConnection


@dataclass(frozen=True, slots=True)
class Registered:
    """One settlement's; less than nothing: it was opened again, and what it deducted taken back."""

    at: datetime
    carrier: str
    name: str
    pan: str | None
    settlement: str
    code: str
    why: str
    credited_minor: int
    exempt_minor: int
    taxed_minor: int
    rate_bp: int
    deducted_minor: int


async def register(
    conn: AnyConnection, personal: PersonalData, from_at: datetime, to_at: datetime, limit: int
) -> list[Registered]:
    """Those of [from, to), in their order; also of whom nothing was deducted, with the reason."""
    rows = await conn.fetch(
        """
        SELECT d.at, d.carrier, c.name, c.pan_sealed, d.settlement, d.code, d.why,
            d.credited_minor, d.exempt_minor, d.taxed_minor, d.rate_bp, d.deducted_minor
        FROM tds_deductions d JOIN carriers c ON c.tenant_key = d.tenant_key AND c.id = d.carrier
        WHERE d.at >= $1 AND d.at < $2 ORDER BY d.at, d.settlement, d.version LIMIT $3
        """,
        *(from_at, to_at, limit),
    )
    found = []
    for row in rows:
        fields = dict(row)
        sealed = fields.pop("pan_sealed")
        found.append(Registered(pan=None if sealed is None else personal.open(sealed), **fields))
    return found


async def sold(
    conn: AnyConnection, personal: PersonalData, from_at: datetime, to_at: datetime, limit: int
) -> list[Sold]:
    """What each carrier was credited with in [from, to), and what of it was taken back."""
    rows = await conn.fetch(
        """
        SELECT c.id, c.gstin_sealed,
            coalesce(sum(d.credited_minor) FILTER (WHERE d.credited_minor > 0), 0)::bigint AS sold,
            coalesce(sum(-d.credited_minor) FILTER (WHERE d.credited_minor < 0), 0)::bigint AS back
        FROM tds_deductions d JOIN carriers c ON c.tenant_key = d.tenant_key AND c.id = d.carrier
        WHERE d.at >= $1 AND d.at < $2 GROUP BY c.tenant_key, c.id ORDER BY c.id LIMIT $3
        """,
        *(from_at, to_at, limit),
    )
    return [
        Sold(
            row["id"],
            None if row["gstin_sealed"] is None else personal.open(row["gstin_sealed"]),
            row["sold"],
            row["back"],
        )
        for row in rows
    ]
