"""The register of deducted tax: read from what settlements recorded, with what was taken back."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

from freight.tax.tcs import Sold
from store import carriers, tds
from store.carriers import CarrierFields
from store.key_file import KeyFile
from store.personal import PersonalData
from store.postgres import AnyPool, as_tenant
from store.tenants import Tenant

FROM, TO = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PAN, GSTIN = "AAPFU0939F", "27AAPFU0939F1ZV"


class UndoneError(Exception):
    """Settlements are another's to write: nothing of this stays."""


async def test_what_was_credited_deducted_and_taken_back(
    app: AnyPool, tenant: Tenant, keys: KeyFile
) -> None:
    personal = PersonalData(keys)
    given = CarrierFields(name="Carrier", pan=PAN, gstin=GSTIN)
    with contextlib.suppress(UndoneError):
        async with as_tenant(app, tenant.key) as conn:
            await carriers.create(conn, personal, tenant.key, "k1", given)
            await conn.executemany(
                """
                INSERT INTO tds_deductions (tenant_key, settlement, version, carrier, year, at,
                    code, why, rate_bp, credited_minor, exempt_minor, taxed_minor, deducted_minor)
                VALUES ($1, $2, $3, 'k1', 2026, $4, '1024', $5, 200, $6, 0, $6, $7)
                """,
                [
                    (tenant.key, "s1", 1, FROM, "single", 5000, 100),
                    (
                        tenant.key,
                        "s1",
                        2,
                        FROM + DAY,
                        "reopened",
                        -5000,
                        -100,
                    ),
                    (tenant.key, "s2", 1, TO - DAY, "year", 9000, 180),
                    (tenant.key, "s3", 1, TO, "year", 1000, 20),
                ],
            )
            rows = await tds.register(conn, personal, FROM, TO, 10)
            first = await tds.register(conn, personal, FROM, TO, 1)
            sold = await tds.sold(conn, personal, FROM, TO, 10)
            raise UndoneError

    assert [(row.settlement, row.deducted_minor) for row in rows] == [
        ("s1", 100),
        ("s1", -100),
        ("s2", 180),
    ]
    assert (rows[0].name, rows[0].pan, rows[0].code) == ("Carrier", PAN, "1024")
    assert first == rows[:1]
    assert sold == [Sold("k1", GSTIN, 14_000, 5_000)]
