"""The portal's simulator as `up` runs it: told by the installation, and again when it dies."""

from __future__ import annotations

import signal
import stat
from datetime import datetime
from pathlib import Path

from config.policy import policy
from freight.eway.times import INDIA, date_text
from launch.embedded import eway
from launch.layout import Layout
from launch.options import UpOptions
from launch.ports import PortBlock
from launch.process import Child
from launch.settings import GivenServers, build_installation
from providers.calling import Caller
from providers.eway.gsp import Credentials, GspPortal
from tests.conftest import free_port
from tests.launch.waiting import until
from tests.providers.test_eway_portal import request


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
    )
    ports = PortBlock(20_000)
    sandbox = build_installation(options, layout, ports, GivenServers()).eway_sandbox
    assert sandbox is not None
    http = sandbox.http.model_copy(update={"port": free_port()})
    sandbox = sandbox.model_copy(update={"http": http})
    child = Child(eway.plan(sandbox, layout, policy()), policy().launch, lambda: None)
    caller = Caller("eway", lambda: policy().providers.patience["usual"])
    secret = sandbox.password.get_secret_value()
    url = f"http://{http.host}:{http.port}"
    portal = GspPortal(caller, Credentials(url, sandbox.gstin, sandbox.gstin, secret, secret))
    await child.start()
    try:
        # It runs with the world, whose documents are too old by now or not yet written.
        document = request()
        document["docDate"] = date_text(datetime.now(INDIA).date())
        made = await portal.generate(document)
        killed = child.pid
        child.send_signal(signal.SIGKILL)
        await until(lambda: child.pid not in {None, killed} and child.ready.is_set())

        assert (await portal.fetch(made.number or "")).generated_ms == made.at_ms
        assert stat.S_IMODE(layout.eway_simulator_settings.stat().st_mode) == 0o600
    finally:
        await caller.close()
        await child.stop()
