"""Values that the law or a contract changes on a date: rows with their validity, never overlaps."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel, model_validator

T = TypeVar("T")


class NotInForceError(LookupError):
    """No row is valid on that day."""


class DatedRow(BaseModel, Generic[T]):
    """A value and the days it holds on: from `valid_from` up to, but not on, `valid_to`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    valid_from: date
    valid_to: date | None = None
    value: T

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> DatedRow[T]:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must be later than valid_from")
        return self


class Dated(RootModel[tuple[DatedRow[T], ...]], Generic[T]):
    """Rows in any order; a gap between two is allowed, an overlap is not."""

    model_config = ConfigDict(frozen=True)

    root: tuple[DatedRow[T], ...]

    def at(self, day: date) -> T:
        for row in self.root:
            if row.holds_on(day):
                return row.value
        raise NotInForceError(f"nothing is valid on {day.isoformat()}")

    @model_validator(mode="after")
    def _without_overlap(self) -> Dated[T]:
        if not self.root:
            raise ValueError("at least one row is needed")
        in_order = sorted(self.root, key=lambda row: row.valid_from)
        for earlier, later in pairwise(in_order):
            if earlier.valid_to is None or earlier.valid_to > later.valid_from:
                begins = later.valid_from.isoformat()
                raise ValueError(
                    f"two rows are valid on {begins}: end the earlier one with valid_to: {begins}"
                )
        return self
