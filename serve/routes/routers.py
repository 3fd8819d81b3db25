"""Routers over HTTP: OSRM or Valhalla, asked as patiently as every service of somebody else's."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from http import HTTPStatus

import msgspec

from config.installation import RouterKind, RouterServer
from config.sections.providers import Patience
from config.sections.routing import Routing
from freight.routing import osrm, valhalla
from freight.routing.plan import (
    PlannedRoute,
    PlanOptions,
    RouterAwayError,
    RouteRefusedError,
    RouterNonsenseError,
)
from geo.point import Point
from providers.attempts import AttemptError
from providers.calling import Answer, Call, Caller
from providers.errors import ProviderAwayError, ProviderOversizedError, ProviderRestingError
from providers.metering import Meter

OPERATION = "route"


class _NonsenseError(AttemptError):
    """It would only say it again, and whoever says so is not to be asked for ever."""

    def __init__(self, says: str) -> None:
        super().__init__(says, may_repeat=False)


class HttpRouter:
    """One a replica."""

    def __init__(
        self,
        where: RouterServer,
        limits: Callable[[], Routing],
        patience: Callable[[], Patience],
        meter: Meter | None = None,
    ) -> None:
        self._where = where
        self._limits = limits
        self._headers = {name: value.get_secret_value() for name, value in where.headers.items()}
        context = ssl.create_default_context(cafile=where.ca_file) if where.ca_file else None
        self._caller = Caller(self.name, patience, meter=meter, verify=context or True)

    @property
    def name(self) -> str:
        return self._where.kind.value

    async def plan(self, points: Sequence[Point], options: PlanOptions) -> PlannedRoute:
        async def reading(answer: Answer) -> PlannedRoute | RouteRefusedError:
            # In a thread: a line across a country has tens of thousands of points.
            return await asyncio.to_thread(self._read, answer, options)

        try:
            found = await self._caller.read(self._question(points, options), reading, _outcome_of)
        except ProviderAwayError as away:
            raise self._told(away) from away
        if isinstance(found, RouteRefusedError):
            raise found
        return found

    async def close(self) -> None:
        await self._caller.close()

    def _question(self, points: Sequence[Point], options: PlanOptions) -> Call:
        base, headers, profile = self._where.url.rstrip("/"), self._headers, self._where.profile
        if self._where.kind is RouterKind.OSRM:
            url = base + osrm.path_of(points, profile, options)
            return Call(OPERATION, "GET", url, is_repeatable=True, headers=headers)
        return Call(
            OPERATION,
            "POST",
            base + valhalla.PATH,
            is_repeatable=True,  # it changes nothing there
            headers={"Content-Type": "application/json", **headers},
            body=msgspec.json.encode(valhalla.question(points, profile, options)),
        )

    def _read(self, answer: Answer, options: PlanOptions) -> PlannedRoute | RouteRefusedError:
        """A refusal is an answer: nothing that its breaker should count."""
        if answer.status not in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST):
            raise _NonsenseError(f"{self.name} answers {answer.status}")
        error_m = self._limits().line_error_m
        try:
            if self._where.kind is RouterKind.OSRM:
                return osrm.read(answer.body, options, error_m)
            return valhalla.read(answer.body, error_m)
        except RouteRefusedError as refused:
            return refused
        except RouterNonsenseError as nonsense:
            raise _NonsenseError(str(nonsense)) from nonsense

    def _told(self, away: ProviderAwayError) -> RouterAwayError | RouterNonsenseError:
        why = away.__cause__
        if isinstance(why, _NonsenseError):
            return RouterNonsenseError(str(why))
        says = str(away) if self.name in str(away) else f"{self.name}: {away}"
        if isinstance(away, ProviderOversizedError):
            return RouterNonsenseError(says)
        return RouterAwayError(says, max(_after_s(each) for each in (away, why)))


def _outcome_of(found: PlannedRoute | RouteRefusedError) -> str:
    return "refused" if isinstance(found, RouteRefusedError) else "ok"


def _after_s(told: BaseException | None) -> float:
    """When asking again may help, as far as it is known."""
    if isinstance(told, ProviderRestingError):
        return told.rest_s
    return told.after_s if isinstance(told, AttemptError) else 0.0
