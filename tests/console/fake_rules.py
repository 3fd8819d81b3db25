"""Alert rules as the API has them, refused by their own models, for the console's tests."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from config.policy import defaults
from freight.alerts.kinds import Kind, Severity
from freight.alerts.rules import KindRule, Override
from freight.alerts.state import AlertState
from serve.alerts.wire import BacktestCount, BacktestOut, BacktestSample
from serve.settings.wire import ChangeOut, ConfigOut, LeafOut, OriginOut, VersionOut

STALE, INVALID = 412, 422
TREE = "services/alerts/*/business"
RULES = f"/v1/config/{TREE}"
MODELS: dict[str, type[BaseModel]] = {"kinds": KindRule, "overrides": Override}
# Set for all tenants.
NIGHTS: dict[str, Any] = {
    "kinds": ["long_stoppage"],
    "rank": 1,
    "when": {"from_time": "22:00:00", "to_time": "05:00:00"},
    "then": {"trigger_s": 7200.0},
}


class FakeRules:
    def __init__(self) -> None:
        usual = defaults().model_dump(mode="json")["alerts"]["kinds"]
        self.usual: dict[str, Any] = {"kinds": usual, "overrides": {}}
        self.value = copy.deepcopy(self.usual) | {"overrides": {"nights": NIGHTS}}
        self.version = 3
        self.versions: list[VersionOut] = []
        self.tried: list[dict[str, Any]] = []

    def router(self) -> APIRouter:
        made = APIRouter()
        made.get(f"{RULES}/history", response_model=None)(self._history)
        made.get(RULES, response_model=None)(self._rules)
        made.put(RULES, response_model=None)(self._save)
        made.post("/v1/alerts/backtest", response_model=None)(self._backtest)
        return made

    async def _rules(self) -> Any:
        leaves = [
            LeafOut(
                path=f"/demo/{TREE}/{folder}/{name}", value=value, type="", unit=None, meaning="",
                default=self.usual[folder].get(name), who="tenant", effect="live",
                origin=OriginOut(path=f"/*/{TREE}/{folder}/{name}", version=1)
                if name == "nights" else None,
            )
            for folder in MODELS for name, value in self.value[folder].items()
        ]  # fmt: skip
        found = ConfigOut(path=RULES, value=self.value, version=self.version, leaves=leaves)
        return found.model_dump(mode="json")

    async def _history(self) -> Any:
        items = [one.model_dump(mode="json") for one in self.versions[::-1]]
        return {"items": items, "next_cursor": None}

    async def _save(self, request: Request) -> Any:
        wish = await request.json()
        if faults := faults_of(wish["value"], "/value"):
            return problem(INVALID, "nothing was changed", *faults)
        if request.headers.get("if-match") != f'"{self.version}"':
            return problem(STALE, "it has changed meanwhile")
        given = {f"{folder}/{name}": one for folder, each in wish["value"].items()
                 for name, one in each.items()} | dict.fromkeys(wish["unset"])  # fmt: skip
        changes = [self._change(path, after) for path, after in given.items()]
        self.version += 1
        self.versions.append(
            VersionOut(
                version=self.version, at=datetime.now(UTC), author="user:asha",
                reason=wish["reason"], path=TREE, restores=None, correlation_id=None,
                changes=changes,
            )
        )  # fmt: skip
        return await self._rules()

    def _change(self, path: str, after: Any) -> ChangeOut:
        folder, _, name = path.partition("/")
        before = self.value[folder].pop(name, None)
        if after is not None:
            self.value[folder][name] = after
        is_set = before != self.usual[folder].get(name)
        was = before if is_set else None
        return ChangeOut(path=f"/demo/{TREE}/{path}", before=was, after=after)

    async def _backtest(self, request: Request) -> Any:
        wish = await request.json()
        self.tried.append(wish["rules"])
        named = {folder: {name: one for name, one in each.items() if one is not None}
                 for folder, each in wish["rules"].items()}  # fmt: skip
        if faults := faults_of(named, "/rules"):
            return problem(INVALID, "these cannot be rules", *faults)
        counts = [
            count("overspeed", "Mumbai - Pune", 4, 19),
            count("overspeed", "Pune - Nagpur", 2, 7),
            count("long_stoppage", "Mumbai - Pune", 5, 5),
            count("fuel_drop", None, 1, 1),
        ]
        sample = BacktestSample(
            kind=Kind.OVERSPEED, severity=Severity.WARNING, state=AlertState.RESOLVED,
            title="Too fast: TRK-0007", text="97 km/h where 60 km/h are allowed.",
            subject="trucks/TRK-0007", truck="TRK-0007", booking=None, lane="Mumbai - Pune",
            began_at=ago(400), raised_at=ago(399), resolved_at=ago(390),
            facts={"speed_kmh_max": 97.4, "limit_kmh": 60.0},
        )  # fmt: skip
        return BacktestOut(
            since=ago(wish["days"] * 1440), to=datetime.now(UTC), facts=48_213, cut=None,
            left_out=[Kind.PAYMENT_OVERDUE], counts=counts, sample=[sample],
        ).model_dump(mode="json", by_alias=True)  # fmt: skip


def faults_of(value: dict[str, Any], root: str) -> list[tuple[str, str]]:
    """As the server says them: what is wrong with a whole rule points at the rule."""
    found = []
    for folder, each in value.items():
        for name, one in each.items():
            try:
                MODELS[folder].model_validate(one)
            except ValidationError as error:
                for fault in error.errors():
                    where = "".join(f"/{step}" for step in fault["loc"])
                    found.append((f"{root}/{folder}/{name}{where}", str(fault["msg"])))
    return found


def count(kind: str, lane: str | None, raised: int, now: int) -> BacktestCount:
    return BacktestCount(
        kind=Kind(kind), lane=lane, severity=Severity.WARNING, raised=raised, resolved=raised,
        retracted=0, escalated=0, now=now,
    )  # fmt: skip


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def problem(status: int, detail: str, *errors: tuple[str, str]) -> JSONResponse:
    body = {"title": "problem", "status": status, "detail": detail}
    named = [{"pointer": pointer, "detail": said} for pointer, said in errors]
    return JSONResponse(body | {"errors": named}, status, media_type="application/problem+json")
