"""The kinds of documents a tenant keeps: about what, in which form, how long, and who sees them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from freight.rules import Rules, Who, key

Kind = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Positive = Annotated[int, Field(gt=0)]


class Form(StrEnum):
    """Forms that can be looked into; everything else is refused."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    HEIC = "image/heic"
    PDF = "application/pdf"


class About(StrEnum):
    """What a document may be about, as the paths of the API name it."""

    BOOKINGS = "bookings"
    TRUCKS = "trucks"
    DRIVERS = "drivers"
    CARRIERS = "carriers"
    SHIPPERS = "shippers"


class KindRule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    about: Annotated[frozenset[About], Field(min_length=1)]
    forms: Annotated[frozenset[Form], Field(min_length=1)]
    bytes_max: Positive
    kept_days: Positive | None = None  # from its upload; None: until somebody deletes it
    shipper_sees: bool = False  # the one whose booking it is about, or whom it is about
    carrier_sees: bool = False  # the one whose leg, truck or driver it is about
    personal: bool = False  # read by who may read personal data, and by whom it is about


class Positions(StrEnum):
    STRIP = "strip"
    KEEP = "keep"


class LinkRules(Rules):
    valid_s: Positive = key(
        "So long a link to a document is good if nothing else is asked for.",
        who=Who.TENANT,
        live=True,
    )
    valid_s_max: Positive = key("No link is good for longer.", who=Who.TENANT, live=True)
    of_document_max: Positive = key(
        "Links of one document that are good at the same time.", who=Who.TENANT, live=True
    )

    @model_validator(mode="after")
    def _usual_is_possible(self) -> Self:
        if self.valid_s > self.valid_s_max:
            raise ValueError("valid_s is at most valid_s_max")
        return self


class DocumentRules(Rules):
    kinds: dict[Kind, KindRule] = key(
        "The kinds of documents that are taken, by name: about what, in which forms, how large, "
        "for how many days, and who sees them.",
        who=Who.TENANT,
        live=True,
    )
    positions: Positions = key(
        "Whether the place where a picture was taken is removed from it (strip), or kept as a "
        "proof of its own (keep).",
        who=Who.TENANT,
        live=True,
    )
    of_subject_max: Positive = key(
        "Documents of one booking, truck, driver, carrier or shipper.", who=Who.TENANT, live=True
    )
    links: LinkRules
    accesses_kept_days: Positive = key(
        "Who read a document is known for as many days.", who=Who.OPERATOR, live=True
    )
