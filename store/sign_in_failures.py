"""Failed sign-ins by account and address, so that guessing gets slower and stays slow."""

from __future__ import annotations

from dataclasses import dataclass

from store.postgres import AnyConnection


@dataclass(frozen=True, slots=True)
class Patience:
    """After so many failures for free each further one doubles the wait, up to the longest."""

    free: int
    delay_first_s: float
    delay_s_max: float
    forget_after_s: float


async def count_attempt(conn: AnyConnection, key: bytes, patience: Patience) -> float:
    """Counts it as failed before it is tried, so that many at once count as many.

    Returns 0 when it may be tried, else the seconds to wait; who waits is not counted. SYSTEM.
    """
    taken = await conn.fetchval(
        """
        INSERT INTO sign_in_failures AS f (key, failures, last_at, locked_until)
        VALUES ($1, 1, clock_timestamp(), clock_timestamp())
        ON CONFLICT (key) DO UPDATE SET
            failures = CASE WHEN f.last_at < clock_timestamp() - make_interval(secs => $5)
                THEN 1 ELSE f.failures + 1 END,
            last_at = clock_timestamp(),
            locked_until = clock_timestamp() + make_interval(secs => CASE
                WHEN f.failures < $2 OR f.last_at < clock_timestamp() - make_interval(secs => $5)
                THEN 0 ELSE least($4, $3 * 2.0 ^ least(f.failures - $2, 40)) END)
        WHERE f.locked_until <= clock_timestamp()
        RETURNING true
        """,
        key,
        patience.free,
        patience.delay_first_s,
        patience.delay_s_max,
        patience.forget_after_s,
    )
    if taken:
        return 0.0
    wait_s: float | None = await conn.fetchval(
        """
        SELECT extract(epoch FROM locked_until - clock_timestamp())::float8
        FROM sign_in_failures WHERE key = $1
        """,
        key,
    )
    return max(wait_s or 0.0, 0.001)  # fixed: a wait that is over is none


async def wait_of(conn: AnyConnection, key: bytes) -> float:
    """The seconds it has to wait, 0 for none. SYSTEM."""
    wait_s: float | None = await conn.fetchval(
        """
        SELECT extract(epoch FROM locked_until - clock_timestamp())::float8
        FROM sign_in_failures WHERE key = $1
        """,
        key,
    )
    return max(wait_s or 0.0, 0.0)


async def forgive(conn: AnyConnection, key: bytes) -> None:
    """The account's owner was there: nothing is held against it any more. SYSTEM."""
    await conn.execute("DELETE FROM sign_in_failures WHERE key = $1", key)


async def take_back(conn: AnyConnection, key: bytes) -> None:
    """One attempt of several that share a key was right; the others stay counted. SYSTEM."""
    await conn.execute(
        """
        UPDATE sign_in_failures SET failures = greatest(failures - 1, 0), locked_until = last_at
        WHERE key = $1
        """,
        key,
    )


async def delete_old(conn: AnyConnection, forget_after_s: float, rows_max: int) -> None:
    """Those that time has forgiven, and the oldest of too many. SYSTEM."""
    await conn.execute(
        """
        DELETE FROM sign_in_failures
        WHERE last_at < now() - make_interval(secs => $1) OR last_at <
            (SELECT last_at FROM sign_in_failures ORDER BY last_at DESC OFFSET $2 LIMIT 1)
        """,
        forget_after_s,
        rows_max,
    )
