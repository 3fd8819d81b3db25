"""Gives each tenant its way to the e-way bill portal, as the configuration says at this moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from config.installation import EwaySandbox
from config.policy import Settings
from config.sections.providers import Account
from providers.calling import Caller
from providers.errors import ProviderUnsetError
from providers.eway.gsp import NAME, Credentials, GspPortal
from providers.eway.portal import EwayPortal
from providers.secret_source import SecretSource, TenantNamed

SANDBOX_NAME = "eway_simulator"


@dataclass(frozen=True, slots=True)
class EwayPortals:
    settings: Settings
    sandbox: EwaySandbox | None
    secrets: SecretSource
    caller: Callable[[str], Caller]

    async def portal(self, tenant: TenantNamed) -> EwayPortal:
        """ProviderUnsetError where no account is set up."""
        account = self.settings.of(tenant.id).eway_portal.account
        if account is Account.SANDBOX:
            return GspPortal(self.caller(SANDBOX_NAME), self._of_sandbox())
        own = account is Account.OWN
        # A tenant may not bend the platform's account, nor have its secrets read.
        said = (self.settings.of(tenant.id) if own else self.settings.now).eway_portal
        whose = tenant if own else None
        password = await self._text(whose, said.password)
        api_key = await self._text(whose, said.api_key)
        if not (said.base_url and said.gstin and password and api_key):
            raise ProviderUnsetError(f"no account with the e-way portal is set up for {tenant.id}")
        username = said.username or said.gstin
        found = Credentials(said.base_url, said.gstin, username, password, api_key)
        return GspPortal(self.caller(NAME), found)

    async def _text(self, whose: TenantNamed | None, reference: str) -> str:
        held = await self.secrets.newest_first(whose, reference)
        return held[0].text if held else ""

    def _of_sandbox(self) -> Credentials:
        box = self.sandbox
        if box is None:
            raise ProviderUnsetError("this installation runs no simulator of the e-way portal")
        url = f"http://{box.http.host}:{box.http.port}"
        secret = box.password.get_secret_value()
        return Credentials(url, box.gstin, box.gstin, secret, secret)
