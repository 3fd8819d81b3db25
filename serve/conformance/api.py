"""/v1/trucks/{id}/conformance: what is wrong with a truck's device, and what to do about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from serve.conformance import service
from serve.conformance.wire import ConformanceOut
from serve.fields import PathId, time_ms
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal

router = APIRouter(tags=["devices"])

DevicesReader = Annotated[Principal, needs(Permission.DEVICES_READ)]


@router.get("/v1/trucks/{id}/conformance")
async def get_conformance(
    truck_id: PathId,
    gateway: Opened,
    who: DevicesReader,
    start: Annotated[str | None, Query(alias="from", description="default: a day before")] = None,
    to: Annotated[str | None, Query(description="default: now")] = None,
) -> ConformanceOut:
    """Clock, delay, order, repetitions, rejections, gaps, rate, accuracy and fields, each with a
    verdict; it refuses nothing."""
    return await service.report(gateway, who, truck_id, time_ms("from", start), time_ms("to", to))
