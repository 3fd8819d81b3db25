"""The embedded Ray head and Serve's proxy."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Positive, Section, key


class Cluster(Section):
    """The embedded Ray head and Serve's proxy."""

    num_cpus: Count = key("Logical processors Ray counts; also workers started ahead.")
    object_store_bytes: Count = key("Shared memory of Ray's object store.")
    worker_niceness: Annotated[int, Field(ge=0, le=19)] = key("Niceness of Ray's workers.")
    worker_register_timeout_s: Count = key("A worker that has not reported by then failed.")
    resources_told_s: Positive = key("How often Ray's node manager says what is free on its node.")
    controller_look_s: Positive = key("How often Serve compares what runs with what should run.")
    proxy_connections_max: Count = key("HTTP and WebSocket connections of Serve's proxy.")
    proxy_threads: Count = key("Threads of Serve's proxy.")
    proxy_headers_timeout_s: Count = key(
        "A request whose headers have not arrived by then is ended."
    )
    proxy_client_timeout_s: Count = key("A client silent for so long is cut by the proxy.")
