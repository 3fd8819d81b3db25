"""Which decoded fixes are folded: age, future and rate per device, over whole batches."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from config.policy import Policy
from config.sections.ingest import Admission
from freight.dated import NotInForceError
from freight.fixes import FixArray

DAY_MS = 86_400_000
BoolArray = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, slots=True)
class Verdicts:
    """One flag a fix and rule; a fix with any flag set is refused."""

    too_old: BoolArray
    in_future: BoolArray
    too_many: BoolArray

    @property
    def refused(self) -> BoolArray:
        return self.too_old | self.in_future | self.too_many


class RateLimiter:
    """A token bucket per truck, filled by our clock and emptied by a truck's fixes."""

    def __init__(self, limits: Admission) -> None:
        # truck_key -> (tokens, when they were counted). Full buckets are forgotten.
        self._buckets: dict[int, tuple[float, int]] = {}
        self.judge_by(limits)

    def judge_by(self, limits: Admission) -> None:
        self._rate_per_ms = limits.device_fixes_per_s / 1000.0
        self._burst = float(limits.device_fixes_burst)

    def over(self, truck_keys: npt.NDArray[np.int64], now_ms: int) -> BoolArray:
        """Flags the fixes beyond what their trucks may send now, the last ones of each first."""
        refused = np.zeros(len(truck_keys), dtype=bool)
        trucks, inverse, counts = np.unique(truck_keys, return_inverse=True, return_counts=True)
        for i, (truck, count) in enumerate(zip(trucks.tolist(), counts.tolist(), strict=True)):
            tokens, since_ms = self._buckets.get(truck, (self._burst, now_ms))
            tokens = min(self._burst, tokens + max(0, now_ms - since_ms) * self._rate_per_ms)
            allowed = min(count, int(tokens))
            self._buckets[truck] = (tokens - allowed, now_ms)
            if allowed < count:
                refused[np.flatnonzero(inverse == i)[allowed:]] = True
        return refused

    def forget_full(self, now_ms: int) -> None:
        """Bounds the memory: a full bucket is the same as none."""
        full = [
            truck
            for truck, (tokens, since_ms) in self._buckets.items()
            if tokens + (now_ms - since_ms) * self._rate_per_ms >= self._burst
        ]
        for truck in full:
            del self._buckets[truck]


def admission_now(policy: Policy, now_ms: int) -> Admission:
    """As configured, but nothing of a day that retention removes at its next look."""
    admission = policy.ingest.admission
    today = datetime.fromtimestamp(now_ms / 1000.0, UTC).date()
    try:
        kept_days = policy.retention.fixes_kept_days.at(today)
    except NotInForceError:
        return admission
    since_midnight_s = now_ms % DAY_MS / 1000.0
    kept_s = kept_days * DAY_MS / 1000.0 + since_midnight_s
    if admission.age_s_max <= kept_s:
        return admission
    return admission.model_copy(update={"age_s_max": kept_s})


def judge(fixes: FixArray, limits: Admission, rates: RateLimiter, now_ms: int) -> Verdicts:
    ts_ms = fixes["ts_ms"]
    return Verdicts(
        too_old=ts_ms < now_ms - limits.age_s_max * 1000.0,
        in_future=ts_ms > now_ms + limits.future_s_max * 1000.0,
        too_many=rates.over(fixes["truck_key"], now_ms),
    )
