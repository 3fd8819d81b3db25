"""Which processes an instance consists of, by what they do; read from the system each time."""

from __future__ import annotations

import contextlib

import psutil

from launch.layout import Layout
from launch.leftovers import Record, living, read_record

# How Ray titles the workers that have become ours.
TITLES = {
    "ray::ServeReplica": "serve_replica",
    "ray::TruckShard": "truck_shard",
    "ray::IngestWorker": "ingest_worker",
    "ray::OutboxRelay": "outbox_relay",
    "ray::BookingShard": "booking_shard",
    "ray::Dispatcher": "dispatcher",
    "ray::Bookkeeper": "bookkeeper",
    "ray::Watch": "watch",
    "ray::Messenger": "messenger",
}
ROLES = (
    *("up", "postgres", "redis", "broker", "payments", "eway", "messaging", "ray", "haproxy"),
    *(*TITLES.values(), "sim"),
)


def processes_by_role(layout: Layout) -> dict[str, list[int]]:
    """Every role has an entry; an empty one means that nothing of the kind runs."""
    found: dict[str, list[int]] = {role: [] for role in ROLES}
    record = read_record(layout)
    if record is None:
        return found
    if record.up.find() is not None:
        found["up"].append(record.up.pid)
    owner = _owners(record)
    for process in sorted(living(record), key=lambda p: p.pid):
        with contextlib.suppress(psutil.Error):
            role = _role(process, owner)
            found.setdefault(role, []).append(process.pid)
    return found


def _owners(record: Record) -> dict[int, str]:
    """Process number -> the child it descends from; Postgres' backends leave its session."""
    owner = {}
    for child in record.children:
        owner[child.pid] = child.name
        process = child.find()
        if process is not None:
            with contextlib.suppress(psutil.Error):
                owner.update({p.pid: child.name for p in process.children(recursive=True)})
    return owner


def _role(process: psutil.Process, owner: dict[int, str]) -> str:
    child = owner.get(process.pid, "ray")  # only Ray's workers lose their parent and live on
    if child != "ray":
        return child
    if process.name() == "haproxy":
        return "haproxy"
    title = " ".join(process.cmdline())
    for start, role in TITLES.items():
        if title.startswith(start):
            return role
    return child
