"""/v1/notification-preferences, /v1/on-call and /v1/notification-consents."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import AwareDatetime

from serve.addressed import To
from serve.carriers.wire import Email, Phone
from serve.fields import ID_PATTERN, PathId
from serve.identity.access import Opened, SignedIn, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.notifications import people
from serve.notifications.people_wire import (
    CalendarIn,
    CalendarOut,
    ConsentOut,
    NewCalendar,
    NewConsent,
    NewOverride,
    OnCallNowOut,
    Preferences,
    PreferencesOut,
)
from serve.notifications.service import person_of
from serve.paging import ListOf, Paged
from serve.versions import Expected, tagged

router = APIRouter(tags=["people and messages"])

Reader = Annotated[Principal, needs(Permission.NOTIFICATIONS_READ)]
Writer = Annotated[Principal, needs(Permission.NOTIFICATIONS_WRITE)]
Planner = Annotated[Principal, needs(Permission.ONCALL_WRITE)]


@router.get("/v1/notification-preferences")
async def get_own_preferences(gateway: Opened, who: SignedIn, response: Response) -> PreferencesOut:
    """Your own."""
    return tagged(response, await people.preferences(gateway, who, person_of(who)))


@router.put("/v1/notification-preferences")
async def put_own_preferences(
    wanted: Preferences, gateway: Opened, who: SignedIn, expected: Expected, response: Response
) -> PreferencesOut:
    """What is critical comes whatever you choose."""
    return tagged(response, await people.choose(gateway, who, person_of(who), wanted, expected))


@router.get("/v1/notification-preferences/{id}")
async def get_preferences(
    user_id: PathId, gateway: Opened, who: Reader, response: Response
) -> PreferencesOut:
    """Of a user."""
    return tagged(response, await people.preferences_of(gateway, who, user_id))


@router.put("/v1/notification-preferences/{id}")
async def put_preferences(wanted: Preferences, who: Writer, at: To) -> PreferencesOut:
    person = f"users/{at.id}"
    return at.tagged(await people.choose(at.gateway, who, person, wanted, at.expected))


@router.get("/v1/on-call")
async def list_calendars(gateway: Opened, who: Reader, page: Paged) -> ListOf[CalendarOut]:
    return await people.calendars(gateway, who, page)


@router.post("/v1/on-call", status_code=HTTPStatus.CREATED)
async def create_calendar(
    new: NewCalendar, gateway: Opened, who: Planner, response: Response
) -> CalendarOut:
    """Rotations of three levels: who is called first, and whom an alert goes to unanswered."""
    made = await people.add_calendar(gateway, who, new)
    return tagged(response, made, f"/v1/on-call/{made.id}")


@router.get("/v1/on-call/now")
async def get_on_call_now(
    gateway: Opened,
    who: Reader,
    at: Annotated[AwareDatetime | None, Query(description="none: now")] = None,
) -> OnCallNowOut:
    """Who is called at each level; where nobody is, the next higher one."""
    return await people.on_call_at(gateway, who, at)


@router.get("/v1/on-call/{id}")
async def get_calendar(
    calendar_id: PathId, gateway: Opened, who: Reader, response: Response
) -> CalendarOut:
    return tagged(response, await people.calendar(gateway, who, calendar_id))


@router.put("/v1/on-call/{id}")
async def change_calendar(given: CalendarIn, who: Planner, at: To) -> CalendarOut:
    return at.tagged(await people.put_calendar(at, who, given))


@router.delete("/v1/on-call/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_calendar(who: Planner, at: To) -> None:
    await people.delete_calendar(at, who)


@router.post("/v1/on-call/{id}/overrides")
async def stand_in(new: NewOverride, who: Planner, at: To) -> CalendarOut:
    """Somebody takes the place of all rotations of a level for a time."""
    return at.tagged(await people.stand_in(at, who, new))


@router.delete("/v1/on-call/{id}/overrides/{override_id}")
async def end_stand_in(
    override_id: Annotated[str, Path(pattern=ID_PATTERN)], who: Planner, at: To
) -> CalendarOut:
    return at.tagged(await people.end_stand_in(at, who, override_id))


@router.get("/v1/notification-consents")
async def list_consents(
    gateway: Opened,
    who: Reader,
    page: Paged,
    phone: Annotated[Phone | None, Query()] = None,
    email: Annotated[Email | None, Query()] = None,
) -> ListOf[ConsentOut]:
    """What owners of addresses agreed to and took back, the newest first."""
    return await people.consents(gateway, who, page, phone, email)


@router.post("/v1/notification-consents", status_code=HTTPStatus.CREATED)
async def add_consent(new: NewConsent, gateway: Opened, who: Writer) -> ConsentOut:
    return await people.agree(gateway, who, new)
