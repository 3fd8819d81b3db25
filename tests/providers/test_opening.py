"""Which account a tenant's money goes through, as the configuration says at each moment."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr

from config.installation import Http, PaymentSandbox
from config.policy import Policy, Settings, Snapshot, defaults
from config.sections.providers import Account
from providers.errors import ProviderAwayError, ProviderUnsetError
from providers.metering import ProviderMetrics
from providers.opening import Providers, open_providers
from providers.razorpay.signatures import signed
from providers.secret_source import TenantNamed
from tests.conftest import free_port

DAY_MS = 86_400_000
NOW_MS = 1_800_000_000_000
SANDBOX = PaymentSandbox(
    http=Http(host="127.0.0.1", port=9),
    key_id="rzp_test_sandbox",
    key_secret=SecretStr("sandbox key"),
    webhook_secret=SecretStr("sandbox hook"),
    payout_account="1112220001",
)


@dataclasses.dataclass(frozen=True)
class Tenant:
    key: int
    id: str


@dataclasses.dataclass(frozen=True)
class Held:
    text: str
    created_ms: int


ACME, DEMO = Tenant(2, "acme"), Tenant(3, "demo")


@dataclasses.dataclass
class Kept:
    """Secrets by whose they are (None: the installation's) and reference."""

    secrets: dict[tuple[str | None, str], list[Held]]

    async def newest_first(self, tenant: TenantNamed | None, reference: str) -> Sequence[Held]:
        return self.secrets.get((None if tenant is None else tenant.id, reference), [])


KEY, HOOK = "secret://razorpay_key_secret", "secret://razorpay_webhook_secret"
KEPT = Kept(
    {
        (None, KEY): [Held("platform key", NOW_MS)],
        (None, HOOK): [Held("platform hook", NOW_MS)],
        ("acme", KEY): [Held("acme key", NOW_MS)],
        ("acme", HOOK): [Held("acme hook", NOW_MS - DAY_MS // 2), Held("acme before", 0)],
    }
)


def configured(account: Account, **razorpay: Any) -> Policy:
    """Everything as usual but these keys."""
    usual = defaults()
    given = usual.providers.razorpay.model_copy(update=razorpay)
    providers = usual.providers.model_copy(update={"account": account, "razorpay": given})
    return usual.model_copy(update={"providers": providers})


@pytest.fixture
def settings() -> Settings:
    return Settings(defaults())


@pytest.fixture
async def providers(settings: Settings) -> AsyncIterator[Providers]:
    made = open_providers(settings, SANDBOX, KEPT, lambda: NOW_MS)
    yield made
    await made.close()


def set_for(settings: Settings, everyone: Policy, **tenants: Policy) -> None:
    settings.swap(Snapshot(everyone, tenants))


async def signs_with(providers: Providers, tenant: Tenant) -> tuple[str, str]:
    """The key id, and which of the secrets is behind the provider."""
    provider = await providers.payments(tenant)
    texts = ("sandbox key", "platform key", "acme key")
    [secret] = [
        text
        for text in texts
        if provider.is_checkout_genuine("order_1", "pay_1", signed(b"order_1|pay_1", text))
    ]
    return provider.key_id, secret


async def test_the_sandbox_is_what_nobody_has_set(providers: Providers) -> None:
    assert await signs_with(providers, ACME) == ("rzp_test_sandbox", "sandbox key")
    assert await providers.webhook_secrets(ACME) == ["sandbox hook"]
    assert (await providers.payouts(ACME)).name == "razorpay"


async def test_each_tenant_may_have_its_own_account(
    providers: Providers, settings: Settings
) -> None:
    platform = configured(Account.PLATFORM, key_id="rzp_live_platform")
    set_for(settings, platform, acme=configured(Account.OWN, key_id="rzp_live_acme"))

    assert await signs_with(providers, DEMO) == ("rzp_live_platform", "platform key")
    assert await signs_with(providers, ACME) == ("rzp_live_acme", "acme key")
    assert await providers.webhook_secrets(DEMO) == ["platform hook"]


async def test_a_change_holds_for_the_next_question(
    providers: Providers, settings: Settings
) -> None:
    assert (await signs_with(providers, ACME))[1] == "sandbox key"
    set_for(settings, configured(Account.PLATFORM, key_id="rzp_live_platform"))

    assert (await signs_with(providers, ACME))[1] == "platform key"


async def test_a_tenant_does_not_bend_the_platforms_account(
    providers: Providers, settings: Settings
) -> None:
    """Else naming a secret in its own settings would have the installation's sent out."""
    platform = configured(Account.PLATFORM, key_id="rzp_live_platform")
    bent = configured(Account.PLATFORM, key_id="rzp_live_bent", key_secret="secret://other")
    set_for(settings, platform, acme=bent)

    assert await signs_with(providers, ACME) == ("rzp_live_platform", "platform key")


async def test_an_account_that_is_not_set_up_is_asked_nothing(
    providers: Providers, settings: Settings
) -> None:
    no_key = configured(Account.PLATFORM)
    set_for(settings, no_key, demo=configured(Account.OWN, key_id="rzp_live_demo"))

    for tenant in (ACME, DEMO):
        with pytest.raises(ProviderUnsetError):
            await providers.payments(tenant)
        with pytest.raises(ProviderUnsetError):
            await providers.payouts(tenant)
    assert await providers.webhook_secrets(DEMO) == []


async def test_without_a_sandbox_nothing_is_pretended(settings: Settings) -> None:
    providers = open_providers(settings, None, KEPT, lambda: NOW_MS)

    with pytest.raises(ProviderUnsetError, match="no sandbox"):
        await providers.payments(ACME)
    assert await providers.webhook_secrets(ACME) == []


async def test_the_secret_before_counts_for_a_day(settings: Settings) -> None:
    set_for(settings, configured(Account.OWN, key_id="rzp_live_acme"))
    early = open_providers(settings, None, KEPT, lambda: NOW_MS)
    late = open_providers(settings, None, KEPT, lambda: NOW_MS + DAY_MS)

    assert await early.webhook_secrets(ACME) == ["acme hook", "acme before"]
    assert await late.webhook_secrets(ACME) == ["acme hook"]


async def test_calls_are_counted_for_whoever_collects(settings: Settings) -> None:
    registry = CollectorRegistry()
    nobody = SANDBOX.model_copy(update={"http": Http(host="127.0.0.1", port=free_port())})
    patience = defaults().providers.patience["usual"].model_copy(update={"attempts": 1})
    usual = defaults().providers.model_copy(update={"patience": {"usual": patience}})
    settings.swap(Snapshot(defaults().model_copy(update={"providers": usual})))
    metrics = ProviderMetrics(registry)
    providers = open_providers(settings, nobody, KEPT, lambda: NOW_MS, metrics)

    with pytest.raises(ProviderAwayError):
        await (await providers.payments(ACME)).fetch_order("order_1")

    text = generate_latest(registry).decode()
    labels = 'operation="orders.fetch",outcome="away",provider="razorpay_sandbox"'
    assert f"ubertruck_provider_calls_total{{{labels}}} 1.0" in text
    await providers.close()
