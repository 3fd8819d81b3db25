"""What people wish, who is on call, and what owners of addresses agreed to."""

from __future__ import annotations

import uuid
from datetime import datetime

from msgspec.structs import replace

from actors.life import now_ms
from freight.notifying.consent import Standing
from freight.notifying.on_call import LEVELS, Calendar, Override, called
from freight.personal import PersonalKind, masked
from serve.addressed import Addressed
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.notifications.people_wire import (
    OVERRIDES_MAX,
    CalendarIn,
    CalendarOut,
    ConsentOut,
    NewCalendar,
    NewConsent,
    NewOverride,
    OnCallNow,
    OnCallNowOut,
    Preferences,
    PreferencesOut,
)
from serve.paging import ListOf, Page, number_of
from serve.problems import ConflictError, InvalidError, NotFoundError
from store import notification_people, notification_wishes, on_call, users
from store.errors import StaleVersionError
from store.notification_wishes import Consent
from store.postgres import AnyConnection, epoch_ms, moment

# ------------------------------------------------------------------------------- preferences


async def preferences(gateway: Gateway, who: Principal, person: str) -> PreferencesOut:
    async with gateway.as_tenant(who) as conn:
        return PreferencesOut.of(person, await notification_wishes.get(conn, person))


async def preferences_of(gateway: Gateway, who: Principal, user_id: str) -> PreferencesOut:
    async with gateway.as_tenant(who) as conn:
        await users.get(conn, user_id)
        person = f"users/{user_id}"
        return PreferencesOut.of(person, await notification_wishes.get(conn, person))


async def choose(
    gateway: Gateway, who: Principal, person: str, wanted: Preferences, expected: int | None
) -> PreferencesOut:
    known = gateway.policy_of(who).notifying.texts.languages
    if wanted.language is not None and wanted.language not in known:
        raise InvalidError.at("/language", f"messages are written in {', '.join(known)}")
    subject = f"notification-preferences/{person.partition('/')[2]}"
    async with gateway.changing(who, "notification-preferences.choose", subject) as change:
        of, _, name = person.partition("/")
        if of == "users":
            await users.get(change.conn, name)
        before = await notification_wishes.get(change.conn, person)
        change.before = PreferencesOut.of(person, before)
        made = await notification_wishes.put(
            change.conn, who.tenant_key, person, wanted.wishes(), expected
        )
        change.after = shown = PreferencesOut.of(person, made)
    return shown


# ----------------------------------------------------------------------------------- on call


async def calendars(gateway: Gateway, who: Principal, page: Page) -> ListOf[CalendarOut]:
    async with gateway.as_tenant(who) as conn:
        found = await on_call.list_page(conn, page.after, page.one_more)
    kept, next_cursor = page.cut(found, lambda one: one.id)
    return ListOf(items=[CalendarOut.of(one) for one in kept], next_cursor=next_cursor)


async def calendar(gateway: Gateway, who: Principal, calendar_id: str) -> CalendarOut:
    async with gateway.as_tenant(who) as conn:
        return CalendarOut.of(await on_call.get(conn, calendar_id))


async def add_calendar(gateway: Gateway, who: Principal, new: NewCalendar) -> CalendarOut:
    async with gateway.changing(who, "on-call.create", f"on-call/{new.id}") as change:
        most = gateway.policy_of(who).notifications.calendars_max
        if await on_call.count(change.conn) >= most:
            raise ConflictError(f"a tenant has at most {most} calendars")
        await _require_people(change.conn, new)
        made = await on_call.create(change.conn, who.tenant_key, _calendar(new.id, new, ()))
        change.after = shown = CalendarOut.of(made)
    return shown


async def put_calendar(at: Addressed, who: Principal, given: CalendarIn) -> CalendarOut:
    """Its rotations are replaced; who stands in stays."""
    async with at.gateway.changing(who, "on-call.change", f"on-call/{at.id}") as change:
        before = await on_call.get(change.conn, at.id)
        change.before = CalendarOut.of(before)
        await _require_people(change.conn, given)
        version = before.version if at.expected is None else at.expected
        wanted = _calendar(at.id, given, before.overrides)
        change.after = shown = CalendarOut.of(await on_call.put(change.conn, wanted, version))
    return shown


async def delete_calendar(at: Addressed, who: Principal) -> None:
    async with at.gateway.changing(who, "on-call.delete", f"on-call/{at.id}") as change:
        before = await on_call.get(change.conn, at.id)
        change.before = CalendarOut.of(before)
        version = before.version if at.expected is None else at.expected
        await on_call.delete(change.conn, at.id, version)


async def stand_in(at: Addressed, who: Principal, new: NewOverride) -> CalendarOut:
    made = Override(
        id=f"ovr-{uuid.uuid4().hex[:16]}",
        level=new.level,
        person=f"users/{new.person}",
        from_ms=epoch_ms(new.from_),
        to_ms=epoch_ms(new.to),
    )
    async with at.gateway.changing(who, "on-call.stand-in", f"on-call/{at.id}") as change:
        before = await on_call.get(change.conn, at.id)
        change.before = CalendarOut.of(before)
        if not await notification_people.users(change.conn, [new.person]):
            raise InvalidError.at("/person", "there is no such user")
        # Who stood in long ago makes room.
        kept = [one for one in before.overrides if one.to_ms > now_ms()]
        if len(kept) >= OVERRIDES_MAX:
            raise ConflictError(f"a calendar holds at most {OVERRIDES_MAX} stand-ins")
        change.after = shown = await _with(change.conn, at, before, (*kept, made))
    return shown


async def end_stand_in(at: Addressed, who: Principal, override_id: str) -> CalendarOut:
    async with at.gateway.changing(who, "on-call.end-stand-in", f"on-call/{at.id}") as change:
        before = await on_call.get(change.conn, at.id)
        change.before = CalendarOut.of(before)
        kept = tuple(one for one in before.overrides if one.id != override_id)
        if len(kept) == len(before.overrides):
            raise NotFoundError("nobody stands in under this id")
        change.after = shown = await _with(change.conn, at, before, kept)
    return shown


async def on_call_at(gateway: Gateway, who: Principal, at: datetime | None) -> OnCallNowOut:
    when_ms = now_ms() if at is None else epoch_ms(at)
    most = gateway.policy_of(who).notifications.calendars_max
    async with gateway.as_tenant(who) as conn:
        found = await on_call.list_page(conn, None, most)
    items = [
        OnCallNow(
            calendar=one.id,
            level=level,
            people=[person.removeprefix("users/") for person in called(one, level, when_ms)],
        )
        for one in found
        for level in LEVELS
    ]
    return OnCallNowOut(at=moment(when_ms), items=items)


async def _with(
    conn: AnyConnection, at: Addressed, before: Calendar, overrides: tuple[Override, ...]
) -> CalendarOut:
    if at.expected not in {None, before.version}:
        raise StaleVersionError("calendar", at.id, at.expected or 0, before.version)
    wanted = replace(before, overrides=overrides)
    return CalendarOut.of(await on_call.put(conn, wanted, before.version))


def _calendar(calendar_id: str, given: CalendarIn, overrides: tuple[Override, ...]) -> Calendar:
    return Calendar(
        id=calendar_id,
        name=given.name,
        time_zone=given.time_zone,
        rotations=tuple(one.rotation() for one in given.rotations),
        overrides=overrides,
    )


async def _require_people(conn: AnyConnection, given: CalendarIn) -> None:
    named = {person for one in given.rotations for person in one.people}
    found = await notification_people.users(conn, sorted(named))
    missing = sorted(named - {one.key.removeprefix("users/") for one in found})
    if missing:
        raise InvalidError.at("/rotations", f"there is no user {missing[0]!r}")


# ---------------------------------------------------------------------------------- consents


async def consents(
    gateway: Gateway, who: Principal, page: Page, phone: str | None, email: str | None
) -> ListOf[ConsentOut]:
    index = None
    if phone is not None:
        index = gateway.personal.blind_index(PersonalKind.PHONE, phone)
    elif email is not None:
        index = gateway.personal.blind_index(PersonalKind.EMAIL, email)
    async with gateway.as_tenant(who) as conn:
        before = number_of(page.after)
        found = await notification_wishes.list_consents(conn, before, page.one_more, index)
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[_consent(one) for one in kept], next_cursor=next_cursor)


async def agree(gateway: Gateway, who: Principal, new: NewConsent) -> ConsentOut:
    kind = PersonalKind.PHONE if new.phone is not None else PersonalKind.EMAIL
    address = new.phone or new.email or ""
    subject = f"notification-consents/{uuid.uuid4().hex}"
    async with gateway.changing(who, "notification-consents.add", subject) as change:
        made = await notification_wishes.agree(
            change.conn,
            who.tenant_key,
            at_ms=now_ms(),
            address_index=gateway.personal.blind_index(kind, address),
            shown=masked(kind, address),
            channel=new.channel,
            standing=new.standing,
            source=new.source,
            by=who.name,
        )
        change.after = shown = _consent(made)
    return shown


def _consent(one: Consent) -> ConsentOut:
    return ConsentOut(
        id=f"consent-{one.nr}",
        at=one.at,
        address=one.shown,
        channel=one.channel,
        standing=Standing(one.standing),
        source=one.source,
        by=one.told_by,
    )
