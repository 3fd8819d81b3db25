"""Leaves alone whoever fails again and again, and tries it with one request after a rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from config.sections.routing import Breaker as Limits
from freight.routing.plan import RouterAwayError, RouterNonsenseError


class Breaker:
    def __init__(
        self, limits: Callable[[], Limits], clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = limits
        self._clock_s = clock_s
        self._failures = 0
        self._rests_until_s = 0.0
        self._is_tried = False

    @contextmanager
    def guarding(self, name: str) -> Iterator[None]:
        """Around one question; raises RouterAwayError without asking while it rests."""
        limits = self._limits()
        is_shut = self._failures >= limits.failures
        rest_s = self._rests_until_s - self._clock_s()
        if is_shut and (rest_s > 0.0 or self._is_tried):
            says = f"{name} failed {self._failures} times in a row and is left alone"
            raise RouterAwayError(says, max(rest_s, 0.0))
        self._is_tried = is_shut
        try:
            yield
        except (RouterAwayError, RouterNonsenseError):
            self._failures += 1
            self._rests_until_s = self._clock_s() + limits.rest_s
            raise
        except Exception:
            self._failures = 0  # it answered, whatever became of the answer
            raise
        else:
            self._failures = 0
        finally:
            # Also when whoever asked has gone: the next may try.
            self._is_tried = False
