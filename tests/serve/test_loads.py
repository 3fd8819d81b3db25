"""What a request says about a load is read strictly, and everything wrong with it is named."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import defaults
from freight.load import Load, StopKind
from serve.loads.reading import load_of
from serve.loads.wire import Carried, LoadOut, StopOut
from serve.problems import InvalidError

RULES = defaults().loads
PUNE = {"lat": 18.52, "lon": 73.85, "state": "27"}
DELHI = {"lat": 28.61, "lon": 77.20, "state": "07"}


def stop(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "place": PUNE if kind == "pickup" else DELHI, **more}


def read(load: dict[str, Any], *stops: dict[str, Any], **rules: Any) -> Load:
    given = Carried.model_validate({"load": {"material": "steel", **load}, "stops": stops})
    return load_of(given, RULES.model_copy(update=rules))


def wrong(load: dict[str, Any], *stops: dict[str, Any], **rules: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidError) as refused:
        read(load, *stops, **rules)
    return [(error["pointer"], error["detail"]) for error in refused.value.errors]


def weights(load: Load) -> list[int]:
    return [each.weight_kg for each in load.stops]


def test_one_pickup_and_one_drop_carry_the_whole_load() -> None:
    load = read({"weight_t": 21.5}, stop("pickup"), stop("drop"))

    assert load.weight_kg == 21_500
    assert weights(load) == [21_500, 21_500]
    assert [each.id for each in load.stops] == ["S1", "S2"]


def test_a_load_without_a_weight_is_the_sum_of_its_pickups() -> None:
    load = read(
        {},
        stop("pickup", weight_t=4),
        stop("pickup", weight_kg=2500),
        stop("drop", weight_t=1.5),
        stop("drop"),
    )

    assert load.weight_kg == 6500
    assert weights(load) == [4000, 2500, 1500, 5000]


def test_a_load_without_a_weight_may_also_be_the_sum_of_its_drops() -> None:
    assert (
        read({}, stop("pickup"), stop("drop", weight_t=2), stop("drop", weight_t=3)).weight_kg
        == 5000
    )


def test_weights_in_tonnes_are_exact() -> None:
    assert read({"weight_t": 0.069}, stop("pickup"), stop("drop")).weight_kg == 69


@pytest.mark.parametrize(
    ("load", "stops", "errors"),
    [
        ({}, [stop("pickup"), stop("drop")], ["/load"]),
        ({"weight_t": 5}, [stop("pickup"), stop("pickup")], ["/stops"]),
        ({"weight_t": 5}, [stop("drop"), stop("pickup")], ["/stops/0"]),
        ({"weight_t": 5}, [stop("pickup", weight_t=4), stop("drop")], ["/stops/0"]),
        (
            {"weight_t": 5},
            [stop("pickup"), stop("drop", weight_t=4), stop("drop", weight_t=2)],
            ["/stops/1", "/stops/2"],
        ),
        (
            {"weight_t": 5},
            [stop("pickup"), stop("drop", weight_t=5), stop("drop")],
            ["/stops/2"],
        ),
        (
            {"weight_t": 5},
            [stop("pickup"), stop("drop"), stop("drop")],
            ["/stops/1", "/stops/2"],
        ),
        (
            {"weight_t": 5},
            [stop("pickup", weight_t=2), stop("drop", weight_t=3), stop("pickup"), stop("drop")],
            ["/stops/1"],
        ),
        ({"weight_t": 501}, [stop("pickup"), stop("drop")], ["/load"]),
        ({"weight_t": 5, "volume_m3": 2001}, [stop("pickup"), stop("drop")], ["/load/volume_m3"]),
    ],
)
def test_what_does_not_add_up_is_named(
    load: dict[str, Any], stops: list[dict[str, Any]], errors: list[str]
) -> None:
    assert [pointer for pointer, _ in wrong(load, *stops)] == errors


def test_there_are_as_many_stops_as_the_configuration_allows() -> None:
    stops = [stop("pickup"), stop("drop", weight_t=1), stop("drop")]

    assert len(read({"weight_t": 5}, *stops, stops_max=3).stops) == 3
    assert wrong({"weight_t": 5}, *stops, stops_max=2) == [("/stops", "has 3 stops; at most 2")]


def test_words_that_a_tenant_does_not_carry_are_refused() -> None:
    found = wrong(
        {"weight_t": 5, "body": "reefer", "handling": ["crane", "magic"]},
        stop("pickup"),
        stop("drop"),
        materials=frozenset({"coal"}),
        bodies=frozenset({"open"}),
        handling=frozenset({"crane"}),
    )

    assert [pointer for pointer, _ in found] == [
        "/load/material",
        "/load/body",
        "/load/handling/1",
    ]


@pytest.mark.parametrize(
    "load",
    [
        {"weight_t": 1, "weight_kg": 1000},
        {"weight_t": 0.0005},
        {"weight_t": 1, "volume_m3": 0.0001},
        {"weight_t": 0},
        {"weight_t": 1, "wieght": 2},
        {"weight_t": 1, "material": "Steel Coil"},
    ],
)
def test_what_is_malformed_is_not_read(load: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        read(load, stop("pickup"), stop("drop"))


def test_a_window_that_ends_before_it_begins_is_not_read() -> None:
    window = {"from": "2026-11-21T10:00:00Z", "to": "2026-11-21T09:00:00Z"}
    with pytest.raises(ValueError, match="to is before from"):
        read({"weight_t": 1}, stop("pickup", window=window), stop("drop"))


def test_what_was_read_is_shown_as_it_was_given() -> None:
    window = {"from": "2026-11-21T10:00:00Z", "to": None}
    load = read(
        {"weight_t": 1.25, "volume_m3": 2.5, "handling": ["tarpaulin", "crane"]},
        stop("pickup", window=window, contact={"name": "Gate", "phone": "+91 20 1234 5678"}),
        stop("drop", reference="PO-1"),
    )

    assert LoadOut.of(load).model_dump() == {
        "material": "steel",
        "weight_kg": 1250,
        "weight_t": 1.25,
        "volume_m3": 2.5,
        "truck_class": None,
        "body": None,
        "handling": ["crane", "tarpaulin"],
    }
    first, last = (StopOut.of(each).model_dump(mode="json") for each in load.stops)
    assert first["window"] == window
    assert first["contact"] == {"name": "Gate", "phone": "+91 20 1234 5678"}
    assert first["place"]["state"] == "27"
    assert (last["window"], last["contact"], last["reference"]) == (None, None, "PO-1")


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(1, 90_000), min_size=1, max_size=5),
    st.lists(st.integers(1, 90_000), min_size=1, max_size=5),
)
def test_what_is_taken_on_is_put_down(taken: list[int], put: list[int]) -> None:
    stops = [
        *(stop("pickup", weight_kg=kg) for kg in taken),
        *(stop("drop", weight_kg=kg) for kg in put[:-1]),
        stop("drop"),
    ]
    if sum(put[:-1]) >= sum(taken):
        assert wrong({}, *stops)
        return
    load = read({}, *stops)
    assert load.weight_kg == sum(taken)
    for kind in StopKind:
        assert sum(s.weight_kg for s in load.stops if s.kind is kind) == load.weight_kg
