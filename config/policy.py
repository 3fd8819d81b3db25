"""Every limit, interval and threshold the processes read, typed; values live in defaults/*.yaml."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated

import yaml

from config.schema import Section
from config.sections.api import Api
from config.sections.audit import Audit
from config.sections.broker import Broker
from config.sections.cluster import Cluster
from config.sections.devices import Devices
from config.sections.ingest import Ingest
from config.sections.launch import Launch
from config.sections.live import Live
from config.sections.operational import Operational
from config.sections.relay import Relay
from config.sections.retention import Retention
from config.sections.simulation import Simulation
from config.sections.storage import Storage
from config.sections.tenancy import Tenancy
from config.sections.tracking import Tracking
from config.tree import At, Tree
from freight.status import StatusRules

DEFAULTS_DIR = Path(__file__).parent / "defaults"


class Policy(Section):
    """The sections and where their keys stand; without At: services/{name}/technical."""

    ingest: Ingest
    tracking: Tracking
    status: Annotated[StatusRules, At("services/tracking/business")]
    relay: Relay
    live: Live
    devices: Devices
    api: Api
    audit: Audit
    tenancy: Tenancy
    retention: Annotated[Retention, At("global/compliance")]
    operational: Annotated[Operational, At("global/operational")]
    storage: Annotated[Storage, At("services/storage/technical", file_only=True)]
    broker: Annotated[Broker, At("services/broker/technical", file_only=True)]
    cluster: Annotated[Cluster, At("services/cluster/technical", file_only=True)]
    launch: Annotated[Launch, At("services/launch/technical", file_only=True)]
    simulation: Annotated[Simulation, At("services/simulation/technical", file_only=True)]


@lru_cache(maxsize=1)
def tree() -> Tree:
    """Every key there is."""
    return Tree(Policy)


@lru_cache(maxsize=1)
def defaults() -> Policy:
    """What holds where nobody has set anything."""
    sections = {
        name: yaml.safe_load((DEFAULTS_DIR / f"{name}.yaml").read_text())
        for name in Policy.model_fields
    }
    return Policy.model_validate(sections)


def policy() -> Policy:
    """The snapshot this process runs with; reading it costs no I/O after the first call."""
    return defaults()
