"""What an instance tells about itself becomes what is wrong, each once, with what to do."""

from __future__ import annotations

import pytest

from config.installation import Postgres
from config.policy import policy
from launch import diagnosis
from launch.diagnosis import figures_in, of_figures, of_readiness
from launch.layout import REPOSITORY

CALM = """
# TYPE ubertruck_follower_dead_facts gauge
ubertruck_follower_dead_facts{actor="outbox-relay",follower="alerts"} 0.0
# TYPE ubertruck_watch_alerts_oldest_s gauge
ubertruck_watch_alerts_oldest_s{actor="watch"} 2.5
# TYPE ubertruck_provider_breaker_open gauge
ubertruck_provider_breaker_open{provider="razorpay",replica="1"} 0.0
# TYPE ubertruck_log_lost_bytes counter
ubertruck_log_lost_bytes_total{actor="watch"} 0.0
"""
TROUBLED = """
# TYPE ubertruck_follower_dead_facts gauge
ubertruck_follower_dead_facts{actor="outbox-relay",follower="alerts"} 3.0
# TYPE ubertruck_watch_alerts_oldest_s gauge
ubertruck_watch_alerts_oldest_s{actor="watch"} 600.0
# TYPE ubertruck_provider_breaker_open gauge
ubertruck_provider_breaker_open{provider="razorpay",replica="1"} 1.0
ubertruck_provider_breaker_open{provider="razorpay",replica="2"} 1.0
# TYPE ubertruck_log_lost_bytes counter
ubertruck_log_lost_bytes_total{actor="watch"} 12.0
"""


def test_a_calm_instance_has_nothing_to_say() -> None:
    assert [*of_figures(figures_in(CALM))] == []


def test_each_trouble_is_said_once_with_its_runbook() -> None:
    found = {wrong.what: wrong.advice for wrong in of_figures(figures_in(TROUBLED))}

    assert found == {
        "alerts could not take up 3 facts": "docs/runbooks/FollowerDeadFacts.md",
        "alerts are 600 s behind": "docs/runbooks/FollowerBehind.md",
        "razorpay failed so often that it is left alone": "docs/runbooks/BreakerOpen.md",
        "12 bytes of log lines could not be written": "docs/runbooks/LogLinesLost.md",
    }


@pytest.mark.parametrize("sign", diagnosis.SIGNS, ids=lambda sign: sign.figure)
def test_every_runbook_that_is_named_is_there(sign: diagnosis.Sign) -> None:
    assert (REPOSITORY / "docs" / "runbooks" / f"{sign.runbook}.md").is_file()


def test_a_dependency_that_is_down_says_whether_it_is_needed() -> None:
    readiness = {
        "dependencies": {
            "postgres": {"ok": True, "needed": True, "detail": None},
            "redis": {"ok": False, "needed": False, "detail": "refused"},
            "watch": {"ok": False, "needed": False, "detail": "watch: starting"},
        }
    }

    redis, watch = of_readiness(readiness)

    assert redis.what == "redis (the rest works without it): refused"
    assert "nothing is lost" in redis.advice
    assert "logs --level error" in watch.advice


@pytest.mark.postgres
async def test_clocks_are_compared(where: Postgres) -> None:
    offset_s = await diagnosis.clock_offset_s(where)

    assert abs(offset_s) < policy().launch.doctor_clock_offset_s_max
