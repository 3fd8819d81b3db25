"""Lines of several processes in one file: none torn, none lost, and never more than is allowed."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from launch.layout import REPOSITORY
from telemetry.log_file import LogFile


@dataclasses.dataclass
class Room:
    file_bytes_max: int
    files_max: int


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_is_turned_over_and_the_oldest_goes(tmp_path: Path) -> None:
    room = Room(file_bytes_max=100, files_max=3)
    file = LogFile(tmp_path / "a.jsonl", lambda: room)

    for number in range(20):
        file.write(f"{number:039d}\n".encode())

    assert names(tmp_path) == ["a.jsonl", "a.jsonl.1", "a.jsonl.2"]
    kept = [int(line) for n in (".2", ".1", "") for line in (tmp_path / f"a.jsonl{n}").open()]
    assert kept == list(range(14, 20))

    room.files_max = 1
    for number in range(3):
        file.write(f"{number:039d}\n".encode())
    assert names(tmp_path) == ["a.jsonl"]


def test_several_that_write_follow_one_that_turns_it_over(tmp_path: Path) -> None:
    room = Room(file_bytes_max=100, files_max=3)
    one, other = (LogFile(tmp_path / "a.jsonl", lambda: room) for _ in "ab")

    for number in range(3):
        one.write(f"one {number:035d}\n".encode())
    other.write(b"other\n")

    assert (tmp_path / "a.jsonl").read_bytes().endswith(b"other\n")
    assert len((tmp_path / "a.jsonl").read_bytes().splitlines()) == 2


def test_a_full_or_missing_disk_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").mkdir()
    file = LogFile(tmp_path / "a.jsonl", lambda: Room(100, 3))

    file.write(b"12345\n")

    assert file.lost_bytes == 6


WRITER = """
import sys
from pathlib import Path
from telemetry.log_file import LogFile

class Room:
    file_bytes_max, files_max = 20_000, 100

file = LogFile(Path(sys.argv[1]), Room)
for number in range(400):
    file.write(f"{sys.argv[2]} {number} {'x' * 50}\\n".encode())
"""


def test_nothing_is_torn_or_lost_between_processes(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "a.jsonl"), name], cwd=REPOSITORY
        )
        for name in ("one", "two", "three")
    ]
    assert [writer.wait(30) for writer in writers] == [0, 0, 0]

    lines = [line.split() for path in tmp_path.iterdir() for line in path.open()]
    assert sorted((name, int(number)) for name, number, _ in lines) == sorted(
        (name, number) for name in ("one", "two", "three") for number in range(400)
    )


@pytest.mark.parametrize("files", [1, 2])
def test_as_many_files_as_configured(tmp_path: Path, files: int) -> None:
    file = LogFile(tmp_path / "a.jsonl", lambda: Room(10, files))

    for _ in range(5):
        file.write(b"123456789\n")

    assert len(names(tmp_path)) == files
