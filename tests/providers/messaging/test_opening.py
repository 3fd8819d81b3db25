"""Whose account a tenant's messages go through, and that nobody reaches into another's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from config.policy import Policy, Settings, Snapshot, defaults
from config.sections.providers import Account
from freight.notifying.channels import Channel
from providers.errors import ProviderUnsetError
from providers.messaging.fcm import FcmSender
from providers.messaging.opening import Channels
from providers.messaging.port import MessageRefusedError
from providers.messaging.smtp import SmtpSender
from providers.messaging.twilio import TwilioCall
from providers.secret_source import HeldSecret, TenantNamed
from tests.providers.messaging.conftest import NoSecrets, Tenant, channels_of, message
from tests.providers.test_opening import Held

ACME, DEMO = Tenant(2, "acme"), Tenant(3, "demo")
DAY_MS = 86_400_000


class Kept:
    """Each owner's secret says whose it is and what for."""

    async def newest_first(
        self, tenant: TenantNamed | None, reference: str
    ) -> Sequence[HeldSecret]:
        whose = "platform" if tenant is None else tenant.id
        if reference == "secret://room":
            return [Held("https://hooks.slack.com/services/T/B/x", 1)]
        if reference == "secret://inside":
            return [Held("https://10.0.0.1/admin", 1)]
        if reference == "secret://fcm_service_account":
            account = {"project_id": whose, "client_email": "x", "private_key": "x"}
            return [Held(msgspec.json.encode(account).decode(), 1)]
        return [Held(f"{whose} {reference}", 2 * DAY_MS), Held(f"{whose} before", 1)]


def configured(account: Account, **sections: dict[str, Any]) -> Policy:
    usual = defaults()
    changed = {
        name: getattr(usual.messaging, name).model_copy(update=values)
        for name, values in sections.items()
    }
    messaging = usual.messaging.model_copy(
        update={"account": account, "receipts_url": "https://our.example/", **changed}
    )
    return usual.model_copy(update={"messaging": messaging})


TWILIO = {"account_sid": "AC1", "sender": "+1", "caller": "+2"}
MAIL = {"host": "mail.example", "sender": "a@mail.example", "username": "us"}


def opened(everyone: Policy, now_ms: int = 0, **tenants: Policy) -> Channels:
    settings = Settings(defaults())
    settings.swap(Snapshot(everyone, tenants))
    return Channels(settings, None, Kept(), lambda: now_ms)


async def test_nobody_is_told_where_nothing_is_set_up() -> None:
    without = channels_of(None, NoSecrets())
    own = opened(configured(Account.OWN))
    for channel in Channel:
        with pytest.raises(ProviderUnsetError):
            await without.sender(ACME, channel)
    for channel in (Channel.IN_APP, Channel.EMAIL, Channel.VOICE, Channel.SLACK, Channel.WHATSAPP):
        with pytest.raises(ProviderUnsetError):
            await own.sender(ACME, channel)
    assert await without.receipt_secrets(ACME, "twilio") == []


async def test_a_tenant_has_its_own_account_or_the_platforms_and_bends_neither() -> None:
    bent = configured(Account.PLATFORM, twilio={"account_sid": "ACbent", "caller": "+9"})
    own = configured(Account.OWN, twilio={**TWILIO, "account_sid": "ACown"}, email=MAIL)
    channels = opened(configured(Account.PLATFORM, twilio=TWILIO), acme=bent, demo=own)

    found = {tenant.id: await channels.sender(tenant, Channel.VOICE) for tenant in (ACME, DEMO)}
    acme, demo = found["acme"], found["demo"]
    assert isinstance(acme, TwilioCall)
    assert isinstance(demo, TwilioCall)
    assert (acme.credentials.account_sid, acme.number) == ("AC1", "+2")
    assert acme.credentials.auth_token == "platform secret://twilio_auth_token"
    assert demo.credentials.account_sid == "ACown"
    assert demo.credentials.auth_token == "demo secret://twilio_auth_token"
    assert acme.receipts_url == "https://our.example/v1/webhooks/twilio/acme"
    push = await channels.sender(DEMO, Channel.PUSH)
    assert isinstance(push, FcmSender)
    assert push.url == "https://fcm.googleapis.com/v1/projects/demo/messages:send"
    mail = await channels.sender(DEMO, Channel.EMAIL)
    assert isinstance(mail, SmtpSender)
    assert mail.server.password == "demo secret://smtp_password"
    await channels.close()


async def test_a_secret_of_before_is_good_for_a_day_after_the_change() -> None:
    everyone = configured(Account.PLATFORM)
    fresh, old = (opened(everyone, now_ms=nr * DAY_MS + 1) for nr in (2, 3))
    present = "platform secret://whatsapp_app_secret"

    assert await fresh.receipt_secrets(None, "whatsapp") == [present, "platform before"]
    assert await old.receipt_secrets(None, "whatsapp") == [present]
    assert await old.verify_tokens(None) == ["platform secret://whatsapp_verify_token"]


async def test_a_room_is_one_that_is_set_up_and_leads_to_slack() -> None:
    rooms = {"webhooks": {"dispatch": "secret://room", "inside": "secret://inside"}}
    channels = opened(configured(Account.OWN, slack=rooms))
    sender = await channels.sender(ACME, Channel.SLACK)

    with pytest.raises(MessageRefusedError, match="no room"):
        await sender.send(message(Channel.SLACK, to="nobody"))
    with pytest.raises(MessageRefusedError, match="no room"):
        await sender.send(message(Channel.SLACK, to="secret://room"))
    with pytest.raises(ProviderUnsetError, match="not one of slack"):
        await sender.send(message(Channel.SLACK, to="inside"))
    await channels.close()


def test_an_id_that_some_provider_would_not_take_is_none() -> None:
    for wrong in ("", "a b", "a/b", "x" * 65, "a\r\nBcc: b"):
        with pytest.raises(ValueError, match="every provider"):
            message(Channel.SMS, id=wrong)
