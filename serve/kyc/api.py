"""/v1/carriers/{id}/kyc and documents: whether a carrier is who it says."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from freight.fleet.kyc import KycStep
from serve.fields import PathId, possible_id
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.kyc import service
from serve.kyc.wire import Decision, DocumentFields, DocumentOut, KycOut
from serve.paging import ListOf
from serve.versions import Expected, tagged

router = APIRouter(tags=["carriers"])

CarriersReader = Annotated[Principal, needs(Permission.CARRIERS_READ)]
PapersWriter = Annotated[Principal, needs(Permission.PAPERS_WRITE)]
KycWriter = Annotated[Principal, needs(Permission.KYC_WRITE)]


async def document_kind(kind: Annotated[str, Path()]) -> str:
    return possible_id(kind).lower()


Kind = Annotated[str, Depends(document_kind)]


@router.get("/v1/carriers/{id}/kyc")
async def get_kyc(
    carrier_id: PathId, gateway: Opened, who: CarriersReader, response: Response
) -> KycOut:
    return tagged(response, await service.get(gateway, who, carrier_id))


@router.post("/v1/carriers/{id}/kyc/submit")
async def submit_kyc(
    carrier_id: PathId,
    gateway: Opened,
    who: PapersWriter,
    expected: Expected,
    response: Response,
) -> KycOut:
    """To be looked at. 409 while something is missing or cannot be right: errors says what."""
    kyc = await service.take_step(gateway, who, carrier_id, KycStep.SUBMIT, None, expected)
    return tagged(response, kyc)


@router.post("/v1/carriers/{id}/kyc/decision")
async def decide_kyc(  # noqa: PLR0917 - the framework passes by name
    carrier_id: PathId,
    decision: Decision,
    gateway: Opened,
    who: KycWriter,
    expected: Expected,
    response: Response,
) -> KycOut:
    """Verifies, rejects, suspends or reinstates. A later change of name, tax numbers or bank
    makes a verified carrier wait to be looked at again."""
    step = KycStep(decision.step)
    kyc = await service.take_step(gateway, who, carrier_id, step, decision.reason, expected)
    return tagged(response, kyc)


@router.get("/v1/carriers/{id}/documents")
async def list_documents(
    carrier_id: PathId, gateway: Opened, who: CarriersReader
) -> ListOf[DocumentOut]:
    return await service.documents(gateway, who, carrier_id)


@router.put("/v1/carriers/{id}/documents/{kind}")
async def put_document(  # noqa: PLR0917 - the framework passes by name
    carrier_id: PathId,
    kind: Kind,
    given: DocumentFields,
    gateway: Opened,
    who: PapersWriter,
    expected: Expected,
    response: Response,
) -> DocumentOut:
    """In place of the one before of this kind."""
    made = await service.put_document(gateway, who, carrier_id, kind, given, expected)
    return tagged(response, made)


@router.delete("/v1/carriers/{id}/documents/{kind}", status_code=HTTPStatus.NO_CONTENT)
async def delete_document(
    carrier_id: PathId, kind: Kind, gateway: Opened, who: PapersWriter, expected: Expected
) -> None:
    await service.delete_document(gateway, who, carrier_id, kind, expected)
