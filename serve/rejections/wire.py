"""Rejections as the API gives them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from freight.cloudevents import rfc3339
from store.rejections import StoredRejection


class RejectionOut(BaseModel):
    """A message, or one object of it, that could not be taken."""

    received_at: str
    truck: str
    topic: str = Field(description="where it came in")
    reason: str
    detail: str
    raw: str = Field(description="its first bytes: as text, or in hex where they are none")
    is_hex: bool

    @classmethod
    def of(cls, rejection: StoredRejection) -> RejectionOut:
        text, is_hex = _shown(rejection.raw)
        return cls(
            received_at=rfc3339(rejection.received_ms),
            truck=rejection.truck,
            topic=rejection.topic,
            reason=rejection.reason,
            detail=rejection.detail,
            raw=text,
            is_hex=is_hex,
        )


def _shown(raw: bytes) -> tuple[str, bool]:
    """A text that was cut in the middle of a letter is still a text."""
    text = raw.decode(errors="replace")
    cut = text.rstrip("\N{REPLACEMENT CHARACTER}")
    printable = cut.replace("\n", " ").replace("\r", " ").replace("\t", " ").isprintable()
    is_text = printable and "\N{REPLACEMENT CHARACTER}" not in cut
    return (cut, False) if is_text else (raw.hex(), True)
