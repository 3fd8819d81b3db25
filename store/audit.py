"""The audit trail in Postgres: rows are added at a chain's head, read by filter, and proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from store.audit_chain import Entry, Fault, Head, Proof, Row, Signer
from store.key_file import KeyFile
from store.postgres import AnyConnection, one

GENESIS = Head(0, b"")
GENERATED = ("tenant_key", "seq", "at_ms", "actor", "action", "subject", "outcome")
GUARDS = ("follow_head", "only_grows")


@dataclass(frozen=True, slots=True)
class Chain:
    tenant_key: int
    tenant: str
    head: Head


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a proof found; `reached` is where another may go on."""

    rows: int
    reached: Head
    head: Head
    faults: tuple[Fault, ...]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of a chain; None asks for any."""

    subject: str | None = None
    actor: str | None = None
    action: str | None = None
    outcome: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None


async def append(conn: AnyConnection, signer: Signer, entries: Sequence[Entry]) -> Head:
    """Adds rows of one chain; call it last in a transaction, for it locks the chain's head."""
    first = entries[0]
    if any(entry.tenant_key != first.tenant_key for entry in entries):
        raise ValueError("one call adds to one chain")
    locked = one(
        await conn.fetchrow(
            "SELECT last_seq, last_mac FROM lock_audit_head($1, $2)", first.tenant_key, first.tenant
        )
    )
    head = Head(locked["last_seq"], locked["last_mac"])
    bodies, macs = [], []
    for entry in entries:
        body, head = signer.sign(entry, head)
        bodies.append(body)
        macs.append(head.mac)
    await conn.execute(
        """
        INSERT INTO audit_log (body, mac)
        SELECT body, mac FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS t (body, mac, n)
        ORDER BY n
        """,
        bodies,
        macs,
    )
    return head


async def list_page(
    conn: AnyConnection, tenant_key: int, wanted: Wanted, before_seq: int | None, limit: int
) -> list[Row]:
    """The newest first, beginning before a row's number."""
    conditions, values = _conditions(tenant_key, wanted)
    if before_seq is not None:
        values.append(before_seq)
        conditions.append(f"seq < ${len(values)}")
    return await _rows(conn, conditions, values, "DESC", limit)


async def list_forward(
    conn: AnyConnection,
    tenant_key: int,
    wanted: Wanted,
    *,
    after_seq: int,
    upto_seq: int,
    limit: int,
) -> list[Row]:
    """The oldest first, for an export that goes on from page to page."""
    conditions, values = _conditions(tenant_key, wanted)
    values += [after_seq, upto_seq]
    conditions += [f"seq > ${len(values) - 1}", f"seq <= ${len(values)}"]
    return await _rows(conn, conditions, values, "ASC", limit)


def _conditions(tenant_key: int, wanted: Wanted) -> tuple[list[str], list[Any]]:
    values: list[Any] = [tenant_key]
    conditions = ["tenant_key = $1"]
    for condition, value in (
        ("actor = ", wanted.actor),
        ("action = ", wanted.action),
        ("outcome = ", wanted.outcome),
        ("at_ms >= ", wanted.from_ms),
        ("at_ms < ", wanted.to_ms),
    ):
        if value is not None:
            values.append(value)
            conditions.append(f"{condition}${len(values)}")
    if wanted.subject is not None:
        # `trucks` asks for all of them, `trucks/T1` for one and what lies below it.
        values += [wanted.subject, f"{wanted.subject}/", f"{wanted.subject}0"]  # 0 follows /
        own, first, last = range(len(values) - 2, len(values) + 1)
        conditions.append(f"(subject = ${own} OR (subject >= ${first} AND subject < ${last}))")
    return conditions, values


async def _rows(
    conn: AnyConnection, conditions: list[str], values: list[Any], order: str, limit: int
) -> list[Row]:
    values = [*values, limit]
    found = await conn.fetch(
        f"SELECT tenant_key, seq, body, mac FROM audit_log WHERE {' AND '.join(conditions)} "
        f"ORDER BY seq {order} LIMIT ${len(values)}",
        *values,
    )
    return [Row(**row) for row in found]


async def head_of(conn: AnyConnection, tenant_key: int) -> Head:
    row = await conn.fetchrow("SELECT seq, mac FROM audit_heads WHERE tenant_key = $1", tenant_key)
    return GENESIS if row is None else Head(row["seq"], row["mac"])


async def chains(conn: AnyConnection) -> list[Chain]:
    """All there are, for SYSTEM; one whose head somebody removed has head 0."""
    rows = await conn.fetch(
        """
        SELECT tenant_key, coalesce(h.seq, 0) AS seq, coalesce(h.mac, '') AS mac, coalesce(h.tenant,
            (SELECT (body::jsonb) ->> 'tenant' FROM audit_log l
                WHERE l.tenant_key = k.tenant_key ORDER BY l.seq LIMIT 1)) AS tenant
        FROM audit_heads h FULL JOIN (SELECT DISTINCT tenant_key FROM audit_log) k
            USING (tenant_key)
        ORDER BY tenant_key
        """
    )
    return [Chain(r["tenant_key"], r["tenant"], Head(r["seq"], r["mac"])) for r in rows]


async def verify(
    conn: AnyConnection,
    keys: KeyFile,
    tenant_key: int,
    *,
    read_rows: int,
    faults_max: int,
    rows_max: int | None = None,
    after: Head = GENESIS,
    expected: Head | None = None,
) -> Verdict:
    """Proves a chain, a few rows in memory at a time; to be called first in a transaction."""
    # Rows that are added meanwhile would otherwise stand behind the head that was read.
    await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    head = await head_of(conn, tenant_key)
    proof = Proof(keys, tenant_key, expected, after=after)
    rows = conn.cursor(
        "SELECT tenant_key, seq, body, mac FROM audit_log WHERE tenant_key = $1 AND seq > $2 "
        "ORDER BY seq",
        tenant_key,
        after.seq or -1,
        prefetch=read_rows,
    )
    is_complete = True
    async for row in rows:
        if proof.rows == rows_max or len(proof.faults) >= faults_max:
            is_complete = False
            break
        proof.add(Row(row["tenant_key"], row["seq"], row["body"], row["mac"]))
    if is_complete:
        proof.end(head)
    return Verdict(proof.rows, proof.reached, head, tuple(proof.faults), is_complete)


async def missing_guards(conn: AnyConnection) -> list[str]:
    """What of the database's own protection somebody has taken away."""
    generated = await conn.fetchval(
        "SELECT array_agg(attname::text) FROM pg_attribute "
        "WHERE attrelid = 'audit_log'::regclass AND attgenerated = 's'"
    )
    triggers = await conn.fetchval(
        "SELECT array_agg(tgname::text) FROM pg_trigger "
        "WHERE tgrelid = 'audit_log'::regclass AND tgenabled = 'O'"
    )
    lost = [
        f"column {name} is not made from the body"
        for name in GENERATED
        if name not in (generated or ())
    ]
    return lost + [
        f"trigger {name} is gone or off" for name in GUARDS if name not in (triggers or ())
    ]
