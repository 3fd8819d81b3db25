"""`up`: its patience, and how it restarts what dies."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class EmbeddedRedis(Section):
    memory_bytes_max: Count = key("Memory the embedded Redis may take.")
    clients_max: Count = key("Connections the embedded Redis takes.")
    pubsub_buffer_bytes_max: Count = key("A subscriber that lags further is cut.")
    pubsub_buffer_soft_bytes_max: Count = key("A subscriber that lags so far for long is cut.")
    pubsub_buffer_soft_s_max: Count = key("What `for long` means there.")


class Launch(Section):
    """`up`: its patience, and how it restarts what dies."""

    server_ready_s_max: Positive = key("One embedded server, from start to first answer.")
    actors_ready_s_max: Positive = key("All actors, from start to work.")
    serve_ready_s_max: Positive = key("Ray Serve, from start to its first answer.")
    stop_grace_s: Positive = key("Between asking a child to end and killing it.")
    database_stop_grace_s: Positive = key("The same for Postgres, which writes a checkpoint.")
    restart_wait_s_min: Positive = key("The first wait before a dead child starts again.")
    restart_wait_s_max: Positive = key("The longest wait before a dead child starts again.")
    restart_calm_s: Positive = key("A child that ran this long starts again without waiting.")
    reminder_s: Positive = key("While something is waited for, it is named this often.")
    probe_timeout_s: Positive = key("One question to a server that is starting.")
    health_timeout_s: Positive = key("One question of `status` and `doctor`.")
    leftover_ask_s: Positive = key("What an earlier `up` left over gets to end by itself.")
    leftover_kill_s: Positive = key("Until what was killed is gone.")
    orphan_grace_s: Positive = key("Postgres processes without a postmaster get to end.")
    disk_free_bytes_min: Count = key("`doctor` warns when less is free.")
    doctor_behind_s: Positive = key("`doctor` warns when events are so far behind.")
    doctor_leg_waits_s: Positive = key("`doctor` warns when a leg looks for a truck so long.")
    doctor_clock_offset_s_max: Positive = key("`doctor` warns when clocks differ by more.")
    log_bytes_max: Count = key("A child's longer log is turned over at the next start.")
    log_tail_lines: Count = key("Lines of a failed child's log that are shown.")
    redis: EmbeddedRedis
