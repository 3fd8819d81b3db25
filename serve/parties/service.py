"""What can be done with the parties of a tenant: looked up, and told what papers need of them."""

from __future__ import annotations

from collections.abc import Mapping

from freight.fleet.identifiers import pan_fault, pan_in, recipient_gstin_fault, transin_fault
from freight.tax.tds import Declaration
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Page
from serve.parties.wire import (
    CarrierFacts,
    DeclarationOut,
    NewDeclaration,
    PartyOut,
    RegistrationFacts,
    ShipperFacts,
)
from serve.problems import InvalidError, NotFoundError
from store import parties
from store.parties import CARRIERS, PLATFORM, SHIPPERS, Party


def _out(who: Principal, party: Party) -> PartyOut:
    own = who.shipper is not None or who.carrier is not None
    return PartyOut.of(party, unmasked=own or Permission.PERSONAL_READ in who.permissions)


async def list_shippers(
    gateway: Gateway, who: Principal, page: Page, having: Mapping[str, str]
) -> ListOf[PartyOut]:
    async with gateway.as_tenant(who) as conn:
        found = await parties.list_shippers(
            conn, gateway.personal, page.after, page.one_more, having
        )
    kept, next_cursor = page.cut(found, lambda one: one.party.partition("/")[2])
    return ListOf(items=[_out(who, one) for one in kept], next_cursor=next_cursor)


async def get(gateway: Gateway, who: Principal, kind: str, id_: str) -> PartyOut:
    # Carriers' rows are no shipper's to see, whatever its permissions.
    if who.shipper is not None and kind == CARRIERS:
        raise NotFoundError(f"there is no party '{kind}/{id_}'")
    async with gateway.as_tenant(who) as conn:
        return _out(who, await parties.get(conn, gateway.personal, f"{kind}/{id_}"))


async def put_shipper(
    gateway: Gateway, who: Principal, id_: str, given: ShipperFacts, expected: int | None
) -> PartyOut:
    party = f"{SHIPPERS}/{id_}"
    modes = gateway.policy_of(who).pricing.gst.modes
    if given.gst_mode is not None and given.gst_mode not in modes:
        raise InvalidError.at("/gst_mode", "is none of the modes of pricing.gst")
    _refuse_impossible(gateway, who, given.gstin, given.pan, given.state)
    facts = Party(party=party, **given.model_dump())
    async with gateway.changing(who, "parties.change", party) as change:
        now = await parties.find(change.conn, gateway.personal, party)
        if now is not None:
            change.before = PartyOut.of(now)
        made = await parties.put_shipper(
            change.conn, gateway.personal, who.tenant_key, facts, expected
        )
        change.after = PartyOut.of(made)
    return _out(who, made)


async def put_carrier(
    gateway: Gateway, who: Principal, id_: str, given: CarrierFacts, expected: int | None
) -> PartyOut:
    party = f"{CARRIERS}/{id_}"
    _refuse_impossible(gateway, who, None, None, given.state)
    fault = None if given.transin is None else transin_fault(given.transin)
    if fault is not None:
        raise InvalidError.at("/transin", fault)
    facts = Party(party=party, name="", **given.model_dump())
    async with gateway.changing(who, "parties.change", party) as change:
        change.before = PartyOut.of(await parties.get(change.conn, gateway.personal, party))
        made = await parties.put_carrier_facts(change.conn, gateway.personal, id_, facts, expected)
        change.after = PartyOut.of(made)
    return _out(who, made)


async def put_declaration(
    gateway: Gateway, who: Principal, carrier: str, year: int, given: NewDeclaration
) -> DeclarationOut:
    party = f"{CARRIERS}/{carrier}"
    declared = Declaration(year, given.declared_on, given.trucks_owned, given.exceeded_on)
    async with gateway.changing(who, "parties.declare", f"{party}/declarations/{year}") as change:
        now = await parties.get(change.conn, gateway.personal, party)
        for one in now.declarations:
            if one.year == year:
                change.before = DeclarationOut.of(one)
        made = await parties.put_declaration(
            change.conn, who.tenant_key, carrier, declared, given.document
        )
        change.after = out = DeclarationOut.of(made)
    return out


async def list_registrations(gateway: Gateway, who: Principal) -> ListOf[PartyOut]:
    async with gateway.as_tenant(who) as conn:
        found = await parties.registrations(conn)
    # What stands above every invoice is no secret.
    return ListOf(items=[PartyOut.of(one, unmasked=True) for one in found])


async def put_registration(
    gateway: Gateway, who: Principal, state: str, given: RegistrationFacts, expected: int | None
) -> PartyOut:
    _refuse_impossible(gateway, who, given.gstin, given.pan, state)
    facts = Party(party=PLATFORM, state=state, **given.model_dump())
    async with gateway.changing(who, "parties.register", f"registrations/{state}") as change:
        now = await parties.registration(change.conn, state)
        if now is not None:
            change.before = PartyOut.of(now)
        made = await parties.put_registration(change.conn, who.tenant_key, facts, expected)
        change.after = PartyOut.of(made)
    return PartyOut.of(made, unmasked=True)


def _refuse_impossible(
    gateway: Gateway,
    who: Principal,
    gstin: str | None,
    pan: str | None,
    state: str | None,
) -> None:
    """Numbers with a wrong check character, or that do not belong together."""
    errors = []
    for name, value, fault_of in (("gstin", gstin, recipient_gstin_fault), ("pan", pan, pan_fault)):
        fault = None if value is None else fault_of(value)
        if fault is not None:
            errors.append({"pointer": f"/{name}", "detail": fault})
    if state is not None and state not in gateway.policy_of(who).tax.states:
        errors.append({"pointer": "/state", "detail": "is the code of no state"})
    if not errors and gstin is not None:
        if state is not None and gstin[:2] != state:
            errors.append({"pointer": "/state", "detail": "is not that of the GSTIN"})
        if pan is not None and pan_fault(pan_in(gstin)) is None and pan_in(gstin) != pan:
            errors.append({"pointer": "/pan", "detail": "is not the PAN inside the GSTIN"})
    if errors:
        raise InvalidError("the request is not valid; errors says where", errors=errors)
