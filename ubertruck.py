"""The command line: `python -m ubertruck COMMAND`, from the repository's root."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

# Command -> the module whose `main(argv)` does it, and what it does. Imported when it is asked for:
# `--help` need not load the whole product.
COMMANDS = {
    "up": ("launch.up", "start everything embedded and stay until Ctrl-C"),
    "status": ("launch.status", "what runs, and whether it is healthy"),
    "logs": ("launch.logs", "the log lines of all processes about one piece of work"),
    "doctor": ("launch.doctor", "what is wrong, and what to do about it"),
    "migrate": ("launch.migration", "bring the database's schema up to date"),
    "backup": ("launch.backup.backup", "back the database up, and archive its log from then on"),
    "restore": ("launch.backup.restore", "bring a data directory back, as it was at any time"),
    "operator": ("launch.operator", "make the tenant from which the installation is operated"),
    "audit": ("launch.audit", "prove that nobody rewrote the audit trail"),
    "config": ("launch.configuration", "look at, change and restore the configuration"),
    "secrets": ("launch.secret_keeping", "put and list secrets; rotate the keys that seal them"),
    "sim": ("sim.main", "a simulated fleet against any installation"),
    "payment-sandbox": ("sim.razorpay.main", "a local server that plays the payment provider"),
    "eway-simulator": ("sim.eway.main", "a local server that plays the e-way bill portal"),
    "messaging-sandbox": (
        "sim.messaging.main",
        "a local server that plays those who carry messages",
    ),
    "replay": ("sim.replay", "play a GPX, CSV or GeoJSON track as one truck"),
    "check": ("lint.main", "what is hard-coded, and the other lints of this repository"),
    "bench": ("bench.main", "benchmarks, each with its floor in the same run"),
}


def main(argv: Sequence[str]) -> int:
    command = _parser().parse_args(argv[:1]).command
    result: int = importlib.import_module(COMMANDS[command][0]).main(list(argv[1:]))
    return result


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck",
        description="Books, dispatches and tracks trucks.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(
            ["commands (each has --help):"]
            + [f"  {name:<{width}}  {does}" for name, (_, does) in COMMANDS.items()]
        ),
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
