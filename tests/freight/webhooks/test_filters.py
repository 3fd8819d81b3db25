"""Filters: names, beginnings, and both a type and a subject."""

from __future__ import annotations

import pytest

from freight.webhooks.filters import Filter, subject_objection, type_objection


@pytest.mark.parametrize(
    ("types", "subjects", "passes"),
    [
        (("*",), ("*",), True),
        (("booking.delivered",), ("*",), True),
        (("booking.*",), ("bookings/*",), True),
        (("booking.*",), ("bookings/B1",), True),
        (("alert.raised", "booking.*"), ("*",), True),
        (("booking.*",), ("bookings/B",), False),
        (("booking.*",), ("trucks/*",), False),
        (("book.*",), ("*",), False),
        (("booking",), ("*",), False),
        ((), ("*",), False),
    ],
)
def test_what_passes(types: tuple[str, ...], subjects: tuple[str, ...], *, passes: bool) -> None:
    assert Filter(types, subjects).passes("booking.delivered", "bookings/B1") is passes


@pytest.mark.parametrize(
    "pattern", ["", "b*", "*.delivered", "booking..x", "Booking.*", "booking.", "**"]
)
def test_types_that_mean_nothing(pattern: str) -> None:
    assert type_objection(pattern) is not None


@pytest.mark.parametrize(
    "pattern", ["", "bookings", "bookings/", "bookings/B1*", "/B1", "trucks/a b"]
)
def test_subjects_that_mean_nothing(pattern: str) -> None:
    assert subject_objection(pattern) is not None


@pytest.mark.parametrize(
    "pattern", ["*", "truck.*", "truck.fence.*", "event.corrected", "webhook.endpoint_paused"]
)
def test_types_that_do(pattern: str) -> None:
    assert type_objection(pattern) is None
