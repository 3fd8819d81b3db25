"""The configuration a tenant begins with, set in the transaction that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.paths import ConfigPath, PathError, parse
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.problems import InvalidError
from serve.settings.reach import Reach
from store import config_changes
from store.config_changes import InvalidConfigurationError
from store.configuration import By, Scope
from store.postgres import AnyConnection
from store.tenants import Tenant
from telemetry.work import correlation_id

REASON = "set when the tenant was onboarded"


async def configure(
    gateway: Gateway,
    who: Principal,
    conn: AnyConnection,
    tenant: Tenant,
    given: Mapping[str, Any],
) -> None:
    """All or nothing; every wrong path is pointed at in the body."""
    if not given:
        return
    scope, root = Scope(tenant.key, tenant.id), ConfigPath(tenant.id, ())
    text_of = {_key(text, tenant): text for text in given}
    Reach(gateway, who, scope, root).require(text_of)
    values = {key: given[text] for key, text in text_of.items()}
    try:
        by = By(who.name, REASON, correlation_id())
        await config_changes.set_values(conn, scope, root, values, by=by)
    except InvalidConfigurationError as refused:
        raise InvalidError(
            "no tenant was made; errors names every wrong path",
            errors=[
                {
                    "pointer": _pointer(_text_at(one.path, text_of, tenant)),
                    "path": one.path,
                    "detail": one.says,
                }
                for one in refused.refused
            ],
        ) from refused


def _key(text: str, tenant: Tenant) -> str:
    try:
        path = parse(text, tenant.id)
    except PathError as failed:
        raise InvalidError.at(_pointer(text), str(failed)) from failed
    if path.tenant != tenant.id:
        raise InvalidError.at(_pointer(text), "this is not a path of the new tenant")
    return path.key


def _text_at(path: str, text_of: Mapping[str, str], tenant: Tenant) -> str:
    """As the caller wrote the path that was refused."""
    return text_of.get(path.removeprefix(f"/{tenant.id}/"), path)


def _pointer(text: str) -> str:
    return "/configuration/" + text.replace("~", "~0").replace("/", "~1")
