"""Takes files with many trucks, drivers or carriers: looks at all, then stores at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from pydantic import BaseModel

from serve.fleet.wire import Device
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.imports import report
from serve.imports.report import CreatedOut, FaultOut, ImportReport, ImportSummary, Mode
from serve.imports.rows import Columns, Taken, take
from serve.imports.sheet import read
from store.postgres import AnyConnection

M = TypeVar("M", bound=BaseModel)


@dataclasses.dataclass(frozen=True, slots=True)
class Kind(Generic[M]):
    """One kind of object that files bring."""

    plural: str
    columns: Columns[M]
    # Finds what is wrong with rows beside what is stored.
    look: Callable[[Gateway, Principal, AnyConnection, Taken[M]], Awaitable[None]]
    # Stores all, and says how devices of trucks sign in.
    store: Callable[[Gateway, Principal, AnyConnection, Taken[M]], Awaitable[Mapping[int, Device]]]


async def run(
    gateway: Gateway, who: Principal, kind: Kind[M], body: bytes, mode: Mode, *, dry_run: bool
) -> ImportReport:
    limits = gateway.policy_of(who).imports
    columns = kind.columns
    taken = take(read(body, tuple(columns.places), columns.needed, limits), columns)
    if dry_run:
        async with gateway.as_tenant(who) as conn:
            await kind.look(gateway, who, conn, taken)
        taken.settle()
        return _report(taken, mode, limits.faults_max, created=None)
    async with gateway.changing(who, f"{kind.plural}.import", f"{kind.plural}/import") as change:
        await kind.look(gateway, who, change.conn, taken)
        taken.settle()
        if mode is Mode.ALL and taken.faults:
            raise report.refuse(taken.faults, limits.faults_max)
        devices = await kind.store(gateway, who, change.conn, taken)
        ids = {row: str(getattr(each, "id")) for row, each in taken.bodies.items()}  # noqa: B009
        change.after = ImportSummary(
            mode=mode, rows=taken.sheet.count, refused=taken.refused, ids=list(ids.values())
        )
    created = [CreatedOut(row=row, id=each, device=devices.get(row)) for row, each in ids.items()]
    return _report(taken, mode, limits.faults_max, created=created)


def _report(
    taken: Taken[M], mode: Mode, faults_max: int, *, created: list[CreatedOut] | None
) -> ImportReport:
    shown = taken.faults[:faults_max]
    return ImportReport(
        dry_run=created is None,
        mode=mode,
        rows=taken.sheet.count,
        accepted=len(taken.bodies),
        refused=taken.refused,
        faults=[
            FaultOut(row=fault.row, column=fault.column, detail=fault.detail) for fault in shown
        ],
        faults_left_off=len(taken.faults) - len(shown),
        created=created or [],
    )
