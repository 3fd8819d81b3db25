"""The actor that raises alerts."""

from __future__ import annotations

from config.schema import key
from config.sections.pace import Following, Pace


class Watch(Pace):
    """How the actor that raises alerts goes round."""

    following: Following = key("How it reads the log of facts.", live=True)
