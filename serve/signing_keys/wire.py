"""Signing keys as the API tells of them: when each signs, nothing of what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from store.signing_keys import StoredSigningKey


class KeyState(StrEnum):
    UPCOMING = "upcoming"  # published, so that all know it before it signs
    SIGNING = "signing"
    RETIRING = "retiring"  # tokens that it signed are still good


class SigningKeyOut(BaseModel):
    id: str = Field(description="its kid in tokens and at /.well-known/jwks.json")
    state: KeyState
    created_at: datetime
    active_from: datetime
    active_to: datetime | None = Field(description="then its successor signs, if one is known")

    @classmethod
    def all_of(cls, keys: Sequence[StoredSigningKey], now: datetime) -> list[SigningKeyOut]:
        """Of keys in the order in which they sign."""
        told = []
        for place, key in enumerate(keys):
            until = keys[place + 1].active_from if place + 1 < len(keys) else None
            told.append(
                cls(
                    id=key.id,
                    state=_state_of(key, until, now),
                    created_at=key.created_at,
                    active_from=key.active_from,
                    active_to=until,
                )
            )
        return told


def _state_of(key: StoredSigningKey, until: datetime | None, now: datetime) -> KeyState:
    if key.active_from > now:
        return KeyState.UPCOMING
    return KeyState.SIGNING if until is None or until > now else KeyState.RETIRING
