"""`config` on the command line, on a running installation's database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml

from config.installation import Installation
from launch.configuration import main
from launch.layout import Layout
from launch.settings import write_installation
from serve.gateway import Gateway
from store.tenants import Tenant
from tests.launch.waiting import until

MOVING = "services/tracking/*/business/moving_kmh_min"


class Command:
    """Runs it in a thread of its own, for it has an event loop of its own."""

    def __init__(self, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data_dir = data_dir
        self.capsys = capsys

    async def __call__(self, command: str, *words: str) -> tuple[int, str]:
        self.capsys.readouterr()
        code = await asyncio.to_thread(main, [command, "--data-dir", str(self.data_dir), *words])
        return code, self.capsys.readouterr().out


@pytest.fixture
def config(
    installation: Installation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Command:
    layout = Layout.at(tmp_path)
    layout.create()
    write_installation(installation, layout)
    return Command(tmp_path, capsys)


async def test_a_value_is_set_looked_at_and_restored(config: Command, tenant: Tenant) -> None:
    path = f"/{tenant.id}/{MOVING}"

    assert await config("get", path) == (0, f"{path}: 5.0  # default\n")
    code, said = await config("set", path, "8", "--reason", "slower yards")
    assert (code, said) == (0, f"version 1\n  {path}: (not set) -> 8\n")
    await config("set", path, "9")
    assert (await config("diff", path)) == (0, f"  {path}: 8 -> 9\n")
    assert (await config("rollback", path, "--reason", "too slow"))[0] == 0
    assert (await config("get", path))[1] == f"{path}: 8  # set at {path}, version 3\n"
    _, history = await config("history", path)
    assert [line.split(",")[0] for line in history.splitlines() if line.startswith("version")] == [
        "version 3 (back to 1)",
        "version 2",
        "version 1",
    ]
    assert "slower yards" in history
    assert "command:" in history
    assert (await config("unset", path))[0] == 0
    assert (await config("unset", path))[0] == 1


async def test_what_is_wrong_is_named_and_not_done(config: Command, tenant: Tenant) -> None:
    folder = f"/{tenant.id}/services/tracking/*/business"
    wrong = "{moving_kmh_min: -1, offline_after_s: long, colour: 1}"

    for command in ("set", "validate"):
        code, said = await config(command, folder, wrong)

        assert code == 1
        assert sorted(line.partition(":")[0] for line in said.splitlines()) == [
            f"{folder}/colour",
            f"{folder}/moving_kmh_min",
            f"{folder}/offline_after_s",
        ]
    assert (await config("validate", folder)) == (
        0,
        "0 values are set here, and all of them hold\n",
    )
    assert (await config("validate", folder, "{moving_kmh_min: 7}"))[0] == 0
    assert (await config("get", "/nobody-known/global"))[0] == 1
    assert (await config("get", f"/{tenant.id}/services/nothing"))[0] == 1


async def test_what_nobody_saw_is_not_overwritten(config: Command, tenant: Tenant) -> None:
    path = f"/{tenant.id}/{MOVING}"
    await config("set", path, "8")

    code, said = await config("set", path, "9", "--expected", "0")

    assert (code, "is at version 1, not 0" in said) == (1, True)


async def test_an_export_is_imported(
    config: Command, tenant: Tenant, other_tenant: Tenant, tmp_path: Path
) -> None:
    await config("set", f"/{tenant.id}/{MOVING}", "8")
    _, text = await config("export", "--tree", f"/{tenant.id}")
    assert yaml.safe_load(text)["values"] == {MOVING: 8}
    file = tmp_path / "values.yaml"
    file.write_text(text)

    assert (await config("import", str(file), "--tree", f"/{other_tenant.id}"))[0] == 0

    path = f"/{other_tenant.id}/{MOVING}"
    assert (await config("get", path))[1] == f"{path}: 8  # set at {path}, version 1\n"


async def test_a_running_gateway_hears_of_it(
    config: Command, tenant: Tenant, gateway: Gateway
) -> None:
    await config("set", f"/{tenant.id}/{MOVING}", "8")

    await until(lambda: gateway.settings.of(tenant.id).status.moving_kmh_min == 8, within_s=2.0)


async def test_without_an_installation_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Command(tmp_path / "none", capsys)

    code, said = await config("get", "/*")

    assert (code, "nothing has been started" in said) == (2, True)
