"""The actor that sends notifications and webhooks."""

from __future__ import annotations

from config.schema import key
from config.sections.pace import Following, Pace


class Messenger(Pace):
    """How the actor that sends notifications and webhooks goes round."""

    following: Following = key("How it reads the log of facts.", live=True)
