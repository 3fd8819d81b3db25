"""Who is on call as the API has it, refused by its own models, for the console's tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from serve.notifications.people_wire import (
    CalendarOut,
    HoursIn,
    NewCalendar,
    OnCallNow,
    OnCallNowOut,
    OverrideOut,
    RotationIn,
)
from tests.console.fake_rules import problem

STALE, INVALID = 412, 422
NAMES = {"asha": "Asha Rao", "ravi": "Ravi Das", "meena": "Meena Iyer", "joseph": "Joseph Kurian"}


class FakeOnCall:
    def __init__(self) -> None:
        begins = at(-3 * 24 * 60).replace(hour=2, minute=30, second=0, microsecond=0)
        night = HoursIn(from_clock="20:00", to_clock="08:00")
        rows = ((1, ["asha", "ravi", "meena"], 24, None), (2, ["joseph", "asha"], 168, night))
        rotations = [
            RotationIn(level=level, people=people, begins_at=begins, turn_hours=turn, hours=hours)
            for level, people, turn, hours in rows
        ]
        stands_in = OverrideOut(
            id="o-1", level=1, person="joseph", from_=at(60 * 30), to=at(60 * 54)
        )
        first = CalendarOut(
            id="control-room", name="Control room", rotations=rotations, overrides=[stands_in],
            version=4,
        )  # fmt: skip
        self.calendars = {first.id: first}

    def router(self) -> APIRouter:
        made = APIRouter()
        made.get("/v1/on-call", response_model=None)(self._list)
        made.get("/v1/on-call/now", response_model=None)(self._now)
        made.get("/v1/users", response_model=None)(self._users)
        made.post("/v1/on-call", response_model=None)(self._make)
        made.put("/v1/on-call/{name}", response_model=None)(self._change)
        made.delete("/v1/on-call/{name}")(self._remove)
        return made

    async def _list(self) -> Any:
        return pages(*self.calendars.values())

    async def _users(self) -> Any:
        items = [
            {"id": key, "name": name, "email": None, "disabled_at": None}
            for key, name in NAMES.items()
        ]
        return {"items": items, "next_cursor": None}

    async def _make(self, request: Request) -> Any:
        wish = await request.json()
        return self._taken(wish["id"], wish, [], 1)

    async def _change(self, name: str, request: Request) -> Any:
        known = self.calendars[name]
        if request.headers.get("if-match") != f'"{known.version}"':
            return problem(STALE, "it has changed meanwhile")
        return self._taken(name, await request.json(), known.overrides, known.version + 1)

    def _taken(
        self, name: str, wish: dict[str, Any], overrides: list[OverrideOut], version: int
    ) -> Any:
        try:
            sound = NewCalendar.model_validate({**wish, "id": name})
        except ValidationError as error:
            faults = [
                ("".join(f"/{step}" for step in fault["loc"]), str(fault["msg"]))
                for fault in error.errors()
            ]
            return problem(INVALID, "the request is not valid", *faults)
        people = {one for rotation in sound.rotations for one in rotation.people}
        if unknown := sorted(people - NAMES.keys()):
            why = f"there is no user {unknown[0]!r}"
            return problem(INVALID, why, ("/rotations", why))
        told = sound.model_dump() | {"overrides": overrides, "version": version}
        self.calendars[name] = CalendarOut(**told)
        return plain(self.calendars[name])

    async def _remove(self, name: str) -> Response:
        del self.calendars[name]
        return Response(status_code=204)

    async def _now(self) -> Any:
        both = [
            OnCallNow(calendar=name, level=level, people=people)
            for name in self.calendars
            for level, people in ((1, ["ravi"]), (2, []))
        ]
        return plain(OnCallNowOut(at=datetime.now(UTC), items=both))


def at(minutes: float) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def pages(*items: Any) -> dict[str, Any]:
    return {"items": [plain(item) for item in items], "next_cursor": None}


def plain(model: Any) -> Any:
    return model.model_dump(mode="json", by_alias=True)
