"""What can be done with the times in which a tenant's trucks are not to be had."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from serve.absences.wire import AbsenceChange, AbsenceOut, NewAbsence
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page
from serve.problems import InvalidError
from store import truck_absences, trucks
from store.postgres import moment


async def list_page(
    gateway: Gateway,
    who: Principal,
    truck_id: str,
    page: Page,
    span: tuple[int | None, int | None],
) -> ListOf[AbsenceOut]:
    since, until = (None if ms is None else moment(ms) for ms in span)
    async with gateway.as_tenant(who) as conn:
        truck = await trucks.get(conn, truck_id)
        found = await truck_absences.list_page(
            conn, truck.key, after=page.after, limit=page.one_more, since=since, until=until
        )
    kept, next_cursor = page.cut(found, lambda absence: absence.id)
    return ListOf(items=[AbsenceOut.of(absence) for absence in kept], next_cursor=next_cursor)


async def create(gateway: Gateway, who: Principal, truck_id: str, new: NewAbsence) -> AbsenceOut:
    absence_id = new.id or f"absence-{uuid.uuid4().hex}"
    since = new.since or datetime.now(UTC)
    if new.until is not None and new.until <= since:
        raise InvalidError.at("/to", "it would be over before it begins")
    subject = f"trucks/{truck_id}/absences/{absence_id}"
    async with gateway.changing(who, "absences.create", subject) as change:
        truck = await trucks.get(change.conn, truck_id)
        made = await truck_absences.create(
            change.conn,
            who.tenant_key,
            truck.key,
            id=absence_id,
            since=since,
            until=new.until,
            reason=new.reason,
        )
        change.after = out = AbsenceOut.of(made)
    return out


async def change(  # noqa: PLR0917 - as the route names them
    gateway: Gateway,
    who: Principal,
    truck_id: str,
    absence_id: str,
    wanted: AbsenceChange,
    expected: int | None,
) -> AbsenceOut:
    subject = f"trucks/{truck_id}/absences/{absence_id}"
    async with gateway.changing(who, "absences.change", subject) as change:
        truck = await trucks.get(change.conn, truck_id)
        now = await truck_absences.get(change.conn, truck.key, absence_id)
        change.before = AbsenceOut.of(now)
        since = wanted.since or now.from_ts
        until = wanted.until if "until" in wanted.model_fields_set else now.to_ts
        if until is not None and until <= since:
            raise InvalidError.at("/to", "it would be over before it begins")
        changed = await truck_absences.change(
            change.conn,
            truck.key,
            absence_id,
            since=since,
            until=until,
            reason=wanted.reason or now.reason,
            expected_version=now.version if expected is None else expected,
        )
        change.after = out = AbsenceOut.of(changed)
    return out


async def delete(
    gateway: Gateway, who: Principal, truck_id: str, absence_id: str, expected: int | None
) -> None:
    subject = f"trucks/{truck_id}/absences/{absence_id}"
    async with gateway.changing(who, "absences.delete", subject) as change:
        truck = await trucks.get(change.conn, truck_id)
        now = await truck_absences.get(change.conn, truck.key, absence_id)
        change.before = AbsenceOut.of(now)
        version = now.version if expected is None else expected
        await truck_absences.delete(change.conn, truck.key, absence_id, version)
