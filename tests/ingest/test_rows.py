"""Rows of other dialects: the same bounds as our own message, and what is missing stays missing."""

from __future__ import annotations

import pytest

from ingest.decode.rows import FIELDS, BadPositionError, Decoded, checked

LEAST = {"ts": 1_763_700_000_000, "lat": 19, "lon": 72.5}


def test_values_come_by_name_and_what_is_missing_is_not_zero() -> None:
    row = checked(LEAST | {"speed_kmh": 40, "satellites": None})

    assert row == (1_763_700_000_000, 19.0, 72.5, 40.0) + (None,) * (len(FIELDS) - 4)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"ts": 1_763_700_000}, "$.ts"),
        ({"ts": "2025-11-21T04:40:00Z"}, "$.ts"),
        ({"lat": 90.5}, "$.lat"),
        ({"lon": float("nan")}, "$.lon"),
        ({"heading_deg": -1}, "$.heading_deg"),
        ({"satellites": 2000}, "$.satellites"),
        ({"ignition": 1}, "$.ignition"),
    ],
)
def test_a_value_that_cannot_be_is_named(values: dict[str, object], named: str) -> None:
    with pytest.raises(BadPositionError) as refused:
        checked(LEAST | values)

    assert named in str(refused.value)
    assert refused.value.reason == "malformed"


def test_rows_are_added_with_what_their_device_said_beyond_them() -> None:
    decoded = Decoded()

    decoded.add(checked(LEAST), {})
    decoded.add(checked(LEAST), {"doors": 2})

    assert len(decoded.rows) == 2
    assert decoded.extras == {1: b'{"doors":2}'}
