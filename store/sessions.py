"""Sessions of users and the refresh tokens that keep them alive, each good for one use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg

from store.postgres import AnyConnection, one

COLUMNS = "id, user_id, created_at, used_at, expires_at, ended_at, end_reason, origin, user_agent"


class EndReason(StrEnum):
    SIGNED_OUT = "signed_out"
    ENDED = "ended"  # by the user elsewhere, or by an administrator
    REUSED = "refresh_token_reused"
    PASSWORD = "password_changed"  # noqa: S105 - a reason
    DISABLED = "user_disabled"


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    user_id: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    origin: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class Refreshing:
    """What a presented refresh token belongs to; its tenant is not known before."""

    tenant_key: int
    session_id: str
    user_id: str
    is_used: bool
    is_live: bool  # neither the token nor its session has expired or ended


async def begin(
    conn: AnyConnection,
    tenant_key: int,
    *,
    id: str,  # noqa: A002 - its name everywhere
    user_id: str,
    lasts_s: float,
    origin: str | None,
    user_agent: str | None,
) -> Session:
    row = await conn.fetchrow(
        f"""
        INSERT INTO sessions (tenant_key, id, user_id, expires_at, origin, user_agent)
        VALUES ($1, $2, $3, now() + make_interval(secs => $4), $5, $6) RETURNING {COLUMNS}
        """,
        tenant_key,
        id,
        user_id,
        lasts_s,
        origin,
        user_agent,
    )
    return Session(**one(row))


async def add_refresh_token(
    conn: AnyConnection, tenant_key: int, session_id: str, token_hash: bytes, lasts_s: float
) -> float:
    """Never longer than its session; returns for how long."""
    lasts: float = await conn.fetchval(
        """
        INSERT INTO refresh_tokens (tenant_key, session_id, hash, expires_at)
        SELECT $1, id, $3, least(expires_at, now() + make_interval(secs => $4))
        FROM sessions WHERE id = $2
        RETURNING extract(epoch FROM expires_at - now())::float8
        """,
        tenant_key,
        session_id,
        token_hash,
        lasts_s,
    )
    return lasts


async def find_refresh_token(conn: AnyConnection, token_hash: bytes) -> Refreshing | None:
    """For SYSTEM."""
    row = await conn.fetchrow(
        """
        SELECT r.tenant_key, r.session_id, s.user_id, r.used_at IS NOT NULL AS is_used,
            s.ended_at IS NULL AND s.expires_at > now() AND r.expires_at > now() AS is_live
        FROM refresh_tokens r JOIN sessions s ON s.id = r.session_id WHERE r.hash = $1
        """,
        token_hash,
    )
    return None if row is None else Refreshing(**row)


async def use_refresh_token(conn: AnyConnection, token_hash: bytes) -> bool:
    """Whether this was its first use; of two at once one is the second."""
    done = await conn.fetchval(
        """
        WITH used AS (
            UPDATE refresh_tokens SET used_at = clock_timestamp()
            WHERE hash = $1 AND used_at IS NULL RETURNING session_id
        )
        UPDATE sessions s SET used_at = now() FROM used
        WHERE s.id = used.session_id AND s.ended_at IS NULL RETURNING true
        """,
        token_hash,
    )
    return bool(done)


async def list_live(
    conn: AnyConnection, user_id: str, after: str | None, limit: int
) -> list[Session]:
    """In the order of their ids, beginning behind `after`."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM sessions
        WHERE user_id = $1 AND ended_at IS NULL AND expires_at > now() AND id > $2
        ORDER BY id LIMIT $3
        """,
        user_id,
        after or "",
        limit,
    )
    return [Session(**row) for row in rows]


async def end(
    conn: AnyConnection, session_id: str, reason: EndReason, user_id: str | None = None
) -> Session | None:
    """None when there is no such live session, or it is not this user's."""
    row = await conn.fetchrow(
        f"""
        UPDATE sessions SET ended_at = now(), end_reason = $2
        WHERE id = $1 AND ended_at IS NULL AND ($3::text IS NULL OR user_id = $3)
        RETURNING {COLUMNS}
        """,
        session_id,
        reason.value,
        user_id,
    )
    return None if row is None else Session(**row)


async def end_all(
    conn: AnyConnection, user_id: str, reason: EndReason, keep: str | None = None
) -> list[str]:
    """All of a user but the one to keep; returns which."""
    rows: list[asyncpg.Record] = await conn.fetch(
        """
        UPDATE sessions SET ended_at = now(), end_reason = $2
        WHERE user_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $3
            AND expires_at > now() RETURNING id
        """,
        user_id,
        reason.value,
        keep,
    )
    return [row["id"] for row in rows]


async def delete_expired(conn: AnyConnection, kept_s: float, limit: int) -> None:
    """For SYSTEM: sessions some time after their end, refresh tokens once they could not pass."""
    await conn.execute(
        """
        DELETE FROM refresh_tokens WHERE hash IN
            (SELECT hash FROM refresh_tokens WHERE expires_at < now() ORDER BY expires_at LIMIT $1)
        """,
        limit,
    )
    await conn.execute(
        """
        DELETE FROM sessions WHERE id IN (
            SELECT id FROM sessions WHERE expires_at < now() - make_interval(secs => $1)
            ORDER BY expires_at LIMIT $2
        )
        """,
        kept_s,
        limit,
    )
