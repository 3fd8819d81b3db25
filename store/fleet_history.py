"""What carriers did of late, counted: the ground of their ratings."""

from __future__ import annotations

from datetime import datetime

from freight.dispatch.offer_state import OfferState
from freight.fleet.ratings import Counts
from store.postgres import AnyConnection

DEVIATED = "truck.route.deviated"
# Letting an offer run out keeps a load waiting for longer than saying no.
DECLINES = [OfferState.DECLINED, OfferState.EXPIRED]


async def counts(
    conn: AnyConnection, tenant_key: int, since: datetime, carrier: str | None = None
) -> dict[str, Counts]:
    """Of all carriers, or of one, by their ids; those of which nothing was seen are not there.

    A journey counts when it arrived or ended, for the carrier whose the truck is now.
    """
    rows = await conn.fetch(
        """
        WITH own AS (
            SELECT key, carrier FROM trucks WHERE tenant_key = $1 AND carrier IS NOT NULL
                AND carrier = coalesce($3, carrier)
        ), driven AS (
            SELECT own.carrier, count(*) AS trips, count(j.arrives_until) AS promised,
                count(*) FILTER (WHERE j.arrived_at <= j.arrives_until) AS on_time
            FROM own JOIN journeys j ON j.truck_key = own.key
            WHERE coalesce(j.arrived_at, j.ended_at) >= $2 GROUP BY own.carrier
        ), strayed AS (
            SELECT own.carrier, count(*) AS deviations
            FROM own JOIN events e ON e.truck_key = own.key AND e.type = $4 AND e.time >= $2
            WHERE NOT EXISTS (
                SELECT FROM events r WHERE r.replaces = e.id AND r.type = 'event.retracted')
            GROUP BY own.carrier
        ), asked AS (
            SELECT carrier, count(*) AS offers, count(*) FILTER (WHERE state = ANY ($6)) AS declines
            FROM offers WHERE tenant_key = $1 AND settled_at >= $2 AND carrier IS NOT NULL
                AND carrier = coalesce($3, carrier) AND state = ANY ($5)
            GROUP BY carrier
        )
        SELECT carrier, coalesce(trips, 0) AS trips, coalesce(promised, 0) AS promised,
            coalesce(on_time, 0) AS on_time, coalesce(offers, 0) AS offers,
            coalesce(declines, 0) AS declines, coalesce(deviations, 0) AS deviations
        FROM driven FULL JOIN strayed USING (carrier) FULL JOIN asked USING (carrier)
        """,
        *(tenant_key, since, carrier, DEVIATED, [*DECLINES, OfferState.ACCEPTED], DECLINES),
    )
    return {
        row["carrier"]: Counts(
            trips=row["trips"],
            promised=row["promised"],
            on_time=row["on_time"],
            offers=row["offers"],
            declines=row["declines"],
            deviations=row["deviations"],
        )
        for row in rows
    }
