"""One viewer at its own pace: what it missed while it did not read, and how it is let go."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import policy
from freight.tracking.columns import LAST_DTYPE, LastArray
from serve.live import frames
from serve.live.columns import LiveColumns, View
from serve.live.feed import TenantFeed
from serve.live.forms import binary_form
from serve.live.resume import Place, Progress, ResumeError, place_of, token_of
from serve.live.viewer import Replay, Viewer
from serve.live.viewport import Bbox

FAR_S = time.time() + 3600


def last(*rows: tuple[int, int, float, float]) -> LastArray:
    """(truck key, ts_ms, lat, lon)"""
    positions = np.zeros(len(rows), LAST_DTYPE)
    for number, (key, ts_ms, lat, lon) in enumerate(rows):
        positions[number]["truck_key"] = key
        positions[number]["ts_ms"] = positions[number]["committed_ms"] = ts_ms
        positions[number]["lat"], positions[number]["lon"] = lat, lon
    return positions


def a_feed() -> TenantFeed:
    feed = TenantFeed(1, "t", policy())
    feed.begin_at(0)
    feed.is_filled = True
    return feed


async def nothing_missed(_: Place) -> tuple[list[tuple[int, str]], bool]:
    return [], True


def a_viewer(feed: TenantFeed, replay: Replay | None = nothing_missed) -> Viewer:
    live = policy().live.model_copy(update={"interval_ms": 1, "event_queue_max": 5})
    viewer = Viewer(feed, binary_form, live, expires_s=FAR_S, replay=replay)
    feed.viewers.add(viewer)
    viewer.subscribe(None, None)
    return viewer


async def next_frame(messages: object) -> frames.Frame:
    async for message in messages:  # type: ignore[attr-defined]
        if isinstance(message, bytes):
            return frames.decode(message)
    raise AssertionError("the viewer was let go")


async def test_a_slow_reader_gets_last_values_only() -> None:
    feed = a_feed()
    now_ms = int(time.time() * 1000)
    feed.columns.apply(last((7, now_ms, 10.0, 70.0)), now_ms)
    feed.columns.name(7, "T7")
    messages = a_viewer(feed).messages()
    first = await next_frame(messages)

    for step in range(1, 1000):
        feed.columns.apply(last((7, now_ms + step, 10.0 + step / 1000, 70.0)), now_ms)
    second = await next_frame(messages)

    assert (first.seq, second.seq) == (1, 2)
    assert second.rows["lat_e7"].tolist() == [109990000]
    assert second.names == {}, "the name was told before"


async def test_a_full_queue_of_events_becomes_one_notice() -> None:
    feed = a_feed()
    viewer = a_viewer(feed)
    messages = viewer.messages()
    await next_frame(messages)
    for seq in range(1, 13):
        feed.pass_on_event(seq, json.dumps({"type": "event", "n": seq}))

    told: list[dict[str, Any]] = []
    while len(told) < 3:
        message = json.loads(await anext(messages))
        told += [] if message["type"] == "resume" else [message]

    assert [m["type"] for m in told] == ["resync", "event", "event"]
    assert place_of(told[0]["token"]).base == 0
    assert [m["n"] for m in told[1:]] == [11, 12]
    assert viewer.events_dropped == 10


async def test_a_viewer_that_may_not_see_events_gets_none() -> None:
    feed = a_feed()
    messages = a_viewer(feed, replay=None).messages()
    await next_frame(messages)
    feed.pass_on_event(1, '{"type":"event"}')
    feed.columns.apply(last((7, 1, 10.0, 70.0)), 1)
    feed.columns.name(7, "T7")

    assert isinstance(await anext(messages), bytes)


async def test_nothing_subscribed_is_let_go() -> None:
    live = policy().live.model_copy(update={"first_subscribe_s_max": 0.01, "resume_token_s": 0.005})
    viewer = Viewer(a_feed(), binary_form, live, expires_s=FAR_S, replay=None)

    told = [message async for message in viewer.messages()]

    assert len(told) == 1, "the greeting"
    assert viewer.closing is not None
    assert viewer.closing.code == 1008


async def test_a_reply_does_not_wait_for_the_next_frame() -> None:
    live = policy().live.model_copy(update={"interval_ms": 60_000})
    viewer = Viewer(a_feed(), binary_form, live, expires_s=FAR_S, replay=None)
    viewer.subscribe(None, None)
    messages = viewer.messages()
    await next_frame(messages)

    viewer.pong()

    async with asyncio.timeout(5):
        assert await anext(messages) == '{"type":"pong"}'


POSITIONS = st.lists(
    st.tuples(st.integers(1, 6), st.integers(1, 50), st.floats(-80, 80), st.floats(-180, 180)),
    max_size=8,
)
BOX = st.tuples(st.floats(-180, 180), st.floats(-90, 0), st.floats(-180, 180), st.floats(0, 90))


@settings(deadline=None)
@given(batches=st.lists(POSITIONS, max_size=8), box=BOX, looks=st.sets(st.integers(0, 8)))
def test_a_viewer_ends_up_with_what_is_in_its_viewport(
    batches: list[list[tuple[int, int, float, float]]],
    box: tuple[float, float, float, float],
    looks: set[int],
) -> None:
    """Whenever it looked and however trucks moved, its map equals a fresh one."""
    columns = LiveColumns(moving_kmh_min=5, offline_after_s=600)
    bbox = Bbox(*box)
    view = View(bbox)
    drawn: set[int] = set()
    for number, batch in enumerate([*batches, []]):
        for key in columns.apply(last(*batch), 0):
            columns.name(key, f"T{key}")
        if number not in looks and number != len(batches):
            continue
        selection = columns.select(view)
        if selection is not None:
            drawn = set() if selection.is_snapshot else drawn
            drawn |= set(selection.rows[~selection.left].tolist())
            drawn -= set(selection.rows[selection.left].tolist())

    fresh = columns.select(View(bbox))

    assert fresh is not None
    assert drawn == set(fresh.rows.tolist())


def test_older_fixes_do_not_move_a_truck_back() -> None:
    columns = LiveColumns(moving_kmh_min=5, offline_after_s=600)
    columns.apply(last((1, 200, 20.0, 70.0)), 0)
    columns.apply(last((1, 100, 10.0, 70.0)), 0)

    assert columns.table["lat_e7"].tolist() == [200000000]


def test_silence_makes_a_truck_offline_once() -> None:
    columns = LiveColumns(moving_kmh_min=5, offline_after_s=600)
    columns.apply(last((1, 1000, 20.0, 70.0)), 1000)
    columns.name(1, "T1")
    view = View()
    columns.select(view)
    columns.mark_offline(1000 + 599_000)
    assert columns.select(view) is None

    columns.mark_offline(1000 + 601_000)

    selection = columns.select(view)
    assert selection is not None
    assert columns.statuses_of(selection).tolist() == [3]
    columns.mark_offline(1000 + 700_000)
    assert columns.select(view) is None


@given(
    base=st.integers(0, 2**62),
    sent=st.lists(st.integers(1, 400), unique=True, max_size=300),
    later=st.sets(st.integers(1, 400)),
)
def test_resuming_replays_exactly_what_was_not_sent(
    base: int, sent: list[int], later: set[int]
) -> None:
    """Also when event numbers became visible in another order than they were given."""
    progress = Progress(base, skew_s=10)
    for offset in sent:
        progress.note(base + offset, now_s=0.0)

    place = place_of(token_of(progress.place(now_s=5.0)))

    seqs = [base + offset for offset in sorted(later | set(sent))]
    missed = [seq for seq, is_missed in zip(seqs, place.missed(seqs), strict=True) if is_missed]
    never_sent = [seq for seq in seqs if seq - base not in sent]
    if len(sent) <= 256:
        assert missed == never_sent
    else:
        assert set(missed) <= set(never_sent)


@given(st.text(max_size=40))
def test_any_text_is_a_place_or_an_error(text: str) -> None:
    try:
        place = place_of(text)
    except ResumeError:
        return
    assert place.base >= 0


@pytest.mark.parametrize("west_east", [(170.0, -170.0), (-180.0, 180.0)])
def test_a_box_across_the_antimeridian(west_east: tuple[float, float]) -> None:
    box = Bbox(west_east[0], -10, west_east[1], 10)
    inside = box.holds(np.zeros(2), np.array([175.0, -175.0]))

    assert inside.tolist() == [True, True]
