"""Who is asking: everything a route may know about its caller."""

from __future__ import annotations

import dataclasses
from enum import StrEnum


class Kind(StrEnum):
    CLIENT = "client"
    USER = "user"
    API_KEY = "api_key"
    SERVICE = "service"
    DEVICE = "device"


@dataclasses.dataclass(frozen=True, slots=True)
class Principal:
    subject: str  # the id of the client, user or key
    kind: Kind
    tenant: str
    tenant_key: int
    permissions: frozenset[str]
    expires_s: int
    roles: tuple[str, ...] = ()
    token_id: str | None = None
    # Set: it sees only what belongs to this carrier (trucks, positions, events).
    carrier: str | None = None
    # Set: it sees only its own bookings.
    shipper: str | None = None
    # The sign-in that its token comes from.
    session_id: str | None = None
    # Of the user, client or key when the token was issued; older ones can be revoked together.
    version: int = 0

    @property
    def name(self) -> str:
        """As audit rows and logs name it."""
        return f"{self.kind}:{self.subject}"
