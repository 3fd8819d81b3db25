"""A file of log lines that several processes append to, turned over when it is long."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class Room(Protocol):
    """How much of a log is kept."""

    @property
    def file_bytes_max(self) -> int: ...

    @property
    def files_max(self) -> int: ...


class LogFile:
    """`name.jsonl` is written; `name.jsonl.1` was before it, and so on. What cannot be written
    for want of a disk is lost: a process does not stop for its log."""

    def __init__(self, path: Path, room: Callable[[], Room]) -> None:
        self._path = path
        self._room = room
        self._fd: int | None = None
        self.lost_bytes = 0

    def write(self, lines: bytes) -> None:
        try:
            fd = self._opened()
            if os.fstat(fd).st_size + len(lines) > self._room().file_bytes_max:
                self._turn_over(fd)
                fd = self._opened()
            # One call: what several processes append does not mix.
            written = os.write(fd, lines)
            self.lost_bytes += len(lines) - written
        except OSError:
            self.lost_bytes += len(lines)
            self.close()

    def close(self) -> None:
        if self._fd is not None:
            with contextlib.suppress(OSError):
                os.close(self._fd)
            self._fd = None

    def _opened(self) -> int:
        """The file of that name, which another process may have turned over."""
        if self._fd is not None and not self._is_current(self._fd):
            self.close()
        if self._fd is None:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return self._fd

    def _is_current(self, fd: int) -> bool:
        try:
            named = self._path.stat()
        except FileNotFoundError:
            return False
        mine = os.fstat(fd)
        return (named.st_dev, named.st_ino) == (mine.st_dev, mine.st_ino)

    def _turn_over(self, fd: int) -> None:
        """By one of those that write it; the others find the new one at their next look."""
        fcntl.flock(fd, fcntl.LOCK_EX)
        try:
            if not self._is_current(fd):
                return
            last = self._room().files_max - 1
            for number in range(last, 0, -1):
                older = self._path if number == 1 else self._numbered(number - 1)
                with contextlib.suppress(FileNotFoundError):
                    older.replace(self._numbered(number))
            if last == 0:
                self._path.unlink(missing_ok=True)
            self._forget_beyond(last)
        finally:
            fcntl.flock(fd, fcntl.LOCK_UN)

    def _forget_beyond(self, last: int) -> None:
        """When fewer are to be kept than were."""
        number = last + 1
        while (beyond := self._numbered(number)).is_file():
            beyond.unlink(missing_ok=True)
            number += 1

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
