"""The messages sandbox as `up` runs it: told by the installation, and again when it dies."""

from __future__ import annotations

import signal
import stat
from pathlib import Path

import httpx

from config.installation import Http
from config.policy import defaults
from freight.notifying.channels import Channel
from launch.embedded import messaging
from launch.layout import Layout
from launch.options import UpOptions
from launch.ports import PortBlock
from launch.process import Child
from launch.settings import GivenServers, build_installation
from tests.conftest import free_port
from tests.launch.waiting import until
from tests.providers.messaging.conftest import NoSecrets, Tenant, channels_of, message


async def test_it_comes_back_with_what_it_was_sent(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path)
    layout.create()
    options = UpOptions(
        data_dir=tmp_path,
        http_port=free_port(),
        mqtt_port=1993,
        instance="here",
        trucks=0,
        seed=1,
        sim=False,
        json_summary=None,
        settings=None,
    )
    sandbox = build_installation(
        options, layout, PortBlock(20_000), GivenServers()
    ).messaging_sandbox
    assert sandbox is not None
    http, smtp = (Http(host="127.0.0.1", port=free_port()) for _ in range(2))
    sandbox = sandbox.model_copy(update={"http": http, "smtp": smtp})
    launch = defaults().launch
    child = Child(messaging.plan(sandbox, layout, defaults()), launch, lambda: None)
    channels = channels_of(sandbox, NoSecrets())
    url = f"http://{http.host}:{http.port}/sandbox"
    await child.start()
    try:
        told = layout.messaging_sandbox_settings
        assert stat.S_IMODE(told.stat().st_mode) == 0o600
        sent = [message(channel) for channel in (Channel.EMAIL, Channel.PUSH, Channel.SMS)]
        for note in sent:
            await (await channels.sender(Tenant(), note.channel)).send(note)
        child.send_signal(signal.SIGKILL)

        async def answers() -> bool:
            async with httpx.AsyncClient(trust_env=False) as client:
                try:
                    return (await client.get(f"{url}/healthz")).is_success
                except httpx.HTTPError:
                    return False

        await until(answers)
        async with httpx.AsyncClient(trust_env=False) as client:
            kept = (await client.get(f"{url}/messages")).json()["messages"]
        assert [one["ours"] for one in kept] == [note.id for note in sent]
    finally:
        await child.stop()
        await channels.close()


def test_none_is_put_in_where_nobody_wants_one(tmp_path: Path) -> None:
    layout = Layout.at(tmp_path)
    layout.create()
    options = UpOptions(tmp_path, 8123, 1993, "here", 0, 1, False, None, None)
    without = UpOptions(
        tmp_path, 8123, 1993, "here", 0, 1, False, None, None, messaging_sandbox=False
    )
    ports = PortBlock(20_000)

    found = build_installation(options, layout, ports, GivenServers()).messaging_sandbox
    again = build_installation(options, layout, ports, GivenServers()).messaging_sandbox
    assert found is not None
    assert found == again
    assert found.http.port == ports["messaging_sandbox"]
    assert found.receipts_url == "http://127.0.0.1:8123"
    assert build_installation(without, layout, ports, GivenServers()).messaging_sandbox is None
