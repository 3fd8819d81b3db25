"""Keeps a device's secret itself only where the installation's broker must be told it."""

from __future__ import annotations

from serve.gateway import Gateway
from store.device_sealing import seal


def sealed_for_broker(gateway: Gateway, username: str, secret: str) -> bytes | None:
    """Mosquitto's plugin takes secrets, not hashes; every other broker is content with those."""
    if gateway.installation.mqtt.control is None:
        return None
    return seal(gateway.audit.keys, username, secret)
