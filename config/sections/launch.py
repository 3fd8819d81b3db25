"""`up`: its patience, and how it restarts what dies."""

from __future__ import annotations

from config.schema import Count, Positive, Section


class EmbeddedRedis(Section):
    memory_bytes_max: Count
    clients_max: Count
    pubsub_buffer_bytes_max: Count
    pubsub_buffer_soft_bytes_max: Count
    pubsub_buffer_soft_s_max: Count


class Launch(Section):
    """`up`: its patience, and how it restarts what dies."""

    server_ready_s_max: Positive
    actors_ready_s_max: Positive
    serve_ready_s_max: Positive
    stop_grace_s: Positive
    database_stop_grace_s: Positive
    restart_wait_s_min: Positive
    restart_wait_s_max: Positive
    restart_calm_s: Positive
    log_bytes_max: Count
    log_tail_lines: Count
    redis: EmbeddedRedis
