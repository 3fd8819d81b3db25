"""Run a Ray head of our own, on loopback, with its own ports, token and temp directory."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from config.sections.cluster import Cluster
from config.sections.launch import Launch
from launch.layout import REPOSITORY, Layout, write_private
from launch.open_files import proxy_connections
from launch.ports import RAY_WORKERS, REPLICA_GRPC, REPLICA_HTTP, PortBlock
from launch.process import POLL_S, ChildPlan, inherited

# Ray replaces 127.0.0.1 by the machine's outward address; this loopback address it leaves alone,
# so the cluster stays off the network and a laptop may change its Wi-Fi.
NODE_HOST = "127.0.0.2"  # fixed: loopback too, and told apart from the proxy's
# Written by `ray start` once the head's processes have answered.
ADDRESS_FILE = "ray_current_cluster"


class EmbeddedRayError(RuntimeError):
    """The Ray head does not come up."""


@dataclass(frozen=True, slots=True)
class RaySettings:
    layout: Layout
    ports: PortBlock
    limits: Cluster
    environment_name: str
    log_bytes_max: int

    @property
    def address(self) -> str:
        return f"{NODE_HOST}:{self.ports['ray_gcs']}"

    @property
    def temp_dir(self) -> Path:
        return self.layout.temp_dir / "ray"

    @property
    def kept_logs(self) -> Path:
        """The actors' and Serve's logs: where Ray writes them while it runs, then what is left."""
        return self.layout.logs / "ray-session"

    @property
    def session_logs(self) -> Path:
        return self.temp_dir / "session_latest" / "logs"

    def prepare(self) -> None:
        self.clean_up()
        self.layout.create_temp()
        if self.kept_logs.is_dir():
            shutil.rmtree(self.kept_logs)
        self.kept_logs.symlink_to(self.session_logs)
        token = self.layout.ray_token_file
        if not token.is_file():
            write_private(token, secrets.token_hex(32))

    def clean_up(self) -> None:
        """After Ray has ended: its logs are kept with the others, its directory goes."""
        if self.kept_logs.is_symlink():
            self.kept_logs.unlink()
            if self.session_logs.is_dir():
                shutil.copytree(self.session_logs, self.kept_logs, ignore_dangling_symlinks=True)
        self.layout.remove_temp()

    def command(self) -> list[str]:
        ports = self.ports
        first, last = ports.span(RAY_WORKERS)
        options = {
            "node-ip-address": NODE_HOST,
            "port": ports["ray_gcs"],
            "node-manager-port": ports["ray_node_manager"],
            "object-manager-port": ports["ray_object_manager"],
            "min-worker-port": first,
            "max-worker-port": last,
            "ray-client-server-port": ports["ray_client_server"],
            "dashboard-host": NODE_HOST,
            "dashboard-port": ports["ray_dashboard"],
            "dashboard-agent-listen-port": ports["ray_agent_http"],
            "dashboard-agent-grpc-port": ports["ray_agent_grpc"],
            "runtime-env-agent-port": ports["ray_runtime_env_agent"],
            "metrics-export-port": ports["ray_metrics_export"],
            "include-dashboard": "false",
            "include-log-monitor": "false",
            "num-cpus": self.limits.num_cpus,
            "object-store-memory": self.limits.object_store_bytes,
            "temp-dir": self.temp_dir,
        }
        flags = ["--head", "--block", "--no-monitor", "--disable-usage-stats"]
        program = Path(sys.executable).with_name("ray")
        return [str(program), "start", *flags, *(f"--{k}={v}" for k, v in options.items())]

    def environment(self) -> dict[str, str]:
        """For the head, which hands it to every worker, and for every driver that joins."""
        return {
            **inherited(),
            **self._ray_environment(),
            **self._serve_environment(),
            "PYTHONPATH": str(REPOSITORY),
            "CONFIG_SERVICE_URL": self.layout.installation_file.as_uri(),
            "ENVIRONMENT": self.environment_name,
        }

    def _ray_environment(self) -> dict[str, str]:
        return {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(self.layout.ray_token_file),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_TMPDIR": str(self.temp_dir),
            "RAY_worker_niceness": str(self.limits.worker_niceness),
            "RAY_worker_register_timeout_seconds": str(self.limits.worker_register_timeout_s),
            "RAY_raylet_report_resources_period_milliseconds": str(
                round(self.limits.resources_told_s * 1000)
            ),
            # Told of every call and every handler, for a dashboard that does not run.
            "RAY_task_events_report_interval_ms": "0",
            "RAY_event_stats": "0",
            "RAY_enable_metrics_collection": "0",
            "RAY_ROTATION_MAX_BYTES": str(self.log_bytes_max),
            "RAY_ROTATION_BACKUP_COUNT": "1",
            "DASHBOARD_METRIC_PORT": str(self.ports["ray_dashboard_metrics"]),
        }

    def _serve_environment(self) -> dict[str, str]:
        """Instances on one machine that share any of these answer each other's requests."""
        http, grpc = self.ports.span(REPLICA_HTTP), self.ports.span(REPLICA_GRPC)
        home = self.layout.temp_dir / "proxy"
        return {
            "RAY_SERVE_ENABLE_HA_PROXY": "1",
            "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
            "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": str(self.limits.controller_look_s),
            "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(http[0]),
            "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(http[1]),
            "RAY_SERVE_DIRECT_INGRESS_MIN_GRPC_PORT": str(grpc[0]),
            "RAY_SERVE_DIRECT_INGRESS_MAX_GRPC_PORT": str(grpc[1]),
            "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(self.ports["fallback_http"]),
            "RAY_SERVE_FALLBACK_PROXY_GRPC_PORT": str(self.ports["fallback_grpc"]),
            # Every request as a line for Python to parse; the replicas count by themselves.
            "RAY_SERVE_HAPROXY_METRICS_ENABLED": "0",
            "RAY_SERVE_HAPROXY_METRICS_PORT": str(self.ports["haproxy_metrics"]),
            "RAY_SERVE_HAPROXY_STATS_PORT": str(self.ports["haproxy_stats"]),
            # Nobody listens there: otherwise every request would go to the machine's own syslog.
            "RAY_SERVE_HAPROXY_LOG_TARGET": f"127.0.0.1:{self.ports['haproxy_log']}",
            "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(home / "haproxy.cfg"),
            "RAY_SERVE_HAPROXY_SOCKET_PATH": str(home / "admin.sock"),
            "RAY_SERVE_HAPROXY_METRICS_SOCKET_PATH": str(home / "metrics.sock"),
            "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(home),
            "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(home / "server-state"),
            "RAY_SERVE_HAPROXY_MAXCONN": str(proxy_connections(self.limits.proxy_connections_max)),
            "RAY_SERVE_HAPROXY_NBTHREAD": str(self.limits.proxy_threads),
            "RAY_SERVE_HAPROXY_TIMEOUT_CLIENT_S": str(self.limits.proxy_client_timeout_s),
            # Serve offers no setting for the first line, which tells a replica who asks, nor for
            # the second, which ends who sends headers byte by byte; but it copies this value into
            # its proxy's defaults as it stands.
            "RAY_SERVE_HAPROXY_RETRY_ON": (
                "conn-failure\n    option forwardfor\n"
                f"    timeout http-request {self.limits.proxy_headers_timeout_s}s"
            ),
            # uvicorn would believe any that comes by loopback; serve/origin.py reads it instead.
            "FORWARDED_ALLOW_IPS": "",
        }


def plan(settings: RaySettings, limits: Launch) -> ChildPlan:
    async def wait_ready() -> None:
        await _wait_started(settings.temp_dir / ADDRESS_FILE, limits.server_ready_s_max)

    return ChildPlan(
        name="ray",
        log=settings.layout.log_of("ray"),
        command=settings.command,
        environment=settings.environment,
        prepare=settings.prepare,
        wait_ready=wait_ready,
        # A clean end takes seconds and protects nothing: what lives there is built to be killed.
        stop_signal=signal.SIGKILL,
        stop_grace_s=limits.stop_grace_s,
        more_logs=lambda: sorted(settings.session_logs.glob("*.err")),
    )


async def _wait_started(file: Path, deadline_s: float) -> None:
    """The temp directory is new at every start, so an existing file is this start's."""
    give_up_at = time.monotonic() + deadline_s
    while not await asyncio.to_thread(file.is_file):
        if time.monotonic() > give_up_at:
            raise EmbeddedRayError(f"the Ray head did not start within {deadline_s:.0f} s")
        await asyncio.sleep(POLL_S)
