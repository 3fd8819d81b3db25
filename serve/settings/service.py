"""What can be done with the configuration: look at it, change it, go back, carry it elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from config.paths import ANY, environment_of, is_under, key_of
from config.policy import defaults, tree
from config.resolution import Override, Refused, Resolved, flatten, refusals, resolve
from config.tree import Leaf, value_at
from serve.paging import ListOf, Page
from serve.problems import InvalidError
from serve.settings.reach import Reach
from serve.settings.wire import (
    ChangeOut,
    ConfigOut,
    Document,
    DryRunOut,
    LeafOut,
    OriginOut,
    ValuesOut,
)
from store import config_changes, configuration
from store.config_changes import InvalidConfigurationError
from store.configuration import By, Version
from store.postgres import AnyConnection
from telemetry.work import correlation_id

# ------------------------------------------------------------------------------------- looking


async def list_page(reach: Reach, environment: str, page: Page) -> ListOf[LeafOut]:
    """Every key with what holds in this environment, by path."""
    async with reach.reading() as conn:
        found = await configuration.visible(conn, reach.scope)
    leaves = _leaves(reach, found, environment)
    behind = [leaf for leaf in leaves if page.after is None or leaf.path > page.after]
    kept, next_cursor = page.cut(behind, lambda leaf: leaf.path)
    return ListOf(items=list(kept), next_cursor=next_cursor)


async def look(reach: Reach) -> ConfigOut:
    async with reach.reading() as conn:
        return await _out(reach, conn)


async def history(reach: Reach, before: int | None, limit: int) -> Sequence[Version]:
    async with reach.reading() as conn:
        return await configuration.history(conn, reach.scope, reach.path.key, before, limit)


async def _out(reach: Reach, conn: AnyConnection) -> ConfigOut:
    found = await configuration.visible(conn, reach.scope)
    leaves = _leaves(reach, found, reach.path.environment)
    return ConfigOut(
        path=reach.path.text,
        value=_nested(reach, leaves),
        version=await configuration.version_of(conn, reach.scope, reach.path.key),
        leaves=leaves,
    )


def _leaves(reach: Reach, found: Iterable[Override], environment: str) -> list[LeafOut]:
    """Those below the reach's path; what this release does not take is left out, as it is in use.

    Keys of an environment stand under it; where none is asked for, under any.
    """
    sound = [one for one in found if not refusals(tree(), one.tenant, {one.key: one.value})]
    usual = defaults().model_dump(mode="json")
    resolved = resolve(tree(), usual, sound, reach.scope.tenant, environment)
    shown = environment_of(reach.path.parts)
    leaves = tree().under(reach.path.name, resolved.values)
    return sorted(
        (_leaf_out(reach, leaf, resolved, usual, shown) for leaf in leaves),
        key=lambda leaf: leaf.path,
    )


def _leaf_out(
    reach: Reach, leaf: Leaf, resolved: Resolved, usual: Mapping[str, Any], environment: str
) -> LeafOut:
    origin = resolved.origins.get(leaf.name)
    value = value_at(resolved.values, leaf.route)
    is_inherited = origin is None or origin.tenant != reach.scope.tenant
    return LeafOut(
        path=f"/{reach.scope.tenant}/{key_of(leaf.name, environment)}",
        value=_without_others(value, reach) if is_inherited else value,
        default=_without_others(value_at(usual, leaf.route), reach),
        origin=None if origin is None else origin_out(origin),
        type=leaf.kind,
        unit=leaf.unit,
        meaning=leaf.meaning,
        who=leaf.who.value,
        effect=leaf.effect,
    )


def origin_out(origin: Override) -> OriginOut:
    return OriginOut(path=f"/{origin.tenant}/{origin.key}", version=origin.version)


def _without_others(value: Any, reach: Reach) -> Any:
    """A flag for all names tenants it is rolled out to: a tenant is shown only itself."""
    if reach.scope.tenant == ANY or not isinstance(value, Mapping) or not value.get("tenants"):
        return value
    own = [tenant for tenant in value["tenants"] if tenant == reach.scope.tenant]
    # An empty list would read as everybody.
    return {**value, "tenants": own, "enabled": bool(own) and value.get("enabled", False)}


def _nested(reach: Reach, leaves: Sequence[LeafOut]) -> Any:
    """The leaves' values as the rest of their paths nests them; a leaf's own value as it is."""
    root = reach.path.text
    nested: dict[str, Any] = {}
    for leaf in leaves:
        rest = leaf.path.removeprefix(root).strip("/")
        if not rest:
            return leaf.value
        *folders, last = rest.split("/")
        inside = nested
        for folder in folders:
            inside = inside.setdefault(folder, {})
        inside[last] = leaf.value
    return nested


# ------------------------------------------------------------------------------------ changing


async def put(
    reach: Reach, value: Any, reason: str, expected: int | None, unset: Sequence[str] = ()
) -> ConfigOut:
    values = _values(reach, value, only_unset=bool(unset))
    reach.require(values)
    below = [f"{reach.path.key}/{one}" for one in unset]
    async with reach.changing("config.set") as change:
        with _naming(reach):
            version = await config_changes.set_values(
                change.conn,
                reach.scope,
                reach.path,
                values,
                by=_by(reach, reason),
                expected=expected,
                unset_below=below,
            )
        reach.require(changed.key for changed in version.changes)
        change.before, change.after = _seen(reach, version)
        return await _out(reach, change.conn)


async def delete(reach: Reach, reason: str, expected: int | None) -> None:
    async with reach.changing("config.unset") as change:
        with _naming(reach):
            version = await config_changes.unset(
                change.conn, reach.scope, reach.path, by=_by(reach, reason), expected=expected
            )
        reach.require(changed.key for changed in version.changes)
        change.before, change.after = _seen(reach, version)


async def rollback(reach: Reach, to: int, reason: str, expected: int | None) -> ConfigOut:
    async with reach.changing("config.rollback") as change:
        with _naming(reach):
            version = await config_changes.rollback(
                change.conn,
                reach.scope,
                reach.path,
                to=to,
                by=_by(reach, reason),
                expected=expected,
            )
        reach.require(changed.key for changed in version.changes)
        change.before, change.after = _seen(reach, version)
        return await _out(reach, change.conn)


async def validate(reach: Reach, value: Any) -> DryRunOut:
    """Raises what `put` would raise; otherwise what it would change."""
    values = _values(reach, value)
    reach.require(values)
    async with reach.reading() as conn:
        with _naming(reach):
            changes = await config_changes.dry_run(conn, reach.scope, values)
    shown = [ChangeOut.of(reach.scope.tenant, change) for change in changes]
    return DryRunOut(valid=True, changes=shown)


async def export(reach: Reach) -> Document:
    """What is set in this very tree, to be imported there or elsewhere."""
    async with reach.reading() as conn:
        found = await configuration.visible(conn, reach.scope)
        version = await configuration.newest_version(conn, reach.scope)
    values = configuration.own(found, reach.scope)
    return Document(tenant=reach.scope.tenant, version=version, values=dict(sorted(values.items())))


async def bring_in(reach: Reach, document: Document, expected: int | None) -> ConfigOut:
    """All of the document's values or none; what it does not name stays."""
    values = document.values
    reach.require(values)
    async with reach.changing("config.import") as change:
        with _naming(reach, "/values", by_key=True):
            version = await config_changes.set_values(
                change.conn,
                reach.scope,
                reach.path,
                values,
                by=_by(reach, document.reason),
                expected=expected,
            )
        change.before, change.after = _seen(reach, version)
        return await _out(reach, change.conn)


def _values(reach: Reach, value: Any, *, only_unset: bool = False) -> dict[str, Any]:
    """Who only takes back need not name a key."""
    values, refused = flatten(tree(), reach.path, value)
    if refused:
        # With what is wrong about the others: everything is named at once.
        raise _invalid(reach, [*refused, *refusals(tree(), reach.scope.tenant, values)])
    if not values and not only_unset:
        raise InvalidError.at("/value", "names no key")
    return values


def _by(reach: Reach, reason: str) -> By:
    return By(reach.who.name, reason, correlation_id())


def _seen(reach: Reach, version: Version) -> tuple[ValuesOut, ValuesOut]:
    def values(which: str) -> ValuesOut:
        return ValuesOut(
            values={
                f"/{reach.scope.tenant}/{change.key}": getattr(change, which)
                for change in version.changes
            }
        )

    return values("before"), values("after")


@contextlib.contextmanager
def _naming(reach: Reach, root: str = "/value", *, by_key: bool = False) -> Iterator[None]:
    """Turns what the store refuses into a problem that points at every wrong path."""
    try:
        yield
    except InvalidConfigurationError as refused:
        raise _invalid(reach, refused.refused, root, by_key=by_key) from refused


def _invalid(
    reach: Reach, refused: Sequence[Refused], root: str = "/value", *, by_key: bool = False
) -> InvalidError:
    errors = [
        {"pointer": _pointer(reach, one, root, by_key=by_key), "path": one.path, "detail": one.says}
        for one in refused
    ]
    return InvalidError("nothing was changed; errors names every wrong path", errors=errors)


def _pointer(reach: Reach, refused: Refused, root: str, *, by_key: bool) -> str:
    """Where in the request's body it stands."""
    base = reach.path.text
    rest = refused.path.removeprefix(base).strip("/") if is_under(refused.path, base) else ""
    steps = [rest] if by_key else [step for step in rest.split("/") if step]
    inner = [*steps, *(str(step) for step in refused.where)]
    return root + "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in inner)
