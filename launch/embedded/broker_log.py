"""Reads in the embedded broker's own log what it refused, for it tells nobody else."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO


class Kind(StrEnum):
    SIGN_IN = "authentication error"
    PUBLISH = "Publish Violation"
    SUBSCRIBE = "Subscription Violation"
    TAKEOVER = "Replacing old client"
    STARTED = "Server is ready"


@dataclass(frozen=True, slots=True)
class Note:
    """One line that matters. The broker names users in some lines only, connections in all."""

    kind: Kind
    origin: str = ""
    connection: int = 0
    client_id: str = ""
    username: str = ""
    topic: str = ""
    # Of the connection that had to give way.
    replaced: int = 0


_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_LINE = re.compile(
    rf"\[\d+\] \S+ \S+ \[(?:ERR|WRN)\] (?P<origin>\S+):\d+ - mid:(?P<connection>\d+) - "
    rf"(?P<client>{_QUOTED}) - (?P<says>.*)"
)
_STARTED = re.compile(r"\[\d+\] \S+ \S+ \[INF\] Server is ready")
_SAYS = {
    Kind.SIGN_IN: re.compile(rf"authentication error - User (?P<username>{_QUOTED})"),
    Kind.PUBLISH: re.compile(rf"Publish Violation - Subject (?P<topic>{_QUOTED})"),
    Kind.SUBSCRIBE: re.compile(rf"Subscription Violation - Subject (?P<topic>{_QUOTED})"),
    Kind.TAKEOVER: re.compile(r'Replacing old client "\S+ - mid:(?P<replaced>\d+) - '),
}


def note_of(line: str) -> Note | None:
    """What a line of the log says, if it matters to us."""
    if _STARTED.match(line):
        return Note(Kind.STARTED)
    found = _LINE.match(line)
    if found is None:
        return None
    for kind, pattern in _SAYS.items():
        says = pattern.match(found["says"])
        if says is not None:
            named = says.groupdict()
            return Note(
                kind,
                found["origin"],
                int(found["connection"]),
                _unquoted(found["client"]),
                _unquoted(named.get("username")),
                _topic(_unquoted(named.get("topic"))),
                int(named.get("replaced") or 0),
            )
    return None


def _topic(subject: str) -> str:
    """As MQTT writes it."""
    levels = {"*": "+", ">": "#"}
    return "/".join(levels.get(token, token) for token in subject.split("."))


def _unquoted(text: str | None) -> str:
    """Go quotes nearly as JSON does; what it writes otherwise stays as it stands."""
    if not text:
        return ""
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]


class LogTail:
    """The lines added to a log since the last look, also across its turning over."""

    def __init__(self, path: Path, bytes_max: int) -> None:
        self._path = path
        self._bytes_max = bytes_max
        self._file: BinaryIO | None = None
        self._rest = b""
        self._open(at_end=True)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def lines(self) -> Iterator[str]:
        """At most so many bytes of them; what is further behind is skipped, or a flood of refusals
        would be read for ever."""
        if self._file is None or self._turned_over():
            yield from self._read()
            self._open(at_end=False)
        yield from self._read()

    def _read(self) -> Iterator[str]:
        if self._file is None:
            return
        behind = os.fstat(self._file.fileno()).st_size - self._file.tell()
        if behind > self._bytes_max:
            self._file.seek(behind - self._bytes_max, os.SEEK_CUR)
            self._rest = b""
        *whole, self._rest = (self._rest + self._file.read(self._bytes_max)).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")

    def _open(self, *, at_end: bool) -> None:
        self.close()
        self._rest = b""
        try:
            self._file = self._path.open("rb")
        except FileNotFoundError:
            self._file = None
            return
        if at_end:
            self._file.seek(0, os.SEEK_END)

    def _turned_over(self) -> bool:
        """The file under this name is another one than we read."""
        if self._file is None:
            return True
        try:
            there, ours = self._path.stat(), os.fstat(self._file.fileno())
        except FileNotFoundError:
            return False
        return there.st_ino != ours.st_ino or there.st_size < self._file.tell()
