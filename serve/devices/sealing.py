"""Keeps a device's secret itself only where the installation's broker must be told it."""

from __future__ import annotations

from serve.gateway import Gateway
from store.device_sealing import seal


def sealed_for_broker(gateway: Gateway, username: str, secret: str) -> bytes | None:
    """Mosquitto's plugin takes secrets, not hashes, and the embedded broker checks them faster;
    every other broker is content with hashes."""
    where = gateway.installation
    is_embedded = where.broker_users_file is not None
    if where.mqtt.control is None and not (
        is_embedded and gateway.policy.devices.embedded_knows_secrets
    ):
        return None
    return seal(gateway.audit.keys, username, secret)
