"""Pieces of the log are kept whole, once, before nobody else's, and never stop the database."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from launch.backup import archive_wal, archiving, fetch_wal
from launch.backup.place import Place, Stream, following, gap_after, piece_of

FIRST = "000000010000000000000001"
CONTENT = b"a piece of the log " * 1000


@pytest.fixture
def stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stream:
    """With a cluster's directory as the present one."""
    place = Place.at(tmp_path / "backups")
    place.create()
    cluster = tmp_path / "cluster"
    (cluster / "pg_wal" / "archive_status").mkdir(parents=True)
    monkeypatch.chdir(cluster)
    return place.new_stream()


def order(stream: Stream, **changes: Any) -> None:
    given: dict[str, Any] = {
        "wal": str(stream.wal),
        "kept": str(stream.kept),
        "files": [],
        "documents": None,
        "kept_documents": str(stream.documents),
        "compression_level": 1,
        "queue_bytes_max": 2 * archive_wal.SEGMENT_BYTES,
    }
    Path(archive_wal.ORDER).write_text(json.dumps(given | changes))


def archive(name: str = FIRST, content: bytes = CONTENT) -> int:
    path = Path("pg_wal") / name
    path.write_bytes(content)
    return archive_wal.main([str(path), name])


@pytest.mark.parametrize("level", [0, 1])
def test_a_piece_comes_back_as_it_was(stream: Stream, level: int) -> None:
    order(stream, compression_level=level)

    assert archive() == 0
    assert stream.pieces() == [FIRST]
    Path(fetch_wal.ORDER).write_text(json.dumps({"wal": str(stream.wal)}))
    assert fetch_wal.main([FIRST, "given"]) == 0
    assert Path("given").read_bytes() == CONTENT
    assert fetch_wal.main([following(FIRST), "next"]) == fetch_wal.NOT_THERE
    assert not Path("next").exists()


def test_a_damaged_piece_does_not_pass_for_the_end_of_the_log(stream: Stream) -> None:
    """Postgres takes 1 for the end, and gives up above 125."""
    order(stream)
    archive()
    kept = stream.wal / f"{FIRST}.gz"
    kept.write_bytes(kept.read_bytes()[:-10])
    Path(fetch_wal.ORDER).write_text(json.dumps({"wal": str(stream.wal)}))

    assert fetch_wal.main([FIRST, "given"]) > 125
    assert not Path("given").exists()


def test_the_same_again_is_fine_and_another_is_refused(stream: Stream) -> None:
    order(stream)
    assert archive() == 0

    assert archive() == 0
    assert archive(content=b"of another cluster") == 1
    assert archive_wal.read_kept(stream.wal / FIRST) == CONTENT


def test_without_an_order_nothing_is_kept(stream: Stream) -> None:
    assert archive() == 0
    assert stream.pieces() == []


def test_an_archive_that_is_gone_holds_the_log_back(stream: Stream) -> None:
    order(stream, wal=str(stream.folder / "unmounted"))

    assert archive() == 1
    assert not Path(archive_wal.GIVEN_UP).exists()


def test_beyond_the_limit_the_archive_is_given_up_and_not_the_database(stream: Stream) -> None:
    order(stream, wal=str(stream.folder / "unmounted"))
    for number in range(3):
        (Path("pg_wal/archive_status") / f"{number}.ready").touch()

    assert archive() == 0
    assert Path(archive_wal.GIVEN_UP).read_text() == f"{FIRST}\n"


def test_keys_and_documents_are_kept_before_the_piece(stream: Stream, tmp_path: Path) -> None:
    keys, documents = tmp_path / "keys.json", tmp_path / "documents"
    keys.write_text("first")
    (documents / "aa").mkdir(parents=True)
    (documents / "aa" / "whole").write_bytes(b"sealed")
    (documents / "aa" / "coming.part").write_bytes(b"sea")
    order(stream, files=[str(keys)], documents=str(documents), wal=str(tmp_path / "unmounted"))

    assert archive() == 1
    newest = stream.newest_version("keys.json")
    assert newest is not None
    assert newest.read_text() == "first"
    kept = [path.name for path in stream.documents.rglob("*") if path.is_file()]
    assert kept == ["whole"]


def test_every_version_of_a_key_file_is_kept_once(stream: Stream, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    order(stream, files=[str(keys)])
    for text in ("first", "first", "second", "first"):
        keys.write_text(text)
        assert archive() == 0

    assert [path.read_text() for path in sorted(stream.kept.iterdir())] == [
        *("first", "second", "first")
    ]


def test_the_command_survives_any_path(tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s 100% "odd" $HOME'
    folder.mkdir()
    script = folder / "say.py"
    script.write_text("import sys; print(sys.argv[1:])")

    # As Postgres does: its own letters first, then the shell.
    line = archiving.command(str(script))
    line = line.replace("%p", "pg_wal/1").replace("%f", "1").replace("%%", "%")
    said = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True)

    assert said.stdout == "['pg_wal/1', '1']\n"
    assert archiving.quoted("it's\\") == "'it''s\\\\'"


def test_pieces_follow_each_other() -> None:
    assert piece_of(1, "2/3000028") == "000000010000000200000003"
    assert following("0000000100000000000000FF") == "000000010000000100000000"
    three = [FIRST, following(FIRST), following(following(FIRST))]
    assert gap_after(three, FIRST) is None
    assert gap_after([three[0], three[2]], FIRST) == (three[1], 1)
