"""What becomes of one wish at the portal: done, done before, refused, or not known."""

from __future__ import annotations

from freight.eway import payloads
from freight.eway.decide import Did, done_already
from freight.eway.state import (
    Bill,
    Cancel,
    ChangeTransporter,
    ChangeVehicle,
    Extend,
    Generate,
    Wish,
)
from providers.errors import ProviderRefusedError
from providers.eway.portal import EwayPortal

EXISTS = "604"  # for the same document


async def outcome_of(
    portal: EwayPortal, bill: Bill, *, is_first: bool
) -> Did | ProviderRefusedError:
    """`is_first`: nobody can have asked before, so there is nothing to look for."""
    if bill.pending is None:
        raise ValueError("nothing is asked")
    if not is_first:
        done = await _done(portal, bill)
        if done is not None:
            return done
    try:
        return await _ask(portal, bill, bill.pending.wish)
    except ProviderRefusedError as refused:
        # A bill that is there for the document is the one that was wanted.
        done = await _done(portal, bill) if refused.code == EXISTS else None
        return refused if done is None else done


async def _done(portal: EwayPortal, bill: Bill) -> Did | None:
    document = bill.consignment.document
    number = bill.number or await portal.by_document(document.kind.value, document.number)
    if number is None:
        return None
    return done_already(bill, await portal.fetch(number))


async def _ask(portal: EwayPortal, bill: Bill, wish: Wish) -> Did:
    number = bill.number or ""
    match wish:
        case Generate():
            said = payloads.generation(bill.consignment, bill.transport, portal.gstin)
            return await portal.generate(said)
        case ChangeVehicle(part_b):
            return await portal.change_vehicle(payloads.vehicle_change(number, part_b))
        case Extend(extension):
            return await portal.extend(payloads.extension(number, extension))
        case ChangeTransporter(transporter):
            said = payloads.transporter_change(number, transporter)
            return await portal.change_transporter(said)
        case Cancel(reason, remark):
            return await portal.cancel(payloads.cancellation(number, reason, remark))
