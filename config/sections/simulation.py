"""The simulated fleet: how it drives, stops, measures and sends."""

from __future__ import annotations

from pydantic import Field

from config.schema import Count, Hour, Positive, Section, Share, Span


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
