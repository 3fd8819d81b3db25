"""What `up` was asked for on the command line."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

DATA_DIR = Path(".ubertruck")
OSMAND_PORT = 5055  # fixed: what its clients expect
INSTANCE = re.compile(r"[a-z0-9-]{1,32}")


def instance_name(text: str) -> str:
    if not INSTANCE.fullmatch(text):
        raise argparse.ArgumentTypeError("1 to 32 of a-z, 0-9 and -")
    return text


def port_number(text: str) -> int:
    port = int(text) if text.isdigit() else 0
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return port


def truck_count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError("a number of trucks, 0 or more")
    return int(text)


@dataclass(frozen=True, slots=True)
class UpOptions:
    data_dir: Path
    http_port: int
    mqtt_port: int
    instance: str
    trucks: int
    seed: int
    sim: bool
    json_summary: Path | None
    settings: Path | None
    # None: the usual one if it is free, and else none.
    osmand_port: int | None = None
    # Dialects over TCP; None: not listened to.
    teltonika_port: int | None = None
    ais140_port: int | None = None
    queclink_port: int | None = None
    # None: one of the instance's own ports.
    payments_port: int | None = None
    # The local stand-in for a payment provider; off where money goes through real accounts only.
    payment_sandbox: bool = True
    # The local stand-in for the e-way bill portal.
    eway_simulator: bool = True
    # The local stand-in for those who carry messages.
    messaging_sandbox: bool = True


def add_up_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--data-dir", type=Path, default=DATA_DIR, help="where everything is kept (%(default)s)")
    add("--http-port", type=port_number, default=8000, help="console, REST, live (%(default)s)")
    add("--mqtt-port", type=port_number, default=1883, help="devices (%(default)s)")
    add(
        "--osmand-port",
        type=port_number,
        help=f"OsmAnd and Traccar Client ({OSMAND_PORT} if it is free)",
    )
    for dialect in ("teltonika", "ais140", "queclink"):
        add(f"--{dialect}-port", type=port_number, metavar="PORT", help="devices over TCP")
    add(
        "--payments-port",
        type=port_number,
        metavar="PORT",
        help="the payments sandbox (one of the instance's own)",
    )
    add("--no-payment-sandbox", action="store_true", help="start no payments sandbox")
    add("--no-eway-simulator", action="store_true", help="start no e-way bill portal")
    add("--no-messaging-sandbox", action="store_true", help="start no messages sandbox")
    add("--instance", type=instance_name, default="ubertruck", help="its name (%(default)s)")
    add("--trucks", type=truck_count, default=200, help="simulated fleet (%(default)s)")
    add("--seed", type=int, default=1, help="of the simulated fleet (%(default)s)")
    add("--no-sim", action="store_true", help="start no simulated fleet")
    add("--json-summary", type=Path, metavar="FILE", help="write the summary as JSON, too")
    add("--settings", type=Path, metavar="FILE", help="servers of your own (docs/operations.md)")


def up_options(parsed: argparse.Namespace) -> UpOptions:
    return UpOptions(
        data_dir=parsed.data_dir,
        http_port=parsed.http_port,
        mqtt_port=parsed.mqtt_port,
        instance=parsed.instance,
        trucks=parsed.trucks,
        seed=parsed.seed,
        sim=not parsed.no_sim and parsed.trucks > 0,
        json_summary=parsed.json_summary,
        settings=parsed.settings,
        osmand_port=parsed.osmand_port,
        teltonika_port=parsed.teltonika_port,
        ais140_port=parsed.ais140_port,
        queclink_port=parsed.queclink_port,
        payments_port=parsed.payments_port,
        payment_sandbox=not parsed.no_payment_sandbox,
        eway_simulator=not parsed.no_eway_simulator,
        messaging_sandbox=not parsed.no_messaging_sandbox,
    )
