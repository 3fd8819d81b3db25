"""/v1/audit: who did what, when, from where and on what; and the proof that nobody rewrote it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from serve.audit import service
from serve.audit.service import Chain
from serve.audit.wire import AuditRow, VerdictOut
from serve.fields import TEXT_PATTERN, time_ms
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.problems import InvalidError
from store.audit import GENESIS, Wanted
from store.audit_chain import Head, Outcome

router = APIRouter(tags=["audit"])

AuditReader = Annotated[Principal, needs(Permission.AUDIT_READ)]
JSON_LINES = "application/x-ndjson"
TEXT_CHARS_MAX = 300  # fixed: part of the published API


def _text(description: str) -> object:
    return Query(max_length=TEXT_CHARS_MAX, pattern=TEXT_PATTERN, description=description)


async def wanted_of(  # noqa: PLR0917 - the framework passes by name
    subject: Annotated[
        str | None, _text("resource/id, or a resource for all of it; also under the name object")
    ] = None,
    object: Annotated[str | None, _text("the same as subject")] = None,  # noqa: A002
    actor: Annotated[str | None, _text("kind:id")] = None,
    action: Annotated[str | None, _text("resource.verb")] = None,
    outcome: Outcome | None = None,
    start: Annotated[str | None, Query(alias="from")] = None,
    to: str | None = None,
) -> Wanted:
    return Wanted(
        subject=subject or object or None,
        actor=actor,
        action=action,
        outcome=outcome,
        from_ms=time_ms("from", start),
        to_ms=time_ms("to", to),
    )


Filter = Annotated[Wanted, Depends(wanted_of)]
OfChain = Annotated[Chain, Query(description="installation: for its operators")]
HeadText = Annotated[str | None, Query(max_length=TEXT_CHARS_MAX)]


@router.get("/v1/audit")
async def list_audit(
    gateway: Opened, who: AuditReader, page: Paged, wanted: Filter, chain: OfChain = Chain.TENANT
) -> ListOf[AuditRow]:
    """The newest first; what happened in [from, to)."""
    key = service.chain_key(who, chain)
    return await service.list_page(gateway, who, key, wanted, page)


@router.get("/v1/audit/verify")
async def verify_audit(
    gateway: Opened,
    who: AuditReader,
    after: HeadText = None,
    expect: HeadText = None,
    chain: OfChain = Chain.TENANT,
) -> VerdictOut:
    """Looks at every row's signature and at its place behind the one before it.

    `expect` is a head that an earlier answer gave and that was noted elsewhere: with it a chain
    that was cut off or written anew is found too.
    """
    key = service.chain_key(who, chain)
    begin = _head("after", after) or GENESIS
    return await service.verify(gateway, who, key, after=begin, expected=_head("expect", expect))


@router.get(
    "/v1/audit/export",
    response_class=StreamingResponse,
    responses={200: {"content": {JSON_LINES: {"schema": {"type": "string"}}}}},
)
async def export_audit(
    gateway: Opened, who: AuditReader, wanted: Filter, chain: OfChain = Chain.TENANT
) -> StreamingResponse:
    """All rows, the oldest first, a JSON object a line: the body as it was signed, and its hash."""
    lines = service.export_lines(gateway, who, service.chain_key(who, chain), wanted)
    headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(lines, media_type=JSON_LINES, headers=headers)


def _head(name: str, given: str | None) -> Head | None:
    try:
        return None if given is None else Head.parse(given)
    except ValueError as wrong:
        raise InvalidError.at(f"/{name}", str(wrong), **{"in": "query"}) from wrong
