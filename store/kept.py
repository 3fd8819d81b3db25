"""A tenant's objects with a version, of which a deleted one's row is kept: what they all share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from store.errors import NotFoundError, StaleVersionError
from store.postgres import AnyConnection


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


T = TypeVar("T", bound=Versioned)


class KeptObjects(Generic[T]):
    def __init__(self, what: str, table: str, columns: str, make: Callable[..., T]) -> None:
        """`what` one is called in errors; `make` takes the columns by name."""
        self._what = what
        self._table = table
        self._columns = columns
        self._make = make

    async def get(self, conn: AnyConnection, id: str) -> T:  # noqa: A002 - its name everywhere
        row = await conn.fetchrow(
            f"SELECT {self._columns} FROM {self._table} WHERE id = $1 AND deleted_at IS NULL", id
        )
        if row is None:
            raise NotFoundError(self._what, id)
        return self._make(**row)

    async def list_page(self, conn: AnyConnection, after: str | None, limit: int) -> list[T]:
        """In the order of their ids, beginning behind `after`."""
        rows = await conn.fetch(
            f"SELECT {self._columns} FROM {self._table} "
            "WHERE deleted_at IS NULL AND id > $1 ORDER BY id LIMIT $2",
            after or "",
            limit,
        )
        return [self._make(**row) for row in rows]

    async def delete(
        self,
        conn: AnyConnection,
        id: str,  # noqa: A002
        expected_version: int | None = None,
    ) -> None:
        done = await conn.fetchval(
            f"UPDATE {self._table} SET deleted_at = now() WHERE id = $1 AND deleted_at IS NULL "
            "AND version = coalesce($2, version) RETURNING true",
            id,
            expected_version,
        )
        if not done:
            raise await self.refusal(conn, id, expected_version)

    async def refusal(
        self,
        conn: AnyConnection,
        id: str,  # noqa: A002
        expected: int | None,
    ) -> Exception:
        """Why nothing was changed: it is not there, or at another version."""
        found = await self.get(conn, id)
        return StaleVersionError(self._what, id, expected or 0, found.version)
