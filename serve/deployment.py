"""The gateway under Ray Serve: one deployment with everything, as many replicas as policy says."""

from __future__ import annotations

from ray import serve as ray_serve
from starlette.types import ASGIApp, Receive, Scope, Send

from actors.garbage import settle
from actors.handles import TruckShards
from actors.service_tokens import EndUser, maker_for
from config.installation import Installation
from config.policy import Policy, policy, process_settings
from config.snapshot import Handed, hand_on, take_over
from serve.app import build_app
from serve.live import socket
from serve.request_record import current
from store.installed import installation
from telemetry import process

APP = "gateway"
# As actors know us.
SERVICE = "gateway"
SHUTDOWN_S = 5.0  # fixed: shorter than the proxy's own; a key would have to be both


def acting_for() -> EndUser | None:
    """Whose request is being answered; the actors are told."""
    request = current()
    if request is None or request.principal is None:
        return None
    return EndUser(request.principal, request.tenant)


def build_replica(handed: Handed) -> ASGIApp:
    """Called in each replica, which reads the installation itself: no secret passes through Ray."""
    take_over(handed)
    where = installation()
    process.begin(SERVICE, where)
    socket.install()
    shards = TruckShards.from_policy(policy(), maker_for(where, SERVICE, acting_for))
    collect_after = policy().api.collect_after_objects
    app = build_app(
        where, policy(), shards, process_settings(), when_open=lambda: settle(collect_after)
    )
    return without_routes(app)


def without_routes(app: ASGIApp) -> ASGIApp:
    """Ray Serve asks all routes of an application it knows the routes of, for each request, to
    name it in metrics of its own: a fifth of what a small request takes. Ours name it as well."""

    async def only_called(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    return only_called


class Gateway:
    """What Ray Serve starts; the application's lifespan opens and closes everything."""


def deploy(where: Installation, limits: Policy) -> None:
    """Starts Serve on the Ray this process is connected to, and returns once it answers."""
    ray_serve.start(
        proxy_location="HeadOnly",
        http_options={
            "host": where.http.host,
            "port": where.http.port,
            # The application has deadlines of its own; a WebSocket has none.
            "request_timeout_s": None,
        },
    )
    handed = hand_on()
    deployment = ray_serve.deployment(
        name=APP,
        num_replicas=limits.api.replicas,
        max_ongoing_requests=limits.api.ongoing_requests_max,
        ray_actor_options={"num_cpus": 0},
        # A line for each request is ours to write, see serve/access_log.py.
        logging_config={"enable_access_log": False},
        graceful_shutdown_timeout_s=SHUTDOWN_S,
        graceful_shutdown_wait_loop_s=SHUTDOWN_S / 10,
    )(ray_serve.ingress(lambda: build_replica(handed))(Gateway))
    ray_serve.run(deployment.bind(), name=APP, route_prefix="/")
