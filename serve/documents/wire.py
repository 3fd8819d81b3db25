"""Documents as the API takes and gives them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from freight.documents.rules import Form, Kind
from serve.fields import TEXT_PATTERN, ObjectId, Strict
from serve.papers.wire import Day
from store.document_links import Access, Link
from store.documents import Document, Scan

Subject = Annotated[
    str,
    StringConstraints(
        pattern=r"^(bookings|trucks|drivers|carriers|shippers)/[A-Za-z0-9_.-]{1,64}$"
    ),
]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=TEXT_PATTERN)]


class DocumentFields(Strict):
    """What goes along with a file, each as a part of its own."""

    kind: Kind = Field(description="one of the tenant's documents/kinds")
    subject: Subject | None = Field(
        default=None, description="what it is about: trucks/T1; left out with a booking"
    )
    booking: ObjectId | None = None
    leg: ObjectId | None = None
    stop: ObjectId | None = None
    paper: Kind | None = Field(
        default=None, description="of a truck or carrier: which of its papers it shows"
    )
    valid_until: Day | None = Field(
        default=None, description="its last day; with `paper` that paper's too"
    )


class DocumentOut(BaseModel):
    id: str
    kind: str
    subject: str
    booking: str | None
    leg: str | None
    stop: str | None
    paper: str | None
    name: str | None
    content_type: Form
    bytes: int = Field(description="of what is kept")
    sha256: str
    valid_until: date | None
    keep_until: datetime | None
    uploaded_at: datetime
    uploaded_by: str
    scan: Scan = Field(description="pending and infected ones are not given out")
    finding: str | None

    @classmethod
    def of(cls, document: Document) -> DocumentOut:
        return cls(
            id=document.id,
            kind=document.kind,
            subject=document.subject,
            booking=document.booking,
            leg=document.leg,
            stop=document.stop,
            paper=document.paper,
            name=document.name,
            content_type=document.form,
            bytes=document.size_bytes,
            sha256=document.sha256.hex(),
            valid_until=document.valid_until,
            keep_until=document.keep_until,
            uploaded_at=document.uploaded_at,
            uploaded_by=document.uploaded_by,
            scan=document.scan,
            finding=document.finding,
        )


class LinkFields(Strict):
    valid_s: Annotated[int, Field(gt=0, le=2**31)] | None = Field(
        default=None, description="default: as the tenant has it"
    )
    single_use: bool = False


class LinkOut(BaseModel):
    id: str
    document: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    single_use: bool
    used_at: datetime | None = Field(description="first")
    revoked_at: datetime | None

    @classmethod
    def of(cls, link: Link) -> LinkOut:
        return cls(
            id=link.id,
            document=link.document,
            created_at=link.created_at,
            created_by=link.created_by,
            expires_at=link.expires_at,
            single_use=link.single_use,
            used_at=link.used_at,
            revoked_at=link.revoked_at,
        )


class NewLinkOut(LinkOut):
    path: str = Field(description="of this server; whoever has it may read. Shown this once")


class AccessOut(BaseModel):
    at: datetime
    by: str
    link: str | None
    origin: str | None

    @classmethod
    def of(cls, access: Access) -> AccessOut:
        return cls(at=access.at, by=access.by, link=access.link, origin=access.origin)
