"""An OpenTelemetry collector takes what we send; where none is installed, this says so."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from telemetry.otlp import Sender
from telemetry.spans import Kind, Span, Waiting
from telemetry.traceparent import begun
from tests.conftest import free_port
from tests.launch.waiting import until
from tests.serve.conftest import wait_listening
from tests.telemetry.test_otlp import Pace

# Neither a wheel nor a Debian package: docs/observability.md says how to build one.
NAMES = ("otelcol", "otelcol-contrib", "otelcorecol")
CONFIG = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: 127.0.0.1:{port}}}}}}}}}
exporters: {{debug: {{verbosity: detailed}}}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines: {{traces: {{receivers: [otlp], exporters: [debug]}}}}
"""


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no OpenTelemetry collector here: none of {', '.join(NAMES)} is in the PATH")
    port, config, said = free_port(), tmp_path / "config.yaml", tmp_path / "said"
    config.write_text(CONFIG.format(port=port))
    with said.open("wb") as out:
        process = subprocess.Popen([program, f"--config={config}"], stdout=out, stderr=out)
    try:
        wait_listening(port)
        yield f"http://127.0.0.1:{port}/v1/traces", said
    finally:
        process.terminate()
        process.wait(timeout=10)


async def test_it_understands_a_span(collector: tuple[str, Path]) -> None:
    url, said = collector
    waiting, part = Waiting(10), begun(is_sampled=True)
    sender = Sender(url, {}, {"service.name": "truck-shard-0"}, waiting, Pace)
    sender.start()

    waiting.put(Span("shard.batch", part, 10, 20, None, Kind.SERVER, {"fixes": 3}, (part,)))
    await until(lambda: sender.sent == 1)
    sender.stop()

    await until(lambda: part.trace_id in said.read_text())
    assert "shard.batch" in said.read_text()
