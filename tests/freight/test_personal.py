"""What of personal data may be shown: enough to recognise, too little to learn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freight.personal import HIDDEN, PersonalKind, masked

MASKED = [
    (PersonalKind.EMAIL, "asha@example.com", "a***@example.com"),
    (PersonalKind.EMAIL, "@example.com", HIDDEN),
    (PersonalKind.EMAIL, "no address", HIDDEN),
    (PersonalKind.PHONE, "+91 98765 43210", "***3210"),
    (PersonalKind.PHONE, "12345", HIDDEN),
    (PersonalKind.PAN, "ABCDE1234F", "***234F"),
    (PersonalKind.GSTIN, "27ABCDE1234F1Z5", "27***1Z5"),
    (PersonalKind.BANK_ACCOUNT, "001234567890", "***7890"),
    (PersonalKind.BANK_ACCOUNT, "1234", HIDDEN),
    (PersonalKind.ADDRESS, "12, MG Road, Pune 411001", "***, Pune 411001"),
    (PersonalKind.ADDRESS, "12 MG Road", HIDDEN),
    (PersonalKind.NAME, "Asha Rao", "A*** R***"),
    (PersonalKind.NAME, "", HIDDEN),
]


@pytest.mark.parametrize(("kind", "text", "shown"), MASKED)
def test_masks(kind: PersonalKind, text: str, shown: str) -> None:
    assert masked(kind, text) == shown


@given(kind=st.sampled_from(PersonalKind), text=st.text(min_size=1))
def test_no_mask_shows_the_whole(kind: PersonalKind, text: str) -> None:
    shown = masked(kind, text)

    assert HIDDEN in shown
    assert shown.replace(HIDDEN, "") != text.strip() or not text.strip()
