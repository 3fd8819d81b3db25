"""Every process's own copy of who is who: trucks of all tenants, kept fresh by revision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store.postgres import AnyConnection, AnyPool


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    tenant_key: int
    tenant: str
    truck_key: int
    truck: str
    # None: the truck has no device.
    secret_hash: str | None
    revision: int
    deleted: bool
    # The secret before this one, good until then.
    previous_hash: str | None = None
    previous_until: datetime | None = None
    # What the device calls itself in a dialect that knows no truck: an IMEI.
    unique_id: str | None = None
    revoked: bool = False
    # The tenant is not active: its devices are refused, its trucks stay known.
    suspended: bool = False
    # Whose truck it is inside of the tenant.
    carrier: str | None = None
    truck_class: str | None = None
    # The secrets themselves, for a broker that must be told them; sealed.
    sealed_secret: bytes | None = None
    previous_sealed: bytes | None = None

    @property
    def username(self) -> str:
        """As the device signs in to the broker."""
        return f"{self.tenant}/{self.truck}"

    def hashes_at(self, now: datetime) -> tuple[str, ...]:
        """Of the secrets that let the device in, the newest first; none when it is kept out."""
        if self.deleted or self.revoked or self.suspended or self.secret_hash is None:
            return ()
        if self.previous_hash and self.previous_until and now < self.previous_until:
            return (self.secret_hash, self.previous_hash)
        return (self.secret_hash,)


async def changes_since(conn: AnyConnection, revision: int) -> list[DirectoryEntry]:
    """Trucks whose own, device's or tenant's data changed after this revision, deleted ones too,
    in the order of the changes."""
    rows = await conn.fetch(
        """
        SELECT k.tenant_key, t.id AS tenant, k.key AS truck_key, k.id AS truck, c.secret_hash,
            greatest(k.revision, c.revision, t.directory_revision) AS revision,
            k.deleted_at IS NOT NULL AS deleted, c.previous_hash, c.previous_until, c.unique_id,
            c.sealed_secret, c.previous_sealed,
            c.revoked_at IS NOT NULL AS revoked, t.status <> 'active' AS suspended,
            k.carrier, k.truck_class
        FROM trucks k JOIN tenants t ON t.key = k.tenant_key
            LEFT JOIN device_credentials c ON c.truck_key = k.key
        WHERE k.key IN (
            SELECT key FROM trucks WHERE revision > $1
            UNION ALL SELECT truck_key FROM device_credentials WHERE revision > $1
            UNION ALL SELECT trucks.key FROM trucks JOIN tenants ON tenants.key = tenant_key
                WHERE directory_revision > $1
        ) ORDER BY 6
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

    def of_username(self, username: str) -> DirectoryEntry | None:
        """Whose device signs in so."""
        tenant, _, truck = username.partition("/")
        return self.by_name.get((tenant, truck))

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
