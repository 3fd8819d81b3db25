"""The gateway's application: all routers around one opened gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from config.installation import Installation
from config.policy import Policy, Settings
from serve.absences import api as absences
from serve.alerts import api as alerts
from serve.api_keys import api as api_keys
from serve.audit import api as audit
from serve.audit.refusals import NoteRefusals
from serve.bookings import api as bookings
from serve.bookings import progress_api as booking_progress
from serve.brokers import api as brokers
from serve.carriers import api as carriers
from serve.clients import api as clients
from serve.commands import api as commands
from serve.conformance import api as conformance
from serve.console import api as console
from serve.devices import api as devices
from serve.documentation import api as documentation
from serve.documentation.openapi import describe
from serve.documents import api as documents
from serve.doors import api as doors
from serve.draining import api as draining
from serve.drivers import api as drivers
from serve.dues import api as dues
from serve.edge import Edge
from serve.events import api as events
from serve.eway_bills import api as eway_bills
from serve.fences import api as fences
from serve.fleet import api as fleet
from serve.gateway import Actors
from serve.health import api as health
from serve.history import api as history
from serve.identity import api as identity
from serve.identity import token_state
from serve.imports import api as imports
from serve.invoices import api as invoices
from serve.invoices import returns as tax_returns
from serve.journeys import api as journeys
from serve.kyc import api as kyc
from serve.ledger import api as ledger
from serve.live import api as live
from serve.me import api as me
from serve.metrics import GatewayMetrics
from serve.notifications import api as notifications
from serve.notifications import inbox_api, people_api, templates_api
from serve.offers import api as offers
from serve.oidc import api as oidc
from serve.opening import open_gateway
from serve.papers import api as papers
from serve.parties import api as parties
from serve.payments import api as payments
from serve.payouts import api as payouts
from serve.printing import api as printing
from serve.provider_webhooks import api as provider_webhooks
from serve.quotes import api as quotes
from serve.reconciliation import api as reconciliation
from serve.refunds import api as refunds
from serve.refusals import HANDLERS
from serve.rejections import api as rejections
from serve.roles import api as roles
from serve.routes import api as routes
from serve.routing import RouteTable
from serve.secrets import api as secrets
from serve.sessions import api as sessions
from serve.settings import api as configuration
from serve.settlements import api as settlements
from serve.sharing import api as sharing
from serve.signing_keys import api as signing_keys
from serve.tasks import api as tasks
from serve.tenancy import api as tenancy
from serve.ties import api as ties
from serve.tracking import api as tracking
from serve.users import api as users
from serve.webhook_deliveries import api as webhook_deliveries
from serve.webhook_endpoints import api as webhook_endpoints

ROUTERS = (
    carriers.router,
    kyc.router,
    ties.router,
    fleet.router,
    papers.router,
    absences.router,
    drivers.router,
    imports.router,
    devices.router,
    brokers.router,
    fences.router,
    routes.router,
    journeys.router,
    quotes.router,
    parties.router,
    invoices.router,
    tax_returns.router,
    bookings.router,
    booking_progress.router,
    sharing.router,
    offers.router,
    eway_bills.router,
    tasks.router,
    notifications.router,
    templates_api.router,
    people_api.router,
    inbox_api.router,
    alerts.router,
    ledger.router,
    settlements.router,
    payouts.router,
    reconciliation.router,
    payments.router,
    dues.router,
    refunds.router,
    provider_webhooks.router,
    webhook_endpoints.router,
    webhook_deliveries.router,
    documents.router,
    printing.router,
    tracking.router,
    history.router,
    doors.router,
    commands.router,
    conformance.router,
    rejections.router,
    events.router,
    live.router,
    identity.router,
    token_state.router,
    users.router,
    sessions.router,
    me.router,
    clients.router,
    api_keys.router,
    signing_keys.router,
    oidc.router,
    roles.router,
    tenancy.router,
    configuration.router,
    audit.router,
    secrets.router,
    health.router,
    draining.router,
    documentation.router,
)
VERSION = "0.1.0"


def no_one_waits() -> None:
    """For applications that nobody waits for."""


def build_app(
    where: Installation,
    policy: Policy,
    actors: Actors,
    settings: Settings | None = None,
    *,
    when_open: Callable[[], None] = no_one_waits,
) -> FastAPI:
    """Nothing is opened before the application's lifespan begins.

    Without settings it follows the store by itself, beginning with this policy.
    """
    settings = settings or Settings(policy)
    metrics = GatewayMetrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_gateway(where, settings, actors, metrics) as gateway:
            app.state.gateway = gateway
            when_open()
            yield

    app = FastAPI(
        title="UberTruck",
        version=VERSION,
        description=documentation.DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers=HANDLERS,
    )
    app.add_middleware(NoteRefusals)
    app.add_middleware(Edge, settings=settings, metrics=metrics)
    for router in ROUTERS:
        app.include_router(router)
    describe(app)
    app.router.middleware_stack = RouteTable(app.router, ROUTERS)
    app.router.default = console.serve_console(where.console_dir)
    return app
