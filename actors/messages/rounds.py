"""Every round that the messenger makes, by the name of its pace in the configuration."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from functools import partial

from actors.following import tell_lag
from actors.making_rounds import Round
from actors.messages.notification_desk import MessageDesk
from actors.messages.notification_rounds import notification_rounds
from actors.messages.webhook_rounds import webhook_rounds

FOLLOWERS = ("notifications", "webhooks")


def rounds_of(desk: MessageDesk, counts: MutableMapping[str, float]) -> Mapping[str, Round]:
    limits = desk.settings.now.messenger.following
    return {
        "lag": partial(tell_lag, desk, FOLLOWERS, limits.settle_facts_max, counts),
        **notification_rounds(desk, counts),
        **webhook_rounds(desk, counts),
    }
