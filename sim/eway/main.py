"""`python -m ubertruck eway-simulator`: a local server that plays the e-way bill portal."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from config.policy import defaults
from sim.eway.api import Simulator
from sim.eway.book import Book
from sim.eway.rulebook import Rulebook
from sim.eway.settings import SimulatorSettings, read_settings


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck eway-simulator",
        description="The e-way bill portal on this machine; `up` starts it by itself.",
    )
    parser.add_argument("--settings", type=Path, required=True, help="a file that `up` writes")
    settings = read_settings(parser.parse_args(argv).settings)
    uvicorn.run(
        application(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
    )
    return 0


def application(settings: SimulatorSettings) -> Starlette:
    """The law is that of the installation's defaults: no tenant can change the portal."""
    book = Book(settings.directory)
    rulebook = Rulebook(book, defaults().eway.law)
    return Starlette(routes=Simulator(settings, book, rulebook).routes())
