"""Gives contents out: whole or in part, to who may read them, with each access on record."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from serve.documents.tokens import LinkToken
from serve.documents.wire import AccessOut, LinkFields, LinkOut, NewLinkOut
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.origin import masked
from serve.paging import ListOf, Page, number_of
from serve.problems import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnavailableError,
    problem_response,
)
from serve.request_record import current
from store import document_links, documents
from store.blobs.port import BlobMissingError
from store.documents import Document, Scan
from store.postgres import AnyConnection, as_tenant
from store.sealing import SealError

logger = logging.getLogger("ubertruck.documents")
SHARED = "/v1/shared-documents"
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_UNQUOTED = re.compile(r"[^A-Za-z0-9._ -]")
_GONE = "this link leads nowhere: it was never good, has expired, was revoked, or is used up"
# Nothing of ours may run what came from outside; and what a link shows is found by nobody else.
_SAFE = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
    "cache-control": "private, no-store",
    "accept-ranges": "bytes",
}


async def content(
    gateway: Gateway, who: Principal, document_id: str, request: Request, *, download: bool
) -> Response:
    async with gateway.as_tenant(who) as conn:
        document = await documents.get(conn, document_id)
        _refuse_personal(who, document)
        _refuse_unscanned(document)
        await _note(conn, document, who.name, None)
    return await _given(gateway, document, request.headers, download=download)


async def shared(gateway: Gateway, token: str, request: Request) -> Response:
    now = datetime.now(UTC)
    of = gateway.documents.links.read(token, now.timestamp())
    if of is None or of.tenant_key in gateway.tenants.closed:
        raise NotFoundError(_GONE)
    async with gateway.turns, as_tenant(gateway.app_pool, of.tenant_key) as conn:
        document_id = await document_links.use(conn, of.link)
        if document_id is None:
            raise NotFoundError(_GONE)
        document = await documents.get(conn, document_id)
        _refuse_unscanned(document)
        await _note(conn, document, "link", of.link)
    return await _given(gateway, document, request.headers, download=False)


async def _note(conn: AnyConnection, document: Document, by: str, link: str | None) -> None:
    record = current()
    origin = None if record is None else masked(record.origin)
    await document_links.note_access(conn, document.tenant_key, document.id, by, link, origin)


def _refuse_personal(who: Principal, document: Document) -> None:
    """Whom it is about may read it; of others who may read personal data."""
    is_bound = who.carrier is not None or who.shipper is not None
    if document.personal and not is_bound and Permission.PERSONAL_READ not in who.permissions:
        raise ForbiddenError(f"this token lacks the permission {Permission.PERSONAL_READ}")


def _refuse_unscanned(document: Document) -> None:
    if document.scan is Scan.PENDING:
        raise ConflictError("it waits to be looked at for viruses; try again later")
    if document.scan is Scan.INFECTED:
        raise ConflictError(f"a virus was found in it: {document.finding}")


# ------------------------------------------------------------------------------------- parts


@dataclass(frozen=True, slots=True)
class Part:
    start: int
    end: int  # the first byte that is not asked for
    is_whole: bool


def part_of(asked: str | None, size_bytes: int) -> Part | None:
    """Of RFC 9110: one part, or all of it when more or something else is asked for. None: there
    is no such part."""
    whole = Part(0, size_bytes, True)
    found = _RANGE.fullmatch(asked.strip()) if asked is not None else None
    if found is None or not (found[1] or found[2]):
        return whole
    if not found[1]:
        length = min(int(found[2]), size_bytes)
        return Part(size_bytes - length, size_bytes, False) if length else None
    start = int(found[1])
    end = min(int(found[2]) + 1, size_bytes) if found[2] else size_bytes
    if found[2] and int(found[2]) < start:
        return whole
    return Part(start, end, False) if start < size_bytes else None


async def _given(
    gateway: Gateway, document: Document, asked: Mapping[str, str], *, download: bool
) -> Response:
    tag = f'"{document.sha256.hex()}"'
    is_same = asked.get("if-range", tag) == tag
    part = part_of(asked.get("range") if is_same else None, document.size_bytes)
    if part is None:
        unsatisfied = {"Content-Range": f"bytes */{document.size_bytes}"}
        detail = f"there are {document.size_bytes} bytes"
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        return problem_response(status, detail, headers=unsatisfied)
    headers = {
        **_SAFE,
        "etag": tag,
        "content-length": str(part.end - part.start),
        "content-disposition": _disposition(document, download=download),
    }
    if not part.is_whole:
        headers["content-range"] = f"bytes {part.start}-{part.end - 1}/{document.size_bytes}"
    return StreamingResponse(
        await _begun(gateway, document, part),
        HTTPStatus.OK if part.is_whole else HTTPStatus.PARTIAL_CONTENT,
        headers=headers,
        media_type=document.form,
    )


async def _begun(gateway: Gateway, document: Document, part: Part) -> AsyncIterator[bytes]:
    """With its first piece read: once an answer has begun, nothing can be said of trouble."""
    pieces = gateway.documents.read(document, part.start, part.end)
    try:
        first = await anext(pieces)
    except (BlobMissingError, SealError) as lost:
        logger.error("the content of document %s cannot be had: %s", document.blob, lost)
        retry_s = gateway.policy.edge.overloaded_retry_s
        detail = "its content cannot be had now"
        raise UnavailableError(detail, retry_after_s=retry_s) from lost

    async def rest() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return rest()


def _disposition(document: Document, *, download: bool) -> str:
    how = "attachment" if download else "inline"
    ending = document.form.rpartition("/")[2]
    name = document.name or f"{document.kind}-{document.id}.{ending}"
    plain = _UNQUOTED.sub("_", name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


# ------------------------------------------------------------------------------------- links


async def share(
    gateway: Gateway, who: Principal, document_id: str, given: LinkFields, link_id: str
) -> NewLinkOut:
    rules = gateway.policy_of(who).documents.links
    valid_s = rules.valid_s if given.valid_s is None else given.valid_s
    if valid_s > rules.valid_s_max:
        raise InvalidError.at("/valid_s", f"a link is good for at most {rules.valid_s_max} s")
    expires_at = (datetime.now(UTC) + timedelta(seconds=valid_s)).replace(microsecond=0)
    subject = f"documents/{document_id}/links/{link_id}"
    async with gateway.changing(who, "documents.share", subject) as change:
        document = await documents.get(change.conn, document_id)
        _refuse_personal(who, document)
        if await document_links.count_good(change.conn, document_id) >= rules.of_document_max:
            raise ConflictError(f"{rules.of_document_max} links to it are good already")
        link = await document_links.create(
            change.conn,
            who.tenant_key,
            link_id,
            document_id,
            expires_at,
            given.single_use,
            who.name,
        )
        change.after = shown = LinkOut.of(link)
    of = LinkToken(who.tenant_key, link_id, int(expires_at.timestamp()))
    path = f"{SHARED}/{gateway.documents.links.token(of)}"
    return NewLinkOut(**shown.model_dump(), path=path)


async def revoke(gateway: Gateway, who: Principal, document_id: str, link_id: str) -> LinkOut:
    subject = f"documents/{document_id}/links/{link_id}"
    async with gateway.changing(who, "documents.unshare", subject) as change:
        await documents.get(change.conn, document_id)
        link = await document_links.revoke(change.conn, document_id, link_id)
        change.after = shown = LinkOut.of(link)
    return shown


async def links(gateway: Gateway, who: Principal, document_id: str) -> ListOf[LinkOut]:
    """The newest; old ones go with their document."""
    async with gateway.as_tenant(who) as conn:
        await documents.get(conn, document_id)
        most = gateway.policy.api.page_limit_max
        found = await document_links.of_document(conn, document_id, most)
    return ListOf(items=[LinkOut.of(link) for link in found])


async def accesses(
    gateway: Gateway, who: Principal, document_id: str, page: Page
) -> ListOf[AccessOut]:
    async with gateway.as_tenant(who) as conn:
        await documents.get(conn, document_id)
        found = await document_links.accesses(
            conn, document_id, before=number_of(page.after), limit=page.one_more
        )
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[AccessOut.of(one) for one in kept], next_cursor=next_cursor)
