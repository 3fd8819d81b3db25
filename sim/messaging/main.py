"""`python -m ubertruck messaging-sandbox`: a local server that plays those who carry messages."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from sim.messaging import pushes, rooms, texts, whatsapp
from sim.messaging.book import Book
from sim.messaging.control import Control
from sim.messaging.mail import MailServer
from sim.messaging.pages import Pages
from sim.messaging.settings import read_settings
from sim.messaging.twin import Twin


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck messaging-sandbox",
        description="Mail, SMS, WhatsApp, pushes, rooms and calls on this machine, told to nobody; "
        "`up` starts it by itself.",
    )
    parser.add_argument("--settings", type=Path, required=True, help="a file that `up` writes")
    settings = read_settings(parser.parse_args(argv).settings)
    book = Book(Path(settings.file), settings.habits.messages_kept_max)
    try:
        uvicorn.run(
            application(Twin(settings, book)),
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
        )
    finally:
        book.close()
    return 0


def application(twin: Twin) -> Starlette:
    @contextlib.asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        settings = twin.settings
        mail = await MailServer(twin).start(settings.host, settings.smtp_port)
        sending = asyncio.create_task(twin.receipts.run(twin.happen), name="receipts")
        try:
            yield
        finally:
            sending.cancel()
            mail.close()
            await asyncio.gather(sending, return_exceptions=True)

    return Starlette(
        lifespan=living,
        routes=[
            *texts.routes(twin),
            *whatsapp.routes(twin),
            *pushes.routes(twin),
            *rooms.routes(twin),
            Mount("/sandbox", routes=Control(twin).routes()),
            *Pages(twin).routes(),
        ],
    )
