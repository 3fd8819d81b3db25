"""`logs`: the log lines of all processes that are about one thing, in the order of their times."""

from __future__ import annotations

import argparse
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from launch.layout import Layout
from launch.options import DATA_DIR
from telemetry.process import SUFFIX, log_folder

# What can be asked for, and the key of a line that says it.
ABOUT = {
    "correlation": "correlation_id",
    "trace": "trace_id",
    "booking": "booking",
    "truck": "truck",
    "tenant": "tenant",
    "service": "service",
    "level": "level",
}
LINES_MAX = 10_000  # fixed: for a person's eyes; a program reads the files
_decode = msgspec.json.Decoder(dict[str, Any]).decode
Line = dict[str, Any]


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ubertruck logs",
        description="Log lines of all processes about one thing, in the order of their times.",
    )
    parser.add_argument("--data-dir", type=Path, default=DATA_DIR, help="of the instance")
    for name, key in ABOUT.items():
        parser.add_argument(f"--{name}", metavar=name.upper(), help=f"lines with this {key}")
    parser.add_argument("--since", metavar="TIME", help="RFC 3339: lines from then on")
    parser.add_argument("--limit", type=int, default=LINES_MAX, help="the last so many lines")
    parser.add_argument("--json", action="store_true", help="the lines as they are")
    options = parser.parse_args(argv)
    wanted = {key: value for name, key in ABOUT.items() if (value := getattr(options, name))}
    found = lines(log_folder(Layout.at(options.data_dir).data_dir), wanted, options.since)
    for line in deque(found, maxlen=options.limit):
        print(msgspec.json.encode(line).decode() if options.json else as_text(line))
    if not found:
        print("no such line", file=sys.stderr)
    return 0 if found else 1


def lines(folder: Path, wanted: Mapping[str, str], since: str | None = None) -> list[Line]:
    """Of all processes, oldest first; those of one moment in the order of their files."""
    found = [line for path in _files(folder) for line in _matching(path, wanted)]
    if since is not None:
        found = [line for line in found if str(line.get("time", "")) >= since]
    return sorted(found, key=lambda line: str(line.get("time", "")))


def _files(folder: Path) -> list[Path]:
    """Also those that were turned over, the older ones of a process first."""
    return sorted(
        folder.glob(f"*{SUFFIX}*"), key=lambda path: (path.stem, path.suffix), reverse=True
    )


def _matching(path: Path, wanted: Mapping[str, str]) -> Iterator[Line]:
    # Nearly every line is another's: whether it can match at all is seen without reading it.
    needles = [value.encode() for value in wanted.values()]
    with path.open("rb") as file:
        for raw in file:
            if not all(needle in raw for needle in needles):
                continue
            try:
                line = _decode(raw)
            except msgspec.DecodeError:
                continue  # the end of a line that a full disk cut off
            if all(str(line.get(key)) == value for key, value in wanted.items()):
                yield line


_SHOWN = ("time", "level", "service", "logger", "message")
_HIDDEN = frozenset({*_SHOWN, "pid", "correlation_id", "trace_id"})


def as_text(line: Line) -> str:
    said = " ".join(
        f"{k}={_plain(v)}" for k, v in line.items() if k not in _HIDDEN and v is not None
    )
    head = " ".join(str(line.get(name, "-")) for name in _SHOWN)
    return f"{head} {said}".rstrip()


def _plain(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
