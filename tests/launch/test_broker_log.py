"""What the embedded broker's log says, from lines it has written, and a log that is turned over."""

from __future__ import annotations

from pathlib import Path

import pytest

from launch.embedded.broker_log import Kind, LogTail, Note, note_of

HEAD = "[28938] 2026/11/21 05:25:55.348444 "
WHO = '127.0.0.1:60345 - mid:5 - "a\\"c"'
SAID = [
    (
        f'[ERR] {WHO} - Publish Violation - Subject "v1.demo.trucks.B.position"',
        Note(Kind.PUBLISH, "127.0.0.1", 5, 'a"c', topic="v1/demo/trucks/B/position"),
    ),
    (
        f'[ERR] {WHO} - Subscription Violation - Subject "v1.*.trucks.>", SID v1.*.trucks.>',
        Note(Kind.SUBSCRIBE, "127.0.0.1", 5, 'a"c', topic="v1/+/trucks/#"),
    ),
    (
        '[ERR] [::1]:7 - mid:25 - "w" - authentication error - User "demo/A"',
        Note(Kind.SIGN_IN, "[::1]", 25, "w", "demo/A"),
    ),
    (
        '[WRN] 127.0.0.1:43461 - mid:28 - "a" - Replacing old client '
        '"127.0.0.1:56005 - mid:24 - \\"a\\"" since both have the same client ID "a"',
        Note(Kind.TAKEOVER, "127.0.0.1", 28, "a", replaced=24),
    ),
    ("[INF] Server is ready", Note(Kind.STARTED)),
]
UNSAID = [
    '[ERR] 1.2.3.4:5 - mid:25 - "w" - unable to connect: authentication error',
    '[ERR] 1.2.3.4:5 - mid:25 - "w" - character not supported for MQTT topics',
    # A client id that looks like the rest of a line is still only a client id.
    '[ERR] 1.2.3.4:5 - mid:2 - "x\\" - authentication error - User \\"demo/A\\"" - hm',
    "[INF]   Version:  2.15.1",
    "",
]


@pytest.mark.parametrize(("line", "note"), SAID)
def test_a_line_that_matters(line: str, note: Note) -> None:
    assert note_of(HEAD + line) == note


@pytest.mark.parametrize("line", UNSAID)
def test_a_line_that_does_not(line: str) -> None:
    assert note_of(HEAD + line) is None


def test_only_what_is_added_is_read_also_over_a_turn(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("before\n")
    tail = LogTail(path, bytes_max=1000)

    with path.open("a") as log:
        log.write("one\ntw")
    assert list(tail.lines()) == ["one"]
    with path.open("a") as log:
        log.write("o\nlast of the old\n")
    path.rename(tmp_path / "log.1")
    path.write_text("first of the new\n")
    assert list(tail.lines()) == ["two", "last of the old", "first of the new"]
    assert list(tail.lines()) == []
    tail.close()


def test_a_flood_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("")
    tail = LogTail(path, bytes_max=10)
    path.write_text("".join(f"{number:04}\n" for number in range(1000)))

    assert list(tail.lines()) == ["0998", "0999"]
    tail.close()
