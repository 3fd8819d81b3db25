"""Where this installation's servers are: the addresses that differ between laptop and cluster."""

from __future__ import annotations

import os
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DatabaseRole(StrEnum):
    """Who a process is to Postgres; store/migrations says what each may do."""

    OWNER = "ubertruck_owner"  # owns the schema, runs migrations
    APP = "ubertruck_app"  # bound by row level security: sees one tenant at a time
    TELEMETRY = "ubertruck_telemetry"  # writes fixes, events and outbox rows of all tenants
    SYSTEM = "ubertruck_system"  # reads the directories of all tenants, drains the outbox


class Postgres(Frozen):
    host: str
    port: int
    database: str
    passwords: dict[DatabaseRole, SecretStr]


class Redis(Frozen):
    host: str
    port: int
    password: SecretStr | None = None
    tls: bool = False


class BrokerKind(StrEnum):
    NATS = "nats"  # the embedded default: MQTT 3.1.1, no shared subscriptions
    MOSQUITTO = "mosquitto"
    EMQX = "emqx"


class BrokerControl(Frozen):
    """The administrator of Mosquitto's dynamic-security plugin."""

    username: str
    password: SecretStr


class BrokerApi(Frozen):
    """EMQX's REST API, as an API key of it."""

    url: str
    key: str
    secret: SecretStr


class Mqtt(Frozen):
    kind: BrokerKind
    host: str
    port: int
    username: str
    password: SecretStr
    # With a group name several ingest workers share the stream, where the broker can ($share).
    shared_group: str | None = None
    # Part of the ingest's client id. Whoever knows the id could take over its session and queue:
    # brokers let any user connect under any client id.
    client_id_secret: SecretStr | None = None
    # What a broker that asks us about devices over HTTP proves itself with; two while it changes.
    callback_secrets: tuple[SecretStr, ...] = ()
    # With it the devices of a Mosquitto are kept equal to the truck directory.
    control: BrokerControl | None = None
    # With it the open connections of an EMQX's refused devices are dropped.
    api: BrokerApi | None = None


class RayCluster(Frozen):
    address: str
    namespace: str
    token_file: Path


class Http(Frozen):
    host: str
    port: int


class TcpPorts(Frozen):
    """Where devices connect that speak a dialect over TCP; none where there is no port."""

    teltonika: Http | None = None
    ais140: Http | None = None
    queclink: Http | None = None

    def given(self) -> list[tuple[str, Http]]:
        """The dialects that have a port."""
        ports = ((name, getattr(self, name)) for name in type(self).model_fields)
        return [(name, port) for name, port in ports if port is not None]


class VaultServer(Frozen):
    """HashiCorp Vault, KV version 2: signed in with a token, or with an AppRole."""

    address: str
    mount: str = "secret"
    prefix: str = "ubertruck"
    namespace: str | None = None
    token_file: Path | None = None
    role_id: str | None = None
    secret_id_file: Path | None = None
    ca_file: Path | None = None


class RouterKind(StrEnum):
    OSRM = "osrm"
    VALHALLA = "valhalla"


class RouterServer(Frozen):
    """Who plans routes; without one the built-in highways do."""

    kind: RouterKind
    url: str
    # OSRM's profile or Valhalla's costing; left out: driving, and truck.
    profile: str | None = None
    # What a hosted one wants to be sent, such as a key.
    headers: dict[str, SecretStr] = {}
    ca_file: Path | None = None


class PaymentSandbox(Frozen):
    """The local server that plays the payment and payout provider, and what it is entered with."""

    http: Http
    key_id: str
    key_secret: SecretStr
    webhook_secret: SecretStr
    payout_account: str


class EwaySandbox(Frozen):
    """The local server that plays the e-way bill portal, and what it is entered with."""

    http: Http
    gstin: str
    password: SecretStr


class MessagingSandbox(Frozen):
    """The local server that plays those who carry messages, and what it is entered with."""

    http: Http
    smtp: Http
    # This installation as it reaches it, for its receipts.
    receipts_url: str
    # Every password, key and token of it but the one below.
    secret: SecretStr
    # The key that a service account signs with, as PEM.
    push_key: SecretStr


class S3Server(Frozen):
    """S3, or what speaks like it; addressed by path, signed with version 4."""

    url: str
    bucket: str
    region: str
    key_id: str
    key_secret: SecretStr
    prefix: str = ""
    ca_file: Path | None = None


class DocumentPlaces(Frozen):
    """Where documents lie: in the bucket, or else in the directory; sealed in either."""

    s3: S3Server | None = None
    directory: Path | None = None  # None: below the data directory
    # A clamd that looks for viruses; None: nobody does.
    clamav: Http | None = None


class SecretStores(Frozen):
    """Who keeps secrets; the first that has one is believed, in this order."""

    mounted_dir: Path | None = None
    local_file: Path | None = None
    vault: VaultServer | None = None


class TraceCollector(Frozen):
    """Who takes traces by OTLP over HTTP: the whole URL, usually ending in /v1/traces."""

    url: str = Field(pattern=r"^https?://")
    headers: dict[str, SecretStr] = {}


class Installation(Frozen):
    instance: str
    data_dir: Path
    postgres: Postgres
    redis: Redis
    mqtt: Mqtt
    ray: RayCluster
    http: Http
    # OsmAnd's and Traccar Client's port of its own; None: only the gateway's route takes them.
    osmand: Http | None = None
    tcp: TcpPorts = TcpPorts()
    jwt_key_file: Path
    # Keys that seal personal data and secrets and sign the audit chain; never in the database.
    key_file: Path
    secrets: SecretStores = SecretStores()
    router: RouterServer | None = None
    documents: DocumentPlaces = DocumentPlaces()
    # None: money goes through real accounts, or is only noted.
    payment_sandbox: PaymentSandbox | None = None
    # None: bills go to the real portal, or nowhere.
    eway_sandbox: EwaySandbox | None = None
    # None: people are told through real accounts, or in the app only.
    messaging_sandbox: MessagingSandbox | None = None
    # None: no traces are recorded.
    traces: TraceCollector | None = None
    # Where the broker's device users are written, when the broker is the embedded NATS.
    broker_users_file: Path | None = None
    console_dir: Path = Field(default=Path("console/dist"))


class InstallationMissingError(RuntimeError):
    """CONFIG_SERVICE_URL does not lead to a readable installation file."""


def read_installation(path: Path) -> Installation:
    return Installation.model_validate(yaml.safe_load(path.read_text()))


@lru_cache(maxsize=1)
def installation() -> Installation:
    """This process's installation, read once from the file CONFIG_SERVICE_URL names."""
    url = os.environ.get("CONFIG_SERVICE_URL", "")
    parts = urlsplit(url)
    if parts.scheme != "file":
        raise InstallationMissingError(
            f"CONFIG_SERVICE_URL is {url!r}; it must be a file:// URL of an installation file "
            "(`python -m ubertruck up` writes one as <data-dir>/run/installation.yaml)"
        )
    path = Path(url2pathname(parts.path))
    if not path.is_file():
        raise InstallationMissingError(f"no installation file at {path}")
    return read_installation(path)
