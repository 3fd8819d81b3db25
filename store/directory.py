"""Every process's own copy of who is who: trucks of all tenants, kept fresh by revision."""

from __future__ import annotations

from dataclasses import dataclass

from store.postgres import AnyConnection, AnyPool


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    tenant_key: int
    tenant: str
    truck_key: int
    truck: str
    secret_hash: str | None
    revision: int
    deleted: bool


async def changes_since(conn: AnyConnection, revision: int) -> list[DirectoryEntry]:
    """Trucks changed after this revision, deleted ones too, in the order of the changes."""
    rows = await conn.fetch(
        """
        SELECT k.tenant_key, t.id AS tenant, k.key AS truck_key, k.id AS truck, c.secret_hash,
            k.revision, k.deleted_at IS NOT NULL AS deleted
        FROM trucks k JOIN tenants t ON t.key = k.tenant_key
            LEFT JOIN device_credentials c ON c.truck_key = k.key
        WHERE k.revision > $1 ORDER BY k.revision
        """,
        revision,
    )
    return [DirectoryEntry(**row) for row in rows]


class TruckDirectory:
    """The live trucks by key and by (tenant id, truck id); reading costs no I/O."""

    def __init__(self) -> None:
        self.by_key: dict[int, DirectoryEntry] = {}
        self.by_name: dict[tuple[str, str], DirectoryEntry] = {}
        self.revision = 0

    async def refresh(self, pool: AnyPool) -> list[DirectoryEntry]:
        """Take in what changed since the last call (SYSTEM role) and return it."""
        async with pool.acquire() as conn:
            changes = await changes_since(conn, self.revision)
        for entry in changes:
            self._apply(entry)
        return changes

    def _apply(self, entry: DirectoryEntry) -> None:
        self.revision = max(self.revision, entry.revision)
        name = (entry.tenant, entry.truck)
        if not entry.deleted:
            self.by_key[entry.truck_key] = entry
            self.by_name[name] = entry
            return
        self.by_key.pop(entry.truck_key, None)
        # The id may belong to a newer truck by now.
        if name in self.by_name and self.by_name[name].truck_key == entry.truck_key:
            del self.by_name[name]
