"""What every decoder makes of a message: rows of checked values in one order, and what was bad."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec

# Bounds are what the quantity can be at all, not what is plausible: that is a policy's business.
Ratio = Annotated[float, msgspec.Meta(ge=0, le=100)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]

# An epoch in milliseconds below this is a number of seconds by mistake (it would be in 1973).
EPOCH_MS_MIN = 100_000_000_000  # fixed: tells milliseconds from seconds
EPOCH_MS_MAX = 2**52  # fixed: beyond it a double loses milliseconds
EpochMs = Annotated[int, msgspec.Meta(ge=EPOCH_MS_MIN, le=EPOCH_MS_MAX)]


class Position(msgspec.Struct, frozen=True, gc=False):
    """The contract's position object; what is absent or null stays None."""

    ts: EpochMs | float | str
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    speed_kmh: NotNegative | None = None
    heading_deg: Annotated[float, msgspec.Meta(ge=0, le=360)] | None = None
    accuracy_m: NotNegative | None = None
    altitude_m: float | None = None
    odometer_km: NotNegative | None = None
    hdop: NotNegative | None = None
    battery_v: float | None = None
    external_v: float | None = None
    fuel_pct: Ratio | None = None
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**62)] | None = None
    satellites: Annotated[int, msgspec.Meta(ge=0, le=1000)] | None = None
    ignition: bool | None = None
    alarm: Literal["panic", "tamper", "power_cut", "tow", "crash"] | None = None
    ack: bool | None = None


FIELDS = Position.__struct_fields__

# One fix as plain values in the order of Position's fields, `ts` in epoch milliseconds.
Row: TypeAlias = tuple[Any, ...]


class BadPositionError(ValueError):
    """The message, or one object of it, is not a position; says why."""

    def __init__(self, why: str, reason: str = "malformed") -> None:
        super().__init__(why)
        self.reason = reason


class Bad(NamedTuple):
    """One object of a message that is no position; becomes a stored rejection."""

    raw: bytes
    why: str
    reason: str = "malformed"


@dataclasses.dataclass(slots=True)
class Decoded:
    """What one message holds: good rows, their unknown keys, and the objects that were bad.

    Neither rows nor anything bad: the message is legitimate and tells no position.
    """

    rows: list[Row] = dataclasses.field(default_factory=list)
    # Row number -> unknown keys as a JSON object.
    extras: dict[int, bytes] = dataclasses.field(default_factory=dict)
    bad: list[Bad] = dataclasses.field(default_factory=list)
    ack: bool = False
    # It tells of the device instead: of its connection, or of a command it was sent.
    is_status: bool = False

    def add(self, row: Row, extra: Mapping[str, Any]) -> None:
        """One more good row, with what its device said beyond Position's fields."""
        if extra:
            self.extras[len(self.rows)] = _encode(extra)
        self.rows.append(row)


class _Exact(Position, frozen=True, gc=False):
    """As another dialect's decoder gives it: its time is epoch milliseconds already."""

    ts: EpochMs


_encode = msgspec.json.Encoder().encode


def checked(values: Mapping[str, Any]) -> Row:
    """A row of what another dialect's decoder found, by Position's names and within its bounds.

    Raises BadPositionError naming the value that cannot be.
    """
    try:
        row = msgspec.structs.astuple(msgspec.convert(values, _Exact))
    except msgspec.ValidationError as error:
        raise BadPositionError(str(error)) from error
    for name, value in zip(FIELDS, row, strict=True):
        if isinstance(value, float) and not math.isfinite(value):
            raise BadPositionError(f"Expected a finite number - at `$.{name}`")
    return row
