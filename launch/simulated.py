"""The simulated fleet as a child of `up`: an ordinary client of the public doors."""

from __future__ import annotations

import sys

from config.installation import Installation
from config.sections.launch import Launch
from launch.layout import Layout
from launch.options import UpOptions
from launch.process import ChildPlan, inherited


def plan(options: UpOptions, where: Installation, layout: Layout, limits: Launch) -> ChildPlan:
    arguments = {
        "trucks": options.trucks,
        "seed": options.seed,
        "http": f"http://{where.http.host}:{where.http.port}",
        "mqtt": f"{where.mqtt.host}:{where.mqtt.port}",
    }
    if where.payment_sandbox is not None:
        at = where.payment_sandbox.http
        arguments["payments"] = f"http://{at.host}:{at.port}"
    words = [f"--{name}={value}" for name, value in arguments.items()]
    return ChildPlan(
        name="sim",
        log=layout.log_of("sim"),
        command=lambda: [sys.executable, "-m", "ubertruck", "sim", *words],
        environment=inherited,
        stop_grace_s=limits.stop_grace_s,
    )
