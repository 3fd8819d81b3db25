"""What providers sent us: kept before it is believed, processed later, each event once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from store.errors import NotFoundError
from store.postgres import AnyConnection, moment, one

COLUMNS = (
    "nr, tenant_key, received_at, told_at, processed_at, tries, repeats, provider, event, type, "
    "state, why, refs, digest, headers, body"
)


class InboxState(StrEnum):
    NEW = "new"
    DONE = "done"
    WAITING = "waiting"  # about something that we do not know yet
    IGNORED = "ignored"  # nothing that we keep track of
    FAILED = "failed"  # cannot be read; a person may look, and have it tried again
    REFUSED = "refused"  # forged, stale, or not readable at all


class Arrival(StrEnum):
    NEW = "new"
    AGAIN = "again"
    FORGED = "forged"  # a known event with another body, or a known body as another event


@dataclass(frozen=True, slots=True)
class Kept:
    nr: int
    arrival: Arrival


@dataclass(frozen=True, slots=True)
class Letter:
    """As it came, without what must not be kept."""

    received_ms: int
    told_ms: int | None
    provider: str
    event: str
    type: str | None
    refs: Sequence[str]
    digest: bytes
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class KeptLetter:
    nr: int
    tenant_key: int | None
    received_at: datetime
    told_at: datetime | None
    processed_at: datetime | None
    tries: int
    repeats: int
    provider: str
    event: str
    type: str | None
    state: str
    why: str | None
    refs: list[str]
    digest: bytes
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class DueLetter:
    tenant_key: int
    tenant: str
    nr: int


async def keep(conn: AnyConnection, tenant_key: int, letter: Letter) -> Kept:
    """Each event once, however often it comes."""
    nr: int | None = await conn.fetchval(
        """
        INSERT INTO provider_inbox (tenant_key, received_at, told_at, look_at, provider, event,
            type, state, refs, digest, headers, body)
        VALUES ($1, $2, $3, $2, $4, $5, $6, 'new', $7, $8, $9, $10)
        ON CONFLICT DO NOTHING RETURNING nr
        """,
        tenant_key,
        *_written(letter),
    )
    if nr is not None:
        return Kept(nr, Arrival.NEW)
    row = one(
        await conn.fetchrow(
            """
            UPDATE provider_inbox SET repeats = repeats + 1
            WHERE nr = (SELECT nr FROM provider_inbox WHERE provider = $1
                AND (event = $2 OR digest = $3) AND state <> 'refused' ORDER BY nr LIMIT 1)
            RETURNING nr, event = $2 AND digest = $3 AS is_same
            """,
            *(letter.provider, letter.event, letter.digest),
        )
    )
    return Kept(row["nr"], Arrival.AGAIN if row["is_same"] else Arrival.FORGED)


async def keep_nobodys(conn: AnyConnection, letter: Letter) -> None:
    """For SYSTEM: genuine, of an account that all tenants share, about nothing known yet."""
    await conn.execute(
        """
        INSERT INTO provider_inbox (tenant_key, received_at, told_at, provider, event, type,
            state, refs, digest, headers, body)
        SELECT NULL, $1, $2, $3, $4, $5, 'waiting', $6, $7, $8, $9
        WHERE NOT EXISTS (SELECT FROM provider_inbox WHERE provider = $3 AND event = $4
            AND state <> 'refused')
        """,
        *_written(letter),
    )


async def keep_refused(
    conn: AnyConnection, tenant_key: int | None, letter: Letter, why: str
) -> None:
    """For SYSTEM: whose it claims to be, if of anybody's, need not be so."""
    await conn.execute(
        """
        INSERT INTO provider_inbox (tenant_key, received_at, told_at, provider, event, type,
            state, refs, digest, headers, body, why)
        VALUES ($1, $2, $3, $4, $5, $6, 'refused', $7, $8, $9, $10, $11)
        """,
        tenant_key,
        *_written(letter),
        why,
    )


def _written(letter: Letter) -> tuple[object, ...]:
    return (
        moment(letter.received_ms),
        None if letter.told_ms is None else moment(letter.told_ms),
        *(letter.provider, letter.event, letter.type, list(letter.refs)),
        *(letter.digest, dict(letter.headers), letter.body),
    )


async def get(conn: AnyConnection, nr: int, *, is_to_change: bool = False) -> KeptLetter:
    lock = "FOR UPDATE" if is_to_change else ""
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM provider_inbox WHERE nr = $1 {lock}", nr)
    if row is None:
        raise NotFoundError("webhook", str(nr))
    return KeptLetter(**row)


async def list_page(
    conn: AnyConnection,
    before: int | None,
    limit: int,
    *,
    states: Sequence[str] = (),
    provider: str | None = None,
    about: str | None = None,
) -> list[KeptLetter]:
    """The newest first."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM provider_inbox
        WHERE ($1::bigint IS NULL OR nr < $1) AND ($3::text[] IS NULL OR state = ANY ($3))
            AND ($4::text IS NULL OR provider = $4) AND ($5::text IS NULL OR $5 = ANY (refs))
        ORDER BY nr DESC LIMIT $2
        """,
        *(before, limit, list(states) or None, provider, about),
    )
    return [KeptLetter(**row) for row in rows]


async def list_unclaimed(conn: AnyConnection, before: int | None, limit: int) -> list[KeptLetter]:
    """For SYSTEM, the newest first: what is no tenant's."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM provider_inbox
        WHERE tenant_key IS NULL AND ($1::bigint IS NULL OR nr < $1) ORDER BY nr DESC LIMIT $2
        """,
        *(before, limit),
    )
    return [KeptLetter(**row) for row in rows]


async def note(  # noqa: PLR0917 - what became of it
    conn: AnyConnection,
    nr: int,
    state: InboxState,
    why: str | None,
    now_ms: int,
    look_ms: int | None = None,
) -> None:
    """What became of it; with a time, when it is tried again."""
    await conn.execute(
        """
        UPDATE provider_inbox SET state = $2, why = $3, processed_at = $4, look_at = $5,
            tries = tries + 1
        WHERE nr = $1
        """,
        *(nr, state, why, moment(now_ms)),
        None if look_ms is None else moment(look_ms),
    )


async def wake(conn: AnyConnection, refs: Sequence[str], now_ms: int) -> None:
    """What waited for one of these names is looked at next."""
    await conn.execute(
        "UPDATE provider_inbox SET look_at = $2 WHERE state = 'waiting' AND refs && $1::text[]",
        *(list(refs), moment(now_ms)),
    )


async def due(
    conn: AnyConnection, now_ms: int, limit: int, providers: Sequence[str]
) -> list[DueLetter]:
    """For SYSTEM: what these providers sent."""
    rows = await conn.fetch(
        """
        SELECT i.tenant_key, t.id AS tenant, i.nr
        FROM provider_inbox i JOIN tenants t ON t.key = i.tenant_key
        WHERE i.look_at <= $1 AND i.provider = ANY ($3) AND t.status = 'active'
        ORDER BY i.look_at, i.nr LIMIT $2
        """,
        *(moment(now_ms), limit, list(providers)),
    )
    return [DueLetter(**row) for row in rows]


# Names that providers know payments, payouts and messages by, and whose these are.
_NAMED = """
    SELECT tenant_key, provider, ref FROM payment_refs
    UNION ALL SELECT tenant_key, 'razorpay', provider_id FROM payout_attempts
    UNION ALL SELECT tenant_key, 'razorpay', reference FROM payout_attempts
    UNION ALL SELECT tenant_key, provider, ref FROM notification_refs
    UNION ALL SELECT tenant_key, provider, attempt FROM notification_attempts
"""


async def adopt(conn: AnyConnection, now_ms: int) -> int:
    """For SYSTEM: gives what came for all tenants to the one that it is about."""
    done: str = await conn.execute(
        f"""
        UPDATE provider_inbox i SET tenant_key = r.tenant_key, look_at = $1
        FROM ({_NAMED}) r
        WHERE i.tenant_key IS NULL AND i.state = 'waiting' AND r.provider = i.provider
            AND r.ref = ANY (i.refs) AND NOT EXISTS (
                SELECT FROM provider_inbox known WHERE known.tenant_key = r.tenant_key
                AND known.provider = i.provider AND known.state <> 'refused'
                AND (known.event = i.event OR known.digest = i.digest))
        """,
        moment(now_ms),
    )
    return int(done.rsplit(" ", 1)[1])


async def tenant_of(conn: AnyConnection, provider: str, refs: Sequence[str]) -> int | None:
    """For SYSTEM: whose payment, payout or message has one of these names."""
    found: int | None = await conn.fetchval(
        f"SELECT tenant_key FROM ({_NAMED}) r WHERE provider = $1 AND ref = ANY ($2) LIMIT 1",
        *(provider, list(refs)),
    )
    return found


async def sweep(conn: AnyConnection, before_ms: int, refused_max: int, rows_max: int) -> int:
    """For SYSTEM: removes what is old and done with, and the oldest of too many refused."""
    removed: str = await conn.execute(
        """
        DELETE FROM provider_inbox WHERE nr IN (
            SELECT nr FROM provider_inbox
            WHERE received_at < $1 AND (tenant_key IS NULL OR state NOT IN ('new', 'waiting'))
            UNION ALL
            (SELECT nr FROM provider_inbox WHERE state = 'refused' ORDER BY nr DESC OFFSET $2)
            LIMIT $3)
        """,
        *(moment(before_ms), refused_max, rows_max),
    )
    return int(removed.rsplit(" ", 1)[1])
