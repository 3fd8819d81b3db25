"""What a dispatcher calls a truck's state, from its last fix alone."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from freight.rules import Rules, Who, key

Positive = Annotated[float, Field(gt=0)]


class StatusRules(Rules):
    """When a truck counts as moving, and when as out of reach."""

    moving_kmh_min: Positive = key("From this speed on a truck moves.", who=Who.TENANT, live=True)
    offline_after_s: Positive = key(
        "A truck silent for longer is offline.", who=Who.TENANT, live=True
    )


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
