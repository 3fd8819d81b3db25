"""The second factor: one-time codes (RFC 6238) and the recovery codes that stand in for them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time

import pyotp

ISSUER = "UberTruck"
STEP_S = 30  # fixed: what every authenticator app assumes
# 80 bits each, in an alphabet that people can read to each other.
RECOVERY_GROUPS = 4
RECOVERY_GROUP_CHARS = 4
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def new_seed() -> str:
    return pyotp.random_base32()


def enrolment_uri(seed: str, account: str) -> str:
    """What an authenticator application takes, usually as a QR code."""
    return pyotp.TOTP(seed, issuer=ISSUER, name=account).provisioning_uri()


def matching_step(seed: str, code: str, steps_off: int, now_s: float | None = None) -> int | None:
    """The step whose code this is, so that it can be used up; None when it is of none."""
    now_step = int((time.time() if now_s is None else now_s) // STEP_S)
    totp = pyotp.TOTP(seed)
    found = None
    for step in range(now_step - steps_off, now_step + steps_off + 1):
        if hmac.compare_digest(totp.at(step * STEP_S).encode(), code.strip().encode()):
            found = step
    return found


def new_recovery_codes(count: int) -> list[str]:
    return ["-".join(_group() for _ in range(RECOVERY_GROUPS)) for _ in range(count)]


def recovery_hash(code: str) -> bytes:
    """They are random, so a fast hash keeps them; dashes and case are for people."""
    plain = code.replace("-", "").replace(" ", "").upper()
    return hashlib.sha256(b"ubertruck/recovery/" + plain.encode()).digest()


def _group() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_GROUP_CHARS))
