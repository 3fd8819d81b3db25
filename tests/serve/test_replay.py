"""`replay` against the real application: a track that was taken away is driven again over HTTP."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import httpx
import pytest

from serve.gateway import Gateway
from store.tenants import Tenant
from tests.launch.waiting import until
from tests.serve.caller import Caller
from tests.serve.conftest import token_for

ROOT = Path(__file__).parents[2]
HOUR_MS = 3_600_000


async def replay(url: str, file: Path, device: dict[str, str], *options: str) -> tuple[int, str]:
    tenant, _, truck = device["username"].partition("/")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ubertruck", "replay", str(file), "--truck", truck),
        *("--http", url, "--tenant", tenant, "--secret", device["secret"], *options),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    return process.returncode or 0, said.decode()


async def made(caller: Caller, gateway: Gateway, name: str) -> dict[str, str]:
    """A new truck's device, as soon as the gateway knows it."""
    device: dict[str, str] = (await caller.truck(name))["device"]
    await until(lambda: gateway.directory.of_username(device["username"]) is not None)
    return device


@pytest.mark.postgres
async def test_there_and_back(
    live_url: tuple[str, Gateway], tenant: Tenant, tmp_path: Path
) -> None:
    where, gateway = live_url
    url = f"http://{where}"
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        caller = Caller(http, tenant, token_for(gateway, tenant))
        first, second = [await made(caller, gateway, name) for name in ("R1", "R2")]
        begin_ms = round(time.time() * 1000) - HOUR_MS
        drawn = [f"{begin_ms + n * 1000},18.{500 + n},73.8,{n}.5,true,{n}" for n in range(300)]
        file = tmp_path / "drawn.csv"
        file.write_text("\n".join(["ts,lat,lon,speed_kmh,ignition,driver", *drawn]))

        code, said = await replay(url, file, first, "--keep-times", "--speed", "max")
        assert (code, "300 of 300 fixes are stored" in said) == (0, True), said
        query = {"format": "csv"}
        away = await caller.get("/v1/trucks/R1/track", params=query)
        (tmp_path / "away.csv").write_text(away.text)
        code, said = await replay(
            url, tmp_path / "away.csv", second, "--keep-times", "--speed", "max"
        )
        assert code == 0, said

        tracks = [
            (await caller.get(f"/v1/trucks/{truck}/track")).json()["items"]
            for truck in ("R1", "R2")
        ]
        for item in (fix for track in tracks for fix in track):
            del item["received_at"]
        assert len(tracks[0]) == 300
        assert tracks[0][7]["extra"] == {"driver": "7"}
        assert tracks[0] == tracks[1]


@pytest.mark.postgres
async def test_what_is_refused_is_told(
    live_url: tuple[str, Gateway], tenant: Tenant, tmp_path: Path
) -> None:
    where, gateway = live_url
    url = f"http://{where}"
    file = tmp_path / "old.csv"
    file.write_text("ts,lat,lon\n1500000000000,18,73")
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        device = await made(Caller(http, tenant, token_for(gateway, tenant)), gateway, "R1")

        code, said = await replay(url, file, device, "--keep-times")
        assert (code, "1 fixes have no receipt: too_old" in said) == (1, True), said
        code, said = await replay(url, file, {**device, "secret": "guess"})
        assert (code, "kept out" in said, "Traceback" in said) == (1, True, False), said
