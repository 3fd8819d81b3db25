"""Which value holds: tables, and every combination against the rule written out plainly."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.paths import ConfigPath, PathError, key_of, parse, split_key
from config.policy import Policy, defaults, tree
from config.resolution import Override, flatten, refusals, resolve
from config.snapshot import snapshot_of

MOVING = "services/tracking/business/moving_kmh_min"
OFFLINE = "services/tracking/business/offline_after_s"
INTERVAL = "services/live/technical/interval_ms"
KEPT = "global/compliance/fixes_kept_days"
FLAG = "global/operational/flags/new-map"


def moving(tenant: str, environment: str, value: float) -> Override:
    return Override(tenant, key_of(MOVING, environment), value)


ALL, ALL_PROD = moving("*", "*", 1), moving("*", "prod", 2)
MINE, MINE_PROD = moving("demo", "*", 3), moving("demo", "prod", 4)
OTHERS = moving("acme", "prod", 9)
TABLE = [
    # set, who asks, where, what holds
    ([], "demo", "prod", 5),
    ([ALL], "demo", "prod", 1),
    ([ALL, ALL_PROD], "demo", "prod", 2),
    ([ALL, ALL_PROD], "demo", "test", 1),
    ([ALL_PROD, MINE], "demo", "prod", 3),
    ([MINE_PROD, MINE, ALL_PROD, ALL], "demo", "prod", 4),
    ([MINE_PROD, MINE, ALL_PROD, ALL], "demo", "test", 3),
    ([MINE_PROD, ALL], "demo", "test", 1),
    ([MINE, MINE_PROD, OTHERS, ALL], "*", "prod", 1),
    ([OTHERS], "demo", "prod", 5),
]


@pytest.mark.parametrize(("overrides", "tenant", "environment", "holds"), TABLE)
def test_the_most_specific_value_holds(
    overrides: list[Override], tenant: str, environment: str, holds: float
) -> None:
    snapshot = snapshot_of(defaults(), overrides, environment, 1)
    resolved = resolve(tree(), defaults().model_dump(), overrides, tenant, environment)

    assert snapshot.of(tenant).status.moving_kmh_min == holds
    assert resolved.values["status"]["moving_kmh_min"] == holds


VALUES: dict[str, st.SearchStrategy[Any]] = {
    MOVING: st.integers(1, 9),
    OFFLINE: st.integers(1, 9),
    INTERVAL: st.integers(1, 9),
    FLAG: st.builds(lambda percentage: {"percentage": percentage}, st.integers(0, 100)),
}


@st.composite
def overrides_of_few(draw: st.DrawFn) -> list[Override]:
    chosen: dict[tuple[str, str], Override] = {}
    for _ in range(draw(st.integers(0, 12))):
        name = draw(st.sampled_from(sorted(VALUES)))
        tenant = draw(st.sampled_from(["*", "demo", "acme"]))
        key = key_of(name, draw(st.sampled_from(["*", "prod", "test"])))
        chosen[tenant, key] = Override(tenant, key, draw(VALUES[name]))
    return list(chosen.values())


def plainly(overrides: list[Override], name: str, tenant: str, environment: str) -> Any:
    """The rule as a list of places to look, the most specific first."""
    for whose in (tenant, "*"):
        for where in (environment, "*"):
            for one in overrides:
                if (one.tenant, one.key) == (whose, key_of(name, where)):
                    return one.value
    return None


@given(overrides_of_few(), st.sampled_from(["*", "demo", "nobody"]), st.sampled_from(["prod", "x"]))
def test_resolution_is_the_plain_rule(
    overrides: list[Override], tenant: str, environment: str
) -> None:
    policy = snapshot_of(defaults(), overrides, environment, 1).of(tenant)

    usual = defaults()
    expected = {name: plainly(overrides, name, tenant, environment) for name in VALUES}
    assert policy.status.moving_kmh_min == (expected[MOVING] or usual.status.moving_kmh_min)
    assert policy.status.offline_after_s == (expected[OFFLINE] or usual.status.offline_after_s)
    assert policy.live.interval_ms == (expected[INTERVAL] or usual.live.interval_ms)
    flag = policy.operational.flags.get("new-map")
    assert (flag and {"percentage": flag.percentage}) == expected[FLAG]
    whole = resolve(tree(), usual.model_dump(), overrides, tenant, environment)
    assert Policy.model_validate(whole.values) == policy


def test_what_this_release_does_not_take_is_left_out_and_the_rest_holds() -> None:
    odd = [
        Override("*", "services/gone/*/technical/key", 1),
        Override("*", key_of(OFFLINE), "long"),
        Override("*", "services/storage/*/technical/connect_timeout_s", 1),
        Override("demo", "services/api/*/technical/page_limit_max", 1),
        Override("*", key_of(MOVING), 8),
    ]

    snapshot = snapshot_of(defaults(), odd, "prod", 1)

    status = defaults().status.model_copy(update={"moving_kmh_min": 8.0})
    assert snapshot.everyone == defaults().model_copy(update={"status": status})
    assert dict(snapshot.tenants) == {}


WRONG = [
    ("demo", key_of(MOVING), 0, "greater than 0"),
    ("demo", key_of(MOVING), "5", "valid number"),
    ("demo", key_of(MOVING), True, "valid number"),
    ("demo", key_of(MOVING), None, "null is no value"),
    ("demo", key_of(MOVING), float("nan"), "null|valid number|finite"),
    ("demo", "services/tracking/*/business/colour", 1, "no such key"),
    ("demo", "services/api/*/technical/replicas", 1, "for all tenants"),
    ("*", "services/storage/*/technical/connect_timeout_s", 1, "defaults file"),
    ("*", "services/ingest/*/technical/workers", 1.5, "integer"),
    ("*", KEPT, [{"valid_from": "2020-01-01", "value": 3}], "greater than or equal to 31"),
    ("*", KEPT, [], "at least one row"),
    ("*", "global/operational/flags/Not A Name", {}, "no such key"),
]


@pytest.mark.parametrize(("tenant", "key", "value", "says"), WRONG)
def test_what_is_wrong_is_said(tenant: str, key: str, value: Any, says: str) -> None:
    (refused,) = refusals(tree(), tenant, {key: value})

    assert refused.path == f"/{tenant}/{key}"
    assert any(part in refused.says for part in says.split("|")), refused.says


PATHS = [
    ("global/security", ConfigPath("own", ("global", "security"))),
    ("/*/global/security/", ConfigPath("*", ("global", "security"))),
    ("demo/services/live", ConfigPath("demo", ("services", "live"))),
    ("services/live/*/technical", ConfigPath("own", ("services", "live", "*", "technical"))),
    ("demo", ConfigPath("demo", ())),
    ("", ConfigPath("own", ())),
    ("global/global/security", ConfigPath("global", ("global", "security"))),
]


@pytest.mark.parametrize(("text", "path"), PATHS)
def test_a_path_with_or_without_its_tenant(text: str, path: ConfigPath) -> None:
    assert parse(text, "own") == path


@pytest.mark.parametrize("text", ["a/b", "x y", "demo/live", "\0", "a" * 65, "/".join("a" * 20)])
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(PathError):
        parse(text, "own")


def test_names_and_keys_are_two_forms_of_one() -> None:
    assert split_key("services/live/prod/technical/ping_s") == (
        "services/live/technical/ping_s",
        "prod",
    )
    for name in tree().leaves:
        assert split_key(key_of(name, "prod"))[0] == name


def test_nested_values_become_keys() -> None:
    path = parse("/demo/services", "own")
    nested = {"tracking": {"*": {"business": {"moving_kmh_min": 8}}, "prod": 3}, "gone": {}}

    values, refused = flatten(tree(), path, nested)

    assert values == {key_of(MOVING): 8}
    assert [one.path for one in refused] == ["/demo/services/tracking/prod"]
