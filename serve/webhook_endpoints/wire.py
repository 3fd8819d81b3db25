"""Webhook endpoints as the API takes and gives them; their secrets are shown once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from freight.webhooks.endpoints import EndpointState, Why
from freight.webhooks.filters import ANY, subject_objection, type_objection
from serve.fields import LongText, Strict
from store.postgres import moment
from store.webhooks import Endpoint

URL_CHARS_MAX = 2000  # fixed: the form of a request
PATTERN_CHARS_MAX = 128  # fixed: the form of a request
PATTERNS_MAX = 1000  # fixed: the form of a request; the policy's limit is lower
Url = Annotated[
    str, StringConstraints(min_length=1, max_length=URL_CHARS_MAX, pattern=r"^[\x21-\x7e]+$")
]


def _type(pattern: str) -> str:
    objection = type_objection(pattern)
    if objection is not None:
        raise ValueError(objection)
    return pattern


def _subject(pattern: str) -> str:
    objection = subject_objection(pattern)
    if objection is not None:
        raise ValueError(objection)
    return pattern


Short = StringConstraints(max_length=PATTERN_CHARS_MAX)
Types = Annotated[
    list[Annotated[str, Short, AfterValidator(_type)]],
    Field(min_length=1, max_length=PATTERNS_MAX),
]
Subjects = Annotated[
    list[Annotated[str, Short, AfterValidator(_subject)]],
    Field(min_length=1, max_length=PATTERNS_MAX),
]
_TYPES = "types of events: booking.delivered, booking.*, or * for all"
_SUBJECTS = "what they are about: bookings/B1, trucks/*, or * for all"


class NewEndpoint(Strict):
    url: Url = Field(description="https; where it leads is looked at again at every delivery")
    description: LongText | None = None
    types: Types = Field(default=[ANY], description=_TYPES)
    subjects: Subjects = Field(default=[ANY], description=_SUBJECTS)


class EndpointChange(Strict):
    """What is left out stays as it is."""

    url: Url | None = None
    description: LongText | None = None
    types: Types | None = Field(default=None, description=_TYPES)
    subjects: Subjects | None = Field(default=None, description=_SUBJECTS)


class Rotation(Strict):
    overlap_s: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="how long the secret before still signs beside the new one"
    )


class ReplayWish(Strict):
    since: AwareDatetime = Field(alias="from", description="of when we learned what happened")
    until: AwareDatetime = Field(alias="to", description="not included")
    types: Types | None = Field(default=None, description="of those that the endpoint wants")


class ReplayOut(BaseModel):
    id: str
    endpoint: str
    deliveries: int = Field(description="how many are sent again")


class EndpointOut(BaseModel):
    id: str
    url: str
    description: str | None
    types: list[str]
    subjects: list[str]
    state: EndpointState
    why: Why | None = Field(description="why it is not active: by_hand, failing or gone")
    failures: int = Field(description="attempts in a row that failed")
    failing_since: datetime | None
    paused_at: datetime | None
    probe_at: datetime | None = Field(description="when it is tried next while it is paused")
    rotated_at: datetime | None
    previous_until: datetime | None = Field(description="until then the secret before signs too")
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, endpoint: Endpoint) -> EndpointOut:
        health = endpoint.health
        return cls(
            id=endpoint.id,
            url=endpoint.url,
            description=endpoint.description,
            types=list(endpoint.filter.types),
            subjects=list(endpoint.filter.subjects),
            state=health.state,
            why=health.why,
            failures=health.failures,
            failing_since=_moment(health.failing_since_ms),
            paused_at=_moment(health.paused_ms),
            probe_at=_moment(health.probe_ms),
            rotated_at=_moment(endpoint.rotated_ms),
            previous_until=_moment(endpoint.previous_until_ms),
            created_at=moment(endpoint.created_ms),
            updated_at=moment(endpoint.updated_ms),
            version=endpoint.version,
        )


class EndpointWithSecret(EndpointOut):
    secret: str = Field(description="whsec_..., shown this once")


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)
