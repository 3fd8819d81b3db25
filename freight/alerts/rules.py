"""What a tenant decides about its alerts: which, from when on, how grave, how often, for whom."""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from freight.alerts.kinds import Kind, Part, Severity
from freight.rules import Rules, Who, key
from freight.tracking.machines.driving_hours import Zone

Seconds = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
LEVELS_MAX = 3  # fixed: L1, L2 and L3


class Day(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Party(StrEnum):
    SHIPPER = "shipper"
    CARRIER = "carrier"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class When(_Value):
    """All that is named must be so; what is empty is not asked about."""

    lanes: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    carriers: tuple[str, ...] = ()
    truck_groups: tuple[str, ...] = ()
    trucks: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    halts: tuple[str, ...] = ()
    fences: tuple[str, ...] = ()
    fence_kinds: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    is_loaded: bool | None = None
    is_on_trip: bool | None = None
    from_time: time | None = Field(default=None, description="By the clock of the time zone.")
    to_time: time | None = Field(default=None, description="May be the next day.")
    days: tuple[Day, ...] = ()
    value_min: float | None = None
    value_max: float | None = None

    @model_validator(mode="after")
    def _has_both_times(self) -> When:
        if (self.from_time is None) != (self.to_time is None):
            raise ValueError("from_time and to_time belong together")
        return self


class Step(_Value):
    """Who did not act by then is passed over."""

    after_s: Positive = Field(description="Since it was raised.")
    in_working_hours: bool = Field(default=False, description="Only these hours count.")
    though_acknowledged: bool = Field(
        default=False, description="Also when somebody has taken it on and it is not over."
    )


Escalation = Annotated[tuple[Step, ...], Field(max_length=LEVELS_MAX)]


class Change(_Value):
    """What is otherwise; the rest stays."""

    enabled: bool | None = None
    severity: Severity | None = None
    trigger: float | None = None
    clear: float | None = None
    trigger_s: Seconds | None = None
    clear_s: Seconds | None = None
    cool_down_s: Seconds | None = None
    late_s_max: Seconds | None = None
    expires_s: Positive | None = None
    auto_resolve: bool | None = None
    escalation: Escalation | None = None
    shared_with: tuple[Party, ...] | None = None

    def given(self) -> dict[str, Any]:
        return {
            name: getattr(self, name)
            for name in self.model_fields_set
            if getattr(self, name) is not None
        }


class Case(_Value):
    when: When
    then: Change


class KindRule(_Value):
    """One kind of alert."""

    enabled: bool
    severity: Severity
    when: When = Field(default=When(), description="Otherwise there is no alert at all.")
    trigger: float | None = Field(
        default=None, description="The cause counts from this value on; null: any does."
    )
    clear: float | None = Field(
        default=None, description="It is over when the value is no more than this."
    )
    trigger_s: Seconds = Field(description="So long the cause must last.")
    clear_s: Seconds = Field(description="So long it must be gone.")
    dedup: Annotated[tuple[Part, ...], Field(min_length=1)] = Field(
        description="Causes that have all of this in common are one alert."
    )
    cool_down_s: Seconds = Field(
        description="After it was resolved the same cause raises none for so long."
    )
    late_s_max: Seconds | None = Field(
        default=None,
        description="What was over before it was learned is raised if it is no longer ago; "
        "null: always.",
    )
    expires_s: Positive | None = Field(
        default=None, description="Resolved by itself so long after the last cause; null: never."
    )
    renew_s: Seconds | None = Field(
        default=None,
        description="A cause that comes so long after somebody acknowledged it raises it anew; "
        "null: it is only counted.",
    )
    auto_resolve: bool = Field(description="Whether it is resolved when its cause is gone.")
    held_when_blind: bool = Field(
        default=False, description="Not raised while we ourselves may not see."
    )
    silent_s_max: Positive | None = Field(
        default=None,
        description="Held back once while its truck has said nothing for longer: perhaps it is "
        "over, where nobody hears it. null: never.",
    )
    covered_by: tuple[Kind, ...] = Field(
        default=(), description="Not raised while the truck has a raised alert of these kinds."
    )
    radius_m: Positive | None = Field(default=None, description="How far one place reaches.")
    group_by: tuple[Part, ...] = Field(default=(Part.TRUCK,), description="What is shown together.")
    escalation: Escalation = ()
    shared_with: tuple[Party, ...] = ()
    cases: tuple[Case, ...] = Field(
        default=(), description="What is otherwise when; later ones win."
    )

    @model_validator(mode="after")
    def _clears_below_its_trigger(self) -> KindRule:
        if self.clear is not None and self.trigger is None:
            raise ValueError("clear needs a trigger")
        if self.clear is not None and self.trigger is not None and self.clear > self.trigger:
            raise ValueError("clear must not be larger than trigger")
        if Part.PLACE in {*self.dedup, *self.group_by} and self.radius_m is None:
            raise ValueError("whatever goes by place needs radius_m")
        return self


class Override(_Value):
    """Rules of their own for some lanes, customers, trucks or times."""

    kinds: tuple[Kind, ...] = Field(default=(), description="Empty: all.")
    when: When
    then: Change
    rank: int = Field(default=0, description="The one with the higher rank wins.")


class WorkingHours(Rules):
    time_zone: Zone = key("Whose clock counts for alerts.", who=Who.TENANT, live=True)
    days: tuple[Day, ...] = key("Working days.", who=Who.TENANT, live=True)
    from_time: time = key("When work begins.", who=Who.TENANT, live=True)
    to_time: time = key("When it ends, on the same day.", who=Who.TENANT, live=True)
    holidays: tuple[date, ...] = key("Days off.", who=Who.TENANT, live=True)

    @model_validator(mode="after")
    def _is_some_time(self) -> WorkingHours:
        if self.from_time >= self.to_time or not self.days:
            raise ValueError("there must be a time at which somebody works")
        return self


class AlertRules(Rules):
    working_hours: WorkingHours
    kinds: dict[str, KindRule] = key(
        "The rule of each kind of alert; whoever changes one gives all of it, or adds an override.",
        who=Who.TENANT,
        live=True,
    )
    overrides: dict[str, Override] = key(
        "Parts of rules that are otherwise somewhere or sometimes.", who=Who.TENANT, live=True
    )
    look_again_s: Positive = key(
        "So often it is asked whether a held alert still has to wait.", who=Who.TENANT, live=True
    )
    kept_s_min: Positive = key(
        "A truck whose newest fix was older when it came is sending what its device kept ...",
        who=Who.TENANT,
        live=True,
    )
    kept_wait_s: Positive = key(
        "... and while more comes within so long, what it may end is not raised.",
        who=Who.TENANT,
        live=True,
    )
    snooze_s_max: Positive = key(
        "Nobody can silence an alert for longer at once.", who=Who.TENANT, live=True
    )
    causes_max: Count = key(
        "So many of its causes an alert names; older ones that are over are only counted.",
        who=Who.OPERATOR,
        live=True,
    )

    @field_validator("kinds")
    @classmethod
    def _are_known(cls, kinds: dict[str, KindRule]) -> dict[str, KindRule]:
        unknown, missing = kinds.keys() - set(Kind), set(Kind) - kinds.keys()
        if unknown:
            raise ValueError(f"there is no alert called {min(unknown)}")
        if missing:
            raise ValueError(f"{min(missing)} has no rule")
        return kinds
