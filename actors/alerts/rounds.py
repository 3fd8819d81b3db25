"""Every round that the watch makes, by the name of its pace in the configuration."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from functools import partial

from actors.desk import WorkDesk
from actors.following import tell_lag
from actors.making_rounds import Round

FOLLOWERS = ("alerts",)


def rounds_of(desk: WorkDesk, counts: MutableMapping[str, float]) -> Mapping[str, Round]:
    limits = desk.settings.now.watch.following
    return {"lag": partial(tell_lag, desk, FOLLOWERS, limits.settle_facts_max, counts)}
