"""Connections of devices that speak a dialect over TCP: how many, how long, how much."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key
from config.sections.edge import Network


class Tcp(Section):
    networks: dict[str, tuple[Network, ...]] = key(
        "Networks from which devices of a dialect may connect; of one that is not named, all.",
        live=True,
    )
    connections_max: Count = key("Connections of one dialect; more are closed.", live=True)
    connections_per_address_max: Count = key(
        "Connections of one dialect from one address; mobile networks put many devices behind one.",
        live=True,
    )
    frame_bytes_max: Count = key("A longer frame is rejected.")
    frame_s_max: Positive = key("A frame that has begun is complete by then.", live=True)
    login_s_max: Positive = key("By then a device has said who it is.", live=True)
    idle_s_max: Positive = key("A connection that says nothing for so long is closed.", live=True)
    quiet_s: Positive = key(
        "After so long without a byte, what looks like a whole frame is one.", live=True
    )
    answer_s_max: Positive = key(
        "A device that does not take its answers for so long is gone.", live=True
    )
    frames_in_flight_max: Count = key(
        "Frames of one connection that are not yet committed; beyond it we stop reading."
    )
    bytes_in_flight_max: Count = key(
        "Bytes of all connections that are not yet committed; beyond it we stop reading."
    )
    unreadable_max: Count = key(
        "After so many frames that cannot be read, a connection is closed.", live=True
    )
    strangers_per_minute_max: Count = key(
        "Connections of unknown devices from one address that are stored as rejections; more are "
        "closed and only counted.",
        live=True,
    )
