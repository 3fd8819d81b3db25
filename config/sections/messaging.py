"""Who carries our messages: whose accounts, with which servers, and what they are told."""

from __future__ import annotations

from enum import StrEnum

from config.schema import Count, Positive, Section, Who, key
from config.sections.providers import Account


class SmsProvider(StrEnum):
    MSG91 = "msg91"
    TWILIO = "twilio"


class MailSecurity(StrEnum):
    STARTTLS = "starttls"  # plain at first, and nothing is said before it is encrypted
    TLS = "tls"
    NONE = "none"  # within one machine only


class EmailAccount(Section):
    """A server that takes our mail."""

    host: str = key("Its name.", who=Who.OPERATOR, live=True)
    port: Count = key("587 for STARTTLS, 465 for TLS.", who=Who.OPERATOR, live=True)
    security: MailSecurity = key("How it is encrypted.", who=Who.OPERATOR, live=True)
    username: str = key("Whom we sign in as; empty: nobody.", who=Who.TENANT, live=True)
    password: str = key("Where the password is kept.", who=Who.TENANT, live=True)
    sender: str = key("The address that mail comes from.", who=Who.TENANT, live=True)
    sender_name: str = key("The name beside it.", who=Who.TENANT, live=True)
    bounces_to: str = key(
        "The address that what cannot be delivered goes back to; empty: the sender's.",
        who=Who.TENANT,
        live=True,
    )
    bounce_secret: str = key(
        "Where the secret is kept with which bounces are handed to us.", who=Who.TENANT, live=True
    )


class Msg91Account(Section):
    base_url: str = key("Where its API is.", who=Who.OPERATOR, live=True)
    auth_key: str = key("Where the key is kept.", who=Who.TENANT, live=True)
    receipt_secret: str = key(
        "Where the secret is kept that its receipts bring along.", who=Who.TENANT, live=True
    )


class TwilioAccount(Section):
    """For texts and calls."""

    base_url: str = key("Where its API is.", who=Who.OPERATOR, live=True)
    account_sid: str = key("The account.", who=Who.TENANT, live=True)
    auth_token: str = key("Where its token is kept.", who=Who.TENANT, live=True)
    sender: str = key(
        "The number, or the messaging service, that texts come from.", who=Who.TENANT, live=True
    )
    caller: str = key("The number that calls come from.", who=Who.TENANT, live=True)
    voices: dict[str, str] = key(
        "The language in which it reads a text out, by the text's.", who=Who.TENANT, live=True
    )
    spoken_times: Count = key("How often a call says the text.", who=Who.TENANT, live=True)
    ring_s: Count = key("For so long a phone rings.", who=Who.TENANT, live=True)


class WhatsAppAccount(Section):
    base_url: str = key("Where its API is, with the version.", who=Who.OPERATOR, live=True)
    phone_number_id: str = key("Meta's id of our number.", who=Who.TENANT, live=True)
    token: str = key("Where the token is kept.", who=Who.TENANT, live=True)
    app_secret: str = key(
        "Where the secret is kept that receipts are signed with.", who=Who.TENANT, live=True
    )
    verify_token: str = key(
        "Where the word is kept by which Meta knows our address.", who=Who.TENANT, live=True
    )


class PushAccount(Section):
    base_url: str = key("Where FCM's API is.", who=Who.OPERATOR, live=True)
    token_url: str = key("Where service accounts get tokens.", who=Who.OPERATOR, live=True)
    service_account: str = key(
        "Where the service account's key file is kept, as Google gives it out.",
        who=Who.TENANT,
        live=True,
    )
    keep_s: Count = key(
        "For a phone that is switched off, a push is kept for so long.", who=Who.TENANT, live=True
    )
    token_spare_s: Positive = key("A token that ends sooner is not used any more.", live=True)


class Rooms(Section):
    """Rooms of Slack or Teams, each with an address of its own that is a secret."""

    webhooks: dict[str, str] = key(
        "Where each room's address is kept, by the name that messages call it.",
        who=Who.TENANT,
        live=True,
    )
    hosts: list[str] = key(
        "Such an address leads to one of these hosts; with a dot in front, to any below it.",
        live=True,
    )


class Messaging(Section):
    account: Account = key("Through whose accounts messages go.", who=Who.OPERATOR, live=True)
    sms_provider: SmsProvider = key("Who carries SMS.", who=Who.OPERATOR, live=True)
    receipts_url: str = key(
        "This installation as providers reach it, for their receipts; empty: they send none.",
        live=True,
    )
    email: EmailAccount
    msg91: Msg91Account
    twilio: TwilioAccount
    whatsapp: WhatsAppAccount
    push: PushAccount
    slack: Rooms
    teams: Rooms
    rotation_overlap_s: Positive = key(
        "For how long a receipt still counts that was signed with the secret before.",
        who=Who.TENANT,
        live=True,
    )
