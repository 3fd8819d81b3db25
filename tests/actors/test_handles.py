"""What is said of actors that do not answer."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from actors import handles
from actors.handles import ActorAwayError, TruckShards
from config.policy import policy


async def test_an_actor_that_is_away_is_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*given: object, deadline_s: float) -> Any:
        raise TimeoutError

    monkeypatch.setattr(handles, "_asked", never)
    tokens: Any = None
    for each in await TruckShards.from_policy(policy(), tokens).stats():
        assert each.trouble is not None
        assert each.trouble.startswith("gave no answer within ")
        assert each.name not in each.trouble


def test_its_name_is_in_the_error_and_survives_the_way_between_processes() -> None:
    error = ActorAwayError("gave no answer", "watch")

    assert str(error) == str(pickle.loads(pickle.dumps(error))) == "watch: gave no answer"  # noqa: S301
    assert error.why == "gave no answer"
