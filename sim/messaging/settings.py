"""What the stand-in is told at its start, in a file that only its owner reads."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Habits(msgspec.Struct, frozen=True):
    """How it behaves; config/defaults/messaging_sandbox.yaml has the values."""

    sent_after_s: float
    delivered_after_s: float
    receipt_attempt_s: float
    receipt_wait_s_min: float
    receipt_wait_s_max: float
    receipt_give_up_s: float
    receipts_waiting_max: int
    messages_kept_max: int
    page_items: int
    mail_bytes_max: int
    connection_s: float
    token_s: int
    clock_ahead_minutes: int


class TwinSettings(msgspec.Struct, frozen=True):
    host: str
    port: int
    smtp_port: int
    file: str  # where its messages are kept
    secret: str  # every password, key and token of it
    push_key: str  # the public half of the service account's key, as PEM
    receipts_url: str  # where those go whose provider is told the address once for all
    habits: Habits

    @property
    def own_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def __repr__(self) -> str:
        """Whatever logs it shows no secret."""
        return f"TwinSettings({self.own_url})"


def read_settings(file: Path) -> TwinSettings:
    return msgspec.json.decode(file.read_bytes(), type=TwinSettings)
