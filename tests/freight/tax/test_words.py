"""Amounts in Indian grouping and in words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freight.tax.words import _HINDI, grouped, in_english, in_hindi, rupees


@pytest.mark.parametrize(
    ("minor", "text"),
    [
        (0, "0.00"),
        (5, "0.05"),
        (99_999, "999.99"),
        (100_000, "1,000.00"),
        (9_999_999, "99,999.99"),
        (10_000_000, "1,00,000.00"),
        (123_456_789, "12,34,567.89"),
        (1_000_000_000, "1,00,00,000.00"),
        (12_345_678_901_234, "1,23,45,67,89,012.34"),
        (-123_456_700, "-12,34,567.00"),
    ],
)
def test_digits_are_grouped_by_lakh_and_crore(minor: int, text: str) -> None:
    assert rupees(minor) == text


@pytest.mark.parametrize(
    ("minor", "text"),
    [
        (0, "Rupees Zero Only"),
        (1_00, "Rupees One Only"),
        (50, "Rupees Zero and Paise Fifty Only"),
        (11_00, "Rupees Eleven Only"),
        (20_00, "Rupees Twenty Only"),
        (21_05, "Rupees Twenty One and Paise Five Only"),
        (100_00, "Rupees One Hundred Only"),
        (119_00, "Rupees One Hundred Nineteen Only"),
        (1_000_00, "Rupees One Thousand Only"),
        (59_000_00, "Rupees Fifty Nine Thousand Only"),
        (1_00_000_00, "Rupees One Lakh Only"),
        (
            12_34_567_89,
            "Rupees Twelve Lakh Thirty Four Thousand Five Hundred Sixty Seven and Paise Eighty "
            "Nine Only",
        ),
        (1_00_00_000_00, "Rupees One Crore Only"),
        (
            1_23_45_67_890_00,
            "Rupees One Hundred Twenty Three Crore Forty Five Lakh Sixty Seven "
            "Thousand Eight Hundred Ninety Only",
        ),
        (-5_00, "Minus Rupees Five Only"),
    ],
)
def test_english(minor: int, text: str) -> None:
    assert in_english(minor) == text


@pytest.mark.parametrize(
    ("minor", "text"),
    [
        (0, "शून्य रुपये मात्र"),
        (1_00, "एक रुपये मात्र"),
        (59_000_00, "उनसठ हज़ार रुपये मात्र"),
        (1_25_000_50, "एक लाख पच्चीस हज़ार रुपये पचास पैसे मात्र"),
        (2_00_00_101_00, "दो करोड़ एक सौ एक रुपये मात्र"),
    ],
)
def test_hindi(minor: int, text: str) -> None:
    assert in_hindi(minor) == text


def test_every_hindi_number_has_a_name_of_its_own() -> None:
    assert len(_HINDI) == len(set(_HINDI)) == 100


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**15))
def test_grouping_loses_no_digit(whole: int) -> None:
    assert int(grouped(whole).replace(",", "")) == whole
