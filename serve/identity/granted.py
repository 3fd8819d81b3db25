"""What roles allow, and that nobody gives away more than they hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from serve.identity.permissions import OPERATOR_ONLY
from serve.identity.principal import Principal
from serve.problems import ForbiddenError, InvalidError
from store import roles
from store.postgres import AnyConnection


async def permissions_of(
    conn: AnyConnection, tenant_key: int, names: Iterable[str]
) -> frozenset[str]:
    """For APP or SYSTEM: asked anew for every token, so a changed role holds from the next on."""
    return await roles.permissions_of(conn, tenant_key, names)


async def require_grantable(
    conn: AnyConnection,
    who: Principal,
    names: Collection[str],
    *,
    carrier: str | None = None,
    shipper: str | None = None,
) -> None:
    """Whoever gives roles gives no unknown ones, none above its own, and keeps its own bounds."""
    unknown = await roles.unknown(conn, who.tenant_key, names)
    if unknown:
        raise InvalidError.at("/roles", f"there is no role {', '.join(unknown)}")
    refuse_unheld(who, await permissions_of(conn, who.tenant_key, names))
    refuse_outside_bounds(who, carrier, shipper)


async def require_above(
    conn: AnyConnection,
    who: Principal,
    names: Collection[str],
    *,
    carrier: str | None = None,
    shipper: str | None = None,
) -> None:
    """Whoever could reset a stronger one's password or secret would become it."""
    held = await permissions_of(conn, who.tenant_key, names)
    if not held <= who.permissions:
        raise ForbiddenError("it may do more than you, so you cannot change it")
    refuse_outside_bounds(who, carrier, shipper)


def refuse_unheld(who: Principal, permissions: Collection[str]) -> None:
    lacking = frozenset(permissions) - who.permissions
    if lacking & OPERATOR_ONLY:
        above = ", ".join(sorted(lacking & OPERATOR_ONLY))
        raise ForbiddenError(f"only the installation's operator holds {above}")
    if lacking:
        missing = ", ".join(sorted(lacking))
        raise ForbiddenError(f"you do not hold {missing} and so cannot grant it")


def refuse_outside_bounds(who: Principal, carrier: str | None, shipper: str | None) -> None:
    """Who speaks for one carrier or shipper only cannot make somebody who speaks for others."""
    if who.carrier is not None and carrier != who.carrier:
        raise ForbiddenError(f"you speak for the carrier {who.carrier} only")
    if who.shipper is not None and shipper != who.shipper:
        raise ForbiddenError(f"you speak for the shipper {who.shipper} only")
