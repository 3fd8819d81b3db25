"""The embedded Ray head and Serve's proxy."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Section


class Cluster(Section):
    """The embedded Ray head and Serve's proxy."""

    num_cpus: Count
    object_store_bytes: Count
    worker_niceness: Annotated[int, Field(ge=0, le=19)]
    worker_register_timeout_s: Count
    task_events_max: Count
    proxy_connections_max: Count
    proxy_threads: Count
    proxy_client_timeout_s: Count
