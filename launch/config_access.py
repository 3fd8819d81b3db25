"""What the `config` command asks and tells the store: as nobody's tenant, so it reaches all."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from config.installation import DatabaseRole, Installation
from config.paths import ANY, ConfigPath, is_under, key_of
from config.policy import defaults, policy, tree
from config.resolution import Difference, Override, flatten, refusals, resolve
from config.tree import value_at
from store import audit, config_changes, configuration, tenants
from store.audit_chain import INSTALLATION, INSTALLATION_KEY, Entry, Signer
from store.config_bus import ConfigBus
from store.config_changes import InvalidConfigurationError
from store.configuration import EVERYONE, By, Scope, Version
from store.errors import NotFoundError
from store.key_file import KeyFile
from store.postgres import AnyConnection, connect


@dataclass(frozen=True, slots=True)
class Access:
    where: Installation
    conn: AnyConnection
    scope: Scope
    path: ConfigPath
    by: By


@contextlib.asynccontextmanager
async def opened(
    where: Installation, path: ConfigPath, author: str, reason: str
) -> AsyncIterator[Access]:
    conn = await connect(where.postgres, DatabaseRole.SYSTEM)
    try:
        yield Access(where, conn, await _scope_of(conn, path), path, By(author, reason))
    finally:
        await conn.close()


async def _scope_of(conn: AnyConnection, path: ConfigPath) -> Scope:
    if path.tenant == ANY:
        return EVERYONE
    found = await tenants.find(conn, path.tenant)
    if found is None:
        raise NotFoundError("tenant", path.tenant)
    return Scope(found.key, found.id)


# ------------------------------------------------------------------------------------- asking


async def look(access: Access) -> list[str]:
    """Each leaf below the path on a line: its path, what holds, and where that is from."""
    found = await configuration.visible(access.conn, access.scope)
    sound = [one for one in found if not refusals(tree(), one.tenant, {one.key: one.value})]
    values = defaults().model_dump(mode="json")
    environment = access.path.environment
    resolved = resolve(tree(), values, sound, access.scope.tenant, environment)
    lines = []
    for leaf in tree().under(access.path.name, resolved.values):
        origin = resolved.origins.get(leaf.name)
        path = f"/{access.scope.tenant}/{key_of(leaf.name, environment)}"
        value = shown(value_at(resolved.values, leaf.route))
        lines.append(f"{path}: {value}  # {_origin_text(origin)}")
    if not lines:
        raise NotFoundError("key or folder", access.path.text)
    return lines


def _origin_text(origin: Override | None) -> str:
    if origin is None:
        return "default"
    return f"set at /{origin.tenant}/{origin.key}, version {origin.version}"


async def past(access: Access, limit: int) -> list[str]:
    found = await configuration.history(access.conn, access.scope, access.path.key, None, limit)
    lines = []
    for version in found:
        at = version.at.isoformat(timespec="seconds")
        restores = "" if version.restores is None else f" (back to {version.restores})"
        lines.append(
            f"version {version.version}{restores}, {at}, {version.author}: {version.reason}"
        )
        lines += _changes(access.scope, version.changes)
    return lines or ["nothing was ever set here"]


async def compare(access: Access, since: int | None, to: int | None) -> list[str]:
    """Without numbers: what the newest change made of it."""
    newest = await configuration.newest_version(access.conn, access.scope)
    to = newest if to is None else to
    since = max(to - 1, 0) if since is None else since
    changes = await config_changes.between(access.conn, access.scope, access.path, since, to)
    return _changes(access.scope, changes) or [f"versions {since} and {to} are the same here"]


async def try_out(access: Access, value: Any) -> list[str]:
    values = _values(access, value)
    changes = await config_changes.dry_run(access.conn, access.scope, values)
    return _changes(access.scope, changes) or ["nothing would change"]


async def check(access: Access) -> list[str]:
    """Raises for what is set and does not hold, as after an upgrade that took a key away."""
    found = await configuration.visible(access.conn, access.scope)
    mine = {
        key: value
        for key, value in configuration.own(found, access.scope).items()
        if is_under(key, access.path.key)
    }
    refused = refusals(tree(), access.scope.tenant, mine)
    if refused:
        raise InvalidConfigurationError(refused)
    return [f"{len(mine)} values are set here, and all of them hold"]


async def export(access: Access) -> dict[str, Any]:
    found = await configuration.visible(access.conn, access.scope)
    values = configuration.own(found, access.scope)
    version = await configuration.newest_version(access.conn, access.scope)
    return {
        "tenant": access.scope.tenant,
        "version": version,
        "values": dict(sorted(values.items())),
    }


# ------------------------------------------------------------------------------------ changing


async def put(access: Access, value: Any, expected: int | None) -> str:
    values = _values(access, value)
    async with access.conn.transaction():
        version = await config_changes.set_values(
            access.conn, access.scope, access.path, values, by=access.by, expected=expected
        )
        await _note(access, "config.set", version)
    return await _told(access, version)


async def take_back(access: Access, expected: int | None) -> str:
    async with access.conn.transaction():
        version = await config_changes.unset(
            access.conn, access.scope, access.path, by=access.by, expected=expected
        )
        await _note(access, "config.unset", version)
    return await _told(access, version)


async def restore(access: Access, to: int | None, expected: int | None) -> str:
    async with access.conn.transaction():
        if to is None:
            last = await configuration.version_of(access.conn, access.scope, access.path.key)
            to = max(last - 1, 0)
        version = await config_changes.rollback(
            access.conn, access.scope, access.path, to=to, by=access.by, expected=expected
        )
        await _note(access, "config.rollback", version)
    return await _told(access, version)


async def bring_in(access: Access, document: Any, expected: int | None) -> str:
    values = document.get("values") if isinstance(document, dict) else None
    if not isinstance(values, dict):
        raise NotFoundError("mapping called", "values")
    async with access.conn.transaction():
        version = await config_changes.set_values(
            access.conn, access.scope, access.path, values, by=access.by, expected=expected
        )
        await _note(access, "config.import", version)
    return await _told(access, version)


def _values(access: Access, value: Any) -> dict[str, Any]:
    values, refused = flatten(tree(), access.path, value)
    if refused:
        more = refusals(tree(), access.scope.tenant, values)
        raise InvalidConfigurationError([*refused, *more])
    return values


async def _note(access: Access, action: str, version: Version) -> None:
    """Into the audit trail, in the transaction of the change."""
    if not version.changes:
        return
    is_all = access.scope.tenant_key is None
    entry = Entry(
        tenant_key=INSTALLATION_KEY if access.scope.tenant_key is None else access.scope.tenant_key,
        tenant=INSTALLATION if is_all else access.scope.tenant,
        actor=access.by.author,
        action=action,
        subject=f"config{access.path.text}",
        at_ms=time.time_ns() // 1_000_000,
        before={"values": {c.key: c.before for c in version.changes}},
        after={"values": {c.key: c.after for c in version.changes}},
        config_version=await configuration.revision(access.conn),
    )
    signer = Signer(KeyFile(access.where.key_file), policy().audit.value_bytes_max)
    await audit.append(access.conn, signer, [entry])


async def _told(access: Access, version: Version) -> str:
    if not version.changes:
        return f"nothing changed; version {version.version} stands"
    bus = ConfigBus(access.where.redis, access.where.instance, policy().storage.bus)
    await bus.tell()
    await bus.close()
    lines = [f"version {version.version}", *_changes(access.scope, version.changes)]
    return "\n".join(lines)


def _changes(scope: Scope, changes: Iterable[Difference]) -> list[str]:
    return [
        f"  /{scope.tenant}/{one.key}: {_or_unset(one.before)} -> {_or_unset(one.after)}"
        for one in changes
    ]


def _or_unset(value: Any) -> str:
    return "(not set)" if value is None else shown(value)


def shown(value: Any) -> str:
    """On one line."""
    text: str = yaml.safe_dump(
        value, default_flow_style=True, width=float("inf"), allow_unicode=True
    )
    return text.removesuffix("...\n").strip()
