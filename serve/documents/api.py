"""/v1/documents: papers and pictures, kept sealed, given to who may see them or holds a link."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from serve.documents import giving, service
from serve.documents.intake import BODY, Turn, Uploaded
from serve.documents.wire import AccessOut, DocumentOut, LinkFields, LinkOut, NewLinkOut, Subject
from serve.fields import ObjectId, PathId, possible_id
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from store.documents import Wanted

router = APIRouter(tags=["documents"])

Reader = Annotated[Principal, needs(Permission.DOCUMENTS_READ)]
Writer = Annotated[Principal, needs(Permission.DOCUMENTS_WRITE)]
Sharer = Annotated[Principal, needs(Permission.DOCUMENTS_SHARE)]
Deleter = Annotated[Principal, needs(Permission.DOCUMENTS_DELETE)]
Auditor = Annotated[Principal, needs(Permission.DOCUMENTS_READ, Permission.AUDIT_READ)]

_BYTES: dict[str, Any] = {
    "content": {
        kind: {"schema": {"type": "string", "format": "binary"}}
        for kind in ("image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf")
    }
}
_PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "all of it", **_BYTES},
    206: {"description": "the part that Range asks for", **_BYTES},
    409: {"description": "it waits to be scanned, or a virus was found in it", **_PROBLEM},
    416: {"description": "there is no such part", **_PROBLEM},
}
_SHARED = {**_ANSWERS, 404: {"description": "the link is not good", **_PROBLEM}}


@router.post(
    "/v1/documents",
    status_code=HTTPStatus.CREATED,
    dependencies=[Turn],
    openapi_extra=BODY,
    responses={200: {"description": "it was there already", "model": DocumentOut}},
)
async def upload_document(
    gateway: Opened, who: Writer, given: Uploaded, response: Response
) -> DocumentOut:
    """One file. The same content about the same again gives the document that is there."""
    made, is_new = await service.upload(gateway, who, given)
    response.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    response.headers["Location"] = f"/v1/documents/{made.id}"
    return made


@router.get("/v1/documents")
async def list_documents(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    subject: Subject | None = None,
    booking: ObjectId | None = None,
    kind: ObjectId | None = None,
    paper: ObjectId | None = None,
) -> ListOf[DocumentOut]:
    """The newest first."""
    return await service.list_page(gateway, who, page, Wanted(subject, booking, kind, paper))


@router.get("/v1/documents/{id}")
async def get_document(document_id: PathId, gateway: Opened, who: Reader) -> DocumentOut:
    return await service.get(gateway, who, document_id)


@router.delete("/v1/documents/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_document(document_id: PathId, gateway: Opened, who: Deleter) -> None:
    """For good. 409 for what proves a pickup or delivery."""
    await service.delete(gateway, who, document_id)


@router.get("/v1/documents/{id}/content", response_class=Response, responses=_ANSWERS)
async def get_content(
    document_id: PathId,
    gateway: Opened,
    who: Reader,
    request: Request,
    download: Annotated[bool, Query(description="to be saved, not shown")] = False,
) -> Response:
    """All of it or one part; every time is on record. 409 while it waits to be scanned."""
    return await giving.content(gateway, who, document_id, request, download=download)


@router.get("/v1/documents/{id}/accesses")
async def list_accesses(
    document_id: PathId, gateway: Opened, who: Auditor, page: Paged
) -> ListOf[AccessOut]:
    """Who read it, the newest first."""
    return await giving.accesses(gateway, who, document_id, page)


@router.post("/v1/documents/{id}/links", status_code=HTTPStatus.CREATED)
async def share_document(
    document_id: PathId, given: LinkFields, gateway: Opened, who: Sharer
) -> NewLinkOut:
    """A path by which whoever has it reads this document, until it expires or is revoked."""
    link_id = secrets.token_urlsafe(12)
    return await giving.share(gateway, who, document_id, given, link_id)


@router.get("/v1/documents/{id}/links")
async def list_links(document_id: PathId, gateway: Opened, who: Sharer) -> ListOf[LinkOut]:
    return await giving.links(gateway, who, document_id)


@router.delete("/v1/documents/{id}/links/{link_id}")
async def revoke_link(
    document_id: PathId, link_id: Annotated[str, Path()], gateway: Opened, who: Sharer
) -> LinkOut:
    """From now on it leads nowhere."""
    return await giving.revoke(gateway, who, document_id, possible_id(link_id))


@router.get(
    f"{giving.SHARED}/{{token}}", response_class=Response, responses=_SHARED, tags=["documents"]
)
async def get_shared(token: Annotated[str, Path()], gateway: Opened, request: Request) -> Response:
    """By a link, without signing in. 404 for any that is not good, for whatever reason."""
    return await giving.shared(gateway, token, request)
