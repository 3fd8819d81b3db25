"""Up to where shards may read what changes under them: fences and journeys, counted together."""

from __future__ import annotations

from store.postgres import AnyConnection


async def head(conn: AnyConnection) -> int:
    """For SYSTEM: everything up to this revision is visible; 0 when there was never anything."""
    found: int = await conn.fetchval(
        """
        SELECT greatest(0, (SELECT max(revision) FROM fence_versions),
            (SELECT max(revision) FROM journey_versions))
        """
    )
    return found
