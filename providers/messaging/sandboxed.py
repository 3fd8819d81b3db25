"""The account of the local stand-in for all providers: where it listens, and its one secret."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from config.installation import MessagingSandbox
from config.sections.messaging import MailSecurity, Messaging

SID = "ACsandbox"
NUMBER = "+15005550006"  # fixed: the one that Twilio gives to those who test
PHONE_NUMBER_ID = "100000000000001"
PROJECT = "sandbox"
PUSH_SENDER = "push@sandbox.example"
ADDRESS = "alerts@sandbox.example"
PUSH_KEY = "secret://fcm_service_account"


def settings_of(sandbox: MessagingSandbox, usual: Messaging) -> Messaging:
    """As if somebody had entered it; what is not about an account stays."""
    url = f"http://{sandbox.http.host}:{sandbox.http.port}"
    email = usual.email.model_copy(
        update={
            "host": sandbox.smtp.host,
            "port": sandbox.smtp.port,
            "security": MailSecurity.NONE,
            "username": "sandbox",
            "sender": ADDRESS,
            "bounces_to": ADDRESS,
        }
    )
    twilio = usual.twilio.model_copy(
        update={
            "base_url": f"{url}/twilio",
            "account_sid": SID,
            "sender": NUMBER,
            "caller": NUMBER,
        }
    )
    whatsapp = usual.whatsapp.model_copy(
        update={"base_url": f"{url}/whatsapp/v23.0", "phone_number_id": PHONE_NUMBER_ID}
    )
    push = usual.push.model_copy(
        update={
            "base_url": f"{url}/fcm",
            "token_url": f"{url}/google/token",
            "service_account": PUSH_KEY,
        }
    )
    return usual.model_copy(
        update={
            "receipts_url": sandbox.receipts_url,
            "email": email,
            "msg91": usual.msg91.model_copy(update={"base_url": f"{url}/msg91"}),
            "twilio": twilio,
            "whatsapp": whatsapp,
            "push": push,
        }
    )


def secret_of(sandbox: MessagingSandbox, reference: str) -> Sequence[str]:
    """All are the same one, but for the key that signs."""
    if reference != PUSH_KEY:
        return [sandbox.secret.get_secret_value()]
    account = {
        "project_id": PROJECT,
        "client_email": PUSH_SENDER,
        "private_key": sandbox.push_key.get_secret_value(),
    }
    return [msgspec.json.encode(account).decode()]


def room_url(sandbox: MessagingSandbox, kind: str, room: str) -> str:
    """It has every room that anybody names."""
    at, secret = sandbox.http, sandbox.secret.get_secret_value()
    return f"http://{at.host}:{at.port}/{kind}/{secret}/{room}"
