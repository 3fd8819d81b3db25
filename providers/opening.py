"""Gives each tenant its payment and payout provider, as the configuration says at this moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from config.installation import EwaySandbox, PaymentSandbox
from config.policy import Settings
from config.sections.providers import Account, Razorpay
from providers.callers import Callers
from providers.errors import ProviderUnsetError
from providers.eway.opening import EwayPortals
from providers.eway.portal import EwayPortal
from providers.metering import Meter, Unmetered
from providers.payments import PaymentProvider
from providers.payouts import PayoutProvider
from providers.razorpay.client import Credentials, RazorpayClient
from providers.razorpay.payments import NAME, RazorpayPayments
from providers.razorpay.payouts import RazorpayPayouts
from providers.secret_source import HeldSecret, SecretSource, TenantNamed

SANDBOX_NAME = "razorpay_sandbox"
API_PATH = "/v1"
MS = 1000


class Providers:
    """One a process. What it gives is cheap and holds for one piece of work: ask for it anew."""

    def __init__(
        self,
        settings: Settings,
        sandbox: PaymentSandbox | None,
        secrets: SecretSource,
        now_ms: Callable[[], int],
        meter: Meter,
        *,
        eway_sandbox: EwaySandbox | None = None,
    ) -> None:
        self._settings = settings
        self._sandbox = sandbox
        self._secrets = secrets
        self._now_ms = now_ms
        self._callers = Callers(settings, meter)
        self._eway = EwayPortals(settings, eway_sandbox, secrets, self._callers.of)

    async def payments(self, tenant: TenantNamed) -> PaymentProvider:
        """ProviderUnsetError where no account is set up."""
        return RazorpayPayments(await self._razorpay(tenant))

    async def payouts(self, tenant: TenantNamed) -> PayoutProvider:
        """ProviderUnsetError where no account is set up."""
        number = self._payout_account(tenant)
        if not number:
            raise ProviderUnsetError(f"no payout account is set up for {tenant.id}")
        return RazorpayPayouts(await self._razorpay(tenant), number)

    async def eway(self, tenant: TenantNamed) -> EwayPortal:
        """ProviderUnsetError where no account is set up."""
        return await self._eway.portal(tenant)

    async def webhook_secrets(self, tenant: TenantNamed) -> list[str]:
        """All that a genuine webhook may be signed with now; none where nothing is set up."""
        account = self._account(tenant)
        if account is Account.SANDBOX:
            return (
                [] if self._sandbox is None else [self._sandbox.webhook_secret.get_secret_value()]
            )
        settings = self._of_account(tenant, account)
        held = await self._held(tenant, account, settings.webhook_secret)
        return self._good_ones(held, settings.rotation_overlap_s)

    async def close(self) -> None:
        await self._callers.close()

    def _account(self, tenant: TenantNamed) -> Account:
        return self._settings.of(tenant.id).providers.account

    def _of_account(self, tenant: TenantNamed, account: Account) -> Razorpay:
        """A tenant may not bend the platform's account, nor have its secrets read."""
        own = account is Account.OWN
        settings = self._settings.of(tenant.id) if own else self._settings.now
        return settings.providers.razorpay

    def _payout_account(self, tenant: TenantNamed) -> str:
        account = self._account(tenant)
        if account is not Account.SANDBOX:
            return self._of_account(tenant, account).payout_account
        return "" if self._sandbox is None else self._sandbox.payout_account

    async def _razorpay(self, tenant: TenantNamed) -> RazorpayClient:
        account = self._account(tenant)
        if account is Account.SANDBOX:
            return RazorpayClient(self._callers.of(SANDBOX_NAME), self._of_sandbox())
        settings = self._of_account(tenant, account)
        held = await self._held(tenant, account, settings.key_secret)
        if not settings.key_id or not held:
            raise ProviderUnsetError(f"no key of Razorpay is set up for {tenant.id}")
        found = Credentials(settings.base_url, settings.key_id, held[0].text)
        return RazorpayClient(self._callers.of(NAME), found)

    def _of_sandbox(self) -> Credentials:
        sandbox = self._sandbox
        if sandbox is None:
            raise ProviderUnsetError("this installation runs no sandbox of a payment provider")
        url = f"http://{sandbox.http.host}:{sandbox.http.port}{API_PATH}"
        return Credentials(url, sandbox.key_id, sandbox.key_secret.get_secret_value())

    async def _held(
        self, tenant: TenantNamed, account: Account, reference: str
    ) -> Sequence[HeldSecret]:
        whose = tenant if account is Account.OWN else None
        return await self._secrets.newest_first(whose, reference)

    def _good_ones(self, held: Sequence[HeldSecret], overlap_s: float) -> list[str]:
        if not held:
            return []
        good = [held[0].text]
        is_fresh = self._now_ms() - held[0].created_ms <= overlap_s * MS
        return good + [before.text for before in held[1:] if is_fresh]


def open_providers(
    settings: Settings,
    sandbox: PaymentSandbox | None,
    secrets: SecretSource,
    now_ms: Callable[[], int],
    meter: Meter | None = None,
    *,
    eway_sandbox: EwaySandbox | None = None,
) -> Providers:
    """The sandboxes are the installation's; close it at the end."""
    return Providers(
        settings, sandbox, secrets, now_ms, meter or Unmetered(), eway_sandbox=eway_sandbox
    )
