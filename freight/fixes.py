"""What a position fix is: one row of a numpy record array, the same from ingest to storage."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from enum import IntEnum

import numpy as np
import numpy.typing as npt

# Missing floats are NaN, missing integers the smallest value of their type: a missing value is
# not zero. ts_ms is the device's clock, received_ms ours, both epoch milliseconds UTC.
FIX_DTYPE = np.dtype(
    [
        ("tenant_key", np.int32),
        ("truck_key", np.int64),
        ("ts_ms", np.int64),
        ("received_ms", np.int64),
        ("lat", np.float64),
        ("lon", np.float64),
        ("speed_kmh", np.float32),
        ("heading_deg", np.float32),
        ("accuracy_m", np.float32),
        ("altitude_m", np.float32),
        ("odometer_km", np.float64),
        ("hdop", np.float32),
        ("battery_v", np.float32),
        ("external_v", np.float32),
        ("fuel_pct", np.float32),
        ("seq", np.int64),
        ("satellites", np.int16),
        ("ignition", np.int8),
        ("alarm", np.int8),
    ]
)

MISSING_INT8 = int(np.iinfo(np.int8).min)
MISSING_INT16 = int(np.iinfo(np.int16).min)
MISSING_INT64 = int(np.iinfo(np.int64).min)

FixArray = npt.NDArray[np.void]


class Alarm(IntEnum):
    """Device alarms by their stored number; the name in lower case is the wire form."""

    PANIC = 1
    TAMPER = 2
    POWER_CUT = 3
    TOW = 4
    CRASH = 5


@dataclasses.dataclass(frozen=True, slots=True)
class FixBatch:
    """Fixes of many trucks on their way to one shard, with the unknown keys some of them carry."""

    fixes: FixArray
    # Row number -> the fix's unknown keys as one JSON object.
    extras: dict[int, bytes]

    @classmethod
    def together(cls, batches: Sequence[FixBatch]) -> FixBatch:
        """One behind the other."""
        if len(batches) == 1:
            return batches[0]
        extras: dict[int, bytes] = {}
        start = 0
        for batch in batches:
            extras |= {start + row: body for row, body in batch.extras.items()}
            start += len(batch.fixes)
        return cls(np.concatenate([batch.fixes for batch in batches]), extras)

    def halves(self) -> tuple[FixBatch, FixBatch]:
        middle = len(self.fixes) // 2
        low = {row: body for row, body in self.extras.items() if row < middle}
        high = {row - middle: body for row, body in self.extras.items() if row >= middle}
        return FixBatch(self.fixes[:middle], low), FixBatch(self.fixes[middle:], high)


def extras_of(rows: npt.NDArray[np.int64], extras: dict[int, bytes]) -> dict[int, bytes]:
    """The unknown keys of these rows, numbered as they stand in `rows`."""
    if not extras:
        return {}
    return {i: extras[row] for i, row in enumerate(rows.tolist()) if row in extras}
