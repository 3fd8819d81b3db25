"""Every limit, interval and threshold the processes read, typed; values live in defaults/*.yaml."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

from config.schema import Section
from config.sections.api import Api
from config.sections.broker import Broker
from config.sections.cluster import Cluster
from config.sections.ingest import Ingest
from config.sections.launch import Launch
from config.sections.live import Live
from config.sections.relay import Relay
from config.sections.simulation import Simulation
from config.sections.storage import Storage
from config.sections.tracking import Tracking

DEFAULTS_DIR = Path(__file__).parent / "defaults"


class Policy(Section):
    ingest: Ingest
    tracking: Tracking
    relay: Relay
    live: Live
    api: Api
    storage: Storage
    broker: Broker
    cluster: Cluster
    launch: Launch
    simulation: Simulation


@lru_cache(maxsize=1)
def policy() -> Policy:
    """The snapshot this process runs with; reading it costs no I/O after the first call."""
    sections = {
        name: yaml.safe_load((DEFAULTS_DIR / f"{name}.yaml").read_text())
        for name in Policy.model_fields
    }
    return Policy.model_validate(sections)
