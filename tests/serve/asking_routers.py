"""Planners that ask a router of the tests, with the patience that a test wants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import CollectorRegistry

from config.installation import RouterKind
from config.installation import RouterServer as Where
from config.patience import patience_with
from config.policy import policy
from config.sections.providers import Patience
from config.sections.routing import Routing
from freight.routing.plan import PlanOptions
from geo.point import Point
from providers.metering import ProviderMetrics
from serve.routes.planner import Planner
from serve.routes.routers import HttpRouter
from tests.serve.router_server import RouterServer

DELHI, ALWAR = Point(28.61, 77.20), Point(27.5, 76.6)
JAIPUR = Point(26.92, 75.79)
MID_SEA = Point(12.0, 60.0)
ANY = PlanOptions()
OSRM, VALHALLA = RouterKind.OSRM, RouterKind.VALHALLA
PATIENCE_S = 20.0  # a busy machine is slow, and is not to look like a router that is away


def rules(**changes: Any) -> Routing:
    usual = {"retry_wait_s": 0.01, "deadline_s": PATIENCE_S, "attempt_s": PATIENCE_S, "attempts": 2}
    return policy().routing.model_copy(update=usual | changes)


def patience_by(limits: Routing, kind: RouterKind = OSRM) -> Patience:
    return patience_with(policy().model_copy(update={"routing": limits}), kind.value)


@asynccontextmanager
async def planner(
    server: RouterServer | str,
    kind: RouterKind = OSRM,
    limits: Callable[[], Routing] = rules,
    patience: Callable[[], Patience] | None = None,
    counted: CollectorRegistry | None = None,
    **where: Any,
) -> AsyncIterator[Planner]:
    url = server if isinstance(server, str) else server.url
    router = HttpRouter(
        Where(kind=kind, url=url, **where),
        limits,
        patience or (lambda: patience_by(limits(), kind)),
        None if counted is None else ProviderMetrics(counted),
    )
    try:
        yield Planner(router, limits)
    finally:
        await router.close()
