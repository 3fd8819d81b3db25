"""Which adapter tells this installation's broker of devices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from config.installation import Installation
from config.policy import Policy
from ingest.device_brokers import DeviceBroker
from ingest.dynamic_security import DynamicSecurity
from ingest.emqx_connections import EmqxConnections
from store.devices import heard_since
from store.key_file import KeyFile
from store.postgres import AnyPool


def device_broker(
    where: Installation, policy: Callable[[], Policy], telemetry: AnyPool
) -> DeviceBroker | None:
    """None for the embedded broker, whose users `up` writes, and for one that only asks us."""

    async def seen_since(truck_keys: Sequence[int], seconds: float) -> set[int]:
        async with telemetry.acquire() as conn:
            return await heard_since(conn, truck_keys, seconds)

    if where.mqtt.control is not None:
        keys = KeyFile(where.key_file)
        return DynamicSecurity(
            where.mqtt, where.instance, keys, lambda: policy().devices.control, seen_since
        )
    if where.mqtt.api is not None:
        return EmqxConnections(where.mqtt.api, lambda: policy().devices.control)
    return None
