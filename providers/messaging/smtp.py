"""E-mail over SMTP: encrypted, signed in, and sure at each step whether anything was sent."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import aiosmtplib

from config.sections.messaging import MailSecurity
from config.sections.providers import Patience
from freight.notifying.channels import Channel
from providers.attempts import AttemptError, Attempts, BusyError
from providers.messaging.answers import refused
from providers.messaging.mail import MailServer, message_id, written
from providers.messaging.port import Message, MessageRefusedError, Reason, Repeats, Sent, State

NAME = "smtp"
_ENHANCED = re.compile(r"\b[245]\.(\d{1,3})\.(\d{1,3})\b")
_LATER_FROM, _NEVER_FROM = 400, 500  # SMTP's classes of replies
_BY_CODE = {
    550: Reason.INVALID_ADDRESS,
    551: Reason.INVALID_ADDRESS,
    553: Reason.INVALID_ADDRESS,
    552: Reason.CONTENT,
    554: Reason.BLOCKED,
}


@dataclass(frozen=True, slots=True)
class SmtpSender:
    """Receivers may know a second copy by its Message-ID, but none must: it is sent once only."""

    attempts: Attempts
    patience: Callable[[], Patience]
    server: MailServer
    now_ms: Callable[[], int]
    tls: ssl.SSLContext | None = None  # None: the usual authorities are believed

    name: ClassVar[str] = NAME
    channel: ClassVar[Channel] = Channel.EMAIL
    repeats: ClassVar[Repeats] = Repeats.DOUBLED
    has_receipts: ClassVar[bool] = True

    async def send(self, message: Message) -> Sent:
        mail = written(message, self.server, self.now_ms())
        said = await self.attempts.make(
            "email.send", lambda: self._once(message, mail), _outcome_of
        )
        if isinstance(said, MessageRefusedError):
            raise said
        return said

    async def _once(self, message: Message, mail: bytes) -> Sent | MessageRefusedError:
        patience, client = self.patience(), self._client()
        is_handed_over = False
        try:
            async with asyncio.timeout(patience.attempt_s):
                await client.connect(timeout=patience.connect_s)
                await self._address(client, message)
                is_handed_over = True  # from here on it may be on its way, whatever we hear
                await client.data(mail, timeout=patience.attempt_s)
        except aiosmtplib.SMTPResponseException as said:
            return _judged(said)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as failed:
            says = f"cannot be reached: {type(failed).__name__}"
            raise AttemptError(
                says, may_repeat=not is_handed_over, is_undone=not is_handed_over
            ) from failed
        else:
            # Whether it hears our good-bye changes nothing.
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=patience.connect_s)
            return Sent(message_id(message, self.server), State.ACCEPTED)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        own = self.server
        return aiosmtplib.SMTP(
            hostname=own.host,
            port=own.port,
            username=own.username or None,
            password=own.password or None,
            use_tls=own.security is MailSecurity.TLS,
            start_tls=own.security is MailSecurity.STARTTLS,
            tls_context=self.tls,
            local_hostname=own.domain,  # else it would ask the name service who we are
        )

    async def _address(self, client: aiosmtplib.SMTP, message: Message) -> None:
        tells = client.supports_extension("dsn")
        envelope = ["RET=HDRS", f"ENVID={message.id}"] if tells else []
        sender = self.server.bounces_to or self.server.sender
        await client.mail(sender, options=envelope)
        await client.rcpt(message.to, options=["NOTIFY=FAILURE"] if tells else [])


def reason_of(text: str, otherwise: Reason = Reason.OTHER) -> Reason:
    """By the enhanced status code, which is told in the text of a reply."""
    found = _ENHANCED.search(text)
    if found is None:
        return otherwise
    subject, detail = found.groups()
    if subject == "1" or (subject, detail) == ("2", "1"):
        return Reason.INVALID_ADDRESS
    if subject == "7":
        return Reason.BLOCKED
    if (subject, detail) in {("2", "3"), ("3", "4")} or subject == "6":
        return Reason.CONTENT
    if subject in {"2", "4"}:
        return Reason.UNREACHABLE
    return otherwise


def _judged(said: aiosmtplib.SMTPResponseException) -> MessageRefusedError:
    """A reply is a no: nothing was taken, for now or for ever."""
    if isinstance(said, aiosmtplib.SMTPAuthenticationError):
        says = f"our credentials are refused: {said.code}"
        raise BusyError(says, may_repeat=False, is_undone=True) from said
    if said.code < _LATER_FROM:
        raise AttemptError(f"answers {said.code}", may_repeat=False) from said
    if said.code < _NEVER_FROM:
        # Too much at once, or a server that wants to be asked a second time later.
        says = f"is throttling us: {said.code}"
        raise BusyError(says, may_repeat=False, is_throttled=True) from said
    why = reason_of(said.message, _BY_CODE.get(said.code, Reason.OTHER))
    return refused(why, said.code, said.message)


def _outcome_of(said: Sent | MessageRefusedError) -> str:
    return "ok" if isinstance(said, Sent) else "refused"
