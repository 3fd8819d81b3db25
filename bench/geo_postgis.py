"""PostGIS with a GiST index, asked the same: Debian's package, started for one run and ended."""

from __future__ import annotations

import asyncio
import contextlib
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import asyncpg
import numpy as np
import shapely

from bench.debian import install
from bench.geo_world import Floats

VERSION = 15  # Debian 12's
BIN = Path(f"/usr/lib/postgresql/{VERSION}/bin")
CONTROL = Path(f"/usr/share/postgresql/{VERSION}/extension/postgis.control")
USER = "postgres"  # the package makes it; the server refuses to run as root
START_S_MAX = 30.0
PORT = 5432  # names a socket in a folder of its own, and no port
ROUNDS = 5

MAKE = """
    CREATE EXTENSION IF NOT EXISTS postgis;
    DROP TABLE IF EXISTS fences;
    CREATE TABLE fences (id int PRIMARY KEY, shape geometry NOT NULL);
"""
FIND = """
    SELECT point.nr, fence.id
    FROM unnest($1::float8[], $2::float8[]) WITH ORDINALITY AS point (lat, lon, nr)
    JOIN fences fence ON ST_Intersects(fence.shape, ST_MakePoint(point.lon, point.lat))
"""


@contextlib.contextmanager
def running() -> Iterator[Path]:
    """A server that listens on a socket in this folder only."""
    install(f"postgresql-{VERSION}-postgis-3", CONTROL)
    owner = pwd.getpwnam(USER)
    folder = Path(tempfile.mkdtemp(prefix="ubertruck-bench-postgis-"))
    shutil.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"
    as_owner = {"user": owner.pw_uid, "group": owner.pw_gid, "cwd": folder}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    initdb = [BIN / "initdb", "-D", data, "-A", "trust", "--no-sync"]
    subprocess.run(initdb, check=True, **as_owner, **quiet)  # type: ignore[call-overload]
    settings = ["listen_addresses=", "jit=off", "shared_buffers=256MB", "fsync=off"]
    server = subprocess.Popen(  # type: ignore[call-overload]
        [BIN / "postgres", "-D", data, "-k", folder, *(a for s in settings for a in ("-c", s))],
        **as_owner,
        **quiet,
    )
    try:
        yield folder
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


@contextlib.asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    give_up_s = time.monotonic() + START_S_MAX
    while True:
        try:
            conn = await asyncpg.connect(host=str(folder), port=PORT, user=USER, database=USER)
            break
        except (OSError, asyncpg.CannotConnectNowError):
            if time.monotonic() > give_up_s:
                raise
            await asyncio.sleep(0.05)
    try:
        yield conn
    finally:
        await conn.close()


async def fill(conn: asyncpg.Connection[asyncpg.Record], shapes: Sequence[shapely.Polygon]) -> None:
    await conn.execute(MAKE)
    await conn.executemany(
        "INSERT INTO fences VALUES ($1, ST_GeomFromWKB($2))",
        [(number, shapely.to_wkb(shape)) for number, shape in enumerate(shapes)],
    )
    await conn.execute("CREATE INDEX ON fences USING gist (shape); ANALYZE fences;")


async def measure(
    folder: Path, shapes: Sequence[shapely.Polygon], points: Floats, batch: int, batches: int
) -> tuple[float, set[tuple[int, int]]]:
    """Microseconds a point, and the pairs (point, fence) of the points asked."""
    lat, lon = points
    found: set[tuple[int, int]] = set()
    async with connected(folder) as conn:
        await fill(conn, shapes)
        statement = await conn.prepare(FIND)
        taken_us = np.empty((ROUNDS, batches))
        for turn in range(ROUNDS):
            for i in range(batches):
                part = slice(i * batch, (i + 1) * batch)
                asked = lat[part].tolist(), lon[part].tolist()
                began = time.perf_counter()
                rows = await statement.fetch(*asked)
                taken_us[turn, i] = (time.perf_counter() - began) * 1e6
                found |= {(i * batch + row["nr"] - 1, row["id"]) for row in rows}
    return float(taken_us.min(axis=0).mean() / batch), found
