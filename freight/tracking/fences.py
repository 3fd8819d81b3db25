"""The fences of all tenants as a shard knows them at one revision."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from freight.tracking.schedules import Schedule, ScheduleError, parse_schedule
from geo.discs import Discs
from geo.fences import FenceIndex, compile_shape
from geo.shapes import ShapeError, parse_shape

NOTICES = ("entered", "exited", "dwelled")
# Trucks may not be in a fence of this kind while its schedule is open.
NO_ENTRY = "no_entry"


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
    @property
    def group(self) -> str | None: ...
    @property
    def dwell_s(self) -> float | None: ...
    @property
    def speed_limit_kmh(self) -> float | None: ...
    @property
    def schedule(self) -> dict[str, Any] | None: ...
    @property
    def crossings(self) -> bool: ...
    @property
    def notify(self) -> Sequence[str] | None: ...
    @property
    def truck_classes(self) -> Sequence[str] | None: ...


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
    inner_m: float = 0.0  # about how deep a truck can be in it
    group: str | None = None
    dwell_s: float | None = None
    speed_limit_kmh: float | None = None
    schedule: Schedule | None = None  # None: in force at all hours
    crossings: bool = False  # tell also who drove through between two fixes
    notify: frozenset[str] = frozenset(NOTICES)
    truck_classes: frozenset[str] | None = None  # None: every truck


@dataclasses.dataclass(frozen=True, slots=True)
class Crossable:
    """A tenant's fences that ask for trucks that drove through between two fixes."""

    index: FenceIndex
    discs: Discs


class FenceBook:
    """Fences by tenant, each tenant's under one index, which changes in place."""

    def __init__(self) -> None:
        self.revision = 0
        self._by_number: dict[int, Fence] = {}
        self._numbers: dict[tuple[int, str], int] = {}
        self._indexes: dict[int, FenceIndex] = {}
        self._revisions: dict[int, int] = {}  # tenant -> of its last change
        self._crossable: dict[int, Crossable] = {}
        self._kinds: dict[int, tuple[int, frozenset[str]]] = {}  # tenant -> as of a revision
        # Fences in force whose stored shape is of no use: (tenant, id) -> why. They hold nobody.
        self.unusable: dict[tuple[int, str], str] = {}

    def apply(self, changes: Iterable[FenceChange]) -> None:
        for change in sorted(changes, key=lambda c: c.revision):
            key = (change.tenant_key, change.fence_id)
            # Numbers are never given to another fence, so that a deleted one cannot be mistaken.
            number = self._numbers.setdefault(key, len(self._numbers) + 1)
            self.unusable.pop(key, None)
            if change.shape is None:
                self._erase(change.tenant_key, number)
                self._by_number.pop(number, None)
            else:
                self._by_number[number] = _fence(number, change, self._draw(number, change))
            self.revision = max(self.revision, change.revision)
            self._revisions[change.tenant_key] = self.revision

    def _draw(self, number: int, change: FenceChange) -> float:
        """How deep it is; one bad shape must not keep a shard from knowing all the others."""
        try:
            shape = parse_shape(change.shape)
            compiled = compile_shape(shape)
        except ShapeError as error:
            self._erase(change.tenant_key, number)
            self.unusable[change.tenant_key, change.fence_id] = str(error)
            return 0.0
        self._indexes.setdefault(change.tenant_key, FenceIndex()).put(number, compiled)
        if change.crossings:
            new = Crossable(FenceIndex(), Discs())
            crossable = self._crossable.setdefault(change.tenant_key, new)
            crossable.index.put(number, compiled)
            crossable.discs.put(number, shape)
        else:
            self._no_crossings(change.tenant_key, number)
        return compiled.inner_m

    def _erase(self, tenant_key: int, number: int) -> None:
        self._indexes.setdefault(tenant_key, FenceIndex()).discard(number)
        self._no_crossings(tenant_key, number)

    def _no_crossings(self, tenant_key: int, number: int) -> None:
        crossable = self._crossable.get(tenant_key)
        if crossable is not None:
            crossable.index.discard(number)
            crossable.discs.discard(number)
            if not len(crossable.index):
                del self._crossable[tenant_key]

    def revision_of(self, tenant_key: int) -> int:
        """Grows whenever a fence of the tenant comes, changes or goes."""
        return self._revisions.get(tenant_key, 0)

    def kinds_of(self, tenant_key: int) -> frozenset[str]:
        """Of which kinds the tenant's fences are."""
        revision = self.revision_of(tenant_key)
        known = self._kinds.get(tenant_key)
        if known is None or known[0] != revision:
            mine = (f.kind for f in self._by_number.values() if f.tenant_key == tenant_key)
            known = self._kinds[tenant_key] = revision, frozenset(kind for kind in mine if kind)
        return known[1]

    def index_of(self, tenant_key: int) -> FenceIndex | None:
        return self._indexes.get(tenant_key)

    def crossable_of(self, tenant_key: int) -> Crossable | None:
        """None: the tenant has no fence that asks for it."""
        return self._crossable.get(tenant_key)

    def get(self, number: int) -> Fence | None:
        return self._by_number.get(number)

    def by_id(self, tenant_key: int, fence_id: str) -> Fence | None:
        """The fence of this id that is in force, or None."""
        number = self._numbers.get((tenant_key, fence_id))
        return None if number is None else self._by_number.get(number)

    def number_of(self, tenant_key: int, fence_id: str) -> int | None:
        """The number of a fence that is in force, or None."""
        number = self._numbers.get((tenant_key, fence_id))
        return number if number in self._by_number else None

    def __len__(self) -> int:
        return len(self._by_number)


def _fence(number: int, change: FenceChange, inner_m: float) -> Fence:
    return Fence(
        number,
        change.tenant_key,
        change.fence_id,
        change.name,
        change.kind,
        change.version,
        change.valid_from_ms,
        inner_m,
        group=change.group,
        dwell_s=change.dwell_s,
        speed_limit_kmh=change.speed_limit_kmh,
        schedule=_schedule(change.schedule),
        crossings=change.crossings,
        notify=frozenset(NOTICES if change.notify is None else change.notify),
        truck_classes=None if change.truck_classes is None else frozenset(change.truck_classes),
    )


def _schedule(written: dict[str, Any] | None) -> Schedule | None:
    """What was stored before schedules meant anything is none."""
    try:
        return None if written is None else parse_schedule(written)
    except ScheduleError:
        return None
