"""What can be done with a tenant's fences."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from geo.shapes import ShapeError, parse_shape
from serve.fences.wire import FenceChange, FenceFields, FenceOut, Hours, NewFence
from serve.gateway import Change, Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page
from serve.problems import InvalidError
from store import fences
from store.fences import Fence


async def create(gateway: Gateway, who: Principal, new: NewFence) -> FenceOut:
    fields = await _checked(new, new.model_fields_set)
    fence_id = new.id or f"fence-{uuid.uuid4().hex}"
    async with gateway.changing(who, "fences.create", f"fences/{fence_id}") as change:
        fence = await fences.create(
            change.conn, who.tenant_key, id=fence_id, **{**_empty(), **fields}
        )
        change.after = made = FenceOut.of(fence)
    return made


async def get(gateway: Gateway, who: Principal, fence_id: str) -> FenceOut:
    async with gateway.as_tenant(who) as conn:
        return FenceOut.of(await fences.get(conn, fence_id))


async def list_page(
    gateway: Gateway, who: Principal, page: Page, kind: str | None, group: str | None
) -> ListOf[FenceOut]:
    async with gateway.as_tenant(who) as conn:
        found = await fences.list_page(conn, page.after, page.one_more, kind=kind, group=group)
    kept, next_cursor = page.cut(found, lambda fence: fence.id)
    return ListOf(items=[FenceOut.of(fence) for fence in kept], next_cursor=next_cursor)


async def replace(
    gateway: Gateway, who: Principal, fence_id: str, wanted: FenceFields, expected: int | None
) -> FenceOut:
    fields = await _checked(wanted, wanted.model_fields_set)
    async with gateway.changing(who, "fences.replace", f"fences/{fence_id}") as change:
        now = await fences.get(change.conn, fence_id)
        return await _update(change, now, {**_empty(), **fields}, expected)


async def change(
    gateway: Gateway, who: Principal, fence_id: str, wanted: FenceChange, expected: int | None
) -> FenceOut:
    fields = await _checked(wanted, wanted.model_fields_set)
    async with gateway.changing(who, "fences.change", f"fences/{fence_id}") as change:
        now = await fences.get(change.conn, fence_id)
        kept = {name: getattr(now, name) for name in FenceFields.model_fields}
        # Without If-Match: what was read, so that two changes at once do not undo each other.
        version = now.version if expected is None else expected
        return await _update(change, now, {**kept, **fields}, version)


async def _update(
    change: Change, now: Fence, fields: dict[str, Any], expected: int | None
) -> FenceOut:
    fence = await fences.update(change.conn, now.id, **fields, expected_version=expected)
    change.before = FenceOut.of(now)
    change.after = changed = FenceOut.of(fence)
    return changed


async def delete(gateway: Gateway, who: Principal, fence_id: str, expected: int | None) -> None:
    async with gateway.changing(who, "fences.delete", f"fences/{fence_id}") as change:
        change.before = FenceOut.of(await fences.get(change.conn, fence_id))
        await fences.delete(change.conn, fence_id, expected)


def _empty() -> dict[str, Any]:
    """What holds for a field that is not given; those without a default always are."""
    return {name: field.default for name, field in FenceFields.model_fields.items()}


async def _checked(wanted: FenceFields, given: set[str]) -> dict[str, Any]:
    """The given fields, with the shape checked and reduced to what is read of it."""
    fields = {name: getattr(wanted, name) for name in FenceFields.model_fields if name in given}
    if isinstance(wanted.schedule, Hours):
        fields["schedule"] = wanted.schedule.model_dump(by_alias=True)
    if "shape" in fields:
        fields["shape"] = await _checked_shape(fields["shape"])
    return fields


async def _checked_shape(shape: dict[str, Any]) -> dict[str, Any]:
    try:
        # In a thread: looking for crossings among thousands of edges takes a while.
        await asyncio.to_thread(parse_shape, shape)
    except ShapeError as wrong:
        raise InvalidError.at(f"/shape{wrong.pointer}", wrong.detail) from wrong
    except OverflowError as wrong:
        raise InvalidError.at("/shape", "a number is beyond all bounds") from wrong
    return _essence(shape)


def _essence(shape: dict[str, Any]) -> dict[str, Any]:
    """What of a shape is read; anything else in it would be carried along for ever."""
    if shape.get("type") in ("Polygon", "MultiPolygon"):
        return {"type": shape["type"], "coordinates": shape["coordinates"]}
    if "center" in shape:
        return {"center": _bare_point(shape["center"]), "radius_m": shape["radius_m"]}
    line = shape["line"]
    if isinstance(line, dict):
        bare: Any = {"type": line["type"], "coordinates": line["coordinates"]}
    else:
        bare = [_bare_point(point) for point in line]
    return {"line": bare, "width_m": shape["width_m"]}


def _bare_point(point: dict[str, Any]) -> dict[str, Any]:
    return {"lat": point["lat"], "lon": point["lon"]}
