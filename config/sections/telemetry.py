"""What processes tell about themselves: logs, traces, and figures of the whole installation."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class Logs(Section):
    """Of each process by its name; several of one name share their files."""

    file_bytes_max: Count = key("A longer log file is turned over.", live=True)
    files_max: Count = key("Files kept of each process, the present one among them.", live=True)


class Traces(Section):
    """Without a collector in the installation's settings nothing is recorded."""

    requests_one_in: Count = key(
        "Of so many requests whose sender began no trace, one is recorded.", live=True
    )
    windows_one_in: Count = key(
        "Of so many windows of devices' messages, none of which asks for it, one is recorded.",
        live=True,
    )
    waiting_spans_max: Count = key("Parts that wait to be sent; more are left out and counted.")
    batch_spans_max: Count = key("Parts sent to the collector at once.", live=True)
    send_every_s: Positive = key("How often what waits is sent.", live=True)
    send_timeout_s: Positive = key("A collector that has not answered by then is away.", live=True)
    retry_wait_s_max: Positive = key("The longest wait while the collector is away.", live=True)


class Figures(Section):
    """What is counted in the database for /metrics, by one process for all."""

    every_s: Positive = key("How often it is counted.", live=True)
    rows_max: Count = key("Of what grows for ever the newest rows are counted, so many.", live=True)
    deadline_s: Positive = key("A count that takes longer is given up until the next.", live=True)


class Telemetry(Section):
    logs: Logs
    traces: Traces
    figures: Figures
