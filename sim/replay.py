"""`python -m ubertruck replay`: plays a recorded track as one truck, against any installation."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import math
import random
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from config.policy import policy
from config.sections.simulation import Simulation
from geo.track_files import TrackFileError
from sim import recordings
from sim.device_http import HttpDevice
from sim.device_mqtt import ReceiptDevice
from sim.main import address
from sim.recordings import RecordedFix
from sim.wire import OutgoingFix

AT_ONCE = "max"
LOOK_S = 0.05  # fixed: how often a command line looks


class ReplayError(RuntimeError):
    """It was not played to the end; the message says why."""


def main(argv: Sequence[str]) -> int:
    rules = policy().simulation
    options = _options(argv, rules)
    try:
        fixes = recordings.read(options.file, rules.replay, options.kmh)
    except (TrackFileError, OSError) as error:
        _say(f"cannot play {options.file}: {error}")
        return 1
    try:
        return uvloop.run(_replay(options, rules, fixes))
    except ReplayError as error:
        _say(str(error))
        return 1


def _options(argv: Sequence[str], rules: Simulation) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck replay",
        description="Plays a GPX, CSV or GeoJSON track as that truck, by MQTT or HTTP. The last "
        "fix is of now, unless --keep-times is given.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--truck", required=True, metavar="T", help="must be there")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="X", help=f"times as fast, or {AT_ONCE}"
    )
    parser.add_argument("--keep-times", action="store_true", help="send the times of the file")
    parser.add_argument("--kmh", type=_positive, help="how fast to drive a line without times")
    # fixed: the default of a development command
    parser.add_argument("--mqtt", type=address, default=("127.0.0.1", 1883), metavar="HOST:PORT")
    parser.add_argument("--http", metavar="URL", help="instead of MQTT: where the API is")
    parser.add_argument("--tenant", default="demo")
    parser.add_argument(
        "--secret",
        default="dev-secret",
        help="the device's",
    )
    parser.add_argument(
        "--within",
        type=_positive,
        default=rules.replay.connect_within_s,
        metavar="S",
        help="give up without a connection by then",
    )
    return parser.parse_args(argv)


@dataclasses.dataclass(frozen=True, slots=True)
class Playback:
    """What is played, and when each fix is due."""

    fixes: Sequence[RecordedFix]
    speed: float
    keep_times: bool

    def shift_ms(self, begin_ms: int) -> int:
        """What to add to the file's times. Their distances stay, so that what is derived from them
        stays, and none lies ahead of the moment it is sent at."""
        if self.keep_times:
            return 0
        length_ms = self.fixes[-1].ts_ms - self.fixes[0].ts_ms
        ahead_ms = round(length_ms * max(0.0, 1.0 - 1.0 / self.speed))
        return begin_ms - self.fixes[0].ts_ms - ahead_ms

    def wait_s(self, number: int, since_s: float) -> float:
        """Until this fix is due, so long after the beginning."""
        return (self.fixes[number].ts_ms - self.fixes[0].ts_ms) / 1000.0 / self.speed - since_s


async def _replay(
    options: argparse.Namespace, rules: Simulation, fixes: Sequence[RecordedFix]
) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    device = _device(options, rules)
    playback = Playback(fixes, options.speed, options.keep_times)
    device.start()
    try:
        await _connected(device, options.within, stop)
        await _play(device, playback, rules, stop)
        if stop.is_set():
            _say(f"stopped; {device.counts.confirmed} of {len(fixes)} fixes are stored")
        else:
            await _receipts(device, len(fixes), rules.replay.receipts_within_s, stop)
    finally:
        await device.close()
    return 0


def _device(options: argparse.Namespace, rules: Simulation) -> ReceiptDevice | HttpDevice:
    who = {"tenant": options.tenant, "truck": options.truck, "password": options.secret}
    if options.http is not None:
        return HttpDevice(options.http, **who, setup=rules.setup)
    host, port = options.mqtt
    return ReceiptDevice(host, port, **who, policy=rules.devices, rng=random.Random())


async def _connected(
    device: ReceiptDevice | HttpDevice, within_s: float, stop: asyncio.Event
) -> None:
    """A truck that was just made may need a moment."""
    deadline = time.monotonic() + within_s
    while not device.connected and not stop.is_set():
        if time.monotonic() > deadline:
            raise ReplayError(f"no connection: {device.trouble or 'the broker does not answer'}")
        await _wait(stop, LOOK_S)


async def _play(
    device: ReceiptDevice | HttpDevice, playback: Playback, rules: Simulation, stop: asyncio.Event
) -> None:
    begin_ms = round(time.time() * 1000)
    shift_ms = playback.shift_ms(begin_ms)
    _foretell(playback.fixes, shift_ms, begin_ms)
    fixes, most = playback.fixes, rules.devices.array_fixes_max
    started = told_at = time.monotonic()
    sent = 0
    while sent < len(fixes) and not stop.is_set():
        now = time.monotonic()
        end = sent
        while end < min(len(fixes), sent + most) and playback.wait_s(end, now - started) <= 0.0:
            end += 1
        if end > sent:
            try:
                await device.publish([_outgoing(fix, shift_ms) for fix in fixes[sent:end]])
            except OSError as error:
                raise ReplayError(str(error)) from error
            sent = end
        else:
            await _wait(stop, playback.wait_s(sent, now - started))
        if now - told_at >= rules.report_every_s:
            _say(f"{sent} of {len(fixes)} fixes sent, {device.counts.confirmed} with receipts")
            told_at = now


def _foretell(fixes: Sequence[RecordedFix], shift_ms: int, now_ms: int) -> None:
    """What an installation with the usual configuration refuses, it does not give receipts for."""
    admission = policy().ingest.admission
    oldest_s = (now_ms - fixes[0].ts_ms - shift_ms) / 1000.0
    if oldest_s > admission.age_s_max:
        _say(f"the first fix is older than {admission.age_s_max:g} s: it may be refused as too old")


async def _receipts(
    device: ReceiptDevice | HttpDevice, fixes: int, within_s: float, stop: asyncio.Event
) -> None:
    deadline = time.monotonic() + within_s
    is_answered = isinstance(device, HttpDevice)
    while device.unconfirmed and not (is_answered or stop.is_set()):
        if time.monotonic() > deadline:
            break
        await _wait(stop, LOOK_S)
    if device.unconfirmed:
        raise ReplayError(
            f"{device.unconfirmed} fixes have no receipt: "
            + (device.trouble or "refused, or not stored yet; the truck's rejections say which")
        )
    _say(f"{device.counts.confirmed} of {fixes} fixes are stored")


def _outgoing(fix: RecordedFix, shift_ms: int) -> OutgoingFix:
    return OutgoingFix(fix.ts_ms + shift_ms, recordings.message_of(fix, shift_ms))


async def _wait(stop: asyncio.Event, most_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), most_s)


def _speed(text: str) -> float:
    return math.inf if text == AT_ONCE else _positive(text)


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0.0:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _say(line: str) -> None:
    print(f"replay: {line}", file=sys.stderr, flush=True)
