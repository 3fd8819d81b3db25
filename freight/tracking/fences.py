"""The fences of all tenants as a shard knows them at one revision."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Protocol

from geo.fences import Compiled, FenceIndex, compile_shape
from geo.shapes import parse_shape


class FenceChange(Protocol):
    """One immutable version of a fence, as the store keeps it; without a shape it is gone."""

    @property
    def tenant_key(self) -> int: ...
    @property
    def fence_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str | None: ...
    @property
    def version(self) -> int: ...
    @property
    def revision(self) -> int: ...
    @property
    def shape(self) -> dict[str, Any] | None: ...
    @property
    def valid_from_ms(self) -> int: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Fence:
    """A fence in force. `number` is this process's own, and stable while the process lives."""

    number: int
    tenant_key: int
    id: str
    name: str
    kind: str | None
    version: int
    valid_from_ms: int


class FenceBook:
    """Fences by tenant, each tenant's under one index; indexes are rebuilt only where changed."""

    def __init__(self) -> None:
        self.revision = 0
        self._by_number: dict[int, Fence] = {}
        self._numbers: dict[tuple[int, str], int] = {}
        self._compiled: dict[int, dict[int, Compiled]] = {}
        self._indexes: dict[int, FenceIndex] = {}

    def apply(self, changes: Iterable[FenceChange]) -> None:
        touched: set[int] = set()
        for change in sorted(changes, key=lambda c: c.revision):
            key = (change.tenant_key, change.fence_id)
            # Numbers are never given to another fence, so that a deleted one cannot be mistaken.
            number = self._numbers.setdefault(key, len(self._numbers) + 1)
            compiled = self._compiled.setdefault(change.tenant_key, {})
            if change.shape is None:
                compiled.pop(number, None)
                self._by_number.pop(number, None)
            else:
                compiled[number] = compile_shape(parse_shape(change.shape))
                self._by_number[number] = Fence(
                    number,
                    change.tenant_key,
                    change.fence_id,
                    change.name,
                    change.kind,
                    change.version,
                    change.valid_from_ms,
                )
            touched.add(change.tenant_key)
            self.revision = max(self.revision, change.revision)
        for tenant_key in touched:
            self._indexes[tenant_key] = FenceIndex(self._compiled[tenant_key])

    def index_of(self, tenant_key: int) -> FenceIndex | None:
        return self._indexes.get(tenant_key)

    def get(self, number: int) -> Fence | None:
        return self._by_number.get(number)

    def number_of(self, tenant_key: int, fence_id: str) -> int | None:
        """The number of a fence that is in force, or None."""
        number = self._numbers.get((tenant_key, fence_id))
        return number if number in self._by_number else None

    def __len__(self) -> int:
        return len(self._by_number)
