"""Who stands on a document: the tenant as it is registered, and whom it deals with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from actors.booking_writing import TenantName
from config.policy import Policy
from freight.invoices.documents import Address, PartyBlock
from freight.pricing.gst import Recipient
from store import parties, tenants
from store.personal import PersonalData
from store.postgres import AnyConnection


@dataclass(frozen=True, slots=True)
class Known:
    """A party as papers name it and as GST sees it."""

    block: PartyBlock
    recipient: Recipient


async def seller_of(
    conn: AnyConnection, tenant: TenantName, rules: Policy, state: str | None = None
) -> PartyBlock:
    """The tenant in the state that is named, or where it supplies from. One that never said how it
    is registered stands there by its name, and the document says what it lacks."""
    where = state or rules.pricing.gst.supplier_state
    found = await parties.registration(conn, where)
    if found is not None:
        return found.block(rules.tax)
    address = Address(state=where, state_name=rules.tax.state_name(where))
    own = await tenants.find(conn, tenant.id)
    name = tenant.id if own is None else own.name
    return PartyBlock(party=parties.PLATFORM, name=name, address=address)


async def known(
    conn: AnyConnection, personal: PersonalData, rules: Policy, party: str, day: date
) -> Known:
    """Of whom nothing was kept: what the tenant's prices take a shipper for."""
    found = await parties.find(conn, personal, party)
    if found is not None:
        return Known(found.block(rules.tax), found.recipient())
    id_ = party.partition("/")[2]
    contract = rules.pricing.contract(id_, day)
    if contract is None:
        recipient = Recipient(rules.pricing.gst.recipients_are_registered, None)
    else:
        recipient = Recipient(contract.gst_registered, contract.gst_state, contract.gst_mode)
    address = Address(state=recipient.state, state_name=rules.tax.state_name(recipient.state))
    return Known(PartyBlock(party=party, name=id_, address=address), recipient)
