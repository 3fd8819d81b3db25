"""Rows of an audit chain for tests, and the proof of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from store import audit
from store.audit import Verdict
from store.audit_chain import Entry, Head, Signer
from store.key_file import KeyFile
from store.postgres import AnyConnection, AnyPool, as_tenant
from store.tenants import Tenant

BYTES_MAX = 2000


def entry(tenant: Tenant, number: int = 1, **fields: Any) -> Entry:
    made = Entry(
        tenant_key=tenant.key,
        tenant=tenant.id,
        actor="client:c",
        action="trucks.change",
        subject=f"trucks/T{number}",
        at_ms=1_700_000_000_000 + number,
        after={"number": number},
    )
    return replace(made, **fields)


async def add(app: AnyPool, signer: Signer, tenant: Tenant, count: int = 1) -> Head:
    head = audit.GENESIS
    for number in range(1, count + 1):
        async with as_tenant(app, tenant.key) as conn:
            head = await audit.append(conn, signer, [entry(tenant, number)])
    return head


async def prove(
    conn: AnyConnection, keys: KeyFile, tenant: Tenant, expected: Head | None = None
) -> Verdict:
    async with conn.transaction():
        return await audit.verify(
            conn, keys, tenant.key, read_rows=2, faults_max=20, expected=expected
        )
