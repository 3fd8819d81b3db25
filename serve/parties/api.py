"""/v1/parties: who stands on papers: shippers, carriers, and the tenant as it is registered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from serve.fields import LongText, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.parties import service
from serve.parties.wire import (
    CarrierFacts,
    DeclarationOut,
    NewDeclaration,
    PartyOut,
    RegistrationFacts,
    ShipperFacts,
)
from serve.versions import Expected, tagged
from store.parties import CARRIERS, SHIPPERS

router = APIRouter(tags=["parties"])

PartiesReader = Annotated[Principal, needs(Permission.PARTIES_READ)]
PartiesWriter = Annotated[Principal, needs(Permission.PARTIES_WRITE)]
Exactly = Annotated[LongText | None, Query(description="only those that have exactly this")]
YEARS = range(2015, 2100)


StateCode = Annotated[str, Path(pattern=r"^[0-9]{2}$")]
YearBegun = Annotated[
    int, Path(ge=YEARS.start, lt=YEARS.stop, description="in which the financial year began")
]


@router.get("/v1/parties/shippers")
async def list_shippers(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: PartiesReader,
    page: Paged,
    phone: Exactly = None,
    email: Exactly = None,
    gstin: Exactly = None,
    pan: Exactly = None,
) -> ListOf[PartyOut]:
    asked = {"phone": phone, "email": email, "gstin": gstin, "pan": pan}
    having = {name: text for name, text in asked.items() if text is not None}
    return await service.list_shippers(gateway, who, page, having)


@router.get("/v1/parties/shippers/{id}")
async def get_shipper(
    shipper_id: PathId, gateway: Opened, who: PartiesReader, response: Response
) -> PartyOut:
    return tagged(response, await service.get(gateway, who, SHIPPERS, shipper_id))


@router.put("/v1/parties/shippers/{id}")
async def put_shipper(  # noqa: PLR0917 - the framework passes by name
    shipper_id: PathId,
    given: ShipperFacts,
    gateway: Opened,
    who: PartiesWriter,
    expected: Expected,
    response: Response,
) -> PartyOut:
    """All that is known of it, in place of what was; issued documents stay as they are."""
    return tagged(response, await service.put_shipper(gateway, who, shipper_id, given, expected))


@router.get("/v1/parties/carriers/{id}")
async def get_carrier_party(
    carrier_id: PathId, gateway: Opened, who: PartiesReader, response: Response
) -> PartyOut:
    return tagged(response, await service.get(gateway, who, CARRIERS, carrier_id))


@router.put("/v1/parties/carriers/{id}")
async def put_carrier_facts(  # noqa: PLR0917 - the framework passes by name
    carrier_id: PathId,
    given: CarrierFacts,
    gateway: Opened,
    who: PartiesWriter,
    expected: Expected,
    response: Response,
) -> PartyOut:
    """What papers and taxes want to know of a carrier; its name and numbers are /v1/carriers'."""
    return tagged(response, await service.put_carrier(gateway, who, carrier_id, given, expected))


@router.put("/v1/parties/carriers/{id}/declarations/{year}")
async def put_declaration(
    carrier_id: PathId,
    year: YearBegun,
    given: NewDeclaration,
    gateway: Opened,
    who: PartiesWriter,
) -> DeclarationOut:
    """That it owns few trucks in a financial year: nothing is deducted from it while that is so."""
    return await service.put_declaration(gateway, who, carrier_id, year, given)


@router.get("/v1/parties/registrations")
async def list_registrations(gateway: Opened, who: PartiesReader) -> ListOf[PartyOut]:
    """The tenant itself, state by state."""
    return await service.list_registrations(gateway, who)


@router.put("/v1/parties/registrations/{state}")
async def put_registration(  # noqa: PLR0917 - the framework passes by name
    state: StateCode,
    given: RegistrationFacts,
    gateway: Opened,
    who: PartiesWriter,
    expected: Expected,
    response: Response,
) -> PartyOut:
    """What stands above the tenant's documents in this state from now on."""
    return tagged(response, await service.put_registration(gateway, who, state, given, expected))
