"""Writes a message as an e-mail: the same bytes for the same message, whoever sends them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate

from config.sections.messaging import MailSecurity
from providers.messaging.answers import refused
from providers.messaging.port import Message, Reason

MS = 1000
# Of addresses that all servers take; in others something is hidden, or nobody.
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_SEVEN_BIT = policy.SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class MailServer:
    host: str
    port: int
    security: MailSecurity
    username: str
    password: str = field(repr=False)
    sender: str
    sender_name: str
    bounces_to: str

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2]


def message_id(message: Message, server: MailServer) -> str:
    """What a bounce names it by."""
    return f"{message.id}@{server.domain}"


def written(message: Message, server: MailServer, now_ms: int) -> bytes:
    if ADDRESS.fullmatch(message.to) is None:
        raise refused(Reason.INVALID_ADDRESS, "bad_address", "it is no address that can be sent to")
    mail = EmailMessage(policy=_SEVEN_BIT)
    mail["From"] = Address(server.sender_name, addr_spec=server.sender)
    mail["To"] = Address(addr_spec=message.to)
    mail["Subject"] = " ".join(message.subject.split())
    mail["Date"] = formatdate(now_ms / MS)
    mail["Message-ID"] = f"<{message_id(message, server)}>"
    # So that an automatic answer does not answer it.
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = message.language
    if message.is_urgent:
        mail["Importance"] = "high"
    mail.set_content(message.text)
    if message.html is not None:
        mail.add_alternative(message.html, subtype="html")
    return mail.as_bytes()
