"""What became of a file, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, Field

from serve.fleet.wire import Device
from serve.imports.sheet import CellFault
from serve.problems import InvalidError


class Mode(StrEnum):
    ALL = "all"  # every row, or none
    ROWS = "rows"  # the rows that are right


class FaultOut(BaseModel):
    row: int = Field(description="as a spreadsheet counts: the header is row 1")
    column: str | None = Field(description="null: the row as a whole")
    detail: str


class CreatedOut(BaseModel):
    row: int
    id: str
    device: Device | None = Field(
        default=None, description="of a truck: how its device signs in, shown this once"
    )


class ImportReport(BaseModel):
    dry_run: bool
    mode: Mode
    rows: int = Field(description="in the file, without its header")
    accepted: int = Field(description="rows that are right")
    refused: int = Field(description="rows that are not")
    faults: list[FaultOut] = Field(description="every wrong cell, up to a limit")
    faults_left_off: int
    created: list[CreatedOut] = Field(description="empty in a dry run")


class ImportSummary(BaseModel):
    """For the audit trail, which keeps no secrets."""

    mode: Mode
    rows: int
    refused: int
    ids: list[str]


def refuse(faults: Sequence[CellFault], most: int) -> InvalidError:
    """For a file of which nothing is taken, because some of it is wrong."""
    errors = [
        {
            "pointer": "/".join(["", str(fault.row), *filter(None, [fault.column])]),
            "detail": fault.detail,
        }
        for fault in faults[:most]
    ]
    detail = f"{len(faults)} cells or rows are wrong, so nothing was taken; errors says /row/column"
    return InvalidError(detail, errors=errors)
