"""Gives each tenant its way to send on each channel, as the configuration says at this moment."""

from __future__ import annotations

import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from config.installation import MessagingSandbox
from config.policy import Settings
from config.sections.messaging import Messaging, SmsProvider
from config.sections.providers import Account
from freight.notifying.channels import Channel
from providers.attempts import Attempts
from providers.callers import Callers
from providers.errors import ProviderUnsetError
from providers.messaging import fcm, msg91, rooms, smtp, twilio, whatsapp
from providers.messaging.answers import refused
from providers.messaging.google_token import GoogleTokens, service_account
from providers.messaging.mail import MailServer
from providers.messaging.port import Reason, Sender
from providers.messaging.sandboxed import room_url, secret_of, settings_of
from providers.metering import Meter, OneOfMany, Unmetered
from providers.secret_source import HeldSecret, SecretSource, TenantNamed

RECEIPTS_PATH = "/v1/webhooks"
GOOGLE = "google_token"
SANDBOX = "_sandbox"
MS = 1000
ROOM = re.compile(r"[A-Za-z0-9._-]{1,64}")
Read = Callable[[str], Awaitable[Sequence[HeldSecret]]]


@dataclass(frozen=True, slots=True)
class _Fixed:
    """A secret that the installation itself made."""

    text: str
    created_ms: int = 0


@dataclass(frozen=True, slots=True)
class _Opened:
    """Through whose account one tenant sends, with what it is signed in."""

    tenant_id: str
    said: Messaging
    secrets: Read
    sandbox: MessagingSandbox | None

    def service(self, name: str) -> str:
        """The stand-in has a breaker of its own."""
        return name if self.sandbox is None else name + SANDBOX

    async def secret(self, reference: str, what: str) -> str:
        held = await self.secrets(reference)
        if not held:
            raise ProviderUnsetError(f"{what} is not set up for {self.tenant_id}")
        return held[0].text

    def must(self, value: str, what: str) -> str:
        if not value:
            raise ProviderUnsetError(f"{what} is not set up for {self.tenant_id}")
        return value

    def receipts_url(self, provider: str) -> str:
        url = self.said.receipts_url.rstrip("/")
        return f"{url}{RECEIPTS_PATH}/{provider}/{self.tenant_id}" if url else ""


class Channels:
    """One a process. What it gives is cheap and holds for one message: ask for it anew."""

    def __init__(
        self,
        settings: Settings,
        sandbox: MessagingSandbox | None,
        secrets: SecretSource,
        now_ms: Callable[[], int],
        meter: Meter | None = None,
    ) -> None:
        self._settings = settings
        self._sandbox = sandbox
        self._secrets = secrets
        self._now_ms = now_ms
        self._meter = meter or Unmetered()
        self._callers = Callers(settings, self._meter)
        self._mail: dict[tuple[str, int], Attempts] = {}
        self._open_mail: set[OneOfMany] = set()
        self._tokens = GoogleTokens(now_ms)
        self._tls: ssl.SSLContext | None = None

    async def sender(self, tenant: TenantNamed, channel: Channel) -> Sender:
        """ProviderUnsetError where no account is set up."""
        openers: dict[Channel, Callable[[_Opened], Awaitable[Sender]]] = {
            Channel.EMAIL: self._email,
            Channel.SMS: self._sms,
            Channel.WHATSAPP: self._whatsapp,
            Channel.PUSH: self._push,
            Channel.SLACK: self._slack,
            Channel.TEAMS: self._teams,
            Channel.VOICE: self._voice,
        }
        opener = openers.get(channel)
        if opener is None:
            raise ProviderUnsetError(f"nobody is asked for {channel.value}")
        return await opener(self._opened(tenant))

    async def receipt_secrets(self, tenant: TenantNamed | None, provider: str) -> list[str]:
        """All that a genuine receipt may be signed with now; without a tenant: those of the
        account that all share. None where nothing is set up."""
        opened = self._opened(tenant)
        said = opened.said
        reference = {
            msg91.NAME: said.msg91.receipt_secret,
            twilio.NAME: said.twilio.auth_token,
            whatsapp.NAME: said.whatsapp.app_secret,
            smtp.NAME: said.email.bounce_secret,
        }[provider]
        return self._good_ones(await opened.secrets(reference), said.rotation_overlap_s)

    async def verify_tokens(self, tenant: TenantNamed | None) -> list[str]:
        """By which Meta asks whether an address is ours."""
        opened = self._opened(tenant)
        held = await opened.secrets(opened.said.whatsapp.verify_token)
        return self._good_ones(held, opened.said.rotation_overlap_s)

    def receipts_url(self, tenant: TenantNamed, provider: str) -> str:
        """Where its receipts about a tenant's messages come to; empty: nowhere."""
        return self._opened(tenant).receipts_url(provider)

    async def close(self) -> None:
        await self._callers.close()

    def _opened(self, tenant: TenantNamed | None) -> _Opened:
        of_tenant = self._settings.now if tenant is None else self._settings.of(tenant.id)
        name = "the installation" if tenant is None else tenant.id
        account = of_tenant.messaging.account
        if account is Account.SANDBOX:
            return self._of_sandbox(name, of_tenant.messaging)
        # A tenant may not bend the platform's account, nor have its secrets read.
        own = account is Account.OWN
        said = (of_tenant if own else self._settings.now).messaging
        whose = tenant if own else None
        return _Opened(name, said, partial(self._secrets.newest_first, whose), None)

    def _of_sandbox(self, name: str, said: Messaging) -> _Opened:
        sandbox = self._sandbox

        async def secrets(reference: str) -> Sequence[HeldSecret]:
            return [] if sandbox is None else [_Fixed(t) for t in secret_of(sandbox, reference)]

        if sandbox is None:
            return _Opened(name, said, secrets, None)
        return _Opened(name, settings_of(sandbox, said), secrets, sandbox)

    async def _email(self, opened: _Opened) -> Sender:
        said = opened.said.email
        host, sender = opened.must(said.host, "mail"), opened.must(said.sender, "mail")
        password = await opened.secret(said.password, "mail") if said.username else ""
        server = MailServer(
            host=host,
            port=said.port,
            security=said.security,
            username=said.username,
            password=password,
            sender=sender,
            sender_name=said.sender_name,
            bounces_to=said.bounces_to,
        )
        name = opened.service(smtp.NAME)
        patience = self._callers.patience_of(name)
        # Each server has a breaker of its own: one tenant's that is down stops nobody else.
        attempts = self._mail.get((host, said.port))
        if attempts is None:
            one = OneOfMany(self._meter, self._open_mail)
            attempts = Attempts(name, patience, meter=one)
            self._mail[host, said.port] = attempts
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return smtp.SmtpSender(attempts, patience, server, self._now_ms, self._tls)

    async def _sms(self, opened: _Opened) -> Sender:
        if opened.said.sms_provider is SmsProvider.MSG91:
            said = opened.said.msg91
            key = await opened.secret(said.auth_key, "SMS")
            caller = self._callers.of(opened.service(msg91.NAME))
            return msg91.Msg91Sender(caller, msg91.Credentials(said.base_url, key))
        credentials = await self._twilio(opened, "SMS")
        caller = self._callers.of(opened.service(twilio.NAME))
        url = opened.receipts_url(twilio.NAME)
        sender = opened.must(opened.said.twilio.sender, "SMS")
        return twilio.TwilioSms(caller, credentials, url, sender)

    async def _voice(self, opened: _Opened) -> Sender:
        said = opened.said.twilio
        return twilio.TwilioCall(
            self._callers.of(opened.service(twilio.NAME)),
            await self._twilio(opened, "calling"),
            opened.receipts_url(twilio.NAME),
            opened.must(said.caller, "calling"),
            said.voices,
            said.spoken_times,
            said.ring_s,
        )

    async def _twilio(self, opened: _Opened, what: str) -> twilio.Credentials:
        said = opened.said.twilio
        token = await opened.secret(said.auth_token, what)
        return twilio.Credentials(said.base_url, opened.must(said.account_sid, what), token)

    async def _whatsapp(self, opened: _Opened) -> Sender:
        said = opened.said.whatsapp
        number = opened.must(said.phone_number_id, "WhatsApp")
        token = await opened.secret(said.token, "WhatsApp")
        caller = self._callers.of(opened.service(whatsapp.NAME))
        credentials = whatsapp.Credentials(said.base_url, number, token)
        return whatsapp.WhatsAppSender(caller, credentials)

    async def _push(self, opened: _Opened) -> Sender:
        said = opened.said.push
        account = service_account(await opened.secret(said.service_account, "push"))
        asks = self._callers.of(opened.service(GOOGLE))
        token = partial(self._tokens.of, asks, account, said.token_url, said.token_spare_s)
        return fcm.FcmSender(
            self._callers.of(opened.service(fcm.NAME)),
            f"{said.base_url.rstrip('/')}/v1/projects/{account.project_id}/messages:send",
            token,
            partial(self._tokens.drop, account, said.token_url),
            said.keep_s,
        )

    async def _slack(self, opened: _Opened) -> Sender:
        url_of = self._room_of(opened, rooms.SLACK)
        return rooms.SlackRooms(self._callers.of(opened.service(rooms.SLACK)), url_of)

    async def _teams(self, opened: _Opened) -> Sender:
        url_of = self._room_of(opened, rooms.TEAMS)
        return rooms.TeamsRooms(self._callers.of(opened.service(rooms.TEAMS)), url_of)

    def _room_of(self, opened: _Opened, kind: str) -> Callable[[str], Awaitable[str]]:
        said = opened.said.slack if kind == rooms.SLACK else opened.said.teams
        if opened.sandbox is None and not said.webhooks:
            raise ProviderUnsetError(f"no room of {kind} is set up for {opened.tenant_id}")

        async def url_of(room: str) -> str:
            is_name = ROOM.fullmatch(room) is not None
            if is_name and opened.sandbox is not None:
                return room_url(opened.sandbox, kind, room)
            reference = said.webhooks.get(room)
            if not is_name or reference is None:
                raise refused(Reason.INVALID_ADDRESS, "no_room", "there is no room of this name")
            url = await opened.secret(reference, f"the room {room}")
            if not rooms.leads_to(url, said.hosts):
                raise ProviderUnsetError(f"the address of the room {room} is not one of {kind}")
            return url

        return url_of

    def _good_ones(self, held: Sequence[HeldSecret], overlap_s: float) -> list[str]:
        if not held:
            return []
        good = [held[0].text]
        is_fresh = self._now_ms() - held[0].created_ms <= overlap_s * MS
        return good + [before.text for before in held[1:] if is_fresh]
