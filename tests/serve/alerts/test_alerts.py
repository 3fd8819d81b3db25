"""/v1/alerts: seen by whom they concern, handled by commands, explained, and tried on the past."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from config.policy import Snapshot
from freight.alerts.rules import Change, Override, When
from serve.gateway import Gateway
from serve.identity.permissions import Role
from store import trucks, watch_spells
from store.postgres import as_tenant
from tests.api.alert_makers import raised
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.conftest import token_for


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


async def post(who: Caller, path: str, body: Any = None, **options: Any) -> Any:
    answer = await who.ask("POST", path, json=body, **options)
    assert answer.is_success, answer.text
    return answer.json()


async def an_alert(gateway: Gateway, who: Caller, alarm: str = "panic", **fields: Any) -> str:
    truck_id = (await who.truck(f"T-{secrets.token_hex(3)}", **fields))["id"]
    return await raised(gateway.app_pool, who.tenant, truck_id, alarm)


async def test_an_alert_says_what_and_why_and_is_taken_on_and_over(
    caller: Caller, gateway: Gateway
) -> None:
    alert_id = await an_alert(gateway, caller)
    got = await caller.get(f"/v1/alerts/{alert_id}")
    shown = got.json()
    assert (shown["kind"], shown["severity"], shown["state"]) == ("panic", "critical", "raised")
    assert shown["title"].startswith("Emergency: T-")
    assert shown["text"] == "The device says: panic."
    assert shown["place"] == {"lat": 28.6, "lon": 77.2}
    assert shown["evidence"]["rule"] == ["kinds/panic"]

    taken = await caller.ask(
        "POST", f"/v1/alerts/{alert_id}/ack", headers={"If-Match": got.headers["ETag"]}
    )
    assert taken.json()["state"] == "acknowledged"
    assert taken.json()["acknowledged_by"].startswith("client:")
    stale = await caller.ask(
        "POST", f"/v1/alerts/{alert_id}/resolve", headers={"If-Match": got.headers["ETag"]}
    )
    assert stale.status_code == 412
    over = await post(caller, f"/v1/alerts/{alert_id}/resolve", {"note": "A false touch"})
    assert (over["state"], over["resolution"], over["note"]) == (
        "resolved",
        "manual",
        "A false touch",
    )
    again = await caller.ask("POST", f"/v1/alerts/{alert_id}/ack")
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "alert_over")

    steps = (await caller.get(f"/v1/alerts/{alert_id}/history")).json()["items"]
    assert [step["type"] for step in steps] == ["resolved", "acknowledged", "raised", "opened"]
    found = await caller.get("/v1/events", params={"type": "alert.raised,alert.resolved"})
    assert [one["type"] for one in found.json()["items"]] == ["alert.resolved", "alert.raised"]


async def test_people_snooze_assign_judge_and_comment(caller: Caller, gateway: Gateway) -> None:
    path = f"/v1/alerts/{await an_alert(gateway, caller)}"
    assert (await post(caller, f"{path}/snooze", {"minutes": 5}))["snoozed_until"] is not None
    assert (await post(caller, f"{path}/snooze", {}))["snoozed_until"] is None
    late = await caller.ask("POST", f"{path}/snooze", json={"until": "2020-01-01T00:00:00Z"})
    assert (late.status_code, late.json()["errors"][0]["pointer"]) == (422, "/until")
    assert (await post(caller, f"{path}/assign", {"to": "user:asha"}))["assigned_to"] == "user:asha"
    judged = await post(caller, f"{path}/judge", {"judged": "false_alert"})
    assert judged["judged"] == "false_alert"
    key = {"Idempotency-Key": "once"}
    for _ in range(2):
        await post(caller, f"{path}/comments", {"text": "I call him"}, headers=key)

    said = (await caller.get(f"{path}/comments")).json()["items"]
    assert [one["text"] for one in said] == ["I call him"]
    detail = (await caller.get(path)).json()
    assert (detail["comments_count"], len(detail["comments"])) == (1, 1)


async def test_a_list_goes_by_page_and_by_what_is_looked_for(
    caller: Caller, gateway: Gateway
) -> None:
    made = [await an_alert(gateway, caller) for _ in range(3)]
    other = await an_alert(gateway, caller, "tamper")
    first = (await caller.get("/v1/alerts", params={"limit": 3})).json()
    rest = (
        await caller.get("/v1/alerts", params={"limit": 3, "cursor": first["next_cursor"]})
    ).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == [other, *reversed(made)]

    await post(caller, f"/v1/alerts/{made[0]}/ack")
    for asked, ids in (
        ({"state": "acknowledged"}, [made[0]]),
        ({"kind": "tampering"}, [other]),
        ({"state": "open", "severity": "critical"}, [made[2], made[1], made[0]]),
        ({"truck": "nobody"}, []),
        ({"state": "resolved"}, []),
    ):
        found = (await caller.get("/v1/alerts", params=asked)).json()["items"]
        assert [one["id"] for one in found] == ids, asked
    summary = (await caller.get("/v1/alerts/summary")).json()
    assert (summary["open"], summary["counts"]["state"]) == (4, {"acknowledged": 1, "raised": 3})
    assert (await caller.get("/v1/alerts", params={"cursor": "MQ"})).status_code == 422


async def test_evidence_has_the_fact_the_rule_and_the_fixes_around(
    caller: Caller, gateway: Gateway
) -> None:
    alert_id = await an_alert(gateway, caller)
    shown = (await caller.get(f"/v1/alerts/{alert_id}/evidence")).json()
    assert [fact["type"] for fact in shown["facts"]] == ["truck.alarm.raised"]
    assert shown["is_same_rule"] is True
    assert shown["rule"]["severity"] == "critical"
    assert [(track["fixes"], track["is_cut"]) for track in shown["tracks"]] == [([], False)]


async def test_a_neighbour_sees_and_touches_nothing_of_it(
    caller: Caller, neighbour: Caller, gateway: Gateway
) -> None:
    path = f"/v1/alerts/{await an_alert(gateway, caller)}"
    for method, way in (("GET", ""), ("GET", "/evidence"), ("POST", "/ack"), ("GET", "/history")):
        assert (await neighbour.ask(method, path + way)).status_code == 404
    assert (await neighbour.get("/v1/alerts")).json()["items"] == []
    assert (await neighbour.get("/v1/alerts/summary")).json()["open"] == 0


async def test_carriers_see_what_is_shared_of_their_trucks_and_no_comments(
    caller: Caller, gateway: Gateway, bound: BoundTokens
) -> None:
    await post(caller, "/v1/carriers", {"id": "mine", "name": "Mine"})
    await post(caller, "/v1/carriers", {"id": "theirs", "name": "Theirs"})
    mine = await an_alert(gateway, caller, carrier="mine")
    await an_alert(gateway, caller, carrier="theirs")
    await post(caller, f"/v1/alerts/{mine}/comments", {"text": "Ask them why"})
    token = bound.token(gateway, caller.tenant, carrier="mine")
    carrier = Caller(caller.http, caller.tenant, token)

    assert [one["id"] for one in (await carrier.get("/v1/alerts")).json()["items"]] == [mine]
    assert (await carrier.get(f"/v1/alerts/{mine}/comments")).json()["items"] == []
    steps = (await carrier.get(f"/v1/alerts/{mine}/history")).json()["items"]
    assert [step["type"] for step in steps] == ["raised", "opened"]
    assert (await carrier.ask("POST", f"/v1/alerts/{mine}/ack")).status_code == 403
    shipper = Caller(
        caller.http,
        caller.tenant,
        bound.token(gateway, caller.tenant, Role.SHIPPER, shipper="a-mill"),
    )
    assert (await shipper.get("/v1/alerts")).json()["items"] == []


async def test_while_it_does_not_see_the_state_is_unknown_not_quiet(
    caller: Caller, gateway: Gateway, bound: BoundTokens
) -> None:
    now_ms = 1_790_000_000_000
    async with gateway.system_pool.acquire() as conn:
        await watch_spells.beat(conn, "watch", 4_000_000_000_000)
        before = (await caller.get("/v1/alerts/summary")).json()["blind"]
        await watch_spells.begin(conn, [caller.tenant.key], "ingest", "broker away", now_ms)
        blind = (await caller.get("/v1/alerts/summary")).json()["blind"]
    assert (before["watching"], before["why"]) == ("ok", [])
    assert (blind["watching"], blind["why"]) == ("unknown", ["ingest: broker away"])
    token = bound.token(gateway, caller.tenant, carrier="mine")
    carrier = Caller(caller.http, caller.tenant, token)
    told = (await carrier.get("/v1/alerts/summary")).json()["blind"]
    assert (told["watching"], told["why"]) == ("unknown", [])


async def test_rules_are_tried_on_what_has_happened(caller: Caller, gateway: Gateway) -> None:
    for _ in range(2):
        await an_alert(gateway, caller)
    await an_alert(gateway, caller, "tamper")
    asked = {"days": 1, "rules": {"kinds": {"panic": {"enabled": False}}}}
    found = await post(caller, "/v1/alerts/backtest", asked)
    counts = {one["kind"]: (one["raised"], one["now"]) for one in found["counts"]}
    assert counts == {"tampering": (1, 1), "panic": (0, 2)}
    assert [one["kind"] for one in found["sample"]] == ["tampering"]
    assert (found["facts"], found["cut"]) == (3, None)
    assert "payment_overdue" in found["left_out"]

    override = {"when": {"alarms": ["tamper"]}, "then": {"severity": "info"}}
    scoped = await post(
        caller,
        "/v1/alerts/backtest",
        {"days": 1, "rules": {"overrides": {"quiet": override}}},
    )
    severities = {(one["kind"], one["severity"]): one["raised"] for one in scoped["counts"]}
    assert severities["tampering", "info"] == 1
    listed = (await caller.get("/v1/alerts")).json()["items"]
    assert len(listed) == 3, "nothing is written"


async def test_an_override_that_holds_is_taken_away_on_trial(
    caller: Caller, gateway: Gateway
) -> None:
    await an_alert(gateway, caller, "tamper")
    quiet = Override(when=When(alarms=("tamper",)), then=Change(enabled=False))
    usual = gateway.settings.now
    alerts = usual.alerts.model_copy(update={"overrides": {"quiet": quiet}})
    gateway.settings.swap(Snapshot(usual.model_copy(update={"alerts": alerts})))
    asked = {"days": 1, "rules": {"overrides": {"quiet": None}}}
    found = await post(caller, "/v1/alerts/backtest", asked)
    assert [(one["kind"], one["raised"], one["now"]) for one in found["counts"]] == [
        ("tampering", 1, 0)
    ]


async def test_a_back_test_is_bounded_and_says_so(caller: Caller, gateway: Gateway) -> None:
    for _ in range(3):
        await an_alert(gateway, caller)
    usual = gateway.settings.now
    tight = usual.watch.backtests.model_copy(update={"facts_max": 2, "chunk_facts": 1})
    watch = usual.watch.model_copy(update={"backtests": tight})
    gateway.settings.swap(Snapshot(usual.model_copy(update={"watch": watch})))
    found = await post(caller, "/v1/alerts/backtest", {"days": 1})
    assert (found["facts"], found["cut"]) == (2, "there are more than 2 facts")
    none = tight.model_copy(update={"seconds_max": 1e-9})
    watch = usual.watch.model_copy(update={"backtests": none})
    gateway.settings.swap(Snapshot(usual.model_copy(update={"watch": watch})))
    slow = await post(caller, "/v1/alerts/backtest", {"days": 1})
    assert (slow["facts"], slow["cut"]) == (1, "it took longer than 1e-09 s")
    wrong = await caller.ask(
        "POST", "/v1/alerts/backtest", json={"days": 1, "rules": {"look_again_s": -1}}
    )
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/rules/look_again_s"
    long = await caller.ask("POST", "/v1/alerts/backtest", json={"days": 1000})
    assert (long.status_code, long.json()["errors"][0]["pointer"]) == (422, "/days")


async def test_only_who_may_change_rules_tries_them(caller: Caller, gateway: Gateway) -> None:
    token = token_for(gateway, caller.tenant, Role.DISPATCHER)
    dispatcher = Caller(caller.http, caller.tenant, token)
    answer = await dispatcher.ask("POST", "/v1/alerts/backtest", json={"days": 1})
    assert answer.status_code == 403
    viewer = Caller(caller.http, caller.tenant, token_for(gateway, caller.tenant, Role.VIEWER))
    alert_id = await an_alert(gateway, caller)
    assert (await viewer.get(f"/v1/alerts/{alert_id}")).is_success
    assert (await viewer.ask("POST", f"/v1/alerts/{alert_id}/ack")).status_code == 403
    assert (await dispatcher.ask("POST", f"/v1/alerts/{alert_id}/ack")).is_success


async def test_the_same_name_of_another_truck_is_another_truck(
    caller: Caller, gateway: Gateway
) -> None:
    """A truck that is deleted takes its alerts out of the way of the next of its name."""
    alert_id = await an_alert(gateway, caller)
    truck_id = (await caller.get(f"/v1/alerts/{alert_id}")).json()["truck"]
    assert (await caller.ask("DELETE", f"/v1/trucks/{truck_id}")).is_success
    await caller.truck(truck_id)
    async with as_tenant(gateway.app_pool, caller.tenant.key) as conn:
        assert (await trucks.get(conn, truck_id)).id == truck_id
    found = await caller.get("/v1/alerts", params={"truck": truck_id})
    assert found.json()["items"] == []
