"""Every limit, interval and threshold the processes read, typed; values live in defaults/*.yaml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml

from config.resolution import Override
from config.schema import Section
from config.sections.api import Api
from config.sections.audit import Audit
from config.sections.backup import Backup
from config.sections.bookings import Bookings
from config.sections.bookkeeper import Bookkeeper
from config.sections.broker import Broker
from config.sections.cluster import Cluster
from config.sections.configuration import Configuration
from config.sections.devices import Devices
from config.sections.dialects import Dialects
from config.sections.dispatcher import Dispatcher
from config.sections.document_store import DocumentStore
from config.sections.doors import Doors
from config.sections.edge import Edge
from config.sections.eway_portal import EwayPortalSettings
from config.sections.identity import Identity
from config.sections.imports import Imports
from config.sections.ingest import Ingest
from config.sections.launch import Launch
from config.sections.limits import Limits
from config.sections.live import Live
from config.sections.messaging import Messaging
from config.sections.messaging_sandbox import MessagingSandboxHabits
from config.sections.messenger import Messenger
from config.sections.notifications import Notifications
from config.sections.operational import Operational
from config.sections.payment_sandbox import PaymentSandboxHabits
from config.sections.payment_work import PaymentWork
from config.sections.printing import Printing
from config.sections.providers import Providers
from config.sections.relay import Relay
from config.sections.retention import Retention
from config.sections.routing import Routing
from config.sections.secrets import SecretLimits
from config.sections.service_tokens import ServiceTokens
from config.sections.shedding import Shedding
from config.sections.simulation import Simulation
from config.sections.storage import Storage
from config.sections.tcp import Tcp
from config.sections.telemetry import Telemetry
from config.sections.tenancy import Tenancy
from config.sections.tracking import Tracking
from config.sections.watch import Watch
from config.sections.webhook_sending import WebhookSending
from config.tree import At, Tree
from freight.alerts.rules import AlertRules
from freight.booking.rules import BookingRules
from freight.conformance import ConformanceRules
from freight.dispatch.rules import DispatchRules
from freight.dispatch.shadow_rules import ShadowRules
from freight.documents.rules import DocumentRules
from freight.dues.rules import DuesRules
from freight.eway.rules import EwayRules
from freight.fleet.rules import FleetRules
from freight.invoices.rules import InvoiceRules
from freight.ledger.rules import LedgerRules
from freight.load_rules import LoadRules
from freight.notifying.rules import NotifyingRules
from freight.notifying.texts import NotificationTexts
from freight.payments.rules import PaymentRules
from freight.payouts.rules import PayoutRules
from freight.pricing.quote_rules import QuoteRules
from freight.pricing.rules import PricingRules
from freight.reconciling.rules import ReconcilingRules
from freight.settlements.rules import SettlementRules
from freight.sharing.rules import SharingRules
from freight.status import StatusRules
from freight.tax.rules import TaxRules
from freight.tracking.rules import TrackingRules
from freight.webhooks.rules import WebhookRules
from freight.weights import WeightRules

DEFAULTS_DIR = Path(__file__).parent / "defaults"


class Policy(Section):
    """The sections and where their keys stand; without At: services/{name}/technical."""

    ingest: Ingest
    tracking: Tracking
    status: Annotated[StatusRules, At("services/tracking/business")]
    tracking_rules: Annotated[TrackingRules, At("services/tracking/business")]
    booking_rules: Annotated[BookingRules, At("services/booking/business")]
    relay: Relay
    bookings: Bookings
    live: Live
    devices: Devices
    dialects: Dialects
    tcp: Tcp
    doors: Doors
    conformance: Annotated[ConformanceRules, At("services/devices/business")]
    service_tokens: ServiceTokens
    api: Api
    edge: Edge
    shedding: Shedding
    limits: Limits
    configuration: Configuration
    identity: Identity
    tenancy: Tenancy
    audit: Audit
    secrets: SecretLimits
    routing: Routing
    loads: Annotated[LoadRules, At("services/loads/business")]
    dispatch: Annotated[DispatchRules, At("services/dispatch/business")]
    dispatch_shadow: Annotated[ShadowRules, At("services/dispatch/business")]
    dispatcher: Dispatcher
    bookkeeper: Bookkeeper
    watch: Watch
    messenger: Messenger
    notifying: Annotated[NotifyingRules, At("services/notifying/business")]
    notification_texts: Annotated[NotificationTexts, At("services/notifying/business")]
    notifications: Annotated[Notifications, At("services/notifying/technical")]
    webhooks: Annotated[WebhookRules, At("services/webhooks/business")]
    webhook_sending: Annotated[WebhookSending, At("services/webhooks/technical")]
    sharing: Annotated[SharingRules, At("services/sharing/business")]
    alerts: Annotated[AlertRules, At("services/alerts/business")]
    dues: Annotated[DuesRules, At("services/dues/business")]
    fleet: Annotated[FleetRules, At("services/fleet/business")]
    ledger: Annotated[LedgerRules, At("services/ledger/business")]
    weights: Annotated[WeightRules, At("services/booking/business")]
    imports: Imports
    documents: Annotated[DocumentRules, At("services/documents/business")]
    printing: Annotated[Printing, At("services/documents/technical")]
    document_store: Annotated[DocumentStore, At("services/documents/technical")]
    pricing: Annotated[PricingRules, At("services/pricing/business")]
    quotes: Annotated[QuoteRules, At("services/quotes/business")]
    tax: Annotated[TaxRules, At("services/tax/business")]
    invoices: Annotated[InvoiceRules, At("services/invoices/business")]
    eway: Annotated[EwayRules, At("services/eway/business")]
    eway_portal: Annotated[EwayPortalSettings, At("services/eway/integration")]
    providers: Annotated[Providers, At("services/providers/integration")]
    messaging: Annotated[Messaging, At("services/messaging/integration")]
    payments: Annotated[PaymentRules, At("services/payments/business")]
    payment_work: Annotated[PaymentWork, At("services/payments/technical")]
    settlements: Annotated[SettlementRules, At("services/settlements/business")]
    reconciling: Annotated[ReconcilingRules, At("services/reconciliation/business")]
    payouts: Annotated[PayoutRules, At("services/payouts/business")]
    retention: Annotated[Retention, At("global/compliance")]
    telemetry: Telemetry
    operational: Annotated[Operational, At("global/operational")]
    storage: Annotated[Storage, At("services/storage/technical", file_only=True)]
    broker: Annotated[Broker, At("services/broker/technical", file_only=True)]
    cluster: Annotated[Cluster, At("services/cluster/technical", file_only=True)]
    launch: Annotated[Launch, At("services/launch/technical", file_only=True)]
    backup: Annotated[Backup, At("services/backup/technical", file_only=True)]
    payment_sandbox: Annotated[
        PaymentSandboxHabits, At("services/payment_sandbox/technical", file_only=True)
    ]
    messaging_sandbox: Annotated[
        MessagingSandboxHabits, At("services/messaging_sandbox/technical", file_only=True)
    ]
    simulation: Annotated[Simulation, At("services/simulation/technical", file_only=True)]


@lru_cache(maxsize=1)
def tree() -> Tree:
    """Every key there is."""
    return Tree(Policy)


@lru_cache(maxsize=1)
def defaults() -> Policy:
    """What holds where nobody has set anything."""
    sections = {
        name: yaml.safe_load((DEFAULTS_DIR / f"{name}.yaml").read_text())
        for name in Policy.model_fields
    }
    return Policy.model_validate(sections)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole tree at one moment; immutable, so who holds one sees no half of a change."""

    everyone: Policy
    # Only tenants for which something else holds than for everyone.
    tenants: Mapping[str, Policy] = field(default_factory=dict)
    revision: int = 0
    overrides: tuple[Override, ...] = ()

    def of(self, tenant: str) -> Policy:
        return self.tenants.get(tenant, self.everyone)


class Settings:
    """Where a process, or one gateway of several in a test, finds its present snapshot."""

    def __init__(self, base: Policy) -> None:
        self.base = base
        self.snapshot = Snapshot(base)
        self._listeners: list[Callable[[], None]] = []

    @property
    def now(self) -> Policy:
        """What holds for all tenants."""
        return self.snapshot.everyone

    def of(self, tenant: str) -> Policy:
        """What holds for one tenant, by its id."""
        return self.snapshot.of(tenant)

    def swap(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        for listener in self._listeners:
            listener()

    def when_swapped(self, listener: Callable[[], None]) -> None:
        """For the few who must act on a change; all others read when they need it."""
        self._listeners.append(listener)


@lru_cache(maxsize=1)
def process_settings() -> Settings:
    """This process's own, which all that ask for `policy()` read."""
    return Settings(defaults())


def policy() -> Policy:
    """What holds for all tenants, now; reading it costs no I/O."""
    return process_settings().snapshot.everyone


def policy_of(tenant: str) -> Policy:
    """What holds for one tenant, now, by its id."""
    return process_settings().snapshot.of(tenant)
