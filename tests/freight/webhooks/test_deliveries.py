"""What becomes of a delivery, and of its endpoint, after every kind of answer."""

from __future__ import annotations

import pytest

from freight.refusal import Refusal
from freight.webhooks import deliveries, endpoints
from freight.webhooks.answers import Heard, Verdict, judged
from freight.webhooks.deliveries import Delivered, Delivery, DeliveryState, GivenUp, Origin, PutOff
from freight.webhooks.endpoints import (
    Disabled,
    EndpointState,
    Failed,
    Health,
    Paused,
    ProbeFailed,
    Recovered,
    Resumed,
    Why,
)
from freight.webhooks.rules import PauseRules, RetryRules

RETRIES = RetryRules(waits_s=(5, 300), jitter=0.5, asked_wait_s_max=3600, never_statuses=(413,))
PAUSE = PauseRules(after_s=100, failures_min=3, probe_every_s=60)
NEW = Delivery(origin=Origin.FACT, due_ms=0)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.SUCCESS),
        (204, Verdict.SUCCESS),
        (299, Verdict.SUCCESS),
        (301, Verdict.RETRY),
        (307, Verdict.RETRY),
        (400, Verdict.RETRY),
        (404, Verdict.RETRY),
        (410, Verdict.GONE),
        (413, Verdict.NEVER),
        (429, Verdict.RETRY),
        (500, Verdict.RETRY),
        (503, Verdict.RETRY),
        (None, Verdict.RETRY),
    ],
)
def test_what_answers_mean(status: int | None, verdict: Verdict) -> None:
    heard = Heard(0, status, None if status else "no answer in 15 s")

    assert judged(heard, RETRIES.never_statuses).verdict is verdict


def test_a_redirect_is_told_with_where_it_led() -> None:
    found = judged(Heard(0, 302, location="http://10.0.0.1/"), ())

    assert found.error == "answers 302: redirects to http://10.0.0.1/ are not followed"


def after(now: Delivery, heard: Heard, *, draw: float = 0.0, is_probe: bool = False) -> object:
    judgement = judged(heard, RETRIES.never_statuses)
    return deliveries.after_attempt(now, heard, judgement, RETRIES, draw=draw, is_probe=is_probe)


def tried(times: int) -> Delivery:
    return Delivery(origin=Origin.FACT, due_ms=0, tries=times)


@pytest.mark.parametrize(
    ("now", "heard", "draw", "event"),
    [
        (NEW, Heard(7, 200), 0.0, Delivered(7)),
        (NEW, Heard(7, 500), 0.0, PutOff(5007, "answers 500", counts=True)),
        (NEW, Heard(7, 500), 0.5, PutOff(6257, "answers 500", counts=True)),
        (tried(1), Heard(7, 500), 0.0, PutOff(300_007, "answers 500", counts=True)),
        (tried(2), Heard(7, 500), 0.0, GivenUp(7, "answers 500; given up after 3 attempts")),
        (NEW, Heard(0, 429, asked_wait_s=60.0), 0.0, PutOff(60_000, "answers 429", counts=True)),
        (NEW, Heard(0, 503, asked_wait_s=1e9), 0.0, PutOff(3_600_000, "answers 503", counts=True)),
        (NEW, Heard(0, 503, asked_wait_s=1.0), 0.0, PutOff(5000, "answers 503", counts=True)),
        (
            NEW,
            Heard(7, 413),
            0.0,
            GivenUp(7, "answers 413: it will not take this message"),
        ),
        (
            NEW,
            Heard(7, 410),
            0.0,
            PutOff(7, "answers 410: it is gone, and wants nothing more", counts=False),
        ),
        (Delivery(origin=Origin.TEST, due_ms=0), Heard(7, 500), 0.0, GivenUp(7, "answers 500")),
    ],
)
def test_what_follows_for_the_delivery(
    now: Delivery, heard: Heard, draw: float, event: object
) -> None:
    assert after(now, heard, draw=draw) == event


def test_a_probe_uses_up_no_try() -> None:
    assert after(tried(2), Heard(7, 500), is_probe=True) == PutOff(7, "answers 500", counts=False)


def test_a_dead_letter_is_revived_with_the_whole_schedule() -> None:
    dead = deliveries.evolve(tried(2), GivenUp(7, "answers 500"))
    back = deliveries.evolve(dead, deliveries.revive(dead, 9))

    assert dead.state is DeliveryState.FAILED
    assert (back.state, back.tries, back.due_ms, back.finished_ms) == (
        DeliveryState.PENDING,
        0,
        9,
        None,
    )


@pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.WITHDRAWN])
def test_what_arrived_or_has_nobody_is_not_revived(state: DeliveryState) -> None:
    with pytest.raises(Refusal):
        deliveries.revive(Delivery(origin=Origin.FACT, state=state), 9)


# --------------------------------------------------------------------------------- endpoints


def told(now: Health, *answers: tuple[Verdict, int]) -> tuple[list[object], Health]:
    made: list[object] = []
    for verdict, at_ms in answers:
        for event in endpoints.after_attempt(now, verdict, at_ms, PAUSE):
            made.append(event)
            now = endpoints.evolve(now, event)
    return made, now


def test_it_is_paused_when_it_has_failed_for_long_and_often() -> None:
    fails = Verdict.RETRY
    made, now = told(Health(), (fails, 0), (fails, 50_000), (fails, 99_999), (fails, 100_000))

    assert made == [
        *(Failed(0), Failed(50_000), Failed(99_999), Failed(100_000)),
        Paused(100_000, Why.FAILING, 160_000),
    ]
    assert (now.state, now.failures) == (EndpointState.PAUSED, 4)


def test_a_few_failures_far_apart_pause_nothing() -> None:
    made, now = told(Health(), (Verdict.RETRY, 0), (Verdict.RETRY, 10**9))

    assert made == [Failed(0), Failed(10**9)]
    assert now.state is EndpointState.ACTIVE


def test_one_success_makes_all_good() -> None:
    made, now = told(Health(), (Verdict.RETRY, 0), (Verdict.SUCCESS, 1))

    assert made == [Failed(0), Recovered(1)]
    assert now == Health()


def test_an_endpoint_that_refuses_one_message_is_there() -> None:
    made, _ = told(Health(failures=5, failing_since_ms=0), (Verdict.NEVER, 1))

    assert made == [Recovered(1)]


PAUSED = Health(state=EndpointState.PAUSED, why=Why.FAILING, failures=4, paused_ms=0, probe_ms=60)


def test_a_probe_that_fails_is_made_again_later_and_one_that_arrives_resumes() -> None:
    made, now = told(PAUSED, (Verdict.RETRY, 60_000), (Verdict.SUCCESS, 120_000))

    assert made == [ProbeFailed(120_000), Resumed(120_000)]
    assert now == Health()


def test_gone_is_disabled_once() -> None:
    made, now = told(Health(), (Verdict.GONE, 1), (Verdict.GONE, 2))

    assert made == [Disabled(1)]
    assert (now.state, now.why) == (EndpointState.DISABLED, Why.GONE)


def test_a_test_that_fails_says_nothing_about_the_endpoint() -> None:
    assert endpoints.after_attempt(Health(), Verdict.RETRY, 1, PAUSE, is_test=True) == []
    assert endpoints.after_attempt(PAUSED, Verdict.SUCCESS, 1, PAUSE, is_test=True) == [Resumed(1)]


def test_what_people_pause_only_people_resume() -> None:
    now = endpoints.evolve(Health(), endpoints.pause(Health(), 5)[0])

    assert (now.state, now.why, now.probe_ms) == (EndpointState.PAUSED, Why.BY_HAND, None)
    assert endpoints.after_attempt(now, Verdict.SUCCESS, 6, PAUSE) == []
    assert endpoints.after_attempt(now, Verdict.RETRY, 6, PAUSE) == []
    assert endpoints.pause(now, 7) == []
    assert endpoints.resume(now, 8) == [Resumed(8)]


def test_pausing_and_resuming_where_it_means_nothing() -> None:
    assert endpoints.resume(Health(), 8) == []
    assert endpoints.pause(PAUSED, 8) == [Paused(8, Why.BY_HAND, None)]
    with pytest.raises(Refusal):
        endpoints.pause(Health(state=EndpointState.DISABLED, why=Why.GONE), 8)
