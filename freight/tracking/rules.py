"""Every threshold of tracking, as a tenant may set it: one group for each machine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from freight.rules import Rules, Who, key
from freight.tracking.eta import EtaRules
from freight.tracking.machines.alarms import AlarmRules
from freight.tracking.machines.border import BorderRules
from freight.tracking.machines.driving_hours import DrivingHoursRules
from freight.tracking.machines.filtering import FilteringRules
from freight.tracking.machines.following_rules import FollowingRules
from freight.tracking.machines.fuel import FuelRules
from freight.tracking.machines.halts import HaltRules
from freight.tracking.machines.harshness import HarshnessRules
from freight.tracking.machines.idling import IdlingRules
from freight.tracking.machines.motion import MotionRules
from freight.tracking.machines.signal import SignalRules
from freight.tracking.machines.speeding import SpeedingRules

Positive = Annotated[float, Field(gt=0)]


class HistoryRules(Rules):
    """How the past is kept so that late fixes can be folded in."""

    checkpoint_s: Positive = key(
        "A truck's state is kept so often, by device time; a late fix is folded in from the last "
        "state kept before it.",
        live=True,
    )


class TrackingRules(Rules):
    """What the machines of tracking go by."""

    in_use: bool = key(
        "Whether trucks are held to rules at all; if not, only their fixes are kept, and what was "
        "going on is forgotten.",
        who=Who.OPERATOR,
        live=True,
    )
    history: HistoryRules
    filtering: FilteringRules
    visits: BorderRules
    motion: MotionRules
    halts: HaltRules
    idling: IdlingRules
    speeding: SpeedingRules
    driving_hours: DrivingHoursRules
    signal: SignalRules
    following: FollowingRules
    eta: EtaRules
    alarms: AlarmRules
    fuel: FuelRules
    harshness: HarshnessRules
