"""/v1/config and /v1/flags: who may change what, all or nothing, and back again."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import httpx
import pytest
import yaml

from config.policy import policy
from serve.gateway import Gateway
from serve.identity.permissions import PERMISSIONS_OF, Role
from store.postgres import AnyConnection
from store.tenants import Tenant
from tests.serve.caller import Caller
from tests.serve.conftest import token_for

MOVING = "services/tracking/*/business/moving_kmh_min"
OFFLINE = "services/tracking/*/business/offline_after_s"
PAGE = "services/api/*/technical/page_limit_max"
INTERVAL = "services/live/*/technical/interval_ms"


@pytest.fixture
async def operator(
    http: httpx.AsyncClient, gateway: Gateway, tenant: Tenant, superuser: AnyConnection
) -> AsyncIterator[Caller]:
    """Of the whole installation; what it set for all is gone when the test is."""
    held = PERMISSIONS_OF[Role.ADMIN] + PERMISSIONS_OF[Role.OPERATOR]
    token = gateway.issuer.issue(
        client_id=f"{tenant.id}-operator",
        tenant=tenant.id,
        tenant_key=tenant.key,
        permissions=held,
        now_s=int(time.time()),
    )
    yield Caller(http, tenant, token)
    for table in ("config_values", "config_changes", "config_versions"):
        await superuser.execute(f"DELETE FROM {table} WHERE tenant_key IS NULL")
    # Followers look whether the newest number is another one.
    await superuser.execute(
        "INSERT INTO config_versions (tenant_key, version, author, reason, path) "
        "SELECT $1, coalesce(max(version), 0) + 1, '', '', '' FROM config_versions "
        "WHERE tenant_key = $1",
        tenant.key,
    )


async def put(caller: Caller, path: str, value: object, **options: object) -> httpx.Response:
    body = {"value": value, "reason": "to see"}
    return await caller.ask("PUT", f"/v1/config/{path}", json=body, **options)


async def test_a_leaf_says_what_it_is_and_where_its_value_is_from(caller: Caller) -> None:
    before = (await caller.get(f"/v1/config/{MOVING}")).json()
    await put(caller, MOVING, 8)
    after = (await caller.get(f"/v1/config/{caller.tenant.id}/{MOVING}")).json()

    assert (before["value"], before["version"], before["leaves"][0]["origin"]) == (5, 0, None)
    assert after["value"] == 8
    assert after["leaves"] == [
        {
            "path": f"/{caller.tenant.id}/{MOVING}",
            "value": 8,
            "default": 5,
            "origin": {"path": f"/{caller.tenant.id}/{MOVING}", "version": 1},
            "type": "number > 0",
            "unit": "km/h",
            "meaning": "From this speed on a truck moves.",
            "who": "tenant",
            "effect": "live",
        }
    ]


async def test_a_subtree_is_read_and_written_whole(caller: Caller) -> None:
    folder = "services/tracking/*/business"

    done = await put(caller, folder, {"moving_kmh_min": 8, "offline_after_s": 60})

    whole = done.json()["value"]
    assert (whole["moving_kmh_min"], whole["offline_after_s"]) == (8, 60)
    assert whole["motion"] == policy().tracking_rules.motion.model_dump(mode="json")
    found = (await caller.get("/v1/config/services/tracking")).json()["value"]
    assert found["*"]["business"] == whole


async def test_every_wrong_path_is_named_and_nothing_is_changed(caller: Caller) -> None:
    wrong = {"moving_kmh_min": -1, "offline_after_s": "long", "colour": 1}

    for way in ("", "/validate"):
        method = "POST" if way else "PUT"
        path = f"/v1/config/services/tracking/*/business{way}"
        answer = await caller.ask(method, path, json={"value": wrong})

        assert answer.status_code == 422
        assert {error["pointer"] for error in answer.json()["errors"]} == {
            "/value/moving_kmh_min",
            "/value/offline_after_s",
            "/value/colour",
        }
    assert (await caller.get("/v1/config/services/tracking")).json()["version"] == 0


async def test_a_dry_run_changes_nothing(caller: Caller) -> None:
    answer = await caller.ask("POST", f"/v1/config/{MOVING}/validate", json={"value": 9})

    assert answer.json() == {
        "valid": True,
        "changes": [{"path": f"/{caller.tenant.id}/{MOVING}", "before": None, "after": 9}],
    }
    assert (await caller.get(f"/v1/config/{MOVING}")).json()["value"] == 5


async def test_history_tells_who_and_why_and_rollback_restores(caller: Caller) -> None:
    await put(caller, MOVING, 8)
    await put(caller, MOVING, 9)

    body = {"version": 1, "reason": "too fast"}
    back = await caller.ask("POST", f"/v1/config/{MOVING}/rollback", json=body)

    assert back.json()["value"] == 8
    history = (await caller.get(f"/v1/config/{MOVING}/history")).json()["items"]
    assert [(v["version"], v["reason"], v["restores"]) for v in history] == [
        (3, "too fast", 1),
        (2, "to see", None),
        (1, "to see", None),
    ]
    assert all(v["author"] == f"client:{caller.tenant.id}-admin" for v in history)
    assert history[0]["changes"] == [
        {"path": f"/{caller.tenant.id}/{MOVING}", "before": 9, "after": 8}
    ]


async def test_nobody_overwrites_what_they_have_not_seen(caller: Caller) -> None:
    first = await put(caller, MOVING, 8, headers={"If-Match": '"0"'})
    stale = await put(caller, MOVING, 9, headers={"If-Match": '"0"'})
    fresh = await put(caller, MOVING, 9, headers={"If-Match": first.headers["ETag"]})

    assert (first.status_code, stale.status_code, fresh.status_code) == (200, 412, 200)


async def test_what_is_deleted_is_inherited_again(caller: Caller) -> None:
    await put(caller, MOVING, 8)

    gone = await caller.ask("DELETE", f"/v1/config/{MOVING}?reason=enough")

    assert gone.status_code == 204
    assert (await caller.get(f"/v1/config/{MOVING}")).json()["value"] == 5
    assert (await caller.ask("DELETE", f"/v1/config/{MOVING}")).status_code == 404


async def test_what_is_set_and_what_is_taken_back_are_one_version(caller: Caller) -> None:
    rules = "services/alerts/*/business"
    quiet = {"when": {"alarms": ["tamper"]}, "then": {"enabled": False}}
    await put(caller, rules, {"overrides": {"one": quiet, "two": quiet}})
    wanted = {"value": {"overrides": {"three": quiet}}, "unset": ["overrides/one"]}

    done = await caller.ask("PUT", f"/v1/config/{rules}", json=wanted)
    only = await caller.ask(
        "PUT", f"/v1/config/{rules}", json={"value": {"overrides": {}}, "unset": ["overrides/two"]}
    )
    idle = await caller.ask(
        "PUT", f"/v1/config/{rules}", json={"value": {}, "unset": ["overrides/two", "causes_max"]}
    )

    assert (done.status_code, done.json()["version"]) == (200, 2)
    assert sorted(done.json()["value"]["overrides"]) == ["three", "two"]
    assert list(only.json()["value"]["overrides"]) == ["three"]
    assert (idle.status_code, idle.json()["errors"][0]["detail"]) == (422, "nothing is set here")
    assert idle.json()["errors"][0]["pointer"] == "/value/overrides/two"


async def test_what_an_operator_set_is_not_taken_back_along_with_other_values(
    caller: Caller, operator: Caller
) -> None:
    assert (await put(operator, INTERVAL, 250)).status_code == 200
    folder, _, name = INTERVAL.rpartition("/")

    wanted = {"value": {}, "unset": [name]}
    refused = await caller.ask("PUT", f"/v1/config/{caller.tenant.id}/{folder}", json=wanted)

    assert refused.status_code == 403
    assert (await caller.get(f"/v1/config/{INTERVAL}")).json()["value"] == 250


@pytest.mark.parametrize("path", [PAGE, INTERVAL])
async def test_an_administrator_changes_only_what_is_marked_so(caller: Caller, path: str) -> None:
    answer = await put(caller, path, 10)

    assert answer.status_code == 403
    assert answer.json()["errors"][0]["path"] == f"/{caller.tenant.id}/{path}"


async def test_what_holds_for_all_is_the_operators(caller: Caller, operator: Caller) -> None:
    assert (await put(caller, f"*/{PAGE}", 10)).status_code == 403
    assert (await caller.get(f"/v1/config/*/{PAGE}")).status_code == 403

    assert (await put(operator, f"*/{PAGE}", 10)).status_code == 200
    assert (await operator.get(f"/v1/config/*/{PAGE}")).json()["value"] == 10
    assert (await caller.get(f"/v1/config/{PAGE}")).json()["leaves"][0]["origin"][
        "path"
    ] == f"/*/{PAGE}"
    assert (await put(operator, PAGE, 10)).status_code == 422, "there is one page limit for all"


async def test_what_an_operator_set_for_a_tenant_stays(caller: Caller, operator: Caller) -> None:
    await put(caller, MOVING, 8)
    assert (await put(operator, INTERVAL, 250)).status_code == 200

    back = await caller.ask("POST", f"/v1/config/{caller.tenant.id}/rollback", json={"version": 0})
    gone = await caller.ask("DELETE", f"/v1/config/{caller.tenant.id}/services")

    assert (back.status_code, gone.status_code) == (403, 403)
    assert (await caller.get(f"/v1/config/{INTERVAL}")).json()["value"] == 250


NOT_THERE = [
    "nothing",
    "services/tracking/*/business/colour",
    "global",
    "%00",
    "a/b/c",
    "..",
    "x y",
]


async def test_what_is_not_there_is_404(caller: Caller, neighbour: Caller) -> None:
    for path in [*NOT_THERE[:2], *NOT_THERE[3:]]:
        assert (await caller.get(f"/v1/config/{path}")).status_code == 404, path
        assert (await put(caller, path, 1)).status_code == 404, path
    theirs = f"{neighbour.tenant.id}/{MOVING}"
    assert (await caller.get(f"/v1/config/{theirs}")).status_code == 404
    assert (await put(caller, theirs, 9)).status_code == 404
    assert (await caller.get(f"/v1/config?tenant={neighbour.tenant.id}")).status_code == 404


async def test_an_operator_reaches_the_tenants_it_onboarded(
    operator: Caller, owner: AnyConnection, other_tenant: Tenant
) -> None:
    path = f"{other_tenant.id}/{INTERVAL}"
    assert (await put(operator, path, 250)).status_code == 404
    await owner.execute(
        "UPDATE tenants SET parent_key = $1 WHERE key = $2", operator.tenant.key, other_tenant.key
    )

    assert (await put(operator, path, 250)).status_code == 200
    assert (await operator.get(f"/v1/config/{path}")).json()["value"] == 250


async def test_a_viewer_may_not_look(
    http: httpx.AsyncClient, gateway: Gateway, tenant: Tenant
) -> None:
    viewer = Caller(http, tenant, token_for(gateway, tenant, Role.VIEWER))

    assert (await viewer.get("/v1/config")).status_code == 403
    assert (await put(viewer, MOVING, 8)).status_code == 403


async def test_the_list_has_every_key_once(caller: Caller) -> None:
    seen: list[str] = []
    cursor = None
    while not seen or cursor:
        query = {"limit": 100, **({"cursor": cursor} if cursor else {})}
        page = (await caller.get("/v1/config", params=query)).json()
        seen += [leaf["path"] for leaf in page["items"]]
        cursor = page["next_cursor"]

    assert len(set(seen)) == len(seen) > 100
    assert f"/{caller.tenant.id}/{MOVING}" in seen


async def test_an_export_can_be_imported_elsewhere(caller: Caller, neighbour: Caller) -> None:
    await put(caller, "services/tracking/*/business", {"moving_kmh_min": 8, "offline_after_s": 60})
    text = (await caller.get("/v1/config-export")).text
    assert yaml.safe_load(text)["values"] == {MOVING: 8, OFFLINE: 60}

    done = await neighbour.ask("PUT", "/v1/config-import", content=text)
    wrong = await neighbour.ask("PUT", "/v1/config-import", content=text.replace(": 8", ": -8"))

    assert done.status_code == 200
    assert (await neighbour.get(f"/v1/config/{MOVING}")).json()["value"] == 8
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["path"] == f"/{neighbour.tenant.id}/{MOVING}"


NOT_DOCUMENTS = ["[1", "", "a: &x [1]\nb: *x", "values: 3", "values: {}\nmore: 1", "\x00"]


async def test_what_is_no_document_is_refused(caller: Caller) -> None:
    for text in NOT_DOCUMENTS:
        answer = await caller.ask("PUT", "/v1/config-import", content=text)

        assert answer.status_code == 422, text


async def test_a_change_is_an_event(caller: Caller) -> None:
    await put(caller, MOVING, 8)

    (event,) = (await caller.get("/v1/events", params={"type": "config.changed"})).json()["items"]

    assert event["subject"] == f"config/{caller.tenant.id}/{MOVING}"
    evidence = (await caller.get(f"/v1/events/{event['id']}/evidence")).json()
    assert evidence["fixes"] == []


async def test_a_flag_is_made_changed_and_taken_away(caller: Caller) -> None:
    flag = {"enabled": True, "variants": [{"name": "a", "weight": 1}, {"name": "b", "weight": 1}]}
    made = await caller.ask("PUT", "/v1/flags/new-map", json={**flag, "reason": "try it"})
    assert made.status_code == 200
    assert made.json()["name"] == "new-map"

    given = [
        (await caller.get("/v1/flags/new-map/assignment", params={"subject": f"u{i % 20}"})).json()
        for i in range(40)
    ]

    assert given[:20] == given[20:]
    assert {one["variant"] for one in given} == {"a", "b"}
    listed = (await caller.get("/v1/flags")).json()["items"]
    assert [flag["name"] for flag in listed] == ["new-map"]
    stale = await caller.ask("PUT", "/v1/flags/new-map", json={}, headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    assert (await caller.ask("DELETE", "/v1/flags/new-map")).status_code == 204
    assert (await caller.get("/v1/flags/new-map")).status_code == 404


async def test_a_wrong_flag_is_pointed_at(caller: Caller) -> None:
    twice = [{"name": "a", "weight": 1}, {"name": "a", "weight": 2}]

    for wrong in ({"percentage": 101}, {"enabled": "yes!"}, {"variants": twice}):
        answer = await caller.ask("PUT", "/v1/flags/new-map", json=wrong)
        assert answer.status_code == 422
    assert (await caller.ask("PUT", "/v1/flags/NO", json={})).status_code == 404


async def test_a_rollout_by_tenant_shows_nobody_else(
    operator: Caller, caller: Caller, neighbour: Caller
) -> None:
    flag = {"enabled": True, "tenants": [caller.tenant.id, "somebody-else"]}
    await operator.ask("PUT", "/v1/flags/new-map?tenant=*", json=flag)

    mine = (await caller.get("/v1/flags/new-map")).json()
    theirs = (await neighbour.get("/v1/flags/new-map")).json()

    assert (mine["tenants"], mine["enabled"]) == ([caller.tenant.id], True)
    assert (theirs["tenants"], theirs["enabled"]) == ([], False)
    for path in ("/v1/config/global", "/v1/config?limit=500"):
        assert "somebody-else" not in (await caller.get(path)).text
