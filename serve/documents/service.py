"""What can be done with a tenant's documents: take one in, find it, delete it."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from freight.documents.looking import looked_at
from freight.documents.rules import Form, KindRule
from freight.refusal import Refusal
from serve.bookings.reading import standing
from serve.documents.intake import Upload
from serve.documents.placing import Place, keep_paper, placed
from serve.documents.wire import DocumentOut
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from serve.problems import ConflictError, ForbiddenError, InvalidError, TooLargeError
from store import documents, errors
from store.documents import Document, NewDocument, Scan, Wanted
from store.postgres import AnyConnection

INFECTED = "infected"


async def upload(gateway: Gateway, who: Principal, given: Upload) -> tuple[DocumentOut, bool]:
    """And whether it is new: the same content about the same is the same document."""
    rule = _rule(gateway, who, given)
    form, content = await _looked_at(gateway, who, given, rule)
    async with gateway.as_tenant(who) as conn:
        place = await placed(gateway, conn, who, given.fields)
        new = _new(who, given, rule, form=form, content=content, place=place)
        before = await documents.same(conn, new)
        if before is not None:
            return DocumentOut.of(before), False
        await _refuse_beyond(gateway, conn, who, place)
    finding = await gateway.documents.look(content)
    if finding.scan is Scan.INFECTED:
        detail = f"a virus was found in it: {finding.says}"
        raise InvalidError.at("/file", detail, code=INFECTED)
    if finding.scan is Scan.CLEAN:
        new = dataclasses.replace(new, scan=finding.scan, scanned_at=datetime.now(UTC))
    else:
        new = dataclasses.replace(new, scan=finding.scan)
    name = documents.blob_name(who.tenant_key, new.id)
    secret = await gateway.documents.keep(name, content)
    try:
        made, is_new = await _insert(gateway, who, new, secret, place)
    except BaseException as failed:
        await gateway.documents.drop(name)
        if isinstance(failed, errors.NotFoundError):
            detail = "this is not yours to send documents about"
            raise InvalidError.at("/leg" if new.leg else "/subject", detail) from failed
        raise
    if not is_new:
        await gateway.documents.drop(name)
    return made, is_new


async def _insert(
    gateway: Gateway, who: Principal, new: NewDocument, secret: bytes, place: Place
) -> tuple[DocumentOut, bool]:
    async with gateway.changing(who, "documents.upload", f"documents/{new.id}") as change:
        created = await documents.create(change.conn, who.tenant_key, new, secret)
        if created is not None:
            await keep_paper(change.conn, who, new, place)
            change.after = made = DocumentOut.of(created)
            return made, True
        before = await documents.same(change.conn, new)
        if before is None:
            raise ConflictError("somebody else has uploaded this already, not for you to see")
        return DocumentOut.of(before), False


def _rule(gateway: Gateway, who: Principal, given: Upload) -> KindRule:
    rules = gateway.policy_of(who).documents
    kind = given.fields.kind
    rule = rules.kinds.get(kind)
    if rule is None:
        raise InvalidError.at("/kind", f"the kinds are {', '.join(sorted(rules.kinds))}")
    is_bound = who.shipper is not None or who.carrier is not None
    if is_bound and not (rule.shipper_sees if who.shipper is not None else rule.carrier_sees):
        raise ForbiddenError(f"a {kind} is not for you to send")
    if len(given.content) > rule.bytes_max:
        raise TooLargeError(f"a {kind} has at most {rule.bytes_max} bytes")
    return rule


async def _looked_at(
    gateway: Gateway, who: Principal, given: Upload, rule: KindRule
) -> tuple[Form, bytes]:
    positions = gateway.policy_of(who).documents.positions
    try:
        form, content = await asyncio.to_thread(looked_at, given.content, given.told, positions)
    except Refusal as refused:
        raise InvalidError.at("/file", refused.detail, code=refused.code) from refused
    if form not in rule.forms:
        names = ", ".join(sorted(rule.forms))
        detail = f"a {given.fields.kind} is one of {names}, not {form}"
        raise InvalidError.at("/file", detail, code="unwanted_form")
    return form, content


def _new(
    who: Principal, given: Upload, rule: KindRule, *, form: Form, content: bytes, place: Place
) -> NewDocument:
    fields = given.fields
    if place.about not in rule.about:
        names = ", ".join(sorted(rule.about))
        raise InvalidError.at("/subject", f"a {fields.kind} is about {names}")
    keep_until = None
    if rule.kept_days is not None:
        keep_until = datetime.now(UTC) + timedelta(days=rule.kept_days)
    return NewDocument(
        id=f"doc-{secrets.token_hex(8)}",
        kind=fields.kind,
        form=form,
        name=given.name,
        subject=place.subject,
        subject_key=place.key,
        booking=place.booking,
        leg=fields.leg,
        stop=fields.stop,
        paper=fields.paper,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).digest(),
        valid_until=fields.valid_until,
        keep_until=keep_until,
        uploaded_by=who.name,
        scan=Scan.NONE,
        for_shipper=rule.shipper_sees,
        for_carrier=rule.carrier_sees,
        personal=rule.personal,
    )


async def _refuse_beyond(
    gateway: Gateway, conn: AnyConnection, who: Principal, place: Place
) -> None:
    most = gateway.policy_of(who).documents.of_subject_max
    if await documents.count(conn, place.subject) >= most:
        raise ConflictError(f"there are {most} documents about it, and no more may be")


async def get(gateway: Gateway, who: Principal, document_id: str) -> DocumentOut:
    async with gateway.as_tenant(who) as conn:
        return DocumentOut.of(await documents.get(conn, document_id))


async def list_page(
    gateway: Gateway, who: Principal, page: Page, wanted: Wanted
) -> ListOf[DocumentOut]:
    async with gateway.as_tenant(who) as conn:
        found = await documents.list_page(
            conn, wanted, before=number_of(page.after), limit=page.one_more
        )
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[DocumentOut.of(one) for one in kept], next_cursor=next_cursor)


async def delete(gateway: Gateway, who: Principal, document_id: str) -> None:
    """What proves a delivery stays as long as its kind is kept."""
    async with gateway.changing(who, "documents.delete", f"documents/{document_id}") as change:
        document = await documents.get(change.conn, document_id)
        if await _proves(change.conn, document):
            raise ConflictError("this proves how a load was handed over, and stays")
        change.before = DocumentOut.of(document)
        await documents.delete(change.conn, document_id)
    await gateway.documents.drop(document.blob)


async def _proves(conn: AnyConnection, document: Document) -> bool:
    if document.booking is None:
        return False
    booking = await standing(conn, document.booking)
    proofs = [proof for leg in booking.legs for proof in leg.proofs]
    slips = {proof.weighing.slip for proof in proofs if proof.weighing is not None}
    return document.id in slips.union(*(proof.documents for proof in proofs))
