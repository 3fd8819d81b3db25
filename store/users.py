"""A tenant's users; what is personal about them arrives here sealed and leaves sealed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from store.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from store.postgres import AnyConnection

COLUMNS = """
    id, email_sealed, name_sealed, phone_sealed, roles, carrier, shipper, created_at, disabled_at,
    password_changed_at, one_time_until, totp_confirmed_at,
    cardinality(recovery_hashes) AS recovery_codes, version
"""


@dataclass(frozen=True, slots=True)
class SealedPerson:
    """What is personal, as it is stored."""

    email_sealed: bytes
    email_index: bytes
    name_sealed: bytes | None
    phone_sealed: bytes | None
    phone_index: bytes | None


@dataclass(frozen=True, slots=True)
class User:
    id: str
    email_sealed: bytes
    name_sealed: bytes | None
    phone_sealed: bytes | None
    roles: tuple[str, ...]
    carrier: str | None
    shipper: str | None
    created_at: datetime
    disabled_at: datetime | None
    password_changed_at: datetime
    one_time_until: datetime | None  # set: the password was given by somebody else
    totp_confirmed_at: datetime | None
    recovery_codes: int
    version: int


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is needed to check somebody who signs in; for the SYSTEM role only."""

    id: str
    tenant_key: int
    tenant: str
    password_hash: str
    one_time_until: datetime | None
    totp_sealed: bytes | None
    totp_confirmed_at: datetime | None
    disabled_at: datetime | None
    roles: tuple[str, ...]
    carrier: str | None
    shipper: str | None
    version: int


_CREDENTIALS = """
    SELECT u.id, u.tenant_key, t.id AS tenant, u.password_hash, u.one_time_until, u.totp_sealed,
        u.totp_confirmed_at, u.disabled_at, u.roles, u.carrier, u.shipper, u.version
    FROM users u JOIN tenants t ON t.key = u.tenant_key
"""


async def credentials_by_email(
    conn: AnyConnection, tenant: str, email_index: bytes
) -> Credentials | None:
    row = await conn.fetchrow(
        f"{_CREDENTIALS} WHERE t.id = $1 AND u.email_index = $2", tenant, email_index
    )
    return _credentials(row)


async def credentials_of(conn: AnyConnection, tenant_key: int, user_id: str) -> Credentials | None:
    row = await conn.fetchrow(
        f"{_CREDENTIALS} WHERE u.tenant_key = $1 AND u.id = $2", tenant_key, user_id
    )
    return _credentials(row)


async def create(
    conn: AnyConnection,
    tenant_key: int,
    *,
    id: str,  # noqa: A002 - its name everywhere
    person: SealedPerson,
    password_hash: str,
    one_time_s: float | None,
    roles: Collection[str],
    carrier: str | None = None,
    shipper: str | None = None,
) -> None:
    """For APP and SYSTEM; `one_time_s` is for how long a password somebody else knows opens."""
    try:
        await conn.execute(
            """
            INSERT INTO users (tenant_key, id, password_hash, roles, carrier, shipper,
                email_sealed, email_index, name_sealed, phone_sealed, phone_index, one_time_until)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
                now() + make_interval(secs => $12))
            """,
            tenant_key,
            id,
            password_hash,
            list(roles),
            carrier,
            shipper,
            person.email_sealed,
            person.email_index,
            person.name_sealed,
            person.phone_sealed,
            person.phone_index,
            one_time_s,
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError("user", "with this e-mail address") from None


async def get(conn: AnyConnection, user_id: str) -> User:
    row = await conn.fetchrow(f"SELECT {COLUMNS} FROM users WHERE id = $1", user_id)
    if row is None:
        raise NotFoundError("user", user_id)
    return _user(row)


async def list_page(
    conn: AnyConnection, after: str | None, limit: int, email_index: bytes | None = None
) -> list[User]:
    """In the order of their ids, beginning behind `after`; the one with this e-mail address."""
    rows = await conn.fetch(
        f"""
        SELECT {COLUMNS} FROM users
        WHERE id > $1 AND ($3::bytea IS NULL OR email_index = $3) ORDER BY id LIMIT $2
        """,
        after or "",
        limit,
        email_index,
    )
    return [_user(row) for row in rows]


async def update(
    conn: AnyConnection,
    user_id: str,
    *,
    person: SealedPerson,
    roles: Collection[str],
    carrier: str | None,
    shipper: str | None,
    is_disabled: bool,
    expected_version: int,
) -> User:
    try:
        row = await conn.fetchrow(
            f"""
            UPDATE users SET email_sealed = $2, email_index = $3, name_sealed = $4,
                phone_sealed = $5, phone_index = $6, roles = $7, carrier = $8, shipper = $9,
                disabled_at = CASE WHEN $10 THEN coalesce(disabled_at, now()) END,
                version = version + 1
            WHERE id = $1 AND version = $11 RETURNING {COLUMNS}
            """,
            user_id,
            person.email_sealed,
            person.email_index,
            person.name_sealed,
            person.phone_sealed,
            person.phone_index,
            list(roles),
            carrier,
            shipper,
            is_disabled,
            expected_version,
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyExistsError("user", "with this e-mail address") from None
    if row is None:
        found = await get(conn, user_id)
        raise StaleVersionError("user", user_id, expected_version, found.version)
    return _user(row)


# ---------------------------------------------------------------------- passwords and codes


async def set_password(
    conn: AnyConnection, user_id: str, password_hash: str, one_time_s: float | None = None
) -> User:
    row = await conn.fetchrow(
        f"""
        UPDATE users SET password_hash = $2, version = version + 1, password_changed_at = now(),
            one_time_until = now() + make_interval(secs => $3)
        WHERE id = $1 RETURNING {COLUMNS}
        """,
        user_id,
        password_hash,
        one_time_s,
    )
    return _found(row, user_id)


async def renew_hash(conn: AnyConnection, user_id: str, version: int, password_hash: str) -> None:
    """The same password, hashed as today's configuration wants it."""
    await conn.execute(
        "UPDATE users SET password_hash = $3 WHERE id = $1 AND version = $2",
        user_id,
        version,
        password_hash,
    )


async def is_still(conn: AnyConnection, user_id: str, version: int) -> bool:
    """Whether nobody has changed it since; nor can, until this transaction ends."""
    now: int | None = await conn.fetchval(
        "SELECT version FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id
    )
    return now == version


async def enrol_totp(conn: AnyConnection, user_id: str, sealed: bytes) -> bool:
    """Not before it is confirmed does it count; a confirmed one is not overwritten."""
    done = await conn.fetchval(
        """
        UPDATE users SET totp_sealed = $2, totp_last_step = 0
        WHERE id = $1 AND totp_confirmed_at IS NULL RETURNING true
        """,
        user_id,
        sealed,
    )
    return bool(done)


async def confirm_totp(conn: AnyConnection, user_id: str, recovery: Collection[bytes]) -> User:
    row = await conn.fetchrow(
        f"""
        UPDATE users
        SET totp_confirmed_at = now(), recovery_hashes = $2, version = version + 1
        WHERE id = $1 RETURNING {COLUMNS}
        """,
        user_id,
        list(recovery),
    )
    return _found(row, user_id)


async def remove_totp(conn: AnyConnection, user_id: str) -> User:
    row = await conn.fetchrow(
        f"""
        UPDATE users SET totp_sealed = NULL, totp_confirmed_at = NULL, totp_last_step = 0,
            recovery_hashes = '{{}}', version = version + 1
        WHERE id = $1 RETURNING {COLUMNS}
        """,
        user_id,
    )
    return _found(row, user_id)


async def use_totp_step(conn: AnyConnection, user_id: str, step: int) -> bool:
    """Whether this step's code had not been used, nor a later one's."""
    done = await conn.fetchval(
        "UPDATE users SET totp_last_step = $2 WHERE id = $1 AND totp_last_step < $2 RETURNING true",
        user_id,
        step,
    )
    return bool(done)


async def use_recovery_code(conn: AnyConnection, user_id: str, code_hash: bytes) -> bool:
    """Whether it was one of the codes that were left; it is not any more."""
    done = await conn.fetchval(
        """
        UPDATE users SET recovery_hashes = array_remove(recovery_hashes, $2)
        WHERE id = $1 AND $2 = ANY (recovery_hashes) RETURNING true
        """,
        user_id,
        code_hash,
    )
    return bool(done)


def _found(row: asyncpg.Record | None, user_id: str) -> User:
    if row is None:
        raise NotFoundError("user", user_id)
    return _user(row)


def _user(row: asyncpg.Record) -> User:
    return User(**{**row, "roles": tuple(row["roles"])})


def _credentials(row: asyncpg.Record | None) -> Credentials | None:
    return None if row is None else Credentials(**{**row, "roles": tuple(row["roles"])})
