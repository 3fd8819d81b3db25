"""The same application under uvicorn alone: the floor for benchmarks, and what tests run."""

from __future__ import annotations

from collections.abc import Callable

import uvicorn

from actors.garbage import settle
from config.installation import Installation
from config.policy import Policy
from serve.app import build_app, no_one_waits
from serve.gateway import Actors
from serve.live.socket import LiveSocketProtocol


def server(
    where: Installation,
    policy: Policy,
    actors: Actors,
    port: int,
    when_open: Callable[[], None] = no_one_waits,
) -> uvicorn.Server:
    """Await its `serve()`; stop it by setting its `should_exit`."""
    return uvicorn.Server(
        uvicorn.Config(
            build_app(where, policy, actors, when_open=when_open),
            host=where.http.host,
            port=port,
            ws=LiveSocketProtocol,
            log_config=None,
            access_log=False,
            proxy_headers=False,  # serve/origin.py knows which are believed
        )
    )


def run(where: Installation, policy: Policy, actors: Actors, port: int) -> None:
    server(where, policy, actors, port, lambda: settle(policy.api.collect_after_objects)).run()
