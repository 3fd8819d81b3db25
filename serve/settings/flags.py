"""Feature flags: leaves of the configuration that programs ask about one subject at a time."""

from __future__ import annotations

from config.sections.operational import Flag
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.problems import NotFoundError
from serve.settings import service
from serve.settings.reach import Reach, reach_of
from serve.settings.wire import AssignmentOut, ConfigOut, FlagChange, FlagOut, LeafOut

FOLDER = "global/operational/flags"


async def reach_of_flags(gateway: Gateway, who: Principal, tenant: str | None) -> Reach:
    return await reach_of(gateway, who, f"/{tenant or who.tenant}/{FOLDER}")


async def reach_of_flag(gateway: Gateway, who: Principal, tenant: str | None, name: str) -> Reach:
    return await reach_of(gateway, who, f"/{tenant or who.tenant}/{FOLDER}/{name}")


async def list_all(reach: Reach) -> list[FlagOut]:
    found = await service.look(reach)
    return [_flag_out(leaf, found.version) for leaf in found.leaves]


async def get(reach: Reach) -> FlagOut:
    return _one(await service.look(reach))


async def put(reach: Reach, wanted: FlagChange, expected: int | None) -> FlagOut:
    value = wanted.model_dump(mode="json", exclude={"reason"})
    return _one(await service.put(reach, value, wanted.reason, expected))


def assign(gateway: Gateway, who: Principal, name: str, subject: str) -> AssignmentOut:
    """From this process's snapshot, as every other process would answer."""
    flag: Flag | None = gateway.policy_of(who).operational.flags.get(name)
    if flag is None:
        raise _unknown()
    given = flag.assign(name, who.tenant, subject)
    return AssignmentOut(
        flag=name, subject=subject, on=given.on, variant=given.variant, reason=given.reason
    )


def _one(found: ConfigOut) -> FlagOut:
    if not found.leaves:
        raise _unknown()
    return _flag_out(found.leaves[0], found.version)


def _flag_out(leaf: LeafOut, version: int) -> FlagOut:
    name = leaf.path.rpartition("/")[2]
    own = leaf.origin.version if leaf.origin is not None else version
    return FlagOut(**leaf.value, name=name, version=own, origin=leaf.origin)


def _unknown() -> NotFoundError:
    return NotFoundError("there is no such flag")
