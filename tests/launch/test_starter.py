"""What `up` says of actors that do not work yet."""

from __future__ import annotations

import json

import pytest

from actors.stats import ActorStats
from launch.starter import tell_troubles


def test_who_has_the_same_trouble_is_named_together(capsys: pytest.CaptureFixture[str]) -> None:
    silent = "gave no answer within 3 s"
    tell_troubles(
        [
            ActorStats("truck_shard", "truck-shard-0", 0, {}, silent),
            ActorStats("watch", "watch", 0, {}, "starting"),
            ActorStats("messenger", "messenger", 1, {}),
            ActorStats("dispatcher", "dispatcher", 0, {}, silent),
        ]
    )

    assert json.loads(capsys.readouterr().out) == {
        "step": "actors",
        "state": "waiting",
        "detail": f"truck-shard-0, dispatcher: {silent}; watch: starting",
    }
