"""The simulated marketplace: what its shippers, carrier and drivers do, and how often."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Positive, Section, Share, Span, key

Words = Annotated[list[str], Field(min_length=1)]


class Paperwork(Section):
    """What the fleet has on record, entered while it drives."""

    trucks_max: Count = key("Trucks that are given papers and a driver.")
    requests_at_once: Count = key("Requests under way while papers are entered.")
    papers: Words = key("Kinds of papers of each truck.")
    valid_days: Span = key("How much longer a paper holds: least, most.")
    expired_share: Share = key("Trucks with a paper that has expired, which get no loads.")
    expired_days: Span = key("How long ago such a paper expired: least, most.")


class Shippers(Section):
    open_bookings_max: Count = key("Bookings of the marketplace that are not over.")
    order_every_s: Span = key("Time between two orders: least, most.")
    looked_at: Count = key("Trucks looked at for where a load is wanted next.")
    local_share: Share = key("Loads between a town and a place on a road out of it.")
    local_km: Span = key("How far these go: least, most.")
    far_km: Span = key("How far loads from town to town go: least, most.")
    loaded_share: Span = key("How much of a truck a load fills: least, most.")
    materials: Words = key("What is carried.")
    booked_share: Share = key("Quotes that are booked; the others expire.")
    confirmed_share: Share = key("Bookings that are confirmed; the others are cancelled later.")
    cancelled_share: Share = key("Confirmed bookings that are cancelled before loading.")
    cancel_after_s: Span = key("When a booking is cancelled: least, most.")
    patience_s: Positive = key("A booking without a truck for so long is cancelled.")
    code_share: Share = key("Deliveries that are proven by a code instead of a signature.")
    close_after_s: Positive = key("Delivered bookings are closed after so long.")


class Carrier(Section):
    answer_after_s: Span = key("How long the carrier thinks about an offer: least, most.")
    declined_share: Share = key("Offers that are declined.")
    unanswered_share: Share = key("Offers that are left to expire.")
    reasons: Words = key("Why offers are declined.")


class Drivers(Section):
    handling_minutes: Span = key("How long loading and unloading take: least, most.")
    unseen_minutes: Positive = key("So much longer they wait to be seen where they are.")
    late_share: Share = key("Drivers who halt for long on their way to the load.")
    late_minutes: Span = key("How long they halt: least, most.")
    breakdown_share: Share = key("Trucks that break down with a load.")
    breaks_after_minutes: Span = key("When they do, after loading: least, most.")
    breakdown_minutes: Span = key("How long the repair takes: least, most.")
    help_after_s: Positive = key("When another truck is sent to one that broke down.")
    help_km_max: Positive = key("No help comes from farther; then the repair is waited for.")
    helpers_max: Count = key("Trucks that are asked to help.")


class Payers(Section):
    """Where the installation has a payments sandbox; elsewhere nobody pays by themselves."""

    look_s: Positive = key("How often shippers look what they owe.")
    pay_after_s: Span = key("When they pay what is due: least, most.")
    late_share: Share = key("Dues that are paid late.")
    late_after_s: Span = key("How late: least, most.")
    failed_share: Share = key("Payments that fail at the first try.")
    cash_share: Share = key("Balances that are paid in cash at the door.")
    cash_minor_max: Count = key("The most that is paid in cash, in paise.")
    upi_minor_max: Count = key("The most that is paid by UPI, in paise; more by netbanking.")


class Office(Section):
    look_s: Positive = key("How often the office looks at what carriers are to be paid.")
    approve_after_s: Span = key("When it approves what is proposed: least, most.")


class Market(Section):
    look_s: Positive = key("How often the parties look what there is to do.")
    report_every_s: Positive = key("How often the marketplace says how it is doing.")
    paperwork: Paperwork
    shippers: Shippers
    carrier: Carrier
    drivers: Drivers
    payers: Payers
    office: Office
    remembered_max: Count = key("Bookings whose dues and settlements are still looked after.")
