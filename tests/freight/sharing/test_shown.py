"""Who may be followed, and the words of both languages."""

from __future__ import annotations

import pytest

from freight.sharing.shown import Consent, may_be_followed
from freight.sharing.words import WORDS, Language

YES, NO = Consent(agreed=True, shipper=None), Consent(agreed=False, shipper=None)
YES_TO_US = Consent(agreed=True, shipper="us")
NOT_TO_US = Consent(agreed=False, shipper="us")
NOT_TO_THEM = Consent(agreed=False, shipper="them")


@pytest.mark.parametrize(
    ("said", "is_required", "may"),
    [
        ([], False, True),
        ([], True, False),
        ([YES], True, True),
        ([NO], False, False),
        ([YES, NO], False, False),
        ([YES, NOT_TO_US], True, False),
        ([YES_TO_US], True, True),
        ([NOT_TO_THEM], False, True),
        ([NOT_TO_THEM], True, False),
    ],
)
def test_who_may_be_followed(said: list[Consent], *, is_required: bool, may: bool) -> None:
    assert may_be_followed(said, "us", is_required=is_required) is may


def test_what_is_agreed_for_one_shipper_says_nothing_of_bookings_without() -> None:
    assert not may_be_followed([YES_TO_US], None, is_required=True)


def test_both_languages_say_the_same_things() -> None:
    english, hindi = WORDS[Language.ENGLISH], WORDS[Language.HINDI]

    assert english.keys() == hindi.keys()
    for name, text in english.items():
        assert text.count("{") == hindi[name].count("{")
