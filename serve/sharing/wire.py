"""Links by which others follow a booking, as the API takes and gives them, and what they show."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from freight.sharing.shown import Phase
from freight.sharing.words import Language
from serve.fields import LongText, ObjectId, Strict
from store.sharing import Consent, Share, ShareAccess


class NewShare(Strict):
    valid_s: Annotated[int, Field(gt=0)] | None = Field(
        default=None, description="how long it is good; none: the usual time"
    )
    coarse: bool | None = Field(
        default=None, description="show the truck's neighbourhood only, and no plate"
    )
    language: Language | None = Field(default=None, description="that the page begins in")
    label: LongText | None = Field(default=None, description="for whom it is; not shown there")


class ShareOut(BaseModel):
    id: str
    booking: str
    coarse: bool
    language: Language
    label: str | None
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None
    views: int = Field(description="how often it was opened, refreshes included")
    viewed_at: datetime | None = Field(description="last")

    @classmethod
    def of(cls, share: Share) -> ShareOut:
        return cls(
            id=share.id,
            booking=share.booking,
            coarse=share.coarse,
            language=Language(share.language),
            label=share.label,
            created_at=share.created_at,
            created_by=share.created_by,
            expires_at=share.expires_at,
            revoked_at=share.revoked_at,
            views=share.views,
            viewed_at=share.viewed_at,
        )


class NewShareOut(ShareOut):
    path: str = Field(description="the page, on this server; shown this once")


class ShareAccessOut(BaseModel):
    at: datetime
    form: str = Field(description="page or json")
    origin: str | None = Field(description="the network it was opened from")

    @classmethod
    def of(cls, access: ShareAccess) -> ShareAccessOut:
        return cls(at=access.at, form=access.form, origin=access.origin)


# ----------------------------------------------------------------------------------- consent


class ConsentFields(Strict):
    """Of a driver or of a carrier: give one of the two."""

    driver: ObjectId | None = None
    carrier: ObjectId | None = None
    shipper: ObjectId | None = Field(
        default=None, description="for whose bookings; none: for all that there are"
    )
    agreed: bool = Field(description="false: it is withdrawn, and the links show no truck")
    how: LongText = Field(description="how it was said: a paper, a call, an app")


class ConsentOut(BaseModel):
    nr: int
    at: datetime
    driver: str | None
    carrier: str | None
    shipper: str | None
    agreed: bool
    how: str
    recorded_by: str

    @classmethod
    def of(cls, consent: Consent) -> ConsentOut:
        return cls(
            nr=consent.nr,
            at=consent.at,
            driver=consent.driver,
            carrier=consent.carrier,
            shipper=consent.shipper,
            agreed=consent.agreed,
            how=consent.how,
            recorded_by=consent.recorded_by,
        )


# --------------------------------------------------------------------------------- the page


class PointOut(BaseModel):
    lat: float
    lon: float


class SharedStop(BaseModel):
    kind: str = Field(description="pickup or drop")
    name: str | None
    point: PointOut = Field(description="rounded when the link is coarse")
    arrived_at: datetime | None
    done_at: datetime | None


class SharedTruck(BaseModel):
    """One that has goods of the booking aboard."""

    registration: str | None = Field(description="null when the link is coarse")
    point: PointOut | None = Field(description="null: it has not been heard of lately")
    radius_m: float | None = Field(description="how far from there it may be")
    seen_at: datetime | None
    eta_from: datetime | None
    eta_likely: datetime | None
    eta_to: datetime | None


class SharedOut(BaseModel):
    """What a link shows."""

    phase: Phase
    title: str = Field(description="in the language that was asked for")
    reference: str
    material: str
    language: Language
    coarse: bool
    stops: list[SharedStop]
    trucks: list[SharedTruck] = Field(description="while goods are aboard, and not before or after")
    delivered_at: datetime | None
    withheld: bool = Field(description="trucks are not shown because consent is withdrawn")
    route: list[tuple[float, float]] = Field(description="lat and lon, while goods are aboard")
    generated_at: datetime
    refresh_s: float
