"""What a dispatcher calls a truck's state, from its last fix alone."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt


class Status(IntEnum):
    UNKNOWN = 0
    MOVING = 1
    STOPPED = 2
    OFFLINE = 3


def statuses(
    ts_ms: npt.NDArray[np.int64],
    speed_kmh: npt.NDArray[np.float32],
    *,
    now_ms: int,
    moving_kmh_min: float,
    offline_after_s: float,
) -> npt.NDArray[np.uint8]:
    """Offline wins over everything; a fix without a speed says nothing about moving."""
    status = np.where(speed_kmh >= moving_kmh_min, Status.MOVING, Status.STOPPED)
    status = np.where(np.isnan(speed_kmh), Status.UNKNOWN, status)
    silent = ts_ms < now_ms - offline_after_s * 1000.0
    return np.where(silent, Status.OFFLINE, status).astype(np.uint8)
