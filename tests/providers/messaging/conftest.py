"""The messages sandbox behind real sockets, a door for its receipts, and every adapter on it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from config.installation import Http, MessagingSandbox
from config.policy import Policy, Settings, Snapshot, defaults
from config.sections.messaging import SmsProvider
from freight.notifying.channels import Channel
from providers.messaging.opening import Channels
from providers.messaging.port import Message, Receipt, SmsTemplate, WhatsAppTemplate
from providers.messaging.receipts.letter import ForgedError, Letter
from providers.messaging.receipts.reading import parse
from providers.secret_source import HeldSecret, SecretSource, TenantNamed
from sim.messaging.book import Book
from sim.messaging.main import application
from sim.messaging.settings import Habits, TwinSettings
from sim.messaging.twin import Twin
from tests.conftest import free_port

SECRET = "the sandbox's secret"
_NUMBERS = itertools.count(1)
PHONE, MAILBOX = "+919876543210", "ramesh@example.com"


@dataclasses.dataclass(frozen=True)
class Tenant:
    key: int = 2
    id: str = "acme"


class NoSecrets:
    async def newest_first(self, _: TenantNamed | None, __: str) -> Sequence[HeldSecret]:
        return []


def hasty(sms_provider: SmsProvider = SmsProvider.MSG91) -> Policy:
    """As usual, but nobody waits for long."""
    usual = defaults()
    patience = usual.providers.patience["usual"].model_copy(
        update={
            "attempt_s": 0.3,
            "deadline_s": 1.0,
            "retry_wait_s": 0.01,
            "retry_wait_s_max": 0.02,
            "failures_max": 50,
        }
    )
    providers = usual.providers.model_copy(update={"patience": {"usual": patience}})
    messaging = usual.messaging.model_copy(update={"sms_provider": sms_provider})
    return usual.model_copy(update={"providers": providers, "messaging": messaging})


@dataclasses.dataclass
class Door:
    """Where receipts come to: what was believed, and how much was not."""

    channels: Channels | None = None
    url: str = ""
    believed: list[Receipt] = dataclasses.field(default_factory=list)
    forged: int = 0

    async def take(self, request: Request) -> Response:
        provider = request.path_params["provider"]
        assert self.channels is not None
        query = f"?{request.url.query}" if request.url.query else ""
        headers = {name.lower(): value for name, value in request.headers.items()}
        letter = Letter(f"{self.url}{request.url.path}{query}", headers, await request.body())
        secrets = await self.channels.receipt_secrets(Tenant(), provider)
        try:
            self.believed += parse(provider, letter, secrets)
        except ForgedError:
            self.forged += 1
            return Response(status_code=401)
        return Response(status_code=200)

    def of(self, message_id: str) -> list[Receipt]:
        return [one for one in self.believed if one.message_id == message_id]


@contextlib.asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[str]:
    config = uvicorn.Config(app, port=0, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
        assert not task.done(), task.exception()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@dataclasses.dataclass
class World:
    """The stand-in, our channels, and the door."""

    twin: Twin
    url: str
    settings: Settings
    channels: Channels
    door: Door
    tenant: Tenant = Tenant()

    def at_other_end(self, message: Message) -> list[dict[str, Any]]:
        return [
            {"to": one.to, "text": one.text, "state": one.state}
            for one in self.twin.book.all()
            if message.id in {one.ours, one.id.partition("@")[0]}
        ]

    def trouble(self, service: str, kind: str, **more: Any) -> None:
        self.twin.faults.order({"service": service, "kind": kind, **more})

    def with_sms_of(self, provider: SmsProvider) -> None:
        self.settings.swap(Snapshot(hasty(provider)))


def push_keys() -> tuple[str, str]:
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.PEM, kind)
    return private.decode(), public.decode()


@pytest.fixture(scope="session")
def keys() -> tuple[str, str]:
    return push_keys()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(
    tmp_path_factory: pytest.TempPathFactory, keys: tuple[str, str]
) -> AsyncIterator[World]:
    door, smtp_port = Door(), free_port()
    path = "/v1/webhooks/{provider}"
    routes = [
        Route(path, door.take, methods=["POST"]),
        Route(path + "/{tenant}", door.take, methods=["POST"]),
    ]
    usual = defaults().messaging_sandbox.model_dump()
    soon = {"sent_after_s": 0.01, "delivered_after_s": 0.02, "receipt_wait_s_min": 0.02}
    habits = Habits(**{**usual, **soon})
    async with serving(Starlette(routes=routes)) as door.url:
        file = str(tmp_path_factory.mktemp("messages") / "messages.jsonl")
        told = TwinSettings("127.0.0.1", 0, smtp_port, file, SECRET, keys[1], door.url, habits)
        twin = Twin(told, Book(Path(file), habits.messages_kept_max))
        async with serving(application(twin)) as url:
            at = Http(host="127.0.0.1", port=int(url.rpartition(":")[2]))
            sandbox = MessagingSandbox(
                http=at,
                smtp=Http(host="127.0.0.1", port=smtp_port),
                receipts_url=door.url,
                secret=SecretStr(SECRET),
                push_key=SecretStr(keys[0]),
            )
            settings = Settings(hasty())
            channels = channels_of(sandbox, NoSecrets(), settings)
            door.channels = channels
            yield World(twin, url, settings, channels, door)
            await channels.close()
        twin.book.close()


@pytest.fixture
def world(running: World) -> World:
    """As if it had just started; receipts of tests before may still come, about theirs."""
    running.twin.book.clear()
    running.twin.faults.clear()
    running.twin.calls.clear()
    running.twin.wrote.clear()
    running.door.forged = 0
    running.settings.swap(Snapshot(hasty()))
    return running


def channels_of(
    sandbox: MessagingSandbox | None, secrets: SecretSource, settings: Settings | None = None
) -> Channels:
    return Channels(
        settings or Settings(defaults()), sandbox, secrets, lambda: time.time_ns() // 1_000_000
    )


def message(channel: Channel, **more: Any) -> Message:
    to = {
        Channel.EMAIL: MAILBOX,
        Channel.PUSH: "a-phones-token",
        Channel.SLACK: "dispatch",
        Channel.TEAMS: "dispatch",
    }.get(channel, PHONE)
    given: dict[str, Any] = {
        "id": f"note-{next(_NUMBERS)}",
        "channel": channel,
        "to": to,
        "language": "en",
        "subject": "MH12AB1234 stands still",
        "text": "MH12AB1234 has stood for 2 h near Khopoli.",
        "sms": SmsTemplate(provider_template_id="flow1", variables={"TRUCK": "MH12AB1234"}),
        "whatsapp": WhatsAppTemplate(name="stop", language="en", parameters=("MH12AB1234",)),
    }
    return Message(**{**given, **more})


async def ask(url: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        return await client.get(path)
