"""Rows of a file as the bodies that the API takes: each wrong value named by its cell."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from serve.imports.sheet import CellFault, Row, Sheet

M = TypeVar("M", bound=BaseModel)


@dataclasses.dataclass(frozen=True, slots=True)
class Columns(Generic[M]):
    """Which columns there are, each leading to a place in the body; `id` is always one."""

    model: type[M]
    places: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]


@dataclasses.dataclass(slots=True)
class Taken(Generic[M]):
    """What of a file may be stored; whoever knows more finds more faults."""

    sheet: Sheet
    bodies: dict[int, M]  # by the row's number, in order
    faults: list[CellFault]

    def refuse(self, row: int, column: str | None, detail: str) -> None:
        self.faults.append(CellFault(row, column, detail))

    def refuse_where(self, column: str, is_wrong: Callable[[M], str | None]) -> None:
        """Every row whose body has something wrong in this column."""
        for number, body in self.bodies.items():
            detail = is_wrong(body)
            if detail is not None:
                self.refuse(number, column, detail)

    def settle(self) -> None:
        """Drops the rows that have faults, and puts these into the order of the file."""
        wrong = {fault.row for fault in self.faults}
        self.bodies = {row: body for row, body in self.bodies.items() if row not in wrong}
        self.faults.sort(key=lambda fault: (fault.row, fault.column or ""))

    @property
    def refused(self) -> int:
        return self.sheet.count - len(self.bodies)


def take(sheet: Sheet, columns: Columns[M]) -> Taken[M]:
    taken = Taken[M](sheet, {}, list(sheet.faults))
    by_id: dict[str, int] = {}
    for row in sheet.rows:
        try:
            taken.bodies[row.number] = columns.model.model_validate(_body(row, columns))
        except ValidationError as invalid:
            taken.faults += _faults(row, columns, invalid.errors(include_url=False))
        given = row.cells.get("id")
        if given is not None and by_id.setdefault(given, row.number) != row.number:
            taken.refuse(row.number, "id", f"row {by_id[given]} has the same id")
    return taken


def column_of(columns: Columns[M], location: Sequence[int | str]) -> str | None:
    """The column whose value stands at this place of the body."""
    place = tuple(map(str, location))
    return next(
        (name for name, whole in columns.places.items() if whole == place[: len(whole)]), None
    )


def _body(row: Row, columns: Columns[M]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name, cell in row.cells.items():
        *outer, last = columns.places[name]
        inside = body
        for step in outer:
            inside = inside.setdefault(step, {})
        inside[last] = cell
    return body


def _faults(row: Row, columns: Columns[M], errors: Iterable[Any]) -> list[CellFault]:
    return [
        CellFault(row.number, column_of(columns, error["loc"]), str(error["msg"]))
        for error in errors
    ]
