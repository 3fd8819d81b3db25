"""Run the simulator of the e-way bill portal."""

from __future__ import annotations

import json

from config.installation import EwaySandbox
from config.policy import Policy
from launch.embedded import local_service
from launch.layout import Layout
from launch.process import ChildPlan


def plan(sandbox: EwaySandbox, layout: Layout, policy: Policy) -> ChildPlan:
    """All that it is told; it knows neither our store nor what tenants have set."""
    told = json.dumps(
        {
            "host": sandbox.http.host,
            "port": sandbox.http.port,
            "directory": str(layout.eway_simulator_dir),
            "gstin": sandbox.gstin,
            "password": sandbox.password.get_secret_value(),
        }
    )
    file = layout.eway_simulator_settings
    return local_service.plan(
        "eway", "eway-simulator", sandbox.http, (file, told), layout, policy.launch
    )
