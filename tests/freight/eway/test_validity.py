"""Validity by distance, class and date; the window and the cap of an extension."""

from __future__ import annotations

import pytest

from freight.eway.times import ms_from, time_text
from freight.eway.validity import (
    cap_ms,
    days_for,
    extended_until,
    extension_window,
    is_capped,
    valid_until,
)
from tests.freight.eway.given import LAW


@pytest.mark.parametrize(
    ("begun", "km", "slow", "until"),
    [
        # The portal's own sample, and its test data.
        ("25/02/2024 11:10:00 AM", 10, False, "26/02/2024 11:59:00 PM"),
        ("05/10/2022 12:39:00 PM", 10, False, "06/10/2022 11:59:00 PM"),
        ("01/01/2026 10:00:00 AM", 201, False, "03/01/2026 11:59:00 PM"),
        ("01/01/2026 10:00:00 AM", 21, True, "03/01/2026 11:59:00 PM"),
        ("01/01/2026 10:00:00 AM", 200, False, "02/01/2026 11:59:00 PM"),
        ("01/01/2026 10:00:00 AM", 20, True, "02/01/2026 11:59:00 PM"),
        ("01/01/2026 10:00:00 AM", 0, False, "02/01/2026 11:59:00 PM"),
        ("01/01/2026 10:00:00 AM", 4000, False, "21/01/2026 11:59:00 PM"),
        # A day ends when it ends in India: these are 20 minutes apart, and a day of UTC the same.
        ("10/01/2026 11:50:00 PM", 150, False, "11/01/2026 11:59:00 PM"),
        ("11/01/2026 12:10:00 AM", 150, False, "12/01/2026 11:59:00 PM"),
        ("28/02/2024 09:00:00 AM", 100, False, "29/02/2024 11:59:00 PM"),
        ("31/12/2025 09:00:00 AM", 100, False, "01/01/2026 11:59:00 PM"),
        # Before 2021 a day was good for 100 km.
        ("31/12/2020 11:59:59 PM", 200, False, "02/01/2021 11:59:00 PM"),
        ("01/01/2021 12:00:00 AM", 200, False, "02/01/2021 11:59:00 PM"),
        ("01/06/2020 09:00:00 AM", 201, False, "04/06/2020 11:59:00 PM"),
    ],
)
def test_valid_until(begun: str, km: int, slow: bool, until: str) -> None:
    assert time_text(valid_until(ms_from(begun), km, LAW, slow=slow)) == until


@pytest.mark.parametrize(("km", "days"), [(1, 1), (199, 1), (200, 1), (201, 2), (400, 2), (401, 3)])
def test_a_day_for_each_part_of_the_way(km: int, days: int) -> None:
    rule = LAW.validity.root[-1].value

    assert days_for(km, rule, slow=False) == days


def test_the_window_is_eight_hours_before_and_behind() -> None:
    window = extension_window(ms_from("26/02/2024 11:59:00 PM"), LAW)

    assert time_text(window.from_ms) == "26/02/2024 03:59:00 PM"
    assert time_text(window.to_ms) == "27/02/2024 07:59:00 AM"
    assert window.holds(window.from_ms)
    assert window.holds(window.to_ms)
    assert not window.holds(window.from_ms - 1)
    assert not window.holds(window.to_ms + 1)


def test_an_extension_lasts_from_now_for_what_is_left_of_the_way() -> None:
    now = ms_from("04/07/2023 06:13:00 PM")

    until = extended_until(now, ms_from("03/07/2023 10:00:00 AM"), 5, LAW)

    assert time_text(until) == "05/07/2023 11:59:00 PM"  # the portal's test data


def test_no_extension_goes_beyond_360_days() -> None:
    generated = ms_from("10/01/2026 10:00:00 AM")
    end = ms_from("05/01/2027 11:59:00 PM")
    late = ms_from("04/01/2027 08:00:00 PM")
    rule = LAW.extending.root[-1].value

    assert cap_ms(generated, rule) == end
    assert extended_until(late, generated, 900, LAW) == end
    assert not is_capped(ms_from("04/01/2027 11:59:00 PM"), generated, late, LAW)
    assert is_capped(end, generated, late, LAW)


def test_before_2025_there_was_no_cap() -> None:
    generated = ms_from("10/01/2023 10:00:00 AM")
    late = ms_from("20/06/2024 08:00:00 PM")

    assert not is_capped(ms_from("20/06/2024 11:59:00 PM"), generated, late, LAW)
    assert time_text(extended_until(late, generated, 300, LAW)) == "22/06/2024 11:59:00 PM"


@pytest.mark.parametrize(
    "text", ["05/10/2022 12:39:00 PM", "01/01/2026 12:00:00 AM", "31/12/2025 11:59:00 PM"]
)
def test_times_go_both_ways(text: str) -> None:
    assert time_text(ms_from(text)) == text


def test_midday_and_midnight_are_indias() -> None:
    assert ms_from("01/01/2026 12:00:00 AM") == 1_767_205_800_000
    assert ms_from("01/01/2026 12:00:00 PM") == 1_767_249_000_000
