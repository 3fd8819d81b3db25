"""The replica's metrics: tenants get labels, but not without end."""

from __future__ import annotations

from prometheus_client import generate_latest

from serve.metrics import GatewayMetrics


def test_tenants_are_told_apart_up_to_a_number() -> None:
    metrics = GatewayMetrics()
    for tenant in ("a", "b", "a", "c", "d", None):
        metrics.count_tenant(tenant, 2)

    text = generate_latest(metrics.registry).decode()

    counted = [line for line in text.splitlines() if line.startswith("ubertruck_tenant_requests_t")]
    assert counted == [
        'ubertruck_tenant_requests_total{tenant="a"} 2.0',
        'ubertruck_tenant_requests_total{tenant="b"} 1.0',
        'ubertruck_tenant_requests_total{tenant="(others)"} 2.0',
    ]
