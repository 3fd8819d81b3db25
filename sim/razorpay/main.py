"""`python -m ubertruck payment-sandbox`: a local server that plays the payment provider."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from sim.razorpay import deliveries
from sim.razorpay.api import Api
from sim.razorpay.book import Book
from sim.razorpay.control import Control
from sim.razorpay.faults import Faults
from sim.razorpay.pages import Pages
from sim.razorpay.sandbox import Sandbox
from sim.razorpay.settings import read_settings


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck payment-sandbox",
        description="Razorpay's API on this machine, without money; `up` starts it by itself.",
    )
    parser.add_argument("--settings", type=Path, required=True, help="a file that `up` writes")
    settings = read_settings(parser.parse_args(argv).settings)
    book = Book(settings.database)
    try:
        uvicorn.run(
            application(Sandbox(settings, book)),
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
        )
    finally:
        book.close()
    return 0


def application(box: Sandbox) -> Starlette:
    faults = Faults()

    @contextlib.asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        sending = asyncio.create_task(deliveries.run(box), name="deliveries")
        try:
            yield
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    return Starlette(
        lifespan=living,
        routes=[
            Mount("/v1", routes=Api(box, faults).routes()),
            Mount("/sandbox", routes=Control(box, faults).routes()),
            *Pages(box).routes(),
        ],
    )
