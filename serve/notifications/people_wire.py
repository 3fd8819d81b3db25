"""What people wish, who is on call, consents, the inbox and phones, as the API has them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from freight.notifying.channels import Channel
from freight.notifying.consent import Standing
from freight.notifying.hours import Hours
from freight.notifying.on_call import Calendar, Override, Rotation
from freight.notifying.rules import CLOCK_PATTERN, Zone
from freight.notifying.state import Severity
from freight.notifying.wishes import KindWish, Wishes
from serve.carriers.wire import Email, Phone
from serve.fields import LongText, ObjectId, Strict
from serve.notifications.template_wire import LanguageText
from store.postgres import epoch_ms, moment

PEOPLE_MAX = 50  # fixed: what one request can hold
ROTATIONS_MAX = 30  # fixed: what one request can hold
OVERRIDES_MAX = 500  # fixed: what one calendar can hold
KINDS_MAX = 200  # fixed: what one request can hold
TURN_HOURS_MAX = 8784  # fixed: a year and no more
ClockText = Annotated[str, StringConstraints(pattern=CLOCK_PATTERN)]
KindName = Annotated[
    str, StringConstraints(pattern=r"^(\*|[a-z][a-z_]*(\.[a-z_]+)*)$", max_length=64)
]
Level = Annotated[int, Field(ge=1, le=3)]
UserId = ObjectId


class HoursIn(Strict):
    from_clock: ClockText = Field(description="23:00")
    to_clock: ClockText = Field(description="equal to the other: at no time")

    def hours(self) -> Hours:
        return Hours(self.from_clock, self.to_clock)

    @classmethod
    def of(cls, hours: Hours | None) -> HoursIn | None:
        if hours is None:
            return None
        return cls(from_clock=hours.from_clock, to_clock=hours.to_clock)


class KindWishIn(Strict):
    muted: bool = Field(default=False, description="not at all; what is critical comes still")
    without: Annotated[list[Channel], Field(max_length=len(Channel))] = Field(
        default=[], description="not by these channels"
    )
    digest: bool | None = Field(default=None, description="null: as the tenant has it")


class Preferences(Strict):
    language: LanguageText | None = Field(default=None, description="null: the tenant's")
    time_zone: Zone | None = None
    quiet: HoursIn | None = Field(default=None, description="null: the tenant's hours")
    kinds: Annotated[dict[KindName, KindWishIn], Field(max_length=KINDS_MAX)] = Field(
        default={}, description="by kind (alert.raised), family (alert), or * for all others"
    )

    def wishes(self) -> Wishes:
        return Wishes(
            language=self.language,
            time_zone=self.time_zone,
            quiet=None if self.quiet is None else self.quiet.hours(),
            kinds={
                name: KindWish(is_muted=one.muted, without=tuple(one.without), digest=one.digest)
                for name, one in self.kinds.items()
            },
        )


class PreferencesOut(Preferences):
    person: str
    version: int = Field(description="0: nothing was chosen yet")

    @classmethod
    def of(cls, person: str, wishes: Wishes) -> PreferencesOut:
        return cls(
            person=person,
            language=wishes.language,
            time_zone=wishes.time_zone,
            quiet=HoursIn.of(wishes.quiet),
            kinds={
                name: KindWishIn(muted=one.is_muted, without=list(one.without), digest=one.digest)
                for name, one in wishes.kinds.items()
            },
            version=wishes.version,
        )


class RotationIn(Strict):
    level: Level
    people: Annotated[list[UserId], Field(min_length=1, max_length=PEOPLE_MAX)] = Field(
        description="ids of users, in the order of their turns"
    )
    begins_at: AwareDatetime = Field(description="when the first turn of the first one begins")
    turn_hours: Annotated[int, Field(ge=1, le=TURN_HOURS_MAX)] = Field(description="168: a week")
    hours: HoursIn | None = Field(default=None, description="only within these; null: always")

    def rotation(self) -> Rotation:
        return Rotation(
            level=self.level,
            people=tuple(f"users/{one}" for one in self.people),
            begins_ms=epoch_ms(self.begins_at),
            turn_hours=self.turn_hours,
            hours=None if self.hours is None else self.hours.hours(),
        )


class CalendarIn(Strict):
    name: LongText
    time_zone: Zone = "Asia/Kolkata"
    rotations: Annotated[list[RotationIn], Field(max_length=ROTATIONS_MAX)]


class NewCalendar(CalendarIn):
    id: ObjectId


class NewOverride(Strict):
    """Somebody stands in."""

    level: Level
    person: UserId
    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime

    @model_validator(mode="after")
    def _has_a_length(self) -> NewOverride:
        if self.to <= self.from_:
            raise ValueError("it ends before it begins")
        return self


class OverrideOut(BaseModel):
    id: str
    level: int
    person: str
    from_: datetime = Field(serialization_alias="from")
    to: datetime


class CalendarOut(CalendarIn):
    id: str
    overrides: list[OverrideOut]
    version: int

    @classmethod
    def of(cls, calendar: Calendar) -> CalendarOut:
        return cls(
            id=calendar.id,
            name=calendar.name,
            time_zone=calendar.time_zone,
            rotations=[
                RotationIn(
                    level=one.level,
                    people=[person.removeprefix("users/") for person in one.people],
                    begins_at=moment(one.begins_ms),
                    turn_hours=one.turn_hours,
                    hours=HoursIn.of(one.hours),
                )
                for one in calendar.rotations
            ],
            overrides=[_override(one) for one in calendar.overrides],
            version=calendar.version,
        )


def _override(one: Override) -> OverrideOut:
    return OverrideOut(
        id=one.id,
        level=one.level,
        person=one.person.removeprefix("users/"),
        from_=moment(one.from_ms),
        to=moment(one.to_ms),
    )


class OnCallNow(BaseModel):
    calendar: str
    level: int
    people: list[str]


class OnCallNowOut(BaseModel):
    at: datetime
    items: list[OnCallNow]


class NewConsent(Strict):
    """What the owner of an address agreed to, or took back."""

    phone: Phone | None = None
    email: Email | None = None
    channel: Annotated[str, StringConstraints(pattern=r"^(any|email|sms|whatsapp|voice)$")]
    standing: Standing
    source: LongText = Field(description="how it was said: a form, a call, a contract")

    @model_validator(mode="after")
    def _one_address(self) -> NewConsent:
        if (self.phone is None) == (self.email is None):
            raise ValueError("a consent is of one address: phone or email")
        return self


class ConsentOut(BaseModel):
    id: str
    at: datetime
    address: str = Field(description="masked")
    channel: str
    standing: Standing
    source: str
    by: str


class InboxItemOut(BaseModel):
    id: str
    kind: str
    severity: Severity
    title: str
    text: str
    subject: str
    booking: str | None
    truck: str | None
    at: datetime
    read_at: datetime | None


class InboxSummaryOut(BaseModel):
    unread: int
    unread_critical: int


class ReadUpTo(Strict):
    up_to: ObjectId | None = Field(default=None, description="the newest that was seen; none: all")


class NewPushToken(Strict):
    token: Annotated[str, StringConstraints(min_length=16, max_length=4096, pattern=r"^[!-~]+$")]
    app: LongText = Field(description="which app on which phone")


class PushTokenOut(BaseModel):
    id: str
    app: str
    created_at: datetime
