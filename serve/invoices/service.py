"""What can be done with tax documents: looked at, written by hand, and noted about."""

from __future__ import annotations

import secrets
import time

from actors.booking_writing import TenantName
from actors.money.invoices import NoteWish, credit, debit, issue, rulebook
from actors.money.parties import known, seller_of
from freight.dated import NotInForceError
from freight.invoices.documents import Document, digest_of, written
from freight.invoices.drafting import freight_invoice
from freight.invoices.totals import Charge
from freight.refusal import Refusal
from freight.tax.calendar import india_day
from freight.tax.supply import Supply
from serve.bookings.service import command_key
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.invoices.wire import InvoiceOut, NewInvoice, NewNote
from serve.paging import ListOf, Page, number_of
from serve.problems import ConflictError, InvalidError, ProblemError
from store import bookings, dues, invoices
from store.invoices import Filter
from store.postgres import AnyConnection

MS_PER_S = 1000
# The state that the request meets forbids it; anything else is wrong in itself.
CONFLICTS = frozenset({"note.too_much", "note.empty", "note.kind"})


async def list_page(
    gateway: Gateway, who: Principal, page: Page, wanted: Filter
) -> ListOf[InvoiceOut]:
    before = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        found = await invoices.list_page(conn, before, page.one_more, wanted)
    kept, next_cursor = page.cut(found, lambda one: str(one.seq))
    return ListOf(items=[InvoiceOut.of(one) for one in kept], next_cursor=next_cursor)


async def get(gateway: Gateway, who: Principal, id_: str) -> InvoiceOut:
    async with gateway.as_tenant(who) as conn:
        return InvoiceOut.of(await invoices.get(conn, id_))


async def content(gateway: Gateway, who: Principal, id_: str) -> tuple[bytes, str]:
    """The bytes as they were issued, and their digest."""
    async with gateway.as_tenant(who) as conn:
        kept = await invoices.get(conn, id_)
    return kept.body, kept.digest


async def create(gateway: Gateway, who: Principal, new: NewInvoice) -> InvoiceOut:
    """By hand, for what no booking says by itself."""
    at_ms = _now_ms()
    async with gateway.changing(who, "invoices.create", "invoices/new") as change:
        try:
            made = await _written_by_hand(gateway, who, change.conn, new, at_ms)
        except (Refusal, NotInForceError) as refused:
            raise problem_of(refused) from None
        if made.booking is not None:
            await dues.look_again(change.conn, who.tenant_key, made.booking)
        change.subject = f"invoices/{made.id}"
        change.after = out = _out(made)
    return out


async def _written_by_hand(
    gateway: Gateway, who: Principal, conn: AnyConnection, new: NewInvoice, at_ms: int
) -> Document:
    tenant, rules = _tenant(who), gateway.policy_of(who)
    if new.booking is not None:
        await bookings.get(conn, new.booking)
    if new.mode is not None and new.mode not in rules.pricing.gst.modes:
        raise InvalidError.at("/mode", "is none of the modes of pricing.gst")
    day = india_day(at_ms)
    seller = await seller_of(conn, tenant, rules, new.supplier_state)
    buyer = await known(conn, gateway.personal, rules, new.party, day)
    supply = Supply(
        recipient=buyer.recipient,
        supplier_state=seller.address.state or rules.pricing.gst.supplier_state,
        handed_over_in=new.handed_over_in,
        material=new.material or "",
        day=day,
        mode=new.mode,
        without_note_mode=None if new.has_consignment_note else rules.tax.without_note_mode,
    )
    draft = freight_invoice(
        rulebook(rules),
        cause=f"manual/{command_key() or secrets.token_hex(16)}",
        seller=seller,
        buyer=buyer.block,
        supply=supply,
        charges=[
            Charge(
                head=line.head,
                description=line.description,
                amount_minor=line.amount.amount_minor,
            )
            for line in new.lines
        ],
        booking=new.booking,
        reason=new.reason,
        due_on=new.due_on,
    )
    return await issue(conn, tenant, draft, at_ms, rules)


async def note(
    gateway: Gateway, who: Principal, id_: str, new: NewNote, *, is_credit: bool
) -> InvoiceOut:
    if new.amount is not None and new.lines:
        raise InvalidError.at("/lines", "say an amount or lines, not both")
    numbers = [line.nr for line in new.lines]
    if len(set(numbers)) < len(numbers):
        raise InvalidError.at("/lines", "names a line twice")
    kind = "credit" if is_credit else "debit"
    wish = NoteWish(
        about=id_,
        cause=f"{id_}/{kind}/{command_key() or secrets.token_hex(16)}",
        reason=new.reason,
        amount_minor=None if new.amount is None else new.amount.amount_minor,
        taxable_by_line={line.nr: line.taxable.amount_minor for line in new.lines} or None,
    )
    work = credit if is_credit else debit
    async with gateway.changing(who, f"invoices.{kind}", f"invoices/{id_}") as change:
        try:
            made = await work(change.conn, _tenant(who), wish, _now_ms(), gateway.policy_of(who))
        except (Refusal, NotInForceError) as refused:
            raise problem_of(refused) from None
        if made.booking is not None:  # what it owes is another sum now
            await dues.look_again(change.conn, who.tenant_key, made.booking)
        change.after = out = _out(made)
    return out


def problem_of(refused: Refusal | NotInForceError) -> ProblemError:
    code = refused.code if isinstance(refused, Refusal) else "rate_not_in_force"
    errors = [{"pointer": "", "detail": str(refused), "code": code}]
    if code in CONFLICTS:
        return ConflictError(str(refused), errors=errors)
    return InvalidError(str(refused), errors=errors)


def _tenant(who: Principal) -> TenantName:
    return TenantName(who.tenant_key, who.tenant)


def _out(document: Document) -> InvoiceOut:
    return InvoiceOut.of_document(document, digest_of(written(document)))


def _now_ms() -> int:
    return int(time.time() * MS_PER_S)
