"""What can be done with an audit trail: look in it, prove it, take it away as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

from serve.audit.wire import AuditRow, VerdictOut
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from serve.problems import ForbiddenError
from store import audit
from store.audit import Wanted
from store.audit_chain import INSTALLATION_KEY, Head, Row
from store.postgres import AnyConnection


class Chain(StrEnum):
    TENANT = "tenant"
    INSTALLATION = "installation"


def chain_key(who: Principal, chain: Chain) -> int:
    """The installation's own chain tells of all tenants, so it is for its operators."""
    if chain is Chain.TENANT:
        return who.tenant_key
    if Permission.INSTALLATION_WRITE not in who.permissions:
        raise ForbiddenError(f"this token lacks the permission {Permission.INSTALLATION_WRITE}")
    return INSTALLATION_KEY


@asynccontextmanager
async def _reading(gateway: Gateway, who: Principal, key: int) -> AsyncIterator[AnyConnection]:
    if key == INSTALLATION_KEY:
        async with gateway.system_pool.acquire() as system, system.transaction():
            yield system
    else:
        async with gateway.as_tenant(who) as conn:
            yield conn


async def list_page(
    gateway: Gateway, who: Principal, key: int, wanted: Wanted, page: Page
) -> ListOf[AuditRow]:
    async with _reading(gateway, who, key) as conn:
        found = await audit.list_page(conn, key, wanted, number_of(page.after), page.one_more)
    kept, next_cursor = page.cut(found, lambda row: str(row.seq))
    return ListOf(items=[AuditRow.of(row) for row in kept], next_cursor=next_cursor)


async def verify(
    gateway: Gateway, who: Principal, key: int, *, after: Head, expected: Head | None
) -> VerdictOut:
    limits = gateway.audit.limits
    async with _reading(gateway, who, key) as conn:
        verdict = await audit.verify(
            conn,
            gateway.audit.keys,
            key,
            read_rows=limits.read_rows,
            faults_max=limits.verify_faults_max,
            rows_max=limits.verify_rows_max,
            after=after,
            expected=expected,
        )
    return VerdictOut.of(verdict)


async def export_lines(
    gateway: Gateway, who: Principal, key: int, wanted: Wanted
) -> AsyncIterator[bytes]:
    """The bodies as they were signed; what is added meanwhile is not waited for."""
    async with _reading(gateway, who, key) as conn:
        head = await audit.head_of(conn, key)
    reached, size = 0, gateway.audit.limits.read_rows
    while reached < head.seq:
        # A transaction a page: a slow reader must not hold one open.
        async with _reading(gateway, who, key) as conn:
            rows = await audit.list_forward(
                conn, key, wanted, after_seq=reached, upto_seq=head.seq, limit=size
            )
        yield b"".join(_line(row) for row in rows)
        reached = rows[-1].seq if len(rows) == size else head.seq


def _line(row: Row) -> bytes:
    return f'{{"hash":"{row.mac.hex()}","body":{row.body}}}\n'.encode()
