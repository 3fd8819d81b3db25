"""What a token may allow, and what each role of a client holds."""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    TRUCKS_READ = "trucks:read"
    TRUCKS_WRITE = "trucks:write"
    FENCES_READ = "fences:read"
    FENCES_WRITE = "fences:write"
    POSITIONS_READ = "positions:read"
    EVENTS_READ = "events:read"
    LIVE_READ = "live:read"
    DEVICES_WRITE = "devices:write"


class Role(StrEnum):
    ADMIN = "admin"
    DISPATCHER = "dispatcher"
    SHIPPER = "shipper"
    CARRIER = "carrier"
    VIEWER = "viewer"


_READS = tuple(permission for permission in Permission if permission.endswith(":read"))

# A shipper follows its own bookings, not the fleet: nothing here is about the fleet as a whole.
PERMISSIONS_OF: dict[Role, tuple[Permission, ...]] = {
    Role.ADMIN: tuple(Permission),
    Role.DISPATCHER: (*_READS, Permission.TRUCKS_WRITE, Permission.FENCES_WRITE),
    Role.SHIPPER: (),
    Role.CARRIER: (
        Permission.TRUCKS_READ,
        Permission.POSITIONS_READ,
        Permission.EVENTS_READ,
        Permission.LIVE_READ,
    ),
    Role.VIEWER: _READS,
}
