"""What watches the installation: liveness, readiness by dependency, metrics."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from config.installation import Installation
from serve.gateway import Gateway
from tests.serve.in_process import InProcessActors

ACTORS = {"truck-shard-0", "ingest-worker-0", "outbox-relay", "booking-shard-0"} | {
    "dispatcher",
    "bookkeeper",
    "watch",
    "messenger",
}
SERVERS = {"postgres", "redis", "broker"}
WORK = {"shards", "ingest", "relay", "bookings", "dispatcher", "bookkeeper", "watch", "messenger"}


async def test_alive(http: httpx.AsyncClient) -> None:
    assert (await http.get("/livez")).json()["status"] == "ok"


async def test_ready_names_each_dependency(http: httpx.AsyncClient) -> None:
    answer = await http.get("/readyz")

    body = answer.json()
    assert (answer.status_code, body["status"]) == (200, "ok"), body
    assert body["dependencies"].keys() == SERVERS | WORK
    for finding in body["dependencies"].values():
        assert finding["ok"]
        assert finding["latency_ms"] >= 0


async def test_not_ready_without_its_shards(
    http: httpx.AsyncClient, actors: InProcessActors
) -> None:
    actors.is_away = True

    answer = await http.get("/readyz")

    assert answer.status_code == 503
    shards = answer.json()["dependencies"]["shards"]
    assert (shards["ok"], shards["needed"]) == (False, True)
    assert "killed by this test" in shards["detail"]


async def test_trouble_that_heals_by_itself_is_told_only(
    http: httpx.AsyncClient, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused() -> bool:
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr(gateway.bus, "ping", refused)

    answer = await http.get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert (
        answer.json()["dependencies"]["redis"]["detail"] == "ConnectionRefusedError: nobody there"
    )


async def test_many_probes_look_once(
    http: httpx.AsyncClient, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    real = gateway.bus.ping

    async def counted() -> bool:
        nonlocal looks
        looks += 1
        return await real()

    monkeypatch.setattr(gateway.bus, "ping", counted)
    object.__setattr__(gateway.policy.api, "readiness_cache_s", 60.0)

    await asyncio.gather(*(http.get("/readyz") for _ in range(5)))

    assert looks == 1


async def test_metrics_of_replica_and_actors(http: httpx.AsyncClient) -> None:
    await http.get("/livez")

    text = (await http.get("/metrics")).text

    families = {family.name: family for family in text_string_to_metric_families(text)}
    requests = families["ubertruck_http_requests"].samples
    (alive,) = [s for s in requests if s.labels.get("route") == "/livez" and s.value]
    assert alive.labels["replica"]
    (fixes,) = families["ubertruck_truck_shard_fixes"].samples
    assert (fixes.value, fixes.labels["actor"]) == (1.0, "truck-shard-0")
    up = {s.labels["actor"]: s.value for s in families["ubertruck_actor_up"].samples}
    assert up == dict.fromkeys(ACTORS, 1.0)


async def test_the_console_says_how_to_be_built(http: httpx.AsyncClient) -> None:
    answer = await http.get("/")

    assert answer.status_code == 200
    assert "make console" in answer.text


async def test_the_console_is_served(
    http: httpx.AsyncClient, installation: Installation, tmp_path: Path
) -> None:
    console = installation.console_dir
    (console / "assets").mkdir(parents=True)
    (console / "index.html").write_text("<title>console</title>")
    (console / "assets" / "app-1a2b.js").write_text("go()")
    (tmp_path / "secret.txt").write_text("secret")

    index, route = await http.get("/"), await http.get("/trucks/T1")
    script, missing = await http.get("/assets/app-1a2b.js"), await http.get("/assets/x.js")

    assert index.text == route.text == "<title>console</title>"
    assert index.headers["cache-control"] == "no-cache"
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-type"].startswith("text/javascript")
    assert missing.status_code == 404
    for climb in ("/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/../../secret.txt"):
        assert "secret" not in (await http.get(climb)).text
