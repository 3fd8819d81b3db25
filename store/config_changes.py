"""Changes of the configuration tree: validated whole, versioned, noted and told, or not made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from config.paths import ANY, ConfigPath, environment_of, is_under
from config.policy import defaults, tree
from config.resolution import (
    Difference,
    Override,
    Refused,
    contradictions,
    difference,
    refusals,
    resolve,
)
from freight.events import TruckEvent, event_id
from store import events
from store.configuration import (
    OF_SCOPE,
    UNDER,
    By,
    Scope,
    Version,
    newest_version,
    own,
    under,
    version_of,
    visible,
)
from store.errors import NotFoundError, StaleVersionError, StoreError
from store.postgres import AnyConnection, epoch_ms, one

CHANGED = "config.changed"
CONFIG_LOCK = (20267, 5)


class InvalidConfigurationError(StoreError):
    """Nothing was changed; every wrong path is named."""

    def __init__(self, refused: Sequence[Refused]) -> None:
        super().__init__("; ".join(f"{one.path}: {one.says}" for one in refused))
        self.refused = tuple(refused)


async def lock(conn: AnyConnection) -> None:
    """Until the transaction ends nobody else changes any tree, so what is read stays so."""
    await conn.execute("SELECT pg_advisory_xact_lock($1, $2)", *CONFIG_LOCK)


async def set_values(
    conn: AnyConnection,
    scope: Scope,
    path: ConfigPath,
    values: Mapping[str, Any],
    *,
    by: By,
    expected: int | None = None,
    unset_below: Sequence[str] = (),
) -> Version:
    """Set these keys and take others back, all of them or none; the rest stays as it is."""
    await lock(conn)
    await _expect(conn, scope, path, expected)
    now = own(await visible(conn, scope), scope)
    idle = [one for one in unset_below if not any(is_under(key, one) for key in now)]
    if idle:
        says = "nothing is set here"
        raise InvalidConfigurationError([Refused(f"/{scope.tenant}/{one}", says) for one in idle])
    kept = {
        key: value
        for key, value in now.items()
        if not any(is_under(key, folder) for folder in unset_below)
    }
    return await _write(conn, scope, path, {**kept, **values}, by=by)


async def unset(
    conn: AnyConnection, scope: Scope, path: ConfigPath, *, by: By, expected: int | None = None
) -> Version:
    """Take back what is set at or below a path: what it inherits holds again."""
    await lock(conn)
    await _expect(conn, scope, path, expected)
    now = own(await visible(conn, scope), scope)
    kept = {key: value for key, value in now.items() if not is_under(key, path.key)}
    if len(kept) == len(now):
        raise NotFoundError("value set at", path.text)
    return await _write(conn, scope, path, kept, by=by)


async def rollback(
    conn: AnyConnection,
    scope: Scope,
    path: ConfigPath,
    *,
    to: int,
    by: By,
    expected: int | None = None,
) -> Version:
    """A new version in which everything at or below the path is as it was at version `to`."""
    await lock(conn)
    await _expect(conn, scope, path, expected)
    now = own(await visible(conn, scope), scope)
    then = {**now, **await _changed_since(conn, scope, path.key, to)}
    kept = {key: value for key, value in then.items() if value is not None}
    return await _write(conn, scope, path, kept, by=by, restores=to)


async def dry_run(
    conn: AnyConnection, scope: Scope, values: Mapping[str, Any]
) -> tuple[Difference, ...]:
    """What setting these keys would change; raises what it would raise."""
    found = await visible(conn, scope)
    now = own(found, scope)
    after = {**now, **values}
    changes = difference(now, after)
    _refuse(scope, found, after, changes)
    return tuple(changes)


async def between(
    conn: AnyConnection, scope: Scope, path: ConfigPath, since: int, to: int
) -> list[Difference]:
    """How what was set at or below a path differs from one version to another."""
    now = own(await visible(conn, scope), scope)
    states = []
    for version in (since, to):
        then = {**now, **await _changed_since(conn, scope, path.key, version)}
        states.append({k: v for k, v in then.items() if v is not None and is_under(k, path.key)})
    return difference(*states)


async def _expect(
    conn: AnyConnection, scope: Scope, path: ConfigPath, expected: int | None
) -> None:
    if expected is None:
        return
    found = await version_of(conn, scope, path.key)
    if found != expected:
        raise StaleVersionError("configuration", path.text, expected, found)


async def _changed_since(
    conn: AnyConnection, scope: Scope, folder: str, version: int
) -> dict[str, Any]:
    """How the keys that changed after this version were at it; None: not set."""
    newest = await newest_version(conn, scope)
    if not 0 <= version <= newest:
        raise NotFoundError("configuration version", str(version))
    rows = await conn.fetch(
        f"""
        SELECT DISTINCT ON (key) key, before FROM config_changes
        WHERE {OF_SCOPE} AND {UNDER} AND version > $4 ORDER BY key, version
        """,
        scope.tenant_key,
        *under(folder),
        version,
    )
    return {row["key"]: row["before"] for row in rows}


async def _write(
    conn: AnyConnection,
    scope: Scope,
    path: ConfigPath,
    after: Mapping[str, Any],
    *,
    by: By,
    restores: int | None = None,
) -> Version:
    found = await visible(conn, scope)
    changes = difference(own(found, scope), after)
    _refuse(scope, found, after, changes)
    newest = await newest_version(conn, scope)
    if not changes:
        now: datetime = await conn.fetchval("SELECT now()")
        return Version(
            newest, now, by.author, by.reason, path.key, None, by.correlation_id, changes=()
        )
    row = await conn.fetchrow(
        """
        INSERT INTO config_versions
            (tenant_key, version, author, reason, path, restores, correlation_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        RETURNING version, at, author, reason, path, restores, correlation_id
        """,
        scope.tenant_key,
        newest + 1,
        by.author,
        by.reason,
        path.key,
        restores,
        by.correlation_id,
    )
    version = Version(**one(row), changes=tuple(changes))
    await _keep(conn, scope, version)
    await _announce(conn, scope, version)
    return version


def _refuse(
    scope: Scope,
    found: Sequence[Override],
    after: Mapping[str, Any],
    changes: Sequence[Difference],
) -> None:
    """Raises for what is wrong with the changes, or with the whole that they would make."""
    changed = {change.key: change.after for change in changes if change.key in after}
    refused = refusals(tree(), scope.tenant, changed)
    if not refused and changed:
        inherited = [one for one in found if one.tenant != scope.tenant]
        whole = [*inherited, *(Override(scope.tenant, key, value) for key, value in after.items())]
        sound = [one for one in whole if not refusals(tree(), one.tenant, {one.key: one.value})]
        values = defaults().model_dump()
        environments = {environment_of(tuple(one.key.split("/"))) for one in sound} | {ANY}
        for environment in sorted(environments):
            resolved = resolve(tree(), values, sound, scope.tenant, environment)
            refused += contradictions(tree(), resolved, scope.tenant)
    if refused:
        raise InvalidConfigurationError(refused)


async def _keep(conn: AnyConnection, scope: Scope, version: Version) -> None:
    """What the version changed, for ever; and what is set by it now."""
    changes = version.changes
    await conn.execute(
        """
        INSERT INTO config_changes (tenant_key, version, key, before, after)
        SELECT $1, $2, key, before::jsonb, after::jsonb
        FROM unnest($3::text[], $4::text[], $5::text[]) AS c (key, before, after)
        """,
        scope.tenant_key,
        version.version,
        [change.key for change in changes],
        [_json(change.before) for change in changes],
        [_json(change.after) for change in changes],
    )
    gone = [change.key for change in changes if change.after is None]
    await conn.execute(
        f"DELETE FROM config_values WHERE {OF_SCOPE} AND key = ANY ($2::text[])",
        scope.tenant_key,
        gone,
    )
    await conn.execute(
        """
        INSERT INTO config_values (tenant_key, version, key, value)
        SELECT $1, $2, key, value::jsonb FROM unnest($3::text[], $4::text[]) AS c (key, value)
        ON CONFLICT (tenant_key, key) DO UPDATE SET value = excluded.value,
            version = excluded.version
        """,
        scope.tenant_key,
        version.version,
        [change.key for change in changes if change.after is not None],
        [_json(change.after) for change in changes if change.after is not None],
    )


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


async def _announce(conn: AnyConnection, scope: Scope, version: Version) -> None:
    """Tells the tenant whose tree it is; a change for all of them is told to each."""
    told: list[asyncpg.Record] = await conn.fetch(
        "SELECT key, id FROM tenants WHERE key = coalesce($1, key) AND status <> 'erased'",
        scope.tenant_key,
    )
    keys = [change.key for change in version.changes]
    data: dict[str, Any] = {
        "path": f"/{scope.tenant}/{_shared(keys)}".rstrip("/"),
        "paths": [f"/{scope.tenant}/{key}" for key in keys],
        "version": version.version,
        "correlation_id": version.correlation_id,
    }
    if scope.tenant_key is not None:
        # Who runs the installation, and why it changes something, is not the tenants' business.
        data |= {"author": version.author, "reason": version.reason}
    at_ms = epoch_ms(version.at)
    await events.insert(
        conn,
        [
            TruckEvent(
                id=event_id(row["key"], CHANGED, scope.tenant, version.version),
                type=CHANGED,
                tenant_key=row["key"],
                truck_key=None,
                tenant=row["id"],
                subject=f"config{data['path']}",
                time_ms=at_ms,
                known_at_ms=at_ms,
                data=data,
            )
            for row in told
        ],
    )


def _shared(keys: Sequence[str]) -> str:
    """The deepest folder (or the key itself) that all of them are under."""
    first, *rest = (key.split("/") for key in keys)
    depth = len(first)
    for other in rest:
        same = (a == b for a, b in zip(first[:depth], other, strict=False))
        depth = next((n for n, is_same in enumerate(same) if not is_same), min(depth, len(other)))
    return "/".join(first[:depth])
