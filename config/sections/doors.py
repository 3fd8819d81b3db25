"""Doors for devices besides MQTT, commands to devices, and reports of how well they behave."""

from __future__ import annotations

from config.schema import Count, Positive, Section, Who, key


class Http(Section):
    """Fixes over HTTP, answered after the commit."""

    body_bytes_max: Count = key("A longer request is refused.", live=True)
    fixes_max: Count = key("A request with more fixes is refused.", live=True)
    deadline_s: Positive = key(
        "What is not committed by then is answered with 503; it may be sent again.", live=True
    )
    wait_ms_max: Positive = key("How long fixes wait for company on their way to the store.")
    window_fixes_max: Count = key("Fixes that are stored together.")
    in_flight_max: Count = key("Windows on their way to the store at a time.")
    pending_fixes_max: Count = key("Fixes that wait in one worker; a request beyond it gets 503.")
    busy_retry_s: Count = key("When to try again after that.", live=True)


class Osmand(Section):
    """OsmAnd's and Traccar Client's form, which knows no sign-in."""

    key_required: bool = key(
        "Whether a device must show its secret as `key`, or sign in by HTTP basic.",
        who=Who.TENANT,
        live=True,
    )
    connections_max: Count = key("Connections to the port of its own; more are refused.")
    silence_s_max: Positive = key("A connection that asks nothing for so long is closed.")
    refusals_per_minute_max: Count = key(
        "An address that was refused so often in a minute gets 429 unheard.", live=True
    )
    failures_per_minute_max: Count = key(
        "Wrong keys of one device and minute; then it is refused unheard.", live=True
    )


class Commands(Section):
    """Commands to devices."""

    poll_s: Positive = key("How soon a new command is sent, and an old one found expired.")
    batch_max: Count = key("Commands that are sent in one turn.")
    resend_s: Positive = key("An unanswered command is sent again after so long.", live=True)
    usual_expiry_s: Positive = key(
        "How long a command is good for, if nothing is said.", who=Who.TENANT, live=True
    )
    expiry_s_max: Positive = key(
        "The longest a command may be good for.", who=Who.OPERATOR, live=True
    )
    payload_bytes_max: Count = key("Of one command, as JSON.", live=True)
    open_per_truck_max: Count = key(
        "Commands of one truck that are neither answered nor over; more are refused.", live=True
    )
    purge_s: Positive = key("How often commands that are over are looked for.")
    kept_days: Count = key("Commands that are over are forgotten after so many days.")


class Reports(Section):
    """Of how well devices report; from when on they are not in order is the conformance rules'."""

    span_s_usual: Positive = key("The span looked at, if nothing is said.", live=True)
    span_s_max: Positive = key("The longest span that may be asked for.", live=True)
    fixes_max: Count = key("More fixes are not looked at: a shorter span is asked for.", live=True)


class Doors(Section):
    http: Http
    osmand: Osmand
    commands: Commands
    reports: Reports
