"""The actor that raises alerts."""

from __future__ import annotations

from pydantic import model_validator

from config.schema import Count, Positive, Section, Share, key
from config.sections.pace import Following, Pace


class Surveys(Section):
    """How it looks for what no fact tells of."""

    found_max: Count = key(
        "Findings of one look; what is behind them waits until some of these are over.", live=True
    )
    horizon_s: Positive = key(
        "Papers and e-way bills that end within this time are held against arrivals.", live=True
    )
    unheard_s: Positive = key(
        "A truck that set out so long ago, and has sent nothing since, is untracked.", live=True
    )
    weights_s: Positive = key(
        "Bookings that changed within this time have their weights compared.", live=True
    )


class Sight(Section):
    """When it says that it does not see, so that quiet means nothing."""

    trouble_s: Positive = key("An actor in trouble for so long makes it blind.", live=True)
    lag_s: Positive = key("So far behind the log of facts it is blind.", live=True)
    away_s: Positive = key(
        "When nobody has watched for so long, what happened then may be missed.", live=True
    )
    usual_s: Positive = key("What a tenant usually sends is seen in this time.", live=True)
    silent_s: Positive = key(
        "A tenant whose trucks usually send, and of which none has for so long, is not seen.",
        live=True,
    )
    silence_look_s: Positive = key("How often it is looked which tenants are silent.", live=True)
    usual_trucks_min: Count = key("With fewer trucks that send, silence is usual.", live=True)
    still_share: Share = key(
        "A tenant is silent when no more than this share of the trucks that usually send did.",
        live=True,
    )
    settles_s: Positive = key(
        "So long behind a blind time what was sent late is waited for, before it is said what may "
        "be missing.",
        live=True,
    )
    gap_s: Positive = key("A truck that left out so much of a blind time may be missed.", live=True)
    missed_trucks_max: Count = key("Trucks that are named of one blind time.", live=True)
    shown_s: Positive = key("Blind times are shown for so long.", live=True)
    spells_max: Count = key("Blind times that are shown, and worked on, at once.", live=True)


class Backtests(Section):
    """Trying rules on what has happened."""

    days_max: Count = key("How far back.", live=True)
    facts_max: Count = key("Facts it goes through; it is said when there are more.", live=True)
    chunk_facts: Count = key("Facts that are read at a time.", live=True)
    seconds_max: Positive = key("How long one may take; it is said when it is cut.", live=True)
    at_once_max: Count = key("How many a replica works on.", live=True)
    retry_after_s: Count = key("When to ask again that came while there were as many.", live=True)
    sample_max: Count = key("Alerts that are shown of it.", live=True)


class Watch(Pace):
    """How the actor that raises alerts goes round."""

    following: Following = key("How it reads the log of facts.", live=True)
    timers_max: Count = key(
        "Alerts that time may change, looked at before it asks for more.", live=True
    )
    look_again_s: Positive = key(
        "An alert whose time has come and that did not change waits for so long.", live=True
    )
    lapsed_s: Positive = key(
        "Causes that went before anybody had to be told are kept for so long, for late truth.",
        live=True,
    )
    lapsed_max: Count = key("How many of these are removed at once.", live=True)
    history_shown_max: Count = key("Steps and comments shown with an alert.", live=True)
    surveys: Surveys
    sight: Sight
    backtests: Backtests

    @model_validator(mode="after")
    def _sees_what_is_usual_before_it_is_silent(self) -> Watch:
        if self.sight.silent_s >= self.sight.usual_s:
            raise ValueError("sight.silent_s must be shorter than sight.usual_s")
        return self
