"""KYC of carriers as the API takes and gives it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from freight.fleet.kyc import CarrierDocument, KycState
from freight.fleet.reasons import Reason
from serve.fields import LongText, Strict
from serve.papers.wire import Day, Number
from store.carrier_documents import StoredDocument
from store.carriers import Carrier


class DocumentFields(Strict):
    number: Number | None = None
    valid_until: Day | None = Field(default=None, description="its last day; null: without end")

    def document(self, kind: str) -> CarrierDocument:
        return CarrierDocument(kind, self.number, self.valid_until)


class DocumentOut(BaseModel):
    kind: str
    number: str | None
    valid_until: date | None
    document: str | None = Field(default=None, description="the newest upload that shows it")
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, stored: StoredDocument, document: str | None = None) -> DocumentOut:
        one = stored.document
        return cls(
            kind=one.kind,
            number=one.number,
            valid_until=one.valid_until,
            document=document,
            updated_at=stored.updated_at,
            version=stored.version,
        )


class Decision(Strict):
    step: Literal["verify", "reject", "suspend", "reinstate"]
    reason: LongText | None = Field(default=None, description="to reject or suspend: why")


class ReasonOut(BaseModel):
    code: str
    detail: str
    about: str | None

    @classmethod
    def of(cls, reason: Reason) -> ReasonOut:
        return cls(code=reason.code, detail=reason.detail, about=reason.about)


class KycOut(BaseModel):
    state: KycState
    since: datetime
    reason: str | None
    lacking: list[ReasonOut] = Field(description="what keeps the carrier from being verified")
    version: int = Field(description="the carrier's")

    @classmethod
    def of(cls, carrier: Carrier, lacking: Iterable[Reason]) -> KycOut:
        return cls(
            state=carrier.kyc_state,
            since=carrier.kyc_since,
            reason=carrier.kyc_reason,
            lacking=[ReasonOut.of(reason) for reason in lacking],
            version=carrier.version,
        )
