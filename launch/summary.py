"""What `up` says when it is up: once for the human, and as JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from config.installation import Http, Installation
from launch.layout import Layout
from launch.options import OSMAND_PORT, UpOptions
from launch.roles import processes_by_role
from serve.identity.development import (
    CLIENT_ROLES,
    DEVICE_SECRET,
    TENANTS,
    client_id,
    client_secret,
    is_development,
)
from serve.identity.permissions import Role


def credentials() -> dict[str, Any]:
    """Of the development tenants; empty elsewhere."""
    if not is_development():
        return {}
    return {
        tenant: {
            "clients": {
                role.value: {
                    "client_id": client_id(tenant, role),
                    "client_secret": client_secret(client_id(tenant, role)),
                }
                for role in CLIENT_ROLES
            },
            "device_secret": DEVICE_SECRET,
        }
        for tenant in TENANTS
    }


def as_json(where: Installation, layout: Layout, timings_s: dict[str, float]) -> dict[str, Any]:
    return {
        "instance": where.instance,
        "data_dir": str(layout.data_dir),
        "installation_file": str(layout.installation_file),
        "http": f"http://{where.http.host}:{where.http.port}",
        "mqtt": {"host": where.mqtt.host, "port": where.mqtt.port},
        "osmand": _url_of(where.osmand),
        "payment_sandbox": _url_of(_payments(where)),
        "eway_simulator": _url_of(None if where.eway_sandbox is None else where.eway_sandbox.http),
        "messaging_sandbox": _url_of(_messages(where)),
        "tcp": {dialect: {"host": at.host, "port": at.port} for dialect, at in where.tcp.given()},
        "postgres": {
            "host": where.postgres.host,
            "port": where.postgres.port,
            "database": where.postgres.database,
        },
        "redis": {"host": where.redis.host, "port": where.redis.port},
        "credentials": credentials(),
        "processes": processes_by_role(layout),
        "timings_s": timings_s,
    }


def write_json(file: Path, summary: dict[str, Any]) -> None:
    """Whole or not at all: whoever waits for the file may read it at once."""
    draft = file.with_name(f".{file.name}.draft")
    draft.write_text(json.dumps(summary, indent=1) + "\n")
    draft.rename(file)


def as_text(where: Installation, layout: Layout, options: UpOptions, total_s: float) -> str:
    http = f"http://{where.http.host}:{where.http.port}"
    lines = [
        "",
        f"UberTruck '{where.instance}' is up after {total_s:.0f} s",
        "",
        f"  console   {http}/",
        f"  REST      {http}/docs",
        f"  devices   mqtt://{where.mqtt.host}:{where.mqtt.port}",
        f"  OsmAnd    {_url_of(where.osmand) or f'none: port {OSMAND_PORT} is taken'}",
        *(f"  {dialect:<9} tcp://{at.host}:{at.port}" for dialect, at in where.tcp.given()),
        f"  payments  {_sandbox(where)}",
        f"  messages  {_url_of(_messages(where)) or 'no sandbox'}",
        f"  data      {layout.data_dir}",
        f"  logs      {layout.logs}",
    ]
    if options.sim:
        lines.append(f"  fleet     {options.trucks} simulated trucks, seed {options.seed}")
    lines += ["", *_sign_in(), "Ctrl-C stops everything; the data stays."]
    return "\n".join(lines)


def _sandbox(where: Installation) -> str:
    url = _url_of(_payments(where))
    return "no sandbox" if url is None else f"{url} (payments sandbox: no money moves)"


def _payments(where: Installation) -> Http | None:
    return None if where.payment_sandbox is None else where.payment_sandbox.http


def _messages(where: Installation) -> Http | None:
    return None if where.messaging_sandbox is None else where.messaging_sandbox.http


def _url_of(door: Http | None) -> str | None:
    return None if door is None else f"http://{door.host}:{door.port}"


def _sign_in() -> list[str]:
    if not is_development():
        return []
    admin = client_id("demo", Role.ADMIN)
    return [
        f"  sign in   {admin} / {client_secret(admin)}",
        f"            (tenants {', '.join(TENANTS)}; roles {', '.join(CLIENT_ROLES)}; "
        "secret = client id + '-secret')",
        f"  a device  user demo/TRUCK, password {DEVICE_SECRET}",
        "",
    ]
