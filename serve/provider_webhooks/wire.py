"""What providers sent us, as the API shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from store.provider_inbox import InboxState, KeptLetter

LETTER_ID = "pw-"


class TakenOut(BaseModel):
    """Stored; what it says is worked on after this answer."""

    result: Literal["kept", "known"] = Field(description="known: this event has come before")


class LetterOut(BaseModel):
    id: str
    provider: str
    event: str = Field(description="the provider's name for it")
    type: str | None
    state: InboxState
    why: str | None
    refs: list[str] = Field(description="names of what it is about")
    received_at: datetime
    told_at: datetime | None = Field(description="when it happened, as the provider says")
    processed_at: datetime | None
    tries: int
    repeats: int = Field(description="how often the same came again")
    digest: str = Field(description="SHA-256 of the body as it came")
    headers: dict[str, str]
    body: str = Field(description="without what is not kept of cards and people")

    @classmethod
    def of(cls, letter: KeptLetter) -> LetterOut:
        return cls(
            id=f"{LETTER_ID}{letter.nr}",
            provider=letter.provider,
            event=letter.event,
            type=letter.type,
            state=InboxState(letter.state),
            why=letter.why,
            refs=letter.refs,
            received_at=letter.received_at,
            told_at=letter.told_at,
            processed_at=letter.processed_at,
            tries=letter.tries,
            repeats=letter.repeats,
            digest=letter.digest.hex(),
            headers=letter.headers,
            body=letter.body,
        )
