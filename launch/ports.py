"""Which ports an instance uses: its own block for everything inside, and the two doors it opens."""

from __future__ import annotations

import errno
import json
import socket
import zlib
from dataclasses import dataclass

import psutil

from launch.layout import Layout, write_private

# Below Linux' ephemeral range, from which any outgoing connection may take a port at any moment.
BLOCKS_START = 20_000
BLOCKS_END = 32_000
BLOCK_SIZE = 200  # fixed: the layout of an instance's ports, in this file
LOOPBACK = "127.0.0.1"  # fixed: loopback itself
EVERYWHERE = ""

GUARD = 0
SINGLE = {
    name: offset
    for offset, name in enumerate(
        (
            "postgres",
            "redis",
            "broker_client",
            "broker_monitor",
            "ray_gcs",
            "ray_node_manager",
            "ray_object_manager",
            "ray_dashboard",
            "ray_dashboard_metrics",
            "ray_agent_http",
            "ray_agent_grpc",
            "ray_runtime_env_agent",
            "ray_metrics_export",
            "ray_client_server",
            "haproxy_metrics",
            "haproxy_stats",
            "haproxy_log",
            "fallback_http",
            "fallback_grpc",
            "payment_sandbox",
            "eway_sandbox",
            "messaging_sandbox",
            "messaging_smtp",
        ),
        start=GUARD + 1,
    )
}
REPLICA_HTTP = range(30, 65)
REPLICA_GRPC = range(65, 100)
RAY_WORKERS = range(100, BLOCK_SIZE)  # fixed: the layout of an instance's ports, in this file


class PortTakenError(RuntimeError):
    """A port that was asked for is in use; the message names the option and the holder."""


@dataclass(frozen=True, slots=True)
class PortBlock:
    """A run of ports that one instance has for itself."""

    start: int

    def __getitem__(self, name: str) -> int:
        return self.start + SINGLE[name]

    def span(self, offsets: range) -> tuple[int, int]:
        """First and last port of a sub-range."""
        return self.start + offsets[0], self.start + offsets[-1]


class BlockClaim:
    """Holds the block's first port open as long as `up` lives, so that no other `up` takes it."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._guard: socket.socket | None = None
        self.block = self._claim()

    def release(self) -> None:
        if self._guard is not None:
            self._guard.close()

    def _claim(self) -> PortBlock:
        for start in self._candidates():
            try:
                guard = listening(start, LOOPBACK)
            except OSError:
                continue
            if all(is_free(port) for port in range(start + 1, start + BLOCK_SIZE)):
                self._guard = guard
                write_private(self._layout.ports_file, json.dumps({"block_start": start}))
                return PortBlock(start)
            guard.close()
        raise PortTakenError(
            f"no {BLOCK_SIZE} free ports in a row between {BLOCKS_START} and {BLOCKS_END}; "
            "stop other instances"
        )

    def _candidates(self) -> list[int]:
        """The block of the last run first, then all, from a place that differs per instance."""
        starts = list(range(BLOCKS_START, BLOCKS_END, BLOCK_SIZE))
        first = zlib.crc32(str(self._layout.data_dir).encode()) % len(starts)
        ordered = starts[first:] + starts[:first]
        remembered = remembered_block(self._layout)
        return ([remembered.start] if remembered else []) + ordered


def remembered_block(layout: Layout) -> PortBlock | None:
    try:
        return PortBlock(int(json.loads(layout.ports_file.read_text())["block_start"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def listening(port: int, host: str) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # As servers do: a port whose last connections linger in TIME_WAIT counts as free.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(1)
    except OSError:
        sock.close()
        raise
    return sock


def is_free(port: int) -> bool:
    try:
        listening(port, EVERYWHERE).close()
    except OSError:
        return False
    return True


def require_free(port: int, option: str) -> None:
    try:
        listening(port, EVERYWHERE).close()
    except OSError as error:
        if error.errno == errno.EACCES:
            says = f"port {port} ({option}) needs privileges; choose one above 1023"
        elif error.errno == errno.EADDRINUSE:
            says = f"port {port} ({option}) is taken{_holder(port)}; choose another with {option}"
        else:
            says = f"port {port} ({option}) cannot be used: {error.strerror}"
        raise PortTakenError(says) from error


def chosen_port(asked: int | None, usual: int, option: str) -> int | None:
    """What was asked for, which must be free; else the usual one, or none while it is taken, for
    instances that run side by side."""
    if asked is not None:
        require_free(asked, option)
        return asked
    return usual if is_free(usual) else None


def _holder(port: int) -> str:
    """Who listens there, as far as this user may see."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return ""
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or connection.laddr[1:2] != (port,):
            continue
        if connection.pid is None:
            return " by a process of another user"
        try:
            return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
        except psutil.Error:
            return f" by process {connection.pid}"
    return ""
