"""What is on record of one driver and one carrier, for whoever gives them a load (APP role)."""

from __future__ import annotations

from datetime import date

from freight.fleet.kyc import KycRules, KycState
from freight.fleet.serviceability import CarrierStanding, DriverFacts
from store.postgres import AnyConnection


async def of_driver(conn: AnyConnection, driver: str | None, truck_key: int) -> DriverFacts | None:
    """The one named, or who drives the truck now; None: nobody does.

    Of a name that is not on record nothing is known, and nothing in its favour either.
    """
    row = await conn.fetchrow(
        """
        SELECT licence_valid_until, hazardous_valid_until FROM drivers
        WHERE deleted_at IS NULL AND CASE WHEN $1::text IS NULL THEN truck_key = $2 ELSE id = $1 END
        """,
        *(driver, truck_key),
    )
    if row is None:
        return None if driver is None else DriverFacts()
    licence_until: date | None = row["licence_valid_until"]
    hazardous_until: date | None = row["hazardous_valid_until"]
    return DriverFacts(licence_until, hazardous_until)


async def of_carrier(
    conn: AnyConnection, carrier: str | None, rules: KycRules
) -> CarrierStanding | None:
    """None: the truck is the tenant's own."""
    row = await conn.fetchrow(
        """
        SELECT kyc_state, (SELECT min(valid_until) FROM carrier_documents d
            WHERE d.carrier_id = c.id AND d.kind = ANY ($2)) AS documents_until
        FROM carriers c WHERE c.id = $1
        """,
        *(carrier, sorted(rules.ending)),
    )
    if row is None or row["kyc_state"] is None:
        return None
    return CarrierStanding(KycState(row["kyc_state"]), row["documents_until"])
