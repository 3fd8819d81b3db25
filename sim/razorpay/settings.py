"""What the sandbox is told at its start, in a file that only its owner reads."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Habits(msgspec.Struct, frozen=True):
    """How it behaves; config/defaults/payment_sandbox.yaml has the values and what they mean."""

    fee_bp: dict[str, int]
    tax_on_fee_bp: int
    amount_minor_min: int
    link_days_max: int
    start_balance_minor: int
    refund_after_s: float
    payout_after_s: float
    late_after_s: float
    webhook_attempt_s: float
    webhook_wait_s_min: float
    webhook_wait_s_max: float
    webhook_give_up_s: float
    webhooks_kept_max: int
    webhooks_at_once: int
    shuffle_s: float
    page_items: int
    day_starts_minutes: int


class SandboxSettings(msgspec.Struct, frozen=True):
    host: str
    port: int
    database: str
    key_id: str
    key_secret: str
    webhook_secret: str
    payout_account: str
    webhook_url: str
    habits: Habits

    @property
    def own_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def __repr__(self) -> str:
        """Whatever logs it shows no secret."""
        return f"SandboxSettings({self.own_url})"


def read_settings(file: Path) -> SandboxSettings:
    return msgspec.json.decode(file.read_bytes(), type=SandboxSettings)
