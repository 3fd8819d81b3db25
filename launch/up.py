"""`up`: starts an instance, says where it is, keeps it alive in the foreground, stops it whole."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import logging
import os
import signal
from collections.abc import Sequence

from config.installation import Installation
from config.policy import policy
from launch.layout import Layout, LayoutError
from launch.leftovers import end_leftovers
from launch.lock import LockedError, held
from launch.open_files import allow_all
from launch.options import OSMAND_PORT, UpOptions, add_up_arguments, up_options
from launch.ports import BlockClaim, PortTakenError, chosen_port, require_free
from launch.progress import say
from launch.settings import (
    GivenServers,
    SettingsError,
    build_installation,
    read_given,
    tcp_ports,
    write_installation,
)
from launch.stack import Stack
from launch.summary import as_json, as_text, write_json
from store.installed import with_secrets
from store.key_file import KeyFileError, create_key_ring
from store.secret_names import SecretsError

FAILED = 1
REFUSED = 2
INTERRUPTED = 130
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck up",
        description="Start everything embedded and stay until Ctrl-C.",
    )
    add_up_arguments(parser)
    return up(up_options(parser.parse_args(argv)))


def up(options: UpOptions) -> int:
    os.environ.setdefault("ENVIRONMENT", "development")
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL", "WARNING").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        datefmt="%H:%M:%S",
    )
    allow_all()
    layout = Layout.at(options.data_dir)
    try:
        given = read_given(options.settings)
        layout.create()
        with held(layout.lock_file):
            return _with_ports(options, layout, given)
    except (
        SettingsError,
        LayoutError,
        LockedError,
        PortTakenError,
        KeyFileError,
        SecretsError,
    ) as error:
        say(f"cannot start: {error}")
        return REFUSED


def _with_ports(options: UpOptions, layout: Layout, given: GivenServers) -> int:
    ended = end_leftovers(layout)
    if ended:
        say(f"ended {ended} processes that an earlier, killed run had left")
    require_free(options.http_port, "--http-port")
    if given.mqtt is None:
        require_free(options.mqtt_port, "--mqtt-port")
    for dialect, at in (given.tcp or tcp_ports(options)).given():
        require_free(at.port, f"--{dialect}-port")
    if options.payments_port is not None:
        require_free(options.payments_port, "--payments-port")
    if given.osmand is not None:
        require_free(given.osmand.port, "osmand in the settings file")
    else:
        osmand_port = chosen_port(options.osmand_port, OSMAND_PORT, "--osmand-port")
        options = dataclasses.replace(options, osmand_port=osmand_port)
    claim = BlockClaim(layout)
    try:
        where = build_installation(options, layout, claim.block, given)
        write_installation(where, layout)
        # Before anything is looked up in the sealed file that it opens.
        create_key_ring(where.key_file)
        where = with_secrets(where)
        stack = Stack(
            options=options,
            layout=layout,
            ports=claim.block,
            given=given,
            where=where,
            policy=policy(),
        )
        return asyncio.run(_run(stack, options, layout, where))
    finally:
        claim.release()


async def _run(stack: Stack, options: UpOptions, layout: Layout, where: Installation) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    say(f"starting UberTruck '{where.instance}' in {layout.data_dir}")
    starting = asyncio.create_task(stack.start(), name="start")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            return INTERRUPTED
        if (error := starting.exception()) is not None:
            say(f"\ncannot start:\n{_cause(error)}")
            return FAILED
        _announce(stack, options, layout, where)
        await stopping
        return 0
    finally:
        say("stopping ...")
        for task in (starting, stopping):
            task.cancel()
        with contextlib.suppress(BaseException):
            await starting
        await stack.stop()
        say("stopped; nothing is left running")


def _announce(stack: Stack, options: UpOptions, layout: Layout, where: Installation) -> None:
    timings_s = stack.progress.timings_s
    if options.json_summary is not None:
        write_json(options.json_summary, as_json(where, layout, timings_s))
    say(as_text(where, layout, options, timings_s["total"]))


def _cause(error: BaseException) -> str:
    """What went wrong first; the other steps were only cancelled because of it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    says = str(error) or type(error).__name__
    return says if isinstance(error, RuntimeError) else f"{type(error).__name__}: {says}"
