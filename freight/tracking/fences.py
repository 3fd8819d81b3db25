"""The fences of all tenants as a shard knows them at one revision."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Protocol

from geo.fences import FenceIndex, compile_shape
from geo.shapes import ShapeError, parse_shape


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
    """Fences by tenant, each tenant's under one index, which changes in place."""

    def __init__(self) -> None:
        self.revision = 0
        self._by_number: dict[int, Fence] = {}
        self._numbers: dict[tuple[int, str], int] = {}
        self._indexes: dict[int, FenceIndex] = {}
        # Fences in force whose stored shape is of no use: (tenant, id) -> why. They hold nobody.
        self.unusable: dict[tuple[int, str], str] = {}

    def apply(self, changes: Iterable[FenceChange]) -> None:
        for change in sorted(changes, key=lambda c: c.revision):
            key = (change.tenant_key, change.fence_id)
            # Numbers are never given to another fence, so that a deleted one cannot be mistaken.
            number = self._numbers.setdefault(key, len(self._numbers) + 1)
            index = self._indexes.get(change.tenant_key)
            if index is None:
                index = self._indexes[change.tenant_key] = FenceIndex()
            self.unusable.pop(key, None)
            if change.shape is None:
                index.discard(number)
                self._by_number.pop(number, None)
            else:
                self._draw(index, number, change)
                self._by_number[number] = Fence(
                    number,
                    change.tenant_key,
                    change.fence_id,
                    change.name,
                    change.kind,
                    change.version,
                    change.valid_from_ms,
                )
            self.revision = max(self.revision, change.revision)

    def _draw(self, index: FenceIndex, number: int, change: FenceChange) -> None:
        """One bad shape must not keep a shard from knowing all the others."""
        try:
            index.put(number, compile_shape(parse_shape(change.shape)))
        except ShapeError as error:
            index.discard(number)
            self.unusable[change.tenant_key, change.fence_id] = str(error)

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
