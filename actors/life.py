"""How an actor's process lives: it runs one task for ever, or ends so that Ray starts it anew."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Coroutine
from typing import Any, NoReturn

from actors.garbage import settle
from config.policy import policy

log = logging.getLogger(__name__)

EXIT_SOFTWARE = 70


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def live(coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Start an actor's main task. When it ends by an error nobody foresaw, the process ends too:

    an actor that answers calls while its work has stopped would look healthy and lose time.
    """
    # What its constructor has loaded stays as long as the process.
    settle(policy().api.collect_after_objects)
    task = asyncio.get_running_loop().create_task(coroutine, name=name)
    task.add_done_callback(_end_with)
    return task


def _end_with(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        log.critical("%s ended", task.get_name(), exc_info=task.exception())
        end_process()


def end_process() -> NoReturn:
    """At once, nothing finished and nothing flushed but the log: recovery is the normal start."""
    logging.shutdown()
    os._exit(EXIT_SOFTWARE)
