"""A data directory is lost and comes back: any time after the copy, whole, or not at all."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import asyncpg
import msgspec
import pytest

from config.policy import defaults
from launch.backup import archiving, backup, restore, taking
from launch.backup.place import BackupError, Place
from launch.backup.restoring import Wanted
from launch.backup.restoring import restore as restored_from
from launch.backup.taking import Source
from launch.embedded.postgres import STOP_SIGNAL, EmbeddedPostgres
from launch.layout import Layout
from launch.lock import held
from store.key_file import KeyFile, create_key_ring
from tests.conftest import free_port

LIMITS = defaults().backup


@dataclasses.dataclass
class Lost:
    """A directory that was backed up, written to, and destroyed."""

    place: Place
    after_first_ms: int  # when the first row was there, and the second was not
    key_versions: set[int]


def start(server: EmbeddedPostgres) -> subprocess.Popen[bytes]:
    server.prepare()
    process = subprocess.Popen(
        server.command(), env=server.environment(), stderr=subprocess.DEVNULL
    )
    asyncio.run(server.wait_ready())
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(STOP_SIGNAL)
    process.wait()


def ask(server: EmbeddedPostgres, sql: str) -> object:
    async def answer() -> object:
        conn = await asyncpg.connect(server.superuser_dsn)
        try:
            return await conn.fetchval(sql)
        finally:
            await conn.close()

    return asyncio.run(answer())


def rows(layout: Layout) -> list[str]:
    """What a server started on a restored directory has."""
    server = EmbeddedPostgres(layout.postgres, layout.run, free_port())
    process = start(server)
    try:
        found = ask(server, "SELECT array_agg(name ORDER BY name) FROM kept")
    finally:
        stop(process)
    assert isinstance(found, list)
    return found


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def write_document(layout: Layout, name: str) -> None:
    folder = layout.data_dir / "documents" / name[:2]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(name.encode())


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Lost:
    """Rows `1`, then a copy, then `2` and a key, then `3`, archived; then `4`, which is not."""
    base = tmp_path_factory.mktemp("it's 100% lost")  # what shells and settings must quote
    layout = Layout.at(base / "data")
    layout.create()
    create_key_ring(layout.key_file)
    write_document(layout, "aa1")
    server = EmbeddedPostgres(
        layout.postgres, layout.run, free_port(), extra=archiving.settings_lines()
    )
    process = start(server)
    place = Place.at(base / "backups")
    source = Source(layout, server, "test", layout.data_dir / "documents")
    try:
        ask(server, "CREATE TABLE kept AS SELECT '1' AS name")
        asyncio.run(taking.take(source, place, LIMITS))
        ask(server, "INSERT INTO kept VALUES ('2')")
        after_first_ms = now_ms() + 1
        while now_ms() <= after_first_ms:
            continue
        KeyFile(layout.key_file).rotate()
        write_document(layout, "bb2")
        ask(server, "INSERT INTO kept VALUES ('3')")
        asyncio.run(archiving.archive_now(server.superuser_dsn, LIMITS))
        ask(server, "INSERT INTO kept VALUES ('4')")
    finally:
        process.kill()
        process.wait()
    versions = set(KeyFile(layout.key_file).ring.masters)
    server.stop_leftover()
    shutil.rmtree(layout.data_dir)
    return Lost(place, after_first_ms, versions)


def bring_back(lost: Lost, target: Path, to_ms: int | None = None) -> Layout:
    layout = Layout.at(target)
    wanted = Wanted(lost.place.base_for(to_ms), to_ms, keys=None)
    asyncio.run(restored_from(wanted, layout, LIMITS, lambda _: None))
    return layout


def test_all_that_was_archived_comes_back_where_something_else_was(
    lost: Lost, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "secrets.json").write_text("of another instance")
    words = [str(lost.place.folder), f"--data-dir={data}"]
    assert restore.main(words) == restore.FAILED
    assert (data / "secrets.json").read_text() == "of another instance"

    assert restore.main([*words, "--replace", f"--json={tmp_path / 'said.json'}"]) == 0

    [aside] = tmp_path.glob("data.before-*")
    assert (aside / "secrets.json").read_text() == "of another instance"
    layout = Layout.at(data)
    assert rows(layout) == ["1", "2", "3"]
    last_ms = json.loads((tmp_path / "said.json").read_text())["last_commit_ms"]
    assert lost.after_first_ms <= last_ms <= now_ms()
    assert set(KeyFile(layout.key_file).ring.masters) == lost.key_versions == {1, 2}
    found = {p.read_text() for p in (data / "documents").rglob("*") if p.is_file()}
    assert found == {"aa1", "bb2"}
    assert layout.key_file.stat().st_mode & 0o777 == 0o600
    # Nobody archives a copy into the stream of what it was copied from.
    assert archiving.order_of(layout.postgres) is None
    assert not (layout.postgres / "recovery.signal").exists()


def test_a_time_is_exact(lost: Lost, tmp_path: Path) -> None:
    layout = bring_back(lost, tmp_path / "data", lost.after_first_ms)

    assert rows(layout) == ["1", "2"]


def test_a_time_that_the_archive_does_not_reach_is_said_so(lost: Lost, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="the archive ends before that time"):
        bring_back(lost, tmp_path / "data", now_ms() + 60_000)

    left = {p.name for p in (tmp_path / "data").iterdir()}
    assert left <= {"run", "logs"}


def test_a_time_before_every_copy_is_refused(lost: Lost, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no base backup is old enough"):
        bring_back(lost, tmp_path / "data", 1)


@pytest.fixture
def copy(lost: Lost, tmp_path: Path) -> Lost:
    """To be damaged."""
    shutil.copytree(lost.place.folder, tmp_path / "copy")
    return dataclasses.replace(lost, place=Place.at(tmp_path / "copy"))


def test_a_damaged_copy_is_not_restored(copy: Lost, tmp_path: Path) -> None:
    file = copy.place.bases()[0].postgres / "global" / "pg_control"
    file.write_bytes(file.read_bytes()[:-1] + b"x")

    with pytest.raises(BackupError, match="pg_control is not as it was copied"):
        bring_back(copy, tmp_path / "data")


def test_a_missing_piece_of_the_log_is_named(copy: Lost, tmp_path: Path) -> None:
    stream = copy.place.streams()[0]
    missing = copy.place.bases()[0].manifest.first_piece
    (stream.wal / f"{missing}.gz").unlink()

    with pytest.raises(BackupError, match=f"{missing} of the log is missing"):
        bring_back(copy, tmp_path / "data")


def test_without_the_keys_nothing_is_restored(copy: Lost, tmp_path: Path) -> None:
    for kept in copy.place.streams()[0].kept.glob("*.keys.json"):
        kept.unlink()
    base = copy.place.bases()[0]
    bare = dataclasses.replace(base, manifest=msgspec.structs.replace(base.manifest, files=()))
    layout = Layout.at(tmp_path / "data")

    with pytest.raises(BackupError, match="--keys FILE"):
        asyncio.run(restored_from(Wanted(bare, None, None), layout, LIMITS, print))

    create_key_ring(tmp_path / "other.json")
    wrong = Wanted(bare, None, tmp_path / "other.json")
    with pytest.raises(BackupError, match="lacks key 1"):
        asyncio.run(restored_from(wrong, layout, LIMITS, print))


def test_a_directory_that_an_up_holds_is_refused(
    lost: Lost, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = Layout.at(tmp_path / "data")
    layout.create()
    with held(layout.lock_file):
        words = [str(lost.place.folder), f"--data-dir={layout.data_dir}", "--replace"]
        assert restore.main(words) == restore.FAILED

    assert "an `up` already runs" in capsys.readouterr().out


def test_one_directory_is_of_one_instance(lost: Lost) -> None:
    identifier = lost.place.bases()[0].manifest.system_identifier

    lost.place.refuse_foreign(identifier)
    with pytest.raises(BackupError, match="another instance"):
        lost.place.refuse_foreign("another")


def test_what_is_there_is_listed(lost: Lost, capsys: pytest.CaptureFixture[str]) -> None:
    assert backup.main([str(lost.place.folder), "--list"]) == 0

    base = lost.place.bases()[0].manifest
    assert base.id in capsys.readouterr().out


def test_where_nothing_runs_nothing_is_backed_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(tmp_path / "backups"), f"--data-dir={tmp_path}"]

    assert backup.main(words) == backup.FAILED
    assert "nothing has been started" in capsys.readouterr().out


def test_what_no_base_needs_goes(copy: Lost) -> None:
    stream = copy.place.streams()[0]
    first = copy.place.bases()[0]
    later = msgspec.structs.replace(
        first.manifest, id="later", ended_ms=now_ms(), first_piece=max(stream.pieces())
    )
    folder = stream.bases_folder / "later"
    shutil.copytree(first.folder, folder)
    (folder / "manifest.json").write_bytes(msgspec.json.encode(later))
    (folder / "documents.txt").write_text("bb/bb2")
    for kept in stream.documents.rglob("*"):
        os.utime(kept, (1, 1))  # long before the oldest base that stays

    taking.prune(copy.place, 1, stream)

    assert [base.manifest.id for base in copy.place.bases()] == ["later"]
    assert stream.pieces() == [later.first_piece]
    assert [path.name for path in stream.documents.rglob("*") if path.is_file()] == ["bb2"]


def test_what_is_no_backup_is_not_restored(tmp_path: Path) -> None:
    assert restore.main([str(tmp_path), f"--data-dir={tmp_path / 'data'}"]) == restore.FAILED


@pytest.mark.parametrize(
    ("text", "at_ms"),
    [
        ("1970-01-01T00:00:02Z", 2_000),
        ("1970-01-01T00:00:02.5", 2_500),
        ("1970-01-01T05:30:02+05:30", 2_000),
    ],
)
def test_a_time_without_an_offset_is_utc(text: str, at_ms: int) -> None:
    assert restore.moment_ms(text) == at_ms
