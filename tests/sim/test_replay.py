"""A recorded track played by the command, against a real broker and a platform with receipts."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sim.recordings import RecordedFix
from sim.replay import Playback, main
from tests.conftest import free_port
from tests.sim.broker import Broker, Platform

ROOT = Path(__file__).parents[2]
LONG_AGO = 1_700_000_000_000
HOUR_MS = 3_600_000


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    broker = Broker(tmp_path, ["T1"])
    await broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """Eleven fixes, half a second apart."""
    lines = [f"{LONG_AGO + 500 * n},18.5,{73 + n / 1000},{10 + n}" for n in range(11)]
    path = tmp_path / "track.csv"
    path.write_text("\n".join(["ts,lat,lon,speed_kmh", *lines]))
    return path


async def played(port: int, *options: str, within_s: float = 40) -> tuple[int | None, str]:
    program = "import sys; from sim.replay import main; sys.exit(main(sys.argv[1:]))"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, "--mqtt", f"127.0.0.1:{port}", *options),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(within_s):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    return process.returncode, said.decode()


async def test_a_track_arrives_whole_with_its_own_times(broker: Broker, track: Path) -> None:
    platform = Platform()
    async with platform.connected(broker):
        code, said = await played(
            broker.port, str(track), "--truck", "T1", "--keep-times", "--speed", "max"
        )

    assert code == 0, said
    assert "11 of 11 fixes are stored" in said
    assert "may be refused as too old" in said
    assert platform.stored == {
        ("T1", LONG_AGO + 500 * n): {
            "ts": LONG_AGO + 500 * n,
            "lat": 18.5,
            "lon": 73 + n / 1000,
            "speed_kmh": 10.0 + n,
            "ack": True,
        }
        for n in range(11)
    }


async def test_times_are_shifted_so_that_the_last_is_of_now(broker: Broker, track: Path) -> None:
    platform = Platform()
    begun_ms = round(time.time() * 1000)
    async with platform.connected(broker):
        code, said = await played(broker.port, str(track), "--truck", "T1", "--speed", "5")
    ended_ms = round(time.time() * 1000)

    assert code == 0, said
    assert "may be refused" not in said
    times = sorted(ts for _, ts in platform.stored)
    assert [b - a for a, b in itertools.pairwise(times)] == [500] * 10
    assert begun_ms < times[-1] <= ended_ms
    # Sent as it was driven, not all at once.
    assert len(platform.messages) > 3


async def test_a_device_that_is_kept_out_says_so(broker: Broker, track: Path) -> None:
    for options, says in (
        (["--truck", "T1", "--secret", "wrong"], "not authorized"),
        (["--truck", "T2"], "not authorized"),
    ):
        code, said = await played(broker.port, str(track), "--within", "2", *options)
        assert (code, says in said.lower()) == (1, True), said
        assert "Traceback" not in said


async def test_a_broker_that_is_away_is_said_to_be(track: Path) -> None:
    port = free_port()
    code, said = await played(port, str(track), "--truck", "T1", "--within", "1")

    assert code == 1
    assert "no connection" in said
    assert "Traceback" not in said


def test_a_bad_file_is_told_before_anything_is_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.csv").write_text("ts,lat,lon\nyesterday,1,2")

    assert main([str(tmp_path / "bad.csv"), "--truck", "T1"]) == 1
    assert main([str(tmp_path / "not-there.gpx"), "--truck", "T1"]) == 1
    said = capsys.readouterr().err
    assert "bad.csv: line 2: ts is RFC 3339" in said
    assert "No such file" in said


@pytest.mark.parametrize("options", [["--speed", "0"], ["--speed", "fast"], ["--mqtt", "nowhere"]])
def test_wrong_options_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["file.csv", "--truck", "T1", *options])

    assert refused.value.code == 2
    assert options[0] in capsys.readouterr().err


SPEEDS: list[tuple[float, int]] = [(1.0, 0), (2.0, HOUR_MS // 2), (0.5, 0), (float("inf"), HOUR_MS)]


@pytest.mark.parametrize(("speed", "back_ms"), SPEEDS)
def test_no_fix_is_sent_before_its_time(speed: float, back_ms: int) -> None:
    nothing: dict[str, Any] = {}
    fixes = [RecordedFix(LONG_AGO + ms, nothing) for ms in (0, HOUR_MS // 4, HOUR_MS)]
    playback = Playback(fixes, speed, keep_times=False)
    begin_ms = 1_790_000_000_000
    shift_ms = playback.shift_ms(begin_ms)

    assert fixes[0].ts_ms + shift_ms == begin_ms - back_ms
    for number, fix in enumerate(fixes):
        sent_ms = begin_ms + playback.wait_s(number, 0.0) * 1000.0
        assert fix.ts_ms + shift_ms <= sent_ms
