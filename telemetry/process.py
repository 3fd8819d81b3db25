"""How a process of ours begins to tell about itself: lines to its file, spans to a collector."""

from __future__ import annotations

import atexit
import os
from pathlib import Path

from config.installation import Installation
from config.policy import policy
from telemetry import logs, tracing
from telemetry.figures import tell_logs, tell_traces
from telemetry.log_file import LogFile
from telemetry.spans import Waiting

# Below the instance's data directory, beside what its servers say.
FOLDER = Path("logs") / "json"
SUFFIX = ".jsonl"


def log_folder(data_dir: Path) -> Path:
    return data_dir / FOLDER


def begin(service: str, where: Installation) -> None:
    """Once, first of all; `service` is what every line and span says who speaks."""
    path = log_folder(where.data_dir) / f"{service}{SUFFIX}"
    file = LogFile(path, lambda: policy().telemetry.logs)
    buffered = logs.configure_process(service, file.write)
    tell_logs(lambda: dict(buffered.lines), lambda: file.lost_bytes)
    if where.traces is not None:
        _begin_traces(service, where)


def _begin_traces(service: str, where: Installation) -> None:
    """Imports what it needs here: without a collector nobody pays for it."""
    from telemetry.otlp import Sender  # noqa: PLC0415

    collector = where.traces
    if collector is None:
        return
    waiting = Waiting(policy().telemetry.traces.waiting_spans_max)
    resource = {
        "service.name": service,
        "service.namespace": "ubertruck",
        "service.instance.id": f"{where.instance}-{os.getpid()}",
    }
    headers = {name: value.get_secret_value() for name, value in collector.headers.items()}
    sender = Sender(collector.url, headers, resource, waiting, lambda: policy().telemetry.traces)
    sender.start()
    atexit.register(sender.stop)
    tell_traces(waiting, lambda: sender.sent)
    tracing.record_to(tracing.Recording(waiting, lambda: policy().telemetry.traces))
