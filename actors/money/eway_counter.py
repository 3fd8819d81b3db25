"""What every step of e-way bills and tasks is written with."""

from __future__ import annotations

import dataclasses

from actors.booking_writing import TenantName
from actors.money.desk import Desk
from config.policy import Policy
from store.postgres import AnyConnection


@dataclasses.dataclass(frozen=True, slots=True)
class Counter:
    """One transaction of one tenant's, and by which rules it is decided."""

    conn: AnyConnection
    tenant: TenantName
    policy: Policy
    at_ms: int


def counter_of(desk: Desk, conn: AnyConnection, tenant: TenantName) -> Counter:
    return Counter(conn, tenant, desk.policy_of(tenant), desk.now_ms())
