"""The ways by which a person, or a room of persons, can be told something."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    IN_APP = "in_app"  # ours: nobody else is asked
    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    PUSH = "push"
    SLACK = "slack"
    TEAMS = "teams"
    VOICE = "voice"  # a call that reads the text out, and is noticed even if nobody answers
