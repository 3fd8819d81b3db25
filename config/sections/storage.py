"""Postgres pools and Redis as the live bus."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Positive, Section, key


class Pool(Section):
    size_min: Annotated[int, Field(ge=0)] = key("Connections one process keeps open.")
    size_max: Count = key("Connections one process opens at most.")


class Bus(Section):
    """Redis as the live bus: best effort, so short waits and few at once."""

    timeout_s: Positive = key("A publish that takes longer is given up.")
    ping_s: Positive = key("Silence after which a subscriber asks whether Redis is there.")
    publishes_in_flight_max: Count = key("Publishes under way; more are given up at once.")
    reconnect_wait_s_max: Positive = key("The longest wait before Redis is tried again.")


class Storage(Section):
    app_pool: Pool
    telemetry_pool: Pool
    system_pool: Pool
    statement_timeout_s: Positive = key("A statement that takes longer is cancelled.")
    connect_timeout_s: Positive = key("A connection not made by then failed.")
    migration_lock_timeout_s: Positive = key("How long a migration waits for a table.")
    bus: Bus
