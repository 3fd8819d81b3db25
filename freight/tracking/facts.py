"""What the rules say about one truck while its fixes go by: events, spans, and flawed fixes."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import msgspec

from freight.events import TruckEvent, event_id
from freight.tracking.names import TruckName


class Flaw(IntEnum):
    """Why a stored fix is not believed; the number is what the store keeps."""

    JUMP = 1  # too far from the fix before for the time between
    ACCURACY = 2  # the device itself says that it does not know where it is
    NOWHERE = 3  # zero, zero: a receiver without a position
    BEYOND_HORIZON = 4  # came too late to change what was told


SpanKey = tuple[str, str, int]


class Span(msgspec.Struct, frozen=True, array_like=True):
    """Something that lasts: a trip, a stop, a visit, an episode. Without an end it goes on."""

    kind: str  # "trip", "stop", "visit", "deviation" ...
    about: str  # the fence or journey it belongs to, or ""
    from_ms: int
    to_ms: int | None
    data: dict[str, Any]
    # What a late fix may undo: device times of the fixes that decided its begin and its end, and
    # what was said when it began. None: decided earlier, or not yet.
    begun_ms: int | None = None
    ended_ms: int | None = None
    begun: dict[str, Any] | None = None

    @property
    def key(self) -> SpanKey:
        return self.kind, self.about, self.from_ms

    def after(self, before: Span | None) -> Span:
        """As it stands when this is told after what was told of the same span before."""
        if before is None:
            return self
        begun_ms = self.begun_ms if before.begun_ms is None else before.begun_ms
        begun = before.begun if self.begun is None else self.begun
        return msgspec.structs.replace(self, begun_ms=begun_ms, begun=begun)


class Facts:
    """Collects; a span told twice is the later telling, as a row in the store is."""

    def __init__(self, tenant_key: int, truck_key: int, name: TruckName, known_at_ms: int) -> None:
        self.events: list[TruckEvent] = []
        self.spans: dict[SpanKey, Span] = {}
        self.flaws: list[tuple[int, Flaw]] = []  # device time, why
        self._tenant_key = tenant_key
        self._truck_key = truck_key
        self._name = name
        self._known_at_ms = known_at_ms
        self._decided_ms: int | None = None

    @property
    def truck_class(self) -> str | None:
        return self._name.truck_class

    def decided_by(self, ts_ms: int) -> None:
        """What is told from now on is decided by the fix of this device time."""
        self._decided_ms = ts_ms

    def tell(self, kind: str, time_ms: int, data: dict[str, Any], about: str = "") -> None:
        """`about` tells apart facts of one kind at one time, such as two fences'."""
        self.events.append(
            TruckEvent(
                id=event_id(self._truck_key, kind, about, time_ms),
                type=kind,
                tenant_key=self._tenant_key,
                truck_key=self._truck_key,
                tenant=self._name.tenant,
                subject=f"trucks/{self._name.truck}",
                time_ms=time_ms,
                known_at_ms=self._known_at_ms,
                data=data,
                decided_ms=self._decided_ms,
            )
        )

    def span(
        self,
        kind: str,
        from_ms: int,
        to_ms: int | None,
        data: dict[str, Any],
        about: str = "",
    ) -> None:
        """Once when it begins, without an end, and again when it ends."""
        if to_ms is None:
            span = Span(kind, about, from_ms, None, data, begun_ms=self._decided_ms, begun=data)
        else:
            span = Span(kind, about, from_ms, to_ms, data, ended_ms=self._decided_ms)
        self.spans[span.key] = span.after(self.spans.get(span.key))

    def flaw(self, ts_ms: int, why: Flaw) -> None:
        self.flaws.append((ts_ms, why))
