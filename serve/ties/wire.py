"""Ties between carriers and shippers as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from freight.fleet.ties import TieKind
from serve.fields import LongText, ObjectId, Strict
from store.carrier_ties import StoredTie


class NewTie(Strict):
    id: ObjectId | None = None
    kind: TieKind = Field(
        description="blocked: the carrier gets no loads of the shipper; exclusive: the shipper's "
        "loads go to such carriers only; dedicated: the carrier drives for such shippers only"
    )
    shipper: ObjectId | None = Field(
        default=None, description="null: all of them, which only blocked may mean"
    )
    reason: LongText | None = None


class TieOut(BaseModel):
    id: str
    kind: TieKind
    carrier: str
    shipper: str | None
    reason: str | None
    created_at: datetime
    version: int

    @classmethod
    def of(cls, stored: StoredTie) -> TieOut:
        tie = stored.tie
        return cls(
            id=stored.id,
            kind=tie.kind,
            carrier=tie.carrier,
            shipper=tie.shipper,
            reason=stored.reason,
            created_at=stored.created_at,
            version=stored.version,
        )
