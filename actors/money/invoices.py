"""Issuing documents: number, bytes, postings and event, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from actors.booking_writing import TenantName
from config.policy import Policy, policy_of
from freight.events import TruckEvent, aggregate_event_id
from freight.invoices import drafting
from freight.invoices.documents import Document, DocumentKind, Draft, document_id
from freight.invoices.drafting import Rulebook
from freight.invoices.issuing import numbered
from freight.invoices.postings import INVOICES, entry_of
from freight.refusal import Refusal
from freight.tax.calendar import india_day
from store import events, invoices, ledger
from store.postgres import AnyConnection

ISSUED = "invoice.issued"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWish:
    """A note to a document: about which, what for and how much; nothing said: all of it."""

    about: str
    cause: str
    reason: str
    amount_minor: int | None = None  # taxes inside
    taxable_by_line: Mapping[int, int] | None = None


async def issue(
    conn: AnyConnection,
    tenant: TenantName,
    draft: Draft,
    at_ms: int,
    rules: Policy | None = None,
    *,
    is_posted: bool = True,
) -> Document:
    """The same cause gives the document that was issued for it, whatever the draft says now.

    The series is ours from here to the commit, so whoever dies leaves no gap and no duplicate; a
    transaction should do little after this. `is_posted=False`: its money stands in the books by
    another entry, as a platform's fee does by the settlement that takes it.
    """
    found = await invoices.by_cause(conn, draft.cause)
    if found is not None:
        return found
    rules = rules or policy_of(tenant.id)
    made = numbered(draft, rules.invoices, rules.pricing.gst.supplier_state, at_ms)
    place = await invoices.next_place(conn, tenant.key, made.series, made.state, made.year)
    # Somebody may have issued it while we waited for our turn.
    found = await invoices.by_cause(conn, draft.cause)
    if found is not None:
        return found
    id_ = document_id(tenant.key, draft.cause)
    document = made.document(id_, tenant.id, place.nr, place.previous)
    await invoices.add(conn, tenant.key, document)
    entry = entry_of(document) if is_posted else None
    if entry is not None:
        await ledger.post(conn, tenant.key, [entry])
    await events.insert(conn, [_announced(tenant, document)])
    return document


async def credit(
    conn: AnyConnection,
    tenant: TenantName,
    wish: NoteWish,
    at_ms: int,
    rules: Policy | None = None,
    *,
    is_posted: bool = True,
) -> Document:
    """A credit note, or for a receipt voucher a refund voucher: all that earlier ones left of it,
    or so much. Raises NotFoundError and Refusal."""
    await invoices.hold(conn, tenant.key, wish.about)
    found = await invoices.by_cause(conn, wish.cause)
    if found is not None:
        return found
    against = (await invoices.get(conn, wish.about)).document
    already = await invoices.about(conn, wish.about)
    book = rulebook(rules or policy_of(tenant.id))
    if against.kind is DocumentKind.RECEIPT_VOUCHER:
        draft = drafting.refund_voucher(
            book,
            against,
            cause=wish.cause,
            reason=wish.reason,
            amount_minor=wish.amount_minor,
            already=already,
        )
    elif against.kind in INVOICES:
        draft = drafting.credit_note(
            book,
            against,
            cause=wish.cause,
            reason=wish.reason,
            day=india_day(at_ms),
            already=already,
            amount_minor=wish.amount_minor,
            taxable_by_line=wish.taxable_by_line,
        )
    else:
        raise Refusal("note.kind", f"there are no credit notes to a {against.kind.value}")
    return await issue(conn, tenant, draft, at_ms, rules, is_posted=is_posted)


async def debit(
    conn: AnyConnection,
    tenant: TenantName,
    wish: NoteWish,
    at_ms: int,
    rules: Policy | None = None,
) -> Document:
    """A debit note to an invoice. Raises NotFoundError and Refusal."""
    against = (await invoices.get(conn, wish.about)).document
    if against.kind not in INVOICES - {DocumentKind.DEBIT_NOTE}:
        raise Refusal("note.kind", f"there are no debit notes to a {against.kind.value}")
    draft = drafting.debit_note(
        rulebook(rules or policy_of(tenant.id)),
        against,
        cause=wish.cause,
        reason=wish.reason,
        amount_minor=wish.amount_minor,
        taxable_by_line=wish.taxable_by_line,
    )
    return await issue(conn, tenant, draft, at_ms, rules)


def rulebook(rules: Policy) -> Rulebook:
    """What documents of a tenant follow, of all that holds for it."""
    return Rulebook(rules.pricing.gst, rules.tax, rules.invoices)


def _announced(tenant: TenantName, document: Document) -> TruckEvent:
    subject = f"invoices/{document.id}"
    data = {
        "number": document.number,
        "kind": document.kind.value,
        "date": document.date,
        "party": document.buyer.party,
        "booking": document.booking,
        "leg": document.leg,
        "total": {"amount_minor": document.total_minor, "currency": document.currency},
        "about": [reference.id for reference in document.references],
    }
    return TruckEvent(
        id=aggregate_event_id(tenant.key, subject, 1, 0),
        type=ISSUED,
        tenant_key=tenant.key,
        truck_key=None,
        tenant=tenant.id,
        subject=subject,
        time_ms=document.issued_ms,
        known_at_ms=document.issued_ms,
        data={name: value for name, value in data.items() if value is not None},
    )
