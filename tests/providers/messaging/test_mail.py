"""Mail: what it looks like, and that nothing is said to a server before it is sure who that is."""

from __future__ import annotations

import asyncio
import datetime as dt
import email
import ssl
from collections.abc import AsyncIterator
from email import policy
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config.sections.messaging import MailSecurity
from config.sections.providers import Patience
from freight.notifying.channels import Channel
from providers.attempts import Attempts
from providers.errors import ProviderUndoneError
from providers.messaging.mail import MailServer, written
from providers.messaging.port import MessageRefusedError, Reason
from providers.messaging.smtp import SmtpSender
from sim.messaging.mail import MailServer as Twin
from tests.providers.messaging.conftest import SECRET, World, hasty, message

NOW_MS = 1_795_262_400_000


def server(port: int, security: MailSecurity, password: str = SECRET) -> MailServer:
    return MailServer(
        host="localhost",
        port=port,
        security=security,
        username="us",
        password=password,
        sender="alerts@alerts.example",
        sender_name="UberTruck",
        bounces_to="bounces@alerts.example",
    )


def test_a_mail_says_who_and_what_and_can_be_found_again() -> None:
    note = message(
        Channel.EMAIL,
        id="note-hi",
        language="hi",
        subject="ट्रक\r\nBcc: all@example.com",
        text="ट्रक खड़ा है",
        html="<p>ट्रक खड़ा है</p>",
    )
    raw = written(note, server(25, MailSecurity.NONE), NOW_MS)
    mail = email.message_from_bytes(raw, policy=policy.default)

    assert raw.isascii()
    assert mail["Message-ID"] == "<note-hi@alerts.example>"
    assert mail["Subject"] == "ट्रक Bcc: all@example.com"
    assert mail["Bcc"] is None
    assert mail["From"] == "UberTruck <alerts@alerts.example>"
    assert mail["Date"] == "Sat, 21 Nov 2026 12:00:00 -0000"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("to", ["", "a", "a@b>\r\nDATA", "a@b,c@d", "é@example.com", "<a@b>"])
def test_what_is_no_address_is_refused_before_anybody_is_asked(to: str) -> None:
    with pytest.raises(MessageRefusedError) as refused:
        written(message(Channel.EMAIL, to=to), server(25, MailSecurity.NONE), NOW_MS)

    assert refused.value.why is Reason.INVALID_ADDRESS


@pytest_asyncio.fixture(loop_scope="module")
async def encrypted(world: World, tmp_path: Path) -> AsyncIterator[tuple[int, ssl.SSLContext]]:
    """A mail server with STARTTLS, and a client's view that believes its certificate."""
    file = certificate(tmp_path)
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of_server.load_cert_chain(file)
    listening = await Twin(world.twin, of_server).start("localhost", 0)
    port = listening.sockets[0].getsockname()[1]
    yield port, ssl.create_default_context(cafile=str(file))
    listening.close()


def certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = folder / "server.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def sender_to(at: MailServer, tls: ssl.SSLContext | None = None) -> SmtpSender:
    def patience() -> Patience:
        usual = hasty().providers.patience["usual"]
        return usual.model_copy(update={"attempt_s": 3.0, "deadline_s": 5.0, "attempts": 1})

    return SmtpSender(Attempts("smtp", patience), patience, at, lambda: NOW_MS, tls)


@pytest.mark.asyncio(loop_scope="module")
async def test_mail_goes_encrypted_to_whom_it_is_meant_for_or_not_at_all(
    world: World, encrypted: tuple[int, ssl.SSLContext]
) -> None:
    port, believing = encrypted
    note = message(Channel.EMAIL)
    at = server(port, MailSecurity.STARTTLS)

    with pytest.raises(ProviderUndoneError):  # nobody vouches for it
        await sender_to(at, ssl.create_default_context()).send(note)
    with pytest.raises(ProviderUndoneError):  # it does not encrypt
        await sender_to(
            server(world.twin.settings.smtp_port, MailSecurity.STARTTLS), believing
        ).send(note)
    wrong = server(port, MailSecurity.STARTTLS, "wrong")
    with pytest.raises(ProviderUndoneError, match="credentials"):
        await sender_to(wrong, believing).send(note)
    assert world.at_other_end(note) == []

    await sender_to(at, believing).send(note)

    assert [one["text"].strip() for one in world.at_other_end(note)] == [note.text]
    [kept] = world.twin.book.all()
    assert kept.ours == note.id  # by the envelope, too, for bounces


@pytest.mark.asyncio(loop_scope="module")
async def test_a_lost_good_bye_changes_nothing(world: World) -> None:
    """The mail was taken, and said to be: that the connection breaks then is no failure."""

    async def curt(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        for answer in (b"250-x\r\n250 AUTH PLAIN\r\n", b"235 x\r\n", b"250 x\r\n", b"250 x\r\n"):
            await reader.readline()
            writer.write(answer)
        await reader.readline()
        writer.write(b"354 x\r\n")
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 x\r\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(curt, "localhost", 0)
    port = listening.sockets[0].getsockname()[1]
    note = message(Channel.EMAIL)

    sent = await sender_to(server(port, MailSecurity.NONE)).send(note)

    assert sent.provider_id == f"{note.id}@alerts.example"
    listening.close()
