"""What is revoked before it expires, written by whoever revokes and known to every gateway."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from store.postgres import AnyConnection, AnyPool


class RevocationKind(StrEnum):
    TOKEN = "token"  # noqa: S105 - a kind: one token by its jti
    SESSION = "session"  # all tokens of one sign-in
    SUBJECT = "subject"  # all tokens of one principal, older than a version of it


@dataclass(frozen=True, slots=True)
class Revocation:
    revision: int
    kind: RevocationKind
    id: str
    below_version: int | None
    until: datetime


async def revoke_token(
    conn: AnyConnection, tenant_key: int, token_id: str, valid_for_s: float
) -> None:
    await _insert(conn, tenant_key, RevocationKind.TOKEN, token_id, None, valid_for_s)


async def revoke_session(
    conn: AnyConnection, tenant_key: int, session_id: str, valid_for_s: float
) -> None:
    await _insert(conn, tenant_key, RevocationKind.SESSION, session_id, None, valid_for_s)


async def revoke_subject(
    conn: AnyConnection, tenant_key: int, name: str, below_version: int, valid_for_s: float
) -> None:
    """Of a principal by its name; a token names the version it was issued to, so no clock is
    asked and a token that is being issued at this moment is caught as well."""
    await _insert(conn, tenant_key, RevocationKind.SUBJECT, name, below_version, valid_for_s)


async def _insert(  # noqa: PLR0917 - the columns in their order
    conn: AnyConnection,
    tenant_key: int,
    kind: RevocationKind,
    id: str,  # noqa: A002
    below_version: int | None,
    valid_for_s: float,
) -> None:
    await conn.execute(
        """
        INSERT INTO revocations (tenant_key, kind, id, below_version, until)
        VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5))
        """,
        tenant_key,
        kind.value,
        id,
        below_version,
        valid_for_s,
    )


class RevocationDirectory:
    """A gateway's own copy; asking it costs no I/O, and it forgets what has expired."""

    def __init__(self) -> None:
        self._tokens: dict[str, float] = {}
        self._sessions: dict[str, float] = {}
        self._subjects: dict[str, tuple[int, float]] = {}
        self._revision = 0

    def __len__(self) -> int:
        return len(self._tokens) + len(self._sessions) + len(self._subjects)

    def is_revoked(
        self, *, name: str, version: int, token_id: str | None, session_id: str | None
    ) -> bool:
        if token_id in self._tokens or session_id in self._sessions:
            return True
        subject = self._subjects.get(name)
        return subject is not None and version < subject[0]

    async def refresh(self, pool: AnyPool) -> list[Revocation]:
        """Takes in what is new since the last call (SYSTEM role) and returns it."""
        async with pool.acquire() as conn:
            rows = await conn.fetch(
                """
                SELECT revision, kind, id, below_version, until FROM revocations
                WHERE revision > $1 AND until > now() ORDER BY revision
                """,
                self._revision,
            )
        news = [Revocation(**{**row, "kind": RevocationKind(row["kind"])}) for row in rows]
        for revocation in news:
            self.apply(revocation)
        return news

    def apply(self, revocation: Revocation) -> None:
        self._revision = max(self._revision, revocation.revision)
        until_s = revocation.until.timestamp()
        if revocation.kind is RevocationKind.SUBJECT:
            version, before_s = self._subjects.get(revocation.id, (0, 0.0))
            below = max(version, revocation.below_version or 0)
            self._subjects[revocation.id] = (below, max(before_s, until_s))
        elif revocation.kind is RevocationKind.SESSION:
            self._sessions[revocation.id] = until_s
        else:
            self._tokens[revocation.id] = until_s

    def forget_expired(self, now_s: float | None = None) -> None:
        now_s = time.time() if now_s is None else now_s
        self._tokens = {one: until for one, until in self._tokens.items() if until > now_s}
        self._sessions = {one: until for one, until in self._sessions.items() if until > now_s}
        self._subjects = {one: kept for one, kept in self._subjects.items() if kept[1] > now_s}


async def delete_expired(conn: AnyConnection, limit: int) -> None:
    """For SYSTEM."""
    await conn.execute(
        """
        DELETE FROM revocations WHERE revision IN
            (SELECT revision FROM revocations WHERE until < now() ORDER BY until LIMIT $1)
        """,
        limit,
    )
