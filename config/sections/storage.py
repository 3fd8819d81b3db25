"""Postgres pools and Redis as the live bus."""

from __future__ import annotations

from pydantic import Field

from config.schema import Count, Positive, Section


class Pool(Section):
    size_min: int = Field(ge=0)
    size_max: Count


class Bus(Section):
    """Redis as the live bus: best effort, so short waits and few at once."""

    timeout_s: Positive
    ping_s: Positive
    publishes_in_flight_max: Count
    reconnect_wait_s_max: Positive


class Storage(Section):
    app_pool: Pool
    telemetry_pool: Pool
    system_pool: Pool
    statement_timeout_s: Positive
    connect_timeout_s: Positive
    migration_lock_timeout_s: Positive
    bus: Bus
