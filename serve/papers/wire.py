"""Papers of trucks as the API takes and gives them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from freight.fleet.papers import Paper, PaperKind
from serve.fields import TEXT_PATTERN, YEARS, Strict
from store.truck_papers import StoredPaper

STATES_MAX = 40  # fixed: part of the published API
Number = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=TEXT_PATTERN)]
GstState = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]


def _of_our_time(day: date) -> date:
    if day.year not in YEARS:
        raise ValueError(f"a year from {YEARS.start} to {YEARS.stop - 1}")
    return day


Day = Annotated[date, AfterValidator(_of_our_time)]


class PaperFields(Strict):
    number: Number | None = None
    valid_until: Day | None = Field(default=None, description="its last day; null: without end")
    states: Annotated[list[GstState], Field(max_length=STATES_MAX)] = Field(
        default_factory=list, description="of a state permit, as GST numbers begin"
    )

    @model_validator(mode="after")
    def _each_state_once(self) -> Self:
        self.states = sorted(set(self.states))
        return self

    def paper(self, kind: PaperKind) -> Paper:
        return Paper(kind, self.number, self.valid_until, frozenset(self.states))


class PaperOut(BaseModel):
    kind: PaperKind
    number: str | None
    valid_until: date | None
    states: list[str]
    document: str | None = Field(default=None, description="the newest that shows it")
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, stored: StoredPaper, document: str | None = None) -> PaperOut:
        paper = stored.paper
        return cls(
            kind=paper.kind,
            number=paper.number,
            valid_until=paper.valid_until,
            states=sorted(paper.states),
            document=document,
            updated_at=stored.updated_at,
            version=stored.version,
        )
