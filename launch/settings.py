"""Puts an installation together: what the settings file gives, embedded servers for the rest."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from config.installation import (
    BrokerKind,
    DatabaseRole,
    DocumentPlaces,
    EwaySandbox,
    Frozen,
    Http,
    Installation,
    MessagingSandbox,
    Mqtt,
    PaymentSandbox,
    Postgres,
    RayCluster,
    Redis,
    RouterServer,
    SecretStores,
    TcpPorts,
    TraceCollector,
)
from launch.embedded.messaging import push_key
from launch.embedded.ray import NODE_HOST
from launch.layout import REPOSITORY, Layout, write_private
from launch.options import UpOptions
from launch.ports import LOOPBACK, PortBlock

SIMULATED_GSTIN = "05AAACG2115R1ZN"  # of the portal's own test data
PAYOUT_ACCOUNT = "7878780080316316"  # of the sandbox, where it is nobody's
SECRET_BYTES = 24  # fixed: 192 bits: nobody may choose a weaker secret


class SettingsError(RuntimeError):
    """The settings file cannot be used; every fault is named."""


class GivenServers(Frozen):
    """The parts of an installation file that an operator may bring; `up` embeds the others."""

    postgres: Postgres | None = None
    # Of a superuser: with it, roles and database are created where they are missing.
    postgres_admin_dsn: SecretStr | None = None
    redis: Redis | None = None
    mqtt: Mqtt | None = None
    secrets: SecretStores | None = None
    router: RouterServer | None = None
    documents: DocumentPlaces | None = None
    # Where devices of a dialect connect; instead of the options, whose ports are on loopback.
    tcp: TcpPorts | None = None
    # The same for OsmAnd and Traccar Client.
    osmand: Http | None = None
    traces: TraceCollector | None = None


def read_given(path: Path | None) -> GivenServers:
    if path is None:
        return GivenServers()
    try:
        return GivenServers.model_validate(yaml.safe_load(path.read_text()) or {})
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not YAML: {error}") from error
    except ValidationError as error:
        faults = (f"  {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SettingsError("\n".join([f"{path} cannot be used:", *faults])) from error


@dataclass(frozen=True, slots=True)
class Passwords:
    """Of the embedded servers; made once per data directory."""

    roles: dict[str, str]
    redis: str
    ingest: str
    ingest_client_id: str
    payment_key: str
    payment_key_secret: str
    payment_webhook: str
    eway: str
    messaging: str

    @classmethod
    def of(cls, layout: Layout) -> Passwords:
        fresh = cls(
            {role.value: _secret() for role in DatabaseRole}, *(_secret() for _ in "12345678")
        )
        known = {}
        if layout.secrets_file.is_file():
            known = json.loads(layout.secrets_file.read_text())
        # A data directory of an older version may lack some.
        kept = cls(**{**asdict(fresh), **known})
        if asdict(kept) != known:
            write_private(layout.secrets_file, json.dumps(asdict(kept), indent=1))
        return kept


def _secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def build_installation(
    options: UpOptions, layout: Layout, ports: PortBlock, given: GivenServers
) -> Installation:
    passwords = Passwords.of(layout)
    postgres = given.postgres or Postgres(
        host=LOOPBACK,
        port=ports["postgres"],
        database="ubertruck",
        passwords={role: SecretStr(passwords.roles[role.value]) for role in DatabaseRole},
    )
    redis = given.redis or Redis(
        host=LOOPBACK, port=ports["redis"], password=SecretStr(passwords.redis)
    )
    mqtt = given.mqtt or Mqtt(
        kind=BrokerKind.NATS,
        host=LOOPBACK,
        port=options.mqtt_port,
        username="ubertruck-ingest",
        password=SecretStr(passwords.ingest),
        client_id_secret=SecretStr(passwords.ingest_client_id),
    )
    return Installation(
        instance=options.instance,
        data_dir=layout.data_dir,
        postgres=postgres,
        redis=redis,
        mqtt=mqtt,
        ray=RayCluster(
            address=f"{NODE_HOST}:{ports['ray_gcs']}",
            namespace=options.instance,
            token_file=layout.ray_token_file,
        ),
        http=Http(host=LOOPBACK, port=options.http_port),
        osmand=given.osmand or _on_loopback(options.osmand_port),
        tcp=given.tcp or tcp_ports(options),
        jwt_key_file=layout.jwt_key_file,
        key_file=layout.key_file,
        secrets=given.secrets or SecretStores(local_file=layout.secret_store_file),
        router=given.router,
        traces=given.traces,
        payment_sandbox=_payment_sandbox(options, ports, passwords),
        eway_sandbox=_eway_sandbox(options, ports, passwords),
        messaging_sandbox=_messaging_sandbox(options, layout, ports, passwords),
        documents=given.documents or DocumentPlaces(),
        broker_users_file=None if given.mqtt else layout.broker_users_file,
        console_dir=REPOSITORY / "console" / "dist",
    )


def _payment_sandbox(
    options: UpOptions, ports: PortBlock, passwords: Passwords
) -> PaymentSandbox | None:
    if not options.payment_sandbox:
        return None
    port = options.payments_port or ports["payment_sandbox"]
    return PaymentSandbox(
        http=Http(host=LOOPBACK, port=port),
        key_id=f"rzp_test_{passwords.payment_key}",
        key_secret=SecretStr(passwords.payment_key_secret),
        webhook_secret=SecretStr(passwords.payment_webhook),
        payout_account=PAYOUT_ACCOUNT,
    )


def _eway_sandbox(options: UpOptions, ports: PortBlock, passwords: Passwords) -> EwaySandbox | None:
    if not options.eway_simulator:
        return None
    return EwaySandbox(
        http=Http(host=LOOPBACK, port=ports["eway_sandbox"]),
        gstin=SIMULATED_GSTIN,
        password=SecretStr(passwords.eway),
    )


def _messaging_sandbox(
    options: UpOptions, layout: Layout, ports: PortBlock, passwords: Passwords
) -> MessagingSandbox | None:
    if not options.messaging_sandbox:
        return None
    return MessagingSandbox(
        http=Http(host=LOOPBACK, port=ports["messaging_sandbox"]),
        smtp=Http(host=LOOPBACK, port=ports["messaging_smtp"]),
        receipts_url=f"http://{LOOPBACK}:{options.http_port}",
        secret=SecretStr(passwords.messaging),
        push_key=SecretStr(push_key(layout)),
    )


def _on_loopback(port: int | None) -> Http | None:
    return None if port is None else Http(host=LOOPBACK, port=port)


def tcp_ports(options: UpOptions) -> TcpPorts:
    """Those that the command line asks for."""
    return TcpPorts(
        teltonika=_on_loopback(options.teltonika_port),
        ais140=_on_loopback(options.ais140_port),
        queclink=_on_loopback(options.queclink_port),
    )


def write_installation(where: Installation, layout: Layout) -> None:
    write_private(layout.installation_file, yaml.safe_dump(_plain(where), sort_keys=False))


def _plain(value: Any) -> Any:
    """As YAML text can hold it, passwords spelled out: the file is its owner's only."""
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value) if isinstance(value, Path | str) else value
