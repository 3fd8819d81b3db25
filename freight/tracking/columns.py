"""The state of many trucks: what is shown and what is quiet as columns, the rest one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from freight.fixes import FIX_DTYPE, MISSING_INT64, FixArray
from freight.tracking.absorbing import add_up, news_seen, show
from freight.tracking.courses import NO_COURSE, CourseArray, no_courses
from freight.tracking.journeys import JourneyBook
from freight.tracking.looking import BoundsArray
from freight.tracking.outlook import ALWAYS_MS, Quietly
from freight.tracking.quiet import bounds_of, no_bounds
from freight.tracking.row_writer import row_writer
from freight.tracking.rules import TrackingRules
from freight.tracking.sample import Sample, sample
from freight.tracking.tracked import Tracked, absorb

if TYPE_CHECKING:
    from freight.tracking.folding import Folding, Looked, World

ROWS_AT_START = 1024

LAST_DTYPE = np.dtype(
    [
        ("tenant_key", np.int32),
        ("truck_key", np.int64),
        ("ts_ms", np.int64),
        ("committed_ms", np.int64),
        ("lat", np.float64),
        ("lon", np.float64),
        ("speed_kmh", np.float32),
        ("heading_deg", np.float32),
    ]
)

# What quiet fixes did since the machines last looked.
QUIETLY_DTYPE = np.dtype(
    [("fixes", np.int64), ("way_mm", np.int64), ("speed_kmh_max", np.float64)], align=True
)

NOTHING_QUIETLY = (0, 0, 0.0)

IntArray = npt.NDArray[np.int64]
LastArray = npt.NDArray[np.void]


class TruckState(msgspec.Struct, frozen=True, array_like=True):
    """One truck as a snapshot keeps it."""

    committed_ms: int
    tracked: Tracked


class TruckColumns:
    """Rows are given out once per truck and never move."""

    def __init__(self) -> None:
        self._row_of: dict[int, int] = {}
        # The same for many at once: the keys in order, and the row of each.
        self._keys: IntArray = np.empty(0, dtype=np.int64)
        self._row_at: IntArray = np.empty(0, dtype=np.int64)
        self.last: LastArray = _nothing_shown(ROWS_AT_START)
        self.seen_ms: IntArray = np.full(ROWS_AT_START, MISSING_INT64)
        self.bounds: BoundsArray = no_bounds(ROWS_AT_START)
        self.courses: CourseArray = no_courses(ROWS_AT_START)
        self._quietly = np.zeros(ROWS_AT_START, dtype=QUIETLY_DTYPE)
        self._quiet_last: FixArray = np.zeros(ROWS_AT_START, dtype=FIX_DTYPE)
        self._tracked: dict[int, Tracked] = {}
        self._dirty = np.zeros(ROWS_AT_START, dtype=bool)
        self._bind()
        # Tenant -> what its rules and fences were when its trucks' outlooks were made.
        self._heard: dict[int, tuple[int, TrackingRules]] = {}
        self._journeys_revision = 0

    def __len__(self) -> int:
        return len(self._row_of)

    def rows_of(self, truck_keys: IntArray) -> IntArray:
        """The row of each truck; one that was never seen gets a row without a fix."""
        known = self._keys
        at = np.minimum(known.searchsorted(truck_keys), max(0, len(known) - 1))
        if not len(known) or (known.take(at) != truck_keys).any():
            self._give_rows(truck_keys)
            at = self._keys.searchsorted(truck_keys)
        return self._row_at.take(at)

    def _give_rows(self, truck_keys: IntArray) -> None:
        new = [key for key in np.unique(truck_keys).tolist() if key not in self._row_of]
        for key in new:
            self._row_of[key] = len(self._row_of)
        while len(self._row_of) > len(self.last):
            self._grow()
        at = self._keys.searchsorted(new)
        rows = np.arange(len(self._row_of) - len(new), len(self._row_of))
        self._keys = np.insert(self._keys, at, new)
        self._row_at = np.insert(self._row_at, at, rows)

    def find(self, truck_key: int) -> Tracked | None:
        """All that is known of a truck that was seen."""
        row = self._row_of.get(truck_key)
        found = None if row is None else self._tracked.get(row)
        if row is None or found is None:
            return None
        return self.tracked_of(row, found.tenant_key, truck_key)

    def tracked_of(self, row: int, tenant_key: int, truck_key: int) -> Tracked:
        """All that is known of a truck; new to us it has its start values."""
        found = self._tracked.get(row)
        if found is None:
            return Tracked(tenant_key, truck_key)
        done = Quietly(*self._quietly[row].item())
        if not done.fixes:
            return found
        return absorb(found, done, sample(self._quiet_last[row]))

    def looked_at(self, row: int) -> Tracked:
        """As the machines left a truck that they know; what was quiet since is not in it."""
        return self._tracked[row]

    def heed(self, world: World, fixes: FixArray) -> None:
        """Outlooks made under other rules, fences or journeys are worth nothing any more."""
        self._heed_journeys(world.journeys)
        for tenant_key, truck_key in _one_truck_each(fixes):
            now = world.in_force(tenant_key, truck_key)
            then = self._heard.get(tenant_key)
            if then is None or then[0] != now[0] or then[1] is not now[1]:
                self._heard[tenant_key] = now
                here = self.last["tenant_key"] == tenant_key
                if then is not None and then[1] is now[1]:
                    here &= self._minds_fences(world, tenant_key)
                self.bounds["until_ms"][here] = ALWAYS_MS

    def _minds_fences(self, world: World, tenant_key: int) -> npt.NDArray[np.bool_]:
        """Whom a changed fence may concern though it holds nobody else than before.

        One that holds a truck may have changed in other ways; a truck that stays near a place may
        have been kept from a border; one that asks for passages concerns whoever drives.
        """
        if world.fences.crossable_of(tenant_key) is not None:
            return np.ones(len(self.bounds), dtype=bool)
        kept_near = self.bounds["radius_mm"] < np.inf
        return np.asarray((self.bounds["inside_mark"] != 0) | kept_near)

    def _heed_journeys(self, journeys: JourneyBook) -> None:
        if journeys.revision != self._journeys_revision:
            changed = journeys.changed_after(self._journeys_revision)
            rows = [self._row_of[key] for key in changed if key in self._row_of]
            self.bounds["until_ms"][rows] = ALWAYS_MS
            self._journeys_revision = journeys.revision

    def apply(self, folding: Folding, committed_ms: int) -> IntArray:
        """Make a committed folding the state; gives the rows whose shown position changed, those
        of trucks that were quiet first and then looked at twice."""
        newest, quiet = folding.newest, folding.quiet
        news_seen(folding.fixes, folding.rows, newest, self.seen_ms, self._dirty)
        add_up(quiet.rows, quiet.fixes, quiet.way_mm, quiet.speed_kmh_max, self._quietly)
        show(
            folding.fixes,
            quiet.last,
            quiet.rows,
            self._quiet_last,
            self.bounds,
            self.last,
            committed_ms,
        )
        for passed in folding.passed:
            row, course = passed.row, passed.outlook.course
            self._tracked[row] = passed.state
            self._write_course(row, NO_COURSE if course is None else course)
            self._until_ms[row] = min(self._until_ms.item(row), passed.outlook.until_ms)
        shown = [looked.row for looked in folding.looked if self.put(looked, committed_ms)]
        return np.concatenate([quiet.rows, np.array(shown, dtype=np.int64)])

    def put(self, looked: Looked, committed_ms: int) -> bool:
        """A truck as its machines left it; whether its shown position is another one now."""
        row, state = looked.row, looked.state
        self._tracked[row] = state
        self._write_quietly(row, NOTHING_QUIETLY)
        self.seen_ms[row] = max(self.seen_ms.item(row), state.seen_ms)
        self._dirty[row] = True
        good = state.good
        if good is None:
            return False
        course = looked.outlook.course
        self._write_bounds(row, bounds_of(looked.outlook, looked.rules.filtering, good))
        self._write_course(row, NO_COURSE if course is None else course)
        if self._shown_ms.item(row) >= good.ts_ms:
            return False
        self._show(row, state, good, committed_ms)
        return True

    def forget(self, tenant_keys: Sequence[int]) -> int:
        """Empties the rows of these tenants' trucks, which keep their places; how many."""
        known = self.last[: len(self._row_of)]
        rows = np.flatnonzero(np.isin(known["tenant_key"], tenant_keys))
        self.last[rows] = _nothing_shown(len(rows))
        self.seen_ms[rows] = MISSING_INT64
        self.bounds[rows] = no_bounds(len(rows))
        self._quietly["fixes"][rows] = 0
        self._dirty[rows] = False
        for row in rows.tolist():
            self._tracked.pop(row, None)
        return len(rows)

    def of_tenant(self, tenant_key: int) -> LastArray:
        known = self.last[: len(self._row_of)]
        here = (known["tenant_key"] == tenant_key) & (known["ts_ms"] != MISSING_INT64)
        return np.asarray(known[here])

    def silent_since(self, since_ms: int) -> IntArray:
        """Rows of trucks of which no good fix was made or came in since then: a truck that is
        sending what it kept is being heard, however old that is."""
        known = self.last[: len(self._row_of)]
        silent = (known["ts_ms"] < since_ms) & (known["committed_ms"] < since_ms)
        return np.flatnonzero(silent & (known["ts_ms"] != MISSING_INT64))

    # --------------------------------------------------------------------------- keeping

    def take_dirty(self) -> IntArray:
        """Rows changed since the last call; the caller now answers for saving them."""
        rows = np.flatnonzero(self._dirty)
        self._dirty[rows] = False
        return rows

    def give_back(self, rows: IntArray) -> None:
        self._dirty[rows] = True

    def state_of(self, row: int) -> TruckState | None:
        """None: the row is empty."""
        found = self._tracked.get(row)
        if found is None:
            return None
        whole = self.tracked_of(row, found.tenant_key, found.truck_key)
        return TruckState(int(self.last["committed_ms"][row]), whole)

    def restore(self, state: TruckState) -> None:
        """The next fix is shown to the machines, since nobody knows what holds around them now."""
        tracked = state.tracked
        row = int(self.rows_of(np.array([tracked.truck_key]))[0])
        self._tracked[row] = tracked
        self._write_quietly(row, NOTHING_QUIETLY)
        self.seen_ms[row] = tracked.seen_ms
        self.bounds[row] = no_bounds(1)[0]
        if tracked.good is not None:
            self._show(row, tracked, tracked.good, state.committed_ms)

    def _show(self, row: int, state: Tracked, good: Sample, committed_ms: int) -> None:
        speed_kmh = np.nan if good.speed_kmh is None else good.speed_kmh
        heading_deg = np.nan if good.heading_deg is None else good.heading_deg
        place = (good.lat, good.lon, speed_kmh, heading_deg)
        keys = state.tenant_key, state.truck_key
        self._write_last(row, (*keys, good.ts_ms, committed_ms, *place))

    def _grow(self) -> None:
        more = len(self.last)
        self.last = np.concatenate([self.last, _nothing_shown(more)])
        self.seen_ms = np.concatenate([self.seen_ms, np.full(more, MISSING_INT64)])
        self.bounds = np.concatenate([self.bounds, no_bounds(more)])
        self.courses = np.concatenate([self.courses, no_courses(more)])
        self._quietly = np.concatenate([self._quietly, np.zeros(more, dtype=QUIETLY_DTYPE)])
        self._quiet_last = np.concatenate([self._quiet_last, np.zeros(more, dtype=FIX_DTYPE)])
        self._dirty = np.concatenate([self._dirty, np.zeros(more, dtype=bool)])
        self._bind()

    def _bind(self) -> None:
        """Writing a single row through numpy costs more than a machine's look at a fix."""
        self._write_bounds = row_writer(self.bounds)
        self._write_course = row_writer(self.courses)
        self._write_last = row_writer(self.last)
        self._write_quietly = row_writer(self._quietly)
        self._shown_ms = self.last["ts_ms"]
        self._until_ms = self.bounds["until_ms"]


def _one_truck_each(fixes: FixArray) -> list[tuple[int, int]]:
    """(tenant, a truck of it); nearly always there is one tenant."""
    tenants = fixes["tenant_key"]
    if not len(tenants):
        return []
    if (tenants == tenants[0]).all():
        return [(int(tenants[0]), int(fixes["truck_key"][0]))]
    tenant_keys, index = np.unique(tenants, return_index=True)
    return list(zip(tenant_keys.tolist(), fixes["truck_key"][index].tolist(), strict=True))


def _nothing_shown(rows: int) -> LastArray:
    empty = np.zeros(rows, dtype=LAST_DTYPE)
    empty["ts_ms"] = MISSING_INT64
    empty["tenant_key"] = -1
    return empty
