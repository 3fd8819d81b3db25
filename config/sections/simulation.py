"""The simulated fleet: how it drives, stops, measures and sends."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Hour, Positive, Section, Share, Span, key
from config.sections.market import Market


class Driving(Section):
    acceleration_mps2: Positive = key("How fast a truck gains speed.")
    braking_mps2: Positive = key("How fast a truck loses speed.")
    speed_kmh_max: Positive = key("What the speed governor allows.")
    pace_spread: Share = key("How drivers differ, of the road class's speed.")
    wander: Share = key("How one driver's pace varies along the way.")
    wander_memory_s: Positive = key("How long a driver keeps a pace.")
    town_radius_m: Positive = key("Roads this close to a town's middle are in town.")
    town_pace: Share = key("Pace in town, of that outside.")
    night_from_hour: Hour = key("When night driving begins, Indian Standard Time.")
    night_to_hour: Hour = key("When night driving ends.")
    night_pace: Share = key("Pace at night, of that by day.")
    lane_offset_m: float = key("How far left of the centre line trucks drive.")
    yard_offset_m_max: Positive = key("How far from the depot's middle a truck may stand.")


class Trips(Section):
    distance_km_min: Positive = key("The shortest trip.")
    distance_km_max: Positive = key("The longest trip.")
    loading_minutes: Span = key("How long loading takes: least, most.")
    loading_share_at_start: Share = key("Trucks that are loading when the world begins.")


class Halt(Section):
    every_km: Positive = key("Distance between two halts of this kind.")
    minutes: Span = key("How long such a halt takes: least, most.")


class Halts(Section):
    fuel: Halt
    dhaba: Halt
    rest: Halt
    toll_spacing_km: Positive = key("Distance between toll plazas.")
    toll_minutes: Span = key("How long a toll plaza takes: least, most.")
    margin_m: Positive = key("No halt this close to a town or to the last one.")
    spread: Share = key("How much distances between halts vary.")


class Gps(Section):
    jitter_m: Positive = key("One sigma of a receiver's error.")
    jitter_sigma_max: Positive = key("Errors beyond so many sigmas are cut.")
    jitter_memory_s: Positive = key("How long a receiver keeps an error.")
    accuracy_m: Span = key("Accuracy that receivers claim: least, most.")
    satellites: Span = key("Satellites that receivers see: least, most.")
    consumption_l_per_100km: Positive = key("Fuel that driving takes.")
    tank_l: Positive = key("What a tank holds.")


class Radio(Section):
    """What a simulated device's network does to its fixes."""

    cell_deg: Positive = key("Width of a place with or without coverage.")
    dead_share: dict[str, Share] = key("Places without coverage, by road class.")
    burst_fixes_max: Count = key("Fixes sent at once after a dead zone.")
    buffer_fixes_max: Count = key("Fixes a device keeps while it has no coverage.")
    newest_first_share: Share = key("Devices that send the current fix before stored ones.")
    duplicate_share: Share = key("Fixes that are sent twice.")
    late_share: Share = key("Fixes that are sent later than they should.")
    alarms_per_truck_day: Annotated[float, Field(ge=0)] = key("Alarms of one truck on one day.")


class Devices(Section):
    """The MQTT client of a simulated device."""

    keepalive_s: Count = key("How often an idle device shows that it is there.")
    connect_timeout_s: Positive = key("A connection not made by then failed.")
    connects_per_s: Positive = key("New connections of the whole fleet.")
    receipts_qos: Annotated[int, Field(ge=0, le=1)] = key("Quality of service of receipts.")
    reconnect_wait_s_min: Positive = key("The first wait before connecting again.")
    reconnect_wait_s_max: Positive = key("The longest wait before connecting again.")
    in_flight_messages_max: Count = key("Messages the broker has not yet acknowledged.")
    array_fixes_max: Count = key("Fixes in one message.")
    store_fixes_max: Count = key("Fixes kept per device; beyond it the oldest is dropped.")
    receipt_wait_s: Positive = key("A fix without receipt for so long is sent again.")
    receipt_wait_s_max: Positive = key("The longest wait for a receipt.")
    packet_bytes_max: Count = key("The longest packet a device takes.")


class Dispatching(Section):
    """Which trucks are given routes, and who of them does not keep to them."""

    journey_share: Share = key("Trucks that are given the route they drive.")
    astray_share: Share = key("Of these, trucks whose route has a bypass that they do not take.")
    astray_after_km: Positive = key("So far ahead of them that bypass leaves the road ...")
    astray_for_km: Positive = key("... for so long ...")
    astray_aside_km: Positive = key("... and so far aside.")
    promise: Positive = key("The arrival is promised for so many times the drive without halts.")
    least_km: Positive = key("Shorter ways to a load or with it get no route.")
    look_s: Positive = key("How often trucks are looked for that have set out.")


class SimulationSetup(Section):
    requests_at_once: Count = key("Requests under way while the fleet is set up.")
    retry_wait_s: Positive = key("The wait before a failed request is sent again.")
    ready_within_s: Positive = key("The installation must be ready by then.")
    request_timeout_s: Positive = key("A request not answered by then failed.")
    import_rows: Count = key("Trucks or drivers in one file that is imported.")
    carrier_share: Share = key("How many of the trucks belong to the tenant's carrier.")
    depot_radius_m: Positive = key("Radius of a depot's fence.")
    town_radius_km: Span = key("Radius of a town's fence: least, most.")
    toll_radius_m: Positive = key("Radius of a toll plaza's fence.")
    tolls: Count = key("Toll plazas that get a fence.")
    dispatching: Dispatching


class Replaying(Section):
    """A recorded track, played as one truck."""

    file_bytes_max: Count = key("A larger file is refused.")
    fixes_max: Count = key("A file with more fixes is refused.")
    connect_within_s: Positive = key("Without a connection by then it is given up.")
    receipts_within_s: Positive = key("How long receipts of the last fixes are awaited.")


class Simulation(Section):
    tick_s: Positive = key("One step of the world; a faster fleet takes shorter steps.")
    driving: Driving
    trips: Trips
    halts: Halts
    gps: Gps
    radio: Radio
    devices: Devices
    setup: SimulationSetup
    market: Market
    replay: Replaying
    report_every_s: Positive = key("How often the fleet says how it is doing.")
    drain_within_s: Positive = key("On stop: how long receipts of the last fixes are awaited.")
