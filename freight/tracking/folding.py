"""What a fold works on: one batch, the world around it, and what comes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from freight.events import TruckEvent
from freight.fixes import FixArray
from freight.tracking.checkpoints import Checkpoint
from freight.tracking.facts import Facts, Flaw, Span
from freight.tracking.fences import FenceBook
from freight.tracking.journeys import JourneyBook
from freight.tracking.names import TruckName
from freight.tracking.outlook import Outlook
from freight.tracking.quiet import QuietTrucks
from freight.tracking.rules import TrackingRules
from freight.tracking.surroundings import Surroundings
from freight.tracking.tracked import Tracked

IntArray = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True)
class World:
    """What the rules may know besides the trucks' own state; time comes in, it is not read."""

    fences: FenceBook
    names: Mapping[int, TruckName]
    rules_of: Callable[[str], TrackingRules]  # by the tenant's id
    known_at_ms: int
    journeys: JourneyBook = dataclasses.field(default_factory=JourneyBook)

    def in_force(self, tenant_key: int, truck_key: int) -> tuple[int, TrackingRules]:
        """What the outlooks of a tenant's trucks hold under: its fences' revision, its rules."""
        return self.fences.revision_of(tenant_key), self.rules_of(self.names[truck_key].tenant)

    def around(self, tenant_key: int, truck_key: int) -> Surroundings:
        name = self.names[truck_key]
        rules = self.rules_of(name.tenant)
        return Surroundings(
            tenant_key,
            truck_key,
            name,
            rules,
            self.fences,
            self.known_at_ms,
            truck_class=name.truck_class,
            journeys=self.journeys,
        )


class Looked(msgspec.Struct, frozen=True):
    """A truck that its machines looked at in this batch, and what they expect next."""

    row: int
    state: Tracked
    outlook: Outlook
    rules: TrackingRules


class Passed(msgspec.Struct, frozen=True):
    """A truck whose last quiet fix is in another section of its route: as its machines would have
    left it, without what is still to be absorbed, and what follows the route expects next."""

    row: int
    state: Tracked
    outlook: Outlook


@dataclasses.dataclass(slots=True)
class Folding:
    """The working set of one batch. Nothing of it is the trucks' state until it is committed."""

    given: FixArray
    # The fixes that are news, by truck and device time.
    fixes: FixArray
    given_index: IntArray
    rows: IntArray
    # Index of each truck's newest fix.
    newest: IntArray
    # Given fixes not newer than their truck's newest: late ones and repetitions.
    older_index: IntArray
    quiet: QuietTrucks
    looked: list[Looked] = dataclasses.field(default_factory=list)
    passed: list[Passed] = dataclasses.field(default_factory=list)
    events: list[TruckEvent] = dataclasses.field(default_factory=list)
    # (tenant key, truck key, what lasts), each in the order it was told.
    spans: list[tuple[int, int, Span]] = dataclasses.field(default_factory=list)
    # Index of a fix, why it is not believed.
    flaws: dict[int, Flaw] = dataclasses.field(default_factory=dict)
    checkpoints: list[Checkpoint] = dataclasses.field(default_factory=list)

    def tell(self, of: Tracked, facts: Facts) -> None:
        self.events += facts.events
        for span in facts.spans.values():
            self.spans.append((of.tenant_key, of.truck_key, span))
