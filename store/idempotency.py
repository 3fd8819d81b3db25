"""Which requests were done, and what was answered: written with what they did, in one commit."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from store.postgres import AnyConnection

# The first half of the advisory locks by which a request under way holds its key.
LOCK_CLASS = 20268


@dataclass(frozen=True, slots=True)
class KeyOf:
    """Keys are the caller's own: two callers may use the same one."""

    tenant_key: int
    principal: str
    key: str

    @property
    def place(self) -> bytes:
        return f"{self.tenant_key}/{self.principal}/{self.key}".encode()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes  # sealed


@dataclass(frozen=True, slots=True)
class Done:
    """Committed earlier; without an answer, none was kept or it is just being kept."""

    fingerprint: bytes
    subject: str
    age_s: float
    answer: Answer | None


class Claim(enum.Enum):
    MADE = enum.auto()
    IN_PROGRESS = enum.auto()


async def claim(
    conn: AnyConnection, of: KeyOf, fingerprint: bytes, subject: str, kept_s: int
) -> Claim | Done:
    """In the transaction that does it. Never waits for another request with the same key."""
    made = await conn.fetchval(
        """
        INSERT INTO idempotency_keys AS k
            (tenant_key, principal, key, fingerprint, subject, expires_at)
        SELECT $1, $2, $3, $4, $5, now() + make_interval(secs => $6)
        WHERE pg_try_advisory_xact_lock($7, hashtext($1::int || '/' || $2::text || '/' || $3::text))
        ON CONFLICT (tenant_key, principal, key) DO UPDATE SET
            fingerprint = excluded.fingerprint, subject = excluded.subject,
            claimed_at = excluded.claimed_at, expires_at = excluded.expires_at,
            status = NULL, headers = NULL, body = NULL
        WHERE k.expires_at <= now()
        RETURNING true
        """,
        of.tenant_key,
        of.principal,
        of.key,
        fingerprint,
        subject,
        float(kept_s),
        LOCK_CLASS,
    )
    if made:
        return Claim.MADE
    return await find(conn, of) or Claim.IN_PROGRESS


async def find(conn: AnyConnection, of: KeyOf) -> Done | None:
    row = await conn.fetchrow(
        """
        SELECT fingerprint, subject, status, headers, body,
            extract(epoch FROM now() - claimed_at)::float8 AS age_s
        FROM idempotency_keys
        WHERE tenant_key = $1 AND principal = $2 AND key = $3 AND expires_at > now()
        """,
        of.tenant_key,
        of.principal,
        of.key,
    )
    if row is None:
        return None
    answer = None
    if row["status"] is not None:
        answer = Answer(row["status"], row["headers"], row["body"])
    return Done(row["fingerprint"], row["subject"], row["age_s"], answer)


async def keep_answer(conn: AnyConnection, of: KeyOf, fingerprint: bytes, answer: Answer) -> None:
    """The last one given for this request; for one that was rolled back there is nothing to do."""
    await conn.execute(
        """
        UPDATE idempotency_keys SET status = $5, headers = $6, body = $7
        WHERE tenant_key = $1 AND principal = $2 AND key = $3 AND fingerprint = $4
        """,
        of.tenant_key,
        of.principal,
        of.key,
        fingerprint,
        answer.status,
        dict(answer.headers),
        answer.body,
    )


async def delete_expired(conn: AnyConnection, rows_max: int) -> int:
    """Of all tenants, as the SYSTEM role; how many it removed."""
    status = await conn.execute(
        """
        DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM idempotency_keys WHERE expires_at <= now() LIMIT $1
            FOR UPDATE SKIP LOCKED))
        """,
        rows_max,
    )
    return int(status.rpartition(" ")[2])
