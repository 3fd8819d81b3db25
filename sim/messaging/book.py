"""Every message that the stand-in took, in a file of lines, so that a restart forgets none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

# As often as one changes, and more; then the file is written anew.
LINES_PER_MESSAGE = 8


class Kept(msgspec.Struct):
    """One message as its provider took it; states are the provider's own words."""

    nr: int
    id: str
    service: str
    channel: str
    to: str
    at_ms: int
    text: str
    subject: str = ""
    html: str | None = None
    sender: str = ""
    ours: str = ""  # the id that we showed it
    callback: str = ""
    state: str = "accepted"
    code: str = ""
    # On a phone's screen it takes the place of what has the same.
    tag: str = ""
    is_urgent: bool = False
    history: list[tuple[str, int]] = []


class Book:
    def __init__(self, file: Path, kept_max: int) -> None:
        self._file = file
        self._kept_max = kept_max
        file.parent.mkdir(parents=True, exist_ok=True)
        self._kept = {one.nr: one for one in self._read()}
        self._next_nr = max(self._kept, default=0) + 1
        self._drop_oldest()
        self._write_anew()

    def next_nr(self) -> int:
        self._next_nr += 1
        return self._next_nr - 1

    def all(self) -> list[Kept]:
        """The oldest first."""
        return list(self._kept.values())

    def find(self, nr: int) -> Kept | None:
        return self._kept.get(nr)

    def keep(self, one: Kept) -> None:
        """A new one, or one that has changed."""
        self._kept[one.nr] = one
        self._lines.write(msgspec.json.encode(one) + b"\n")
        self._lines.flush()
        self._written += 1
        self._drop_oldest()
        if self._written > self._kept_max * LINES_PER_MESSAGE:
            self._lines.close()
            self._write_anew()

    def clear(self) -> None:
        self._kept.clear()
        self._lines.close()
        self._write_anew()

    def close(self) -> None:
        self._lines.close()

    def _drop_oldest(self) -> None:
        while len(self._kept) > self._kept_max:
            self._kept.pop(next(iter(self._kept)))

    def _read(self) -> Iterator[Kept]:
        """A line that a kill cut short is the last one, and was not answered for."""
        if not self._file.exists():
            return
        for line in self._file.read_bytes().splitlines():
            try:
                yield msgspec.json.decode(line, type=Kept)
            except msgspec.MsgspecError:
                return

    def _write_anew(self) -> None:
        """Each message once, with what it has become."""
        lines = b"".join(msgspec.json.encode(one) + b"\n" for one in self._kept.values())
        new = self._file.with_suffix(".new")
        new.write_bytes(lines)
        new.replace(self._file)
        self._lines = self._file.open("ab")
        self._written = len(self._kept)
