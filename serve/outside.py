"""Opens what a gateway replica asks of others' services, each with the patience of its name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

from actors.life import now_ms
from config.installation import Installation
from config.patience import patience_with
from config.policy import Settings
from config.sections.providers import Patience
from config.sections.routing import Routing
from providers import clamav
from providers.attempts import Attempts
from providers.clamav import ClamAv
from providers.messaging.opening import Channels
from providers.metering import Meter
from providers.opening import Providers, open_providers
from serve.documents import patient_blobs
from serve.documents.patient_blobs import PatientBlobs
from serve.documents.vault import DocumentVault
from serve.routes.planner import Planner
from serve.routes.routers import HttpRouter
from store.blobs.opening import open_blobs
from store.blobs.port import Blobs
from store.key_file import KeyFile
from store.provider_secrets import ProviderSecrets
from store.secrets import Secrets

READER = "service:gateway"


class Outside:
    """What they are asked and how that went is counted once a replica."""

    def __init__(
        self, stack: AsyncExitStack, where: Installation, settings: Settings, meter: Meter
    ) -> None:
        """The stack closes what is opened here."""
        self._stack = stack
        self._where = where
        self._settings = settings
        self._meter = meter

    def documents(self, keys: KeyFile) -> DocumentVault:
        """Where documents lie, and who looks at them."""
        limits, where = self._settings.now.document_store, self._where
        blobs = self._blobs(limits.store_timeout_s)
        self._stack.push_async_callback(blobs.close)
        asked = where.documents.clamav
        scanner = None
        if asked is not None:
            scanner = ClamAv(asked, self._patience_with(clamav.NAME), self._meter)
        return DocumentVault(blobs, keys, scanner, lambda: self._settings.now.document_store)

    def providers(self, secrets: Secrets) -> Providers:
        sandbox, portal = self._where.payment_sandbox, self._where.eway_sandbox
        source = ProviderSecrets(secrets, READER)
        providers = open_providers(
            self._settings, sandbox, source, now_ms, self._meter, eway_sandbox=portal
        )
        self._stack.push_async_callback(providers.close)
        return providers

    def channels(self, secrets: Secrets) -> Channels:
        """By which messages go out; here only their receipts come in."""
        source = ProviderSecrets(secrets, READER)
        channels = Channels(self._settings, self._where.messaging_sandbox, source, now_ms)
        self._stack.push_async_callback(channels.close)
        return channels

    def planner(self) -> Planner:
        where = self._where.router
        if where is None:
            return Planner(None, self._routing)
        router = HttpRouter(
            where, self._routing, self._patience_with(where.kind.value), self._meter
        )
        self._stack.push_async_callback(router.close)
        return Planner(router, self._routing)

    def _blobs(self, timeout_s: float) -> Blobs:
        """A bucket is somebody else's; a directory of ours needs no patience."""
        blobs = open_blobs(self._where, timeout_s)
        if self._where.documents.s3 is None:
            return blobs
        name = patient_blobs.NAME
        return PatientBlobs(blobs, Attempts(name, self._patience_with(name), meter=self._meter))

    def _patience_with(self, name: str) -> Callable[[], Patience]:
        return lambda: patience_with(self._settings.now, name)

    def _routing(self) -> Routing:
        return self._settings.now.routing
