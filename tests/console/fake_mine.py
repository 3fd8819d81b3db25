"""What the API tells whoever is signed in of themselves, for the console's tests.

What is told is made of the models of `serve/`: where they change, this does not stand any more.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from freight.notifying.channels import Channel
from freight.notifying.state import Severity
from serve.notifications.people_wire import (
    HoursIn,
    InboxItemOut,
    InboxSummaryOut,
    KindWishIn,
    Preferences,
    PreferencesOut,
    PushTokenOut,
)
from tests.console.fake_on_call import pages, plain
from tests.console.fake_rules import problem

ONE_TIME = "for-one-time"
PASSWORD_CHARS_MIN = 12


def granted(*, must_change: bool) -> dict[str, Any]:
    claims = json.dumps({"sub": "asha", "kind": "user"}).encode()
    token = f"token.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{must_change}"
    said = {"access_token": token, "expires_in": 3600, "refresh_token": "r", "scope": ""}
    return {**said, "must_change_password": must_change}


class FakeMine:
    def __init__(self) -> None:
        self.items: list[InboxItemOut] = []
        self.is_broken = False
        self.password: str | None = None
        self.preferences = PreferencesOut(
            person="users/asha",
            version=3,
            quiet=HoursIn(from_clock="22:00", to_clock="06:30"),
            kinds={"booking": KindWishIn(without=[Channel.SMS, Channel.VOICE], digest=True)},
        )
        self.phones = [
            PushTokenOut(id="push-1", app="Galaxy A15", created_at=datetime.now(UTC)),
            PushTokenOut(id="push-2", app="an old phone", created_at=datetime.now(UTC)),
        ]
        self.has_signed_out = False

    def router(self) -> APIRouter:
        made = APIRouter()
        made.get("/v1/inbox", response_model=None)(self._list)
        made.get("/v1/inbox/summary", response_model=None)(self._summary)
        made.post("/v1/inbox/read", response_model=None)(self._read_all)
        made.post("/v1/inbox/{name}/read", response_model=None)(self._read)
        made.post("/v1/sessions", response_model=None)(self._sign_in)
        made.put("/v1/me/password", response_model=None)(self._choose_password)
        made.get("/v1/notification-preferences", response_model=None)(self._preferences)
        made.put("/v1/notification-preferences", response_model=None)(self._choose)
        made.get("/v1/push-tokens", response_model=None)(self._phones)
        made.delete("/v1/push-tokens/{name}", status_code=204)(self._forget)
        made.delete("/v1/sessions/current", status_code=204)(self._sign_out)
        return made

    def write(self, severity: str, title: str, text: str, **about: Any) -> None:
        """The newest stands first."""
        nr = len(self.items) + 1
        told: dict[str, Any] = {"subject": f"notices/{nr}", "kind": "notice", "minutes": 0.5}
        told |= {"booking": None, "truck": None, **about}
        at = datetime.now(UTC) - timedelta(minutes=told.pop("minutes"))
        item = InboxItemOut(
            id=f"in-{nr}", severity=Severity(severity), title=title, text=text, at=at,
            read_at=None, **told,
        )  # fmt: skip
        self.items.insert(0, item)

    # ---------------------------------------------------------------------------------- sign-in

    async def _sign_in(self, request: Request) -> Any:
        """Asha, with a second factor; her first password is for one time."""
        given = await request.json()
        if given["password"] != (self.password or ONE_TIME):
            return problem(401, "the tenant, e-mail address, password or code is wrong")
        if "code" not in given:
            detail = "send the one-time code of your second factor as well"
            body = {"type": "urn:ubertruck:problem:code-required", "detail": detail}
            return JSONResponse(body, 401)
        return granted(must_change=self.password is None)

    async def _choose_password(self, request: Request) -> Any:
        wanted = (await request.json())["password"]
        if len(wanted) < PASSWORD_CHARS_MIN:
            return problem(422, "nothing was changed", ("/password", "at least 12 characters"))
        self.password = wanted
        return granted(must_change=False)

    async def _sign_out(self) -> None:
        self.has_signed_out = True

    # ------------------------------------------------------------------------------ preferences

    async def _preferences(self) -> Any:
        return plain(self.preferences)

    async def _choose(self, request: Request) -> Any:
        if request.headers.get("if-match") != f'"{self.preferences.version}"':
            return problem(412, "it has changed meanwhile")
        try:
            wanted = Preferences.model_validate(await request.json())
        except ValidationError as error:
            faults = [
                ("".join(f"/{step}" for step in fault["loc"]), str(fault["msg"]))
                for fault in error.errors()
            ]
            return problem(422, "the request is not valid", *faults)
        told = wanted.model_dump() | {"person": "users/asha"}
        self.preferences = PreferencesOut(**told, version=self.preferences.version + 1)
        return plain(self.preferences)

    async def _phones(self) -> Any:
        return pages(*self.phones)

    async def _forget(self, name: str) -> None:
        self.phones = [one for one in self.phones if one.id != name]

    # ------------------------------------------------------------------------------------ inbox

    @property
    def unread(self) -> list[str]:
        return [one.id for one in self.items if one.read_at is None]

    async def _list(self, *, unread: bool = False) -> Any:
        if self.is_broken:
            return problem(503, "the database does not answer")
        found = [one for one in self.items if not unread or one.read_at is None]
        return {"items": [plain(one) for one in found], "next_cursor": None}

    async def _summary(self) -> Any:
        critical = [one for one in self.items if one.severity is Severity.CRITICAL]
        grave = sum(one.read_at is None for one in critical)
        return plain(InboxSummaryOut(unread=len(self.unread), unread_critical=grave))

    async def _read(self, name: str) -> Any:
        self._mark({name})
        return plain(next(one for one in self.items if one.id == name))

    async def _read_all(self, request: Request) -> Any:
        names = [one.id for one in self.items]
        self._mark(set(names[names.index((await request.json())["up_to"]) :]))
        return await self._summary()

    def _mark(self, names: set[str]) -> None:
        now = datetime.now(UTC)
        self.items = [
            one.model_copy(update={"read_at": one.read_at or now}) if one.id in names else one
            for one in self.items
        ]
