"""What can be printed: looked up as the caller sees it, laid out, and printed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from msgspec import structs

from freight.invoices.documents import PartyBlock
from freight.personal import PersonalKind, masked
from freight.settlements.statement import statement_of
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.printing.layout import sheet_of
from serve.printing.sheet import Sheet
from serve.printing.statements import statement_sheet
from serve.printing.words import Language
from serve.problems import ConflictError
from store import invoices, parties, settlements
from store.parties import CARRIERS, PLATFORM
from store.postgres import AnyConnection

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Printed:
    name: str
    content: bytes


async def invoice(gateway: Gateway, who: Principal, invoice_id: str, language: Language) -> Printed:
    async with gateway.as_tenant(who) as conn:
        document = (await invoices.get(conn, invoice_id)).document
    accent = gateway.policy_of(who).printing.accent
    return await _printed(gateway, document.number, sheet_of(document, language, accent))


async def settlement(
    gateway: Gateway, who: Principal, settlement_id: str, language: Language
) -> Printed:
    async with gateway.as_tenant(who) as conn:
        state = await settlements.get(conn, settlement_id)
        issuer = await _issuer(gateway, who, conn)
        carrier = await _carrier(gateway, who, conn, state.carrier)
    accent = gateway.policy_of(who).printing.accent
    sheet = statement_sheet(statement_of(state), issuer, carrier, language, accent)
    return await _printed(gateway, settlement_id, sheet)


async def _printed(gateway: Gateway, name: str, sheet: Sheet) -> Printed:
    most = gateway.policy.printing.rows_max
    if sum(len(table.rows) for table in sheet.tables) * len(sheet.copies) > most:
        raise ConflictError(f"this has more than {most} rows, and is not printed")
    return Printed(_NOT_IN_NAMES.sub("-", name), await gateway.printer.pdf(sheet))


async def _issuer(gateway: Gateway, who: Principal, conn: AnyConnection) -> PartyBlock:
    """The tenant by its first registration; one without any by its own name."""
    policy = gateway.policy_of(who)
    state = policy.pricing.gst.supplier_state
    found = await parties.registration(conn, state)
    if found is None:
        return PartyBlock(party=PLATFORM, name=who.tenant)
    return found.block(policy.tax)


async def _carrier(
    gateway: Gateway, who: Principal, conn: AnyConnection, carrier: str
) -> PartyBlock:
    party = f"{CARRIERS}/{carrier}"
    found = await parties.find(conn, gateway.personal, party)
    if found is None:
        return PartyBlock(party=party, name=carrier)
    block = found.block(gateway.policy_of(who).tax)
    if who.carrier is None and Permission.PERSONAL_READ not in who.permissions:
        return structs.replace(
            block,
            pan=_masked(PersonalKind.PAN, block.pan),
            gstin=_masked(PersonalKind.GSTIN, block.gstin),
        )
    return block


def _masked(kind: PersonalKind, text: str | None) -> str | None:
    return None if text is None else masked(kind, text)
