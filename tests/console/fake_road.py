"""Papers on the road as the API tells them: e-way bills, a task, and kept documents."""

from __future__ import annotations

import struct
import zlib
from datetime import date

from freight.documents.rules import Form
from freight.eway.codes import DocType
from freight.eway.state import Status as BillStatus
from freight.tasks import TaskState
from serve.bookings.wire import Money
from serve.documents.wire import DocumentOut
from serve.eway_bills.answers import DocumentOut as BillFor
from serve.eway_bills.answers import EwayBillOut, NeedOut, PartyOut, WindowOut
from serve.tasks.wire import TaskOut
from store.documents import Scan
from tests.console.fake_settlement import BOOKING, at
from tests.freight.documents import pictures


def bill(name: str, number: str, ends_h: float) -> EwayBillOut:
    def party(place: str) -> PartyOut:
        return PartyOut(gstin="URP", name="x", place=place, pin=410208, state="27", at_state="27")

    return EwayBillOut(
        id=name,
        booking=BOOKING,
        leg="L1",
        status=BillStatus.ACTIVE,
        number=number,
        sender=party("Taloja"),
        receiver=party("Chakan"),
        document=BillFor(kind=DocType.INVOICE, number="A-17", date=date(2026, 11, 20)),
        value=Money.of(245_000_000),
        distance_km=96,
        vehicle="MH12AB4821",
        transporter=None,
        generated_at=at(-20),
        valid_until=at(ends_h),
        extendable=WindowOut(since=at(ends_h - 8), until=at(ends_h + 8)),
        extensions=0,
        pending=None,
        refused=None,
        created_at=at(-20),
        need=NeedOut(is_needed=True, above=Money.of(5_000_000), why="by value"),
        version=3,
    )


def task() -> TaskOut:
    return TaskOut(
        id="task-1",
        kind="eway.extend",
        about="eway-bills/eb-1",
        leg="L1",
        title="Extend e-way bill 331009887761",
        booking=BOOKING,
        state=TaskState.OPEN,
        opened_at=at(-1),
        since=at(-5),
        until=at(11),
        escalated_at=None,
        assigned_to=None,
        settled_at=None,
        settled_by=None,
        note=None,
        facts={},
        version=1,
    )


def kept(name: str, kind: str, form: Form) -> DocumentOut:
    return DocumentOut(
        id=name,
        kind=kind,
        subject=f"bookings/{BOOKING}",
        booking=BOOKING,
        leg="L1",
        stop="S2",
        paper=None,
        name=None,
        content_type=form,
        bytes=48_200,
        sha256="00",
        valid_until=None,
        keep_until=None,
        uploaded_at=at(-9),
        uploaded_by="user:driver-7",
        scan=Scan.CLEAN,
        finding=None,
    )


def picture() -> bytes:
    """A grey slope, wide enough to be seen."""
    wide, high = 320, 200
    rows = b"".join(b"\0" + bytes((x + y) % 256 for x in range(wide)) for y in range(high))
    head = struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def paper() -> bytes:
    text = b"BT /F1 24 Tf 72 760 Td (Tax invoice INV/26-27/000412) Tj ET"
    return pictures.pdf(
        b"<</Type /Catalog /Pages 2 0 R>>",
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources <</Font <</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(text), text),
        b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
    )
