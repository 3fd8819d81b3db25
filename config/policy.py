"""Every limit, interval and threshold the processes read, typed; values live in defaults/*.yaml."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

DEFAULTS_DIR = Path(__file__).parent / "defaults"

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Hour = Annotated[int, Field(ge=0, le=23)]
Span = tuple[Positive, Positive]  # least, most


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Admission(Section):
    """What a fix must be like to be folded; anything else becomes a stored rejection."""

    message_bytes_max: Count
    array_fixes_max: Count
    future_s_max: Positive
    age_s_max: Positive
    device_fixes_per_s: Positive
    device_fixes_burst: Count
    rejection_raw_bytes_max: Count


class Batching(Section):
    messages_max: Count
    bytes_max: Count
    wait_ms_max: Positive
    in_flight_max: Count
    failures_before_split: Count
    # Held un-acknowledged by one worker; beyond it the socket is not read and the broker keeps
    # the rest.
    pending_messages_max: Count
    pending_bytes_max: Count


class Receipts(Section):
    fixes_per_message_max: Count
    in_flight_max: Count
    # A broker that confirms nothing for so long is as good as gone.
    confirmation_s_max: Positive


class Ingest(Section):
    workers: Count
    admission: Admission
    batching: Batching
    receipts: Receipts
    directory_poll_s: Positive
    retry_wait_s_min: Positive
    retry_wait_s_max: Positive
    broker_keepalive_s: Count


class Tracking(Section):
    """The truck shards."""

    shards: Count
    late_horizon_s: Positive
    late_span_gap_s: Positive
    snapshot_interval_s: Positive
    snapshot_rows_per_chunk: Count
    batch_log_kept_s: Positive
    live_publish_ms_min: Positive
    query_deadline_s: Positive
    retry_wait_s_min: Positive
    retry_wait_s_max: Positive
    moving_kmh_min: Positive
    offline_after_s: Positive


class Relay(Section):
    batch_max: Count
    poll_s: Positive
    retry_wait_s_max: Positive


class Live(Section):
    interval_ms: Count
    viewers_max: Count
    # A viewer whose socket is not drained for this long is cut; until then it gets last values.
    stalled_s_max: Positive
    ping_s: Positive
    event_queue_max: Count
    resume_events_max: Count
    # How often a feed is compared with the shards, in case Redis lost something unseen.
    resync_s: Positive
    # Nothing heard for this long: ask the shards, so that the feed goes on without Redis.
    silence_s: Positive
    # Events may be published a little out of order: a resume token names those of this last while.
    resume_skew_s: Positive
    resume_token_s: Positive
    first_subscribe_s_max: Positive
    message_bytes_max: Count


class Api(Section):
    replicas: Count
    ongoing_requests_max: Count
    # How many objects more than at the last look make a replica look for garbage.
    collect_after_objects: Count
    page_limit_default: Count
    page_limit_max: Count
    body_bytes_max: Count
    token_ttl_s: Count
    token_cache_max: Count
    request_deadline_s: Positive
    track_fixes_max: Count
    # Fixes of one track read and written at a time, so that a long one blocks nobody.
    track_chunk_fixes: Count
    positions_max: Count
    # What GET /v1/events/{id}/evidence shows on either side of an event.
    evidence_around_s: Positive
    evidence_fixes_max: Count
    readiness_deadline_s: Positive
    readiness_cache_s: Positive
    # Without these the gateway is not ready; trouble elsewhere is told and heals by itself.
    readiness_needs: tuple[str, ...]


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


class Driving(Section):
    acceleration_mps2: Positive
    braking_mps2: Positive
    speed_kmh_max: Positive
    pace_spread: Share
    wander: Share
    wander_memory_s: Positive
    town_radius_m: Positive
    town_pace: Share
    night_from_hour: Hour
    night_to_hour: Hour
    night_pace: Share
    lane_offset_m: float
    yard_offset_m_max: Positive


class Trips(Section):
    distance_km_min: Positive
    distance_km_max: Positive
    loading_minutes: Span
    loading_share_at_start: Share


class Halt(Section):
    every_km: Positive
    minutes: Span


class Halts(Section):
    fuel: Halt
    dhaba: Halt
    rest: Halt
    toll_spacing_km: Positive
    toll_minutes: Span
    margin_m: Positive
    spread: Share


class Gps(Section):
    jitter_m: Positive
    jitter_sigma_max: Positive
    jitter_memory_s: Positive
    accuracy_m: Span
    satellites: Span
    consumption_l_per_100km: Positive
    tank_l: Positive


class Radio(Section):
    """What a simulated device's network does to its fixes."""

    cell_deg: Positive
    dead_share: dict[str, Share]  # by road class
    burst_fixes_max: Count
    buffer_fixes_max: Count
    newest_first_share: Share
    duplicate_share: Share
    late_share: Share
    alarms_per_truck_day: float = Field(ge=0)


class Devices(Section):
    """The MQTT client of a simulated device."""

    keepalive_s: Count
    connect_timeout_s: Positive
    connects_per_s: Positive
    receipts_qos: int = Field(ge=0, le=1)
    reconnect_wait_s_min: Positive
    reconnect_wait_s_max: Positive
    in_flight_messages_max: Count
    array_fixes_max: Count
    store_fixes_max: Count
    receipt_wait_s: Positive
    receipt_wait_s_max: Positive
    packet_bytes_max: Count


class SimulationSetup(Section):
    requests_at_once: Count
    retry_wait_s: Positive
    ready_within_s: Positive
    request_timeout_s: Positive
    depot_radius_m: Positive
    town_radius_km: Span
    toll_radius_m: Positive
    tolls: Count


class Simulation(Section):
    tick_s: Positive
    driving: Driving
    trips: Trips
    halts: Halts
    gps: Gps
    radio: Radio
    devices: Devices
    setup: SimulationSetup
    report_every_s: Positive
    drain_within_s: Positive


class Broker(Section):
    """The embedded MQTT broker."""

    ack_wait_s: Count
    ack_pending_max: Annotated[int, Field(gt=0, le=65535)]
    message_bytes_max: Count
    connections_max: Count
    write_deadline_s: Count
    sync_interval_s: Count
    store_bytes_max: Count
    memory_bytes_max: Count
    users_debounce_s: Positive


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


class Policy(Section):
    ingest: Ingest
    tracking: Tracking
    relay: Relay
    live: Live
    api: Api
    storage: Storage
    broker: Broker
    cluster: Cluster
    launch: Launch
    simulation: Simulation


@lru_cache(maxsize=1)
def policy() -> Policy:
    """The snapshot this process runs with; reading it costs no I/O after the first call."""
    sections = {
        name: yaml.safe_load((DEFAULTS_DIR / f"{name}.yaml").read_text())
        for name in Policy.model_fields
    }
    return Policy.model_validate(sections)
