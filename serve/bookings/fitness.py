"""What stands against a truck that a person gives a leg, or against a load at all: 409s."""

from __future__ import annotations

from collections.abc import Sequence

from actors.dispatch_serviceability import Asking, Sending, load_faults, sending_faults
from actors.life import now_ms
from freight.booking.state import Status
from freight.fleet.reasons import Reason
from serve.bookings import wire
from serve.bookings.reading import standing
from serve.gateway import Gateway
from serve.identity.access import require
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.problems import ConflictError, InvalidError
from store.postgres import AnyConnection


async def refuse_unfit(
    gateway: Gateway, who: Principal, booking_id: str, given: wire.Assignment | wire.Swap
) -> None:
    """With every reason; whoever may override them says why instead."""
    if given.override:
        require(gateway, who, Permission.BOOKINGS_OVERRIDE)
        if not given.reason:
            raise InvalidError.at("/reason", "say why it goes although it may not")
        return
    async with gateway.as_tenant(who) as conn:
        booking = await standing(conn, booking_id)
        leg = booking.leg(given.leg)
        has = None if leg is None else leg.carriage
        truck = given.truck or (None if has is None else has.truck)
        if leg is None or truck is None:
            return  # its actor says what is wrong with that
        is_swap = isinstance(given, wire.Swap)
        driver = given.driver or (has.driver if is_swap and has is not None else None)
        sending = Sending(booking, leg, truck, driver)
        found = await sending_faults(_asking(gateway, who, conn), sending)
    _refuse(found, f"{truck} may not carry it")


async def refuse_unserved(gateway: Gateway, who: Principal, booking_id: str) -> None:
    async with gateway.as_tenant(who) as conn:
        booking = await standing(conn, booking_id)
        if booking.status is not Status.CREATED:
            return  # its actor says what is wrong with that
        load = booking.load
        found = await load_faults(_asking(gateway, who, conn), load.stops, load.truck_class)
    _refuse(found, "its stops are not served")


def _asking(gateway: Gateway, who: Principal, conn: AnyConnection) -> Asking:
    return Asking(conn, who.tenant_key, gateway.policy_of(who), now_ms())


def _refuse(found: Sequence[Reason], says: str) -> None:
    if found:
        errors = [
            {"pointer": "", "detail": reason.detail, "code": reason.code}
            | ({} if reason.about is None else {"about": reason.about})
            for reason in found
        ]
        raise ConflictError(says, errors=errors)
