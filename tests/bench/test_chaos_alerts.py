"""The account of incidents under kills finds what is missing, doubled, lost and out of order."""

from __future__ import annotations

import time
from typing import Any

import httpx

from bench.chaos_alerts_truth import Counts, hold_alerts, hold_messages, hold_webhooks
from bench.chaos_incidents import SCRIPTS, incidents
from bench.chaos_receiver import Receiver, Told, receiving
from freight.webhooks.signing import secret_of, signed_headers

NOW_MS = 1_795_000_000_000


def test_scripts_tell_their_past_and_each_truck_keeps_to_itself() -> None:
    wanted = incidents(2 * len(SCRIPTS), "t")
    for one in wanted:
        fixes = [fix for message in one.messages(NOW_MS) for fix in message]
        times = [fix["ts"] for fix in fixes]
        assert max(times) == NOW_MS
        assert len(set(times)) == len(times)
        assert (times == sorted(times)) == ("late" not in one.script.name)
    starts = {(next(one.messages(NOW_MS))[0]["lat"], one.nr // 24) for one in wanted}
    assert len(starts) == len(wanted)


def _alert(truck: str | None, kind: str, severity: str) -> dict[str, Any]:
    return {"id": f"alert-{truck}", "truck": truck, "kind": kind, "severity": severity}


def _right() -> list[dict[str, Any]]:
    sent = incidents(len(SCRIPTS), "t")
    return [_alert(o.truck, o.script.kind, o.script.severity) for o in sent if o.script.kind]


def test_alerts_are_held_against_scripts() -> None:
    sent = incidents(len(SCRIPTS), "t")
    right, counts = _right(), Counts()
    ours = _alert(None, "watch_impaired", "critical")
    hold_alerts(counts, sent, [*right, ours])
    assert counts.is_whole
    assert counts.figures["alerts_of_ourselves"] == 1

    wrong = Counts()
    calm = next(one.truck for one in sent if one.script.kind is None)
    without = [_alert(calm, "overspeed", "info"), _alert("stranger", "panic", "critical")]
    hold_alerts(wrong, sent, [right[0] | {"severity": "info"}, *right[1:-1], right[1], *without])
    assert wrong.faults == {
        "alerts_missing": 1,
        "alerts_doubled": 1,
        "alerts_without_cause": 2,
        "alerts_of_other_severity": 1,
    }


def _planned(name: str, state: str) -> dict[str, Any]:
    return {"id": name, "state": state, "why": None, "channels": ["email"]}


def _kept(nr: int, ours: str, tag: str = "") -> dict[str, Any]:
    return {"nr": nr, "ours": ours, "tag": tag, "to": "x", "channel": "c", "text": ours}


def test_messages_are_held_against_the_sandbox() -> None:
    counts = Counts()
    planned = [_planned("a", "sent"), _planned("b", "unknown"), _planned("c", "sent")]
    kept = [_kept(1, "a-0-0"), _kept(2, "c-0-0", tag="c"), _kept(3, "c-0-0", tag="c")]
    hold_messages(counts, planned, kept)
    assert counts.is_whole, counts.named
    assert counts.figures["messages_replaced_on_a_phone"] == 1

    hold_messages(counts, [*planned, _planned("d", "sent"), _planned("e", "sending")], kept)
    assert counts.faults["messages_lost_without_a_word"] == 2
    assert counts.faults["messages_unsettled"] == 1
    hold_messages(counts, planned, [*kept, _kept(4, "a-0-0")])
    assert (counts.faults["messages_doubled"], counts.faults["messages_said_twice"]) == (1, 1)


def test_webhooks_are_held_against_the_log() -> None:
    receiver, counts = Receiver(), Counts()
    receiver.told = [Told(e, "truck.x", s) for e, s in (("1", "a"), ("2", "b"), ("1", "a"))]
    hold_webhooks(counts, [("1", "a"), ("2", "b")], receiver)
    assert counts.is_whole
    assert counts.figures["webhook_repeated"] == 1

    receiver.told = [Told(e, "truck.x", "a") for e in ("2", "1", "2")]
    hold_webhooks(counts, [("1", "a"), ("2", "a"), ("3", "b")], receiver)
    assert counts.faults["webhook_out_of_order"] == 1
    assert counts.faults["webhook_missing"] == 1


async def test_a_receiver_believes_only_what_is_signed() -> None:
    secret, body = (
        secret_of(b"k" * 32),
        b'{"id":"1","type":"alert.raised","subject":"a/1","data":{"truck":"t"}}',
    )
    headers = signed_headers([secret], "1", int(time.time()), body)
    async with receiving() as receiver, httpx.AsyncClient(trust_env=False) as http:
        receiver.secret = secret
        taken = await http.post(receiver.url, content=body, headers=headers)
        forged = await http.post(receiver.url, content=body + b" ", headers=headers)
    assert (taken.status_code, forged.status_code) == (204, 401)
    assert (receiver.raised, receiver.unsigned) == ({"t"}, 1)
