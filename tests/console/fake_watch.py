"""Alerts and their rules as the API tells them, changed by what is asked, for the console's tests.

What is told is made of the models of `serve/`: where they change, this does not stand any more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request

from freight.alerts.kinds import Kind, Severity
from freight.alerts.state import SHOWN, AlertState, Judgement, Resolution
from serve.alerts.wire import (
    AlertDetail,
    AlertOut,
    AlertStepOut,
    BasisOut,
    CommentOut,
    CountsOut,
    EvidenceOut,
    MissedOut,
    PlaceOut,
    SummaryOut,
    TrackOut,
    TruckGapOut,
    WatchingOut,
)
from tests.console.fake_rules import FakeRules, ago, problem

STALE = 412


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """What a test says of an incident."""

    kind: str
    severity: str
    truck: str
    title: str
    text: str
    facts: dict[str, Any]
    minutes: float = 1.0
    booking: str | None = None
    place: tuple[float, float] | None = None
    group: str | None = None


class FakeWatch:
    def __init__(
        self,
        tell: Callable[[str, str, dict[str, Any]], None],
        fixes: Callable[[str], list[dict[str, Any]]],
    ) -> None:
        self._tell = tell
        self._fixes = fixes
        self.alerts: dict[str, AlertDetail] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.tells = True
        self.is_broken = False
        self.watching = WatchingOut(watching="ok", since=None, why=[], missed_possible=[])
        self.rules = FakeRules()

    def router(self) -> APIRouter:
        made = APIRouter()
        # In this order: a route for one alert would take the summary for another.
        for path, answer in (
            ("/v1/alerts", self._list),
            ("/v1/alerts/summary", self._summary),
            ("/v1/alerts/{alert}", self._one),
            ("/v1/alerts/{alert}/evidence", self._evidence),
        ):
            made.get(path, response_model=None)(answer)
        made.include_router(self.rules.router())
        made.post("/v1/alerts/{alert}/{action}", response_model=None)(self._act)
        return made

    # ----------------------------------------------------------------------------------- alerts

    def raise_alert(self, told: Told) -> str:
        name = f"alert-{len(self.alerts) + 1:02d}"
        at = ago(told.minutes)
        events = [f"evt-{name}-1", f"evt-{name}-2"]
        basis = BasisOut(
            events=events, rule=[f"kinds/{told.kind}"], version="9f31c07a", facts=told.facts,
            since=at - timedelta(minutes=9), to=at,
        )  # fmt: skip
        lat_lon = told.place
        place = None if lat_lon is None else PlaceOut(lat=lat_lon[0], lon=lat_lon[1])
        self.alerts[name] = AlertDetail(
            id=name, kind=Kind(told.kind), severity=Severity(told.severity),
            state=AlertState.RAISED, level=0, title=told.title, text=told.text,
            subject=f"trucks/{told.truck}", truck=told.truck, booking=told.booking, lane=None,
            customer=None, carrier=None, place=place, began_at=at, raised_at=at,
            escalated_at=None, acknowledged_at=None, acknowledged_by=None, resolved_at=None,
            resolved_by=None, resolution=None, note=None, snoozed_until=None, assigned_to=None,
            group=told.group, count=1, evidence=basis, comments_count=0, judged=None, version=1,
            comments=[],
            history=[AlertStepOut(version=1, at=at, type="raised", by="watch", data={})],
        )  # fmt: skip
        self._say("alert.raised", name)
        return name

    def change(self, name: str, step: str, by: str, said: dict[str, Any], **to: Any) -> AlertDetail:
        """As whoever `by` names does it."""
        known = self.alerts[name]
        version, at = known.version + 1, datetime.now(UTC)
        done = AlertStepOut(version=version, at=at, type=step, by=by, data=said)
        to |= {"version": version, "history": [done, *known.history]}
        self.alerts[name] = known.model_copy(update=to)
        self._say(f"alert.{step}", name)
        return self.alerts[name]

    def _say(self, kind: str, name: str) -> None:
        alert = self.alerts[name]
        data = {"severity": alert.severity, "title": alert.title, "truck": alert.truck}
        if self.tells:
            self._tell(kind, f"alerts/{name}", data)

    async def _list(self, state: str = "open") -> Any:
        if self.is_broken:
            return problem(503, "the database does not answer")
        found = [one for one in self.alerts.values() if state in (one.state, _scope(one))][::-1]
        items = [_plain(one, exclude={"comments", "history"}) for one in found]
        return {"items": items, "next_cursor": None}

    async def _one(self, alert: str) -> Any:
        found = self.alerts.get(alert)
        return problem(404, "no such alert") if found is None else _plain(found)

    async def _evidence(self, alert: str) -> Any:
        one = self.alerts[alert]
        fixes = self._fixes(one.truck or "")
        fact: dict[str, Any] = {"specversion": "1.0", "type": "truck.fuel.dropped"}
        fact |= {"id": one.evidence.events[0], "subject": one.subject, "time": one.began_at}
        fact["data"] = one.evidence.facts
        shown = AlertOut(**{name: getattr(one, name) for name in AlertOut.model_fields})
        return _plain(
            EvidenceOut(
                alert=shown, facts=[fact], causes=[], rule=self.rules.value["kinds"][one.kind],
                is_same_rule=True,
                tracks=[TrackOut(truck=one.truck or "", is_cut=False, fixes=fixes)],
            )
        )  # fmt: skip

    async def _summary(self) -> Any:
        shown = [one for one in self.alerts.values() if _scope(one) == "open"]
        nothing = CountsOut(state={}, severity={}, kind={})
        return _plain(
            SummaryOut(open=len(shown), unassigned=0, counts=nothing, blind=self.watching)
        )

    async def _act(self, alert: str, action: str, request: Request) -> Any:
        body = await request.json()
        self.asked.append((alert, action, body))
        known, by, now = self.alerts[alert], "client:demo-dispatcher", datetime.now(UTC)
        if action == "comments":
            nr = known.version + 1
            said = CommentOut(id=f"c{nr}", at=now, by=by, text=body["text"], version=nr)
            both = [said, *known.comments]
            self.change(alert, "commented", by, {}, comments=both, comments_count=len(both))
            return _plain(said)
        if request.headers.get("if-match") != f'"{known.version}"':
            return problem(STALE, "it has changed meanwhile")
        to: dict[str, Any] = {}
        if action == "ack":
            to = {"state": AlertState.ACKNOWLEDGED, "acknowledged_by": by}
        elif action == "resolve":
            to = {"state": AlertState.RESOLVED, "resolved_by": by, "resolution": Resolution.MANUAL}
        elif action == "snooze":
            to = {"snoozed_until": datetime.fromisoformat(body["until"])}
        elif action == "assign":
            to = {"assigned_to": body["to"]}
        else:
            to = {"judged": Judgement(body["judged"])}
        words = {"ack": "acknowledged", "resolve": "resolved", "snooze": "snoozed"}
        step = words.get(action, "assigned" if action == "assign" else "judged")
        return _plain(self.change(alert, step, by, body, **to))

    # ------------------------------------------------------------------------------------ sight

    def go_blind(self, why: str) -> None:
        self.watching = WatchingOut(watching="unknown", since=ago(8), why=[why], missed_possible=[])
        self._tell("alert.raised", "alerts/blind", {"kind": Kind.WATCH_IMPAIRED})

    def see_again(self, *trucks: str) -> None:
        gaps = [TruckGapOut(truck=truck, since=ago(8), to=ago(1)) for truck in trucks]
        missed = MissedOut(
            cause="broker", detail="the broker did not answer", since=ago(8), to=ago(1),
            trucks=gaps, trucks_count=len(gaps), late_alerts=[],
        )  # fmt: skip
        self.watching = WatchingOut(watching="ok", since=ago(1), why=[], missed_possible=[missed])
        self._tell("alert.resolved", "alerts/blind", {"kind": Kind.WATCH_IMPAIRED})


def _scope(alert: AlertDetail) -> str:
    return "open" if alert.state in SHOWN else "over"


def _plain(model: Any, exclude: set[str] | None = None) -> Any:
    return model.model_dump(mode="json", by_alias=True, exclude=exclude)


def incidents(world_place: Callable[[str], tuple[float, float]], trucks: list[str]) -> list[Told]:
    """Ten of one hour, the way they would come in."""
    one = trucks
    rows: list[tuple[str, str, str, str, dict[str, Any]]] = [
        ("panic", "critical", "Emergency", "The panic button was pressed.", {"alarm": "panic"}),
        ("fuel_drop", "critical", "Fuel dropped", "31 % of the tank are gone in 4 min.",
         {"change_pct": -31.0, "trigger": 10.0, "level_pct": 41.0}),
        ("route_deviation", "warning", "Off the route", "1 240 m off its route for 6 min.",
         {"off_m": 1240.0, "trigger": 500.0, "trigger_s": 300}),
        ("overspeed", "warning", "Too fast", "97 km/h where 60 are allowed, for 2 min.",
         {"speed_kmh_max": 97.4, "limit_kmh": 60.0, "trigger_s": 60}),
        ("no_entry", "critical", "In a no-entry area", "Inside Mumbai city by day.",
         {"fence_name": "Mumbai city", "from_clock": "07:00", "to_clock": "11:00"}),
        ("long_stoppage", "warning", "Standing too long", "95 min at an unknown place.",
         {"stood_s": 5700, "trigger_s": 5400, "halt": "unknown"}),
        ("promise_at_risk", "warning", "Likely to be late", "Late with 87 %.",
         {"probability": 0.87, "trigger": 0.5}),
        ("tampering", "critical", "Device tampered with", "The device lost its power.",
         {"alarm": "power_cut"}),
        ("night_driving", "info", "Driving by night", "Since 23:10.", {"driven_s": 2400}),
        ("wrong_way", "warning", "Wrong way", "Drove 3 km back.", {"back_km": 3.1, "trigger": 2.0}),
    ]  # fmt: skip
    return [
        Told(
            kind, severity, one[nr], f"{title}: {one[nr]}", text, facts,
            minutes=nr * 3 + 0.5, place=world_place(one[nr]),
            booking="bk-5521" if nr == 6 else None,
            group="booking-bk-5521" if nr in (2, 6) else None,
        )
        for nr, (kind, severity, title, text, facts) in enumerate(rows)
    ]  # fmt: skip
