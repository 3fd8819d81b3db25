"""Every round that the watch makes, by the name of its pace in the configuration."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from functools import partial

from actors.alerts import conditions
from actors.alerts.figures import figures_round
from actors.alerts.following import AlertsFollower
from actors.alerts.sight import AskActors, Seeing, missed_round
from actors.alerts.surveys import Survey, survey_round
from actors.alerts.timers import RulesRound, forgetting_round, timers_round
from actors.alerts.writing import NAME
from actors.desk import WorkDesk
from actors.following import tell_lag
from actors.making_rounds import Round
from freight.alerts.kinds import Kind

FOLLOWERS = (NAME,)
SURVEYS = (
    Survey("dues", Kind.PAYMENT_OVERDUE, conditions.dues),
    Survey("detention", Kind.DETENTION_RUNNING, conditions.detention),
    Survey("eway_bills", Kind.EWAY_BILL_EXPIRING, conditions.eway_bills),
    Survey("papers", Kind.DOCUMENT_EXPIRING, conditions.papers),
    Survey("unheard", Kind.UNTRACKED_TRIP, conditions.unheard),
    Survey("late_starts", Kind.TRIP_NOT_STARTED, conditions.late_starts),
    Survey("weights", Kind.WEIGHT_SHORTAGE, conditions.weights),
    Survey("blindness", Kind.WATCH_IMPAIRED, conditions.blindness),
)


def rounds_of(
    desk: WorkDesk, counts: MutableMapping[str, float], actors: AskActors
) -> Mapping[str, Round]:
    limits = desk.settings.now.watch.following
    return {
        NAME: AlertsFollower(desk, counts).go_on,
        "timers": partial(timers_round, desk, counts),
        "rules": RulesRound(desk, counts).look,
        "sight": Seeing(desk, actors).look,
        "missed": partial(missed_round, desk),
        "figures": partial(figures_round, desk, counts),
        "forgetting": partial(forgetting_round, desk),
        "lag": partial(tell_lag, desk, FOLLOWERS, limits.settle_facts_max, counts),
        **{each.name: partial(survey_round, each, desk, counts) for each in SURVEYS},
    }
