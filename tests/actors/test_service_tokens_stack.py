"""A running shard refuses the call of a process that is in the cluster but has no good token."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from launch.layout import REPOSITORY
from tests.launch.instance import Instance

pytestmark = pytest.mark.stack

# Another process of the cluster, as Ray sees it: it holds Ray's token and the installation file.
INTRUDER = """
import asyncio, tempfile
from pathlib import Path
from actors import handles
from actors.service_tokens import TokenMaker, maker_for
from config.installation import installation
from config.policy import policy
from store.key_file import KeyFile, create_key_ring

where = installation()
handles.connect(where)
shard = handles.SHARD.format(0)
short = policy().service_tokens.model_copy(update={"ttl_s": 0.001 - 60})
own_key = Path(tempfile.mkdtemp()) / "keys.json"
create_key_ring(own_key)
keys = KeyFile(where.key_file)


class Elsewhere(TokenMaker):
    def token_for(self, audience):
        return super().token_for("outbox-relay")


class Silent(TokenMaker):
    def token_for(self, audience):
        return None


makers = {
    "good": maker_for(where, "test"),
    "silent": Silent("test", keys, where.instance, policy().service_tokens),
    "elsewhere": Elsewhere("test", keys, where.instance, policy().service_tokens),
    "expired": TokenMaker("test", keys, where.instance, short),
    "forged": TokenMaker("test", KeyFile(own_key), where.instance, policy().service_tokens),
}


async def call(tokens):
    try:
        await handles.ShardHandle(0, tokens).positions(1, deadline_s=20)
    except handles.ActorAwayError as refused:
        return str(refused)
    return "answered"


async def main():
    for name, tokens in makers.items():
        print(name, await call(tokens), sep="|", flush=True)


asyncio.run(main())
"""


def test_a_shard_answers_only_a_good_token(stack: Instance) -> None:
    environment = {
        **os.environ,
        "CONFIG_SERVICE_URL": stack.layout.installation_file.as_uri(),
        "ENVIRONMENT": "development",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(stack.installation.ray.token_file),
        "PYTHONPATH": str(REPOSITORY),
    }

    done = subprocess.run(
        [sys.executable, "-c", INTRUDER],
        env=environment,
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    said = dict(line.split("|", 1) for line in done.stdout.splitlines() if "|" in line)
    assert said.pop("good", done.stderr) == "answered"
    assert said.keys() == {"silent", "elsewhere", "expired", "forged"}
    assert all("service token" in says for says in said.values()), said
