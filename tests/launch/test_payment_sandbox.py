"""The payments sandbox as `up` runs it: with what the installation says, and again when it dies."""

from __future__ import annotations

import json
import signal
import stat
from pathlib import Path

import httpx

from config.policy import policy
from launch.embedded import payments
from launch.layout import Layout
from launch.options import UpOptions
from launch.ports import PortBlock
from launch.process import Child
from launch.settings import GivenServers, build_installation
from tests.conftest import free_port
from tests.launch.waiting import until


async def posted(url: str, body: object, auth: tuple[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(auth=auth, trust_env=False) as client:
        return await client.post(url, json=body)


async def found(url: str, auth: tuple[str, str]) -> int:
    """The answer's status; 0 when nobody answers."""
    try:
        async with httpx.AsyncClient(auth=auth, trust_env=False) as client:
            return (await client.get(url)).status_code
    except httpx.HTTPError:
        return 0


async def test_it_comes_back_with_what_it_knew(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path)
    layout.create()
    options = UpOptions(
        data_dir=tmp_path,
        http_port=8123,
        mqtt_port=1993,
        instance="here",
        trucks=0,
        seed=1,
        sim=False,
        json_summary=None,
        settings=None,
        payments_port=free_port(),
    )
    where = build_installation(options, layout, PortBlock(20_000), GivenServers())
    sandbox = where.payment_sandbox
    assert sandbox is not None
    auth = (sandbox.key_id, sandbox.key_secret.get_secret_value())
    child = Child(
        payments.plan(sandbox, where.http, layout, policy()), policy().launch, lambda: None
    )
    await child.start()
    try:
        url = f"http://127.0.0.1:{sandbox.http.port}/v1/orders"
        made = await posted(url, {"amount": 5_000, "currency": "INR"}, auth)
        killed = child.pid
        child.send_signal(signal.SIGKILL)
        await until(lambda: child.pid not in {None, killed} and child.ready.is_set())

        assert await found(f"{url}/{made.json()['id']}", auth) == httpx.codes.OK
        assert await found(f"{url}/{made.json()['id']}", ("key", "guessed")) == 401
        told = layout.payment_sandbox_settings
        assert stat.S_IMODE(told.stat().st_mode) == 0o600
        webhook_url = json.loads(told.read_text())["webhook_url"]
        assert webhook_url == "http://127.0.0.1:8123/v1/webhooks/razorpay"
    finally:
        await child.stop()
    assert await found(url, auth) == 0
