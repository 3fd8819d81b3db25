"""/v1/config and /v1/flags: what holds, since when, by whom and why; and changing it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import yaml
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from config.snapshot import present_environment
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged, number_of
from serve.settings import flags, service
from serve.settings.reach import Reach, reach_of
from serve.settings.wire import (
    REASON_CHARS_MAX,
    AssignmentOut,
    Candidate,
    ConfigOut,
    Document,
    DryRunOut,
    FlagChange,
    FlagOut,
    LeafOut,
    NewValue,
    Rollback,
    VersionOut,
)
from serve.settings.yaml_body import YAML, document_of
from serve.versions import Expected, etag_of

router = APIRouter(tags=["configuration"])

ConfigReader = Annotated[Principal, needs(Permission.CONFIG_READ)]
ConfigWriter = Annotated[Principal, needs(Permission.CONFIG_WRITE)]
FlagsReader = Annotated[Principal, needs(Permission.FLAGS_READ)]
FlagsWriter = Annotated[Principal, needs(Permission.FLAGS_WRITE)]

PATH = "with or without the tenant (* is all) in front: global/... or services/..."
ConfigPathText = Annotated[str, Path(max_length=500, description=PATH)]
TenantQuery = Annotated[
    str | None,
    Query(alias="tenant", max_length=32, description="your own; * is what holds for all"),
]
EnvironmentQuery = Annotated[
    str | None, Query(pattern=r"^([A-Za-z0-9_.-]{1,64}|\*)$", description="this installation's own")
]
ReasonQuery = Annotated[str, Query(max_length=REASON_CHARS_MAX)]
SubjectQuery = Annotated[str, Query(min_length=1, max_length=200)]
FlagName = Annotated[str, Path(max_length=64)]


async def readable(path: ConfigPathText, gateway: Opened, who: ConfigReader) -> Reach:
    return await reach_of(gateway, who, path)


async def writable(path: ConfigPathText, gateway: Opened, who: ConfigWriter) -> Reach:
    return await reach_of(gateway, who, path)


Readable = Annotated[Reach, Depends(readable)]
Writable = Annotated[Reach, Depends(writable)]


@router.get("/v1/config")
async def list_config(
    gateway: Opened,
    who: ConfigReader,
    page: Paged,
    tenant: TenantQuery = None,
    environment: EnvironmentQuery = None,
) -> ListOf[LeafOut]:
    """Every key with what holds, where that was set, its type, unit, meaning and rights."""
    reach = await reach_of(gateway, who, f"/{tenant or who.tenant}")
    return await service.list_page(reach, environment or present_environment(), page)


@router.get("/v1/config-export", response_class=Response, responses={200: {"content": {YAML: {}}}})
async def export_config(gateway: Opened, who: ConfigReader, tenant: TenantQuery = None) -> Response:
    """What is set in one tree, as YAML."""
    document = await service.export(await reach_of(gateway, who, f"/{tenant or who.tenant}"))
    plain = document.model_dump(mode="json", exclude={"reason"})
    return Response(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), media_type=YAML)


@router.put(
    "/v1/config-import",
    openapi_extra={
        "requestBody": {"required": True, "content": {YAML: {"schema": {"type": "object"}}}}
    },
)
async def import_config(  # noqa: PLR0917 - the framework passes by name
    request: Request,
    gateway: Opened,
    who: ConfigWriter,
    expected: Expected,
    response: Response,
    tenant: TenantQuery = None,
) -> ConfigOut:
    """All values of an exported document, or none; the document's own tenant does not matter."""
    document: Document = document_of(await request.body())
    reach = await reach_of(gateway, who, f"/{tenant or who.tenant}")
    return _tagged(response, await service.bring_in(reach, document, expected))


@router.get("/v1/config/{path:path}/history")
async def config_history(reach: Readable, page: Paged) -> ListOf[VersionOut]:
    """Every version that changed something here, the newest first: who, why and what."""
    found = await service.history(reach, number_of(page.after), page.one_more)
    kept, next_cursor = page.cut(found, lambda version: str(version.version))
    items = [VersionOut.of(reach.scope.tenant, version) for version in kept]
    return ListOf(items=items, next_cursor=next_cursor)


@router.post("/v1/config/{path:path}/rollback")
async def roll_back_config(
    wanted: Rollback, reach: Writable, expected: Expected, response: Response
) -> ConfigOut:
    """A new version in which everything here is as it was at the one named."""
    done = await service.rollback(reach, wanted.version, wanted.reason, expected)
    return _tagged(response, done)


@router.post("/v1/config/{path:path}/validate")
async def validate_config(candidate: Candidate, reach: Writable) -> DryRunOut:
    """Answers as the same PUT would, and changes nothing."""
    return await service.validate(reach, candidate.value)


@router.get("/v1/config/{path:path}")
async def get_config(reach: Readable, response: Response) -> ConfigOut:
    """A leaf or a subtree."""
    return _tagged(response, await service.look(reach))


@router.put("/v1/config/{path:path}")
async def put_config(
    wanted: NewValue, reach: Writable, expected: Expected, response: Response
) -> ConfigOut:
    """Sets a leaf, or those leaves of a subtree that the value names: all of them or none."""
    done = await service.put(reach, wanted.value, wanted.reason, expected, unset=wanted.unset)
    return _tagged(response, done)


@router.delete("/v1/config/{path:path}", status_code=HTTPStatus.NO_CONTENT)
async def delete_config(reach: Writable, expected: Expected, reason: ReasonQuery = "") -> None:
    """Takes back what is set here: what it inherits holds again."""
    await service.delete(reach, reason, expected)


@router.get("/v1/flags")
async def list_flags(
    gateway: Opened, who: FlagsReader, tenant: TenantQuery = None
) -> ListOf[FlagOut]:
    return ListOf(items=await flags.list_all(await flags.reach_of_flags(gateway, who, tenant)))


@router.get("/v1/flags/{name}")
async def get_flag(
    name: FlagName,
    gateway: Opened,
    who: FlagsReader,
    response: Response,
    tenant: TenantQuery = None,
) -> FlagOut:
    flag = await flags.get(await flags.reach_of_flag(gateway, who, tenant, name))
    response.headers["ETag"] = etag_of(flag.version)
    return flag


@router.put("/v1/flags/{name}")
async def put_flag(  # noqa: PLR0917 - the framework passes by name
    name: FlagName,
    wanted: FlagChange,
    gateway: Opened,
    who: FlagsWriter,
    expected: Expected,
    response: Response,
    tenant: TenantQuery = None,
) -> FlagOut:
    """Your tenant's own, which goes before what holds for all."""
    reach = await flags.reach_of_flag(gateway, who, tenant, name)
    flag = await flags.put(reach, wanted, expected)
    response.headers["ETag"] = etag_of(flag.version)
    return flag


@router.delete("/v1/flags/{name}", status_code=HTTPStatus.NO_CONTENT)
async def delete_flag(  # noqa: PLR0917 - the framework passes by name
    name: FlagName,
    gateway: Opened,
    who: FlagsWriter,
    expected: Expected,
    tenant: TenantQuery = None,
    reason: ReasonQuery = "",
) -> None:
    reach = await flags.reach_of_flag(gateway, who, tenant, name)
    await service.delete(reach, reason, expected)


@router.get("/v1/flags/{name}/assignment")
async def assign_flag(
    name: FlagName, gateway: Opened, who: FlagsReader, subject: SubjectQuery
) -> AssignmentOut:
    """Whether it is on for this subject of your tenant, and which variant it gets."""
    return flags.assign(gateway, who, name, subject)


def _tagged(response: Response, found: ConfigOut) -> ConfigOut:
    response.headers["ETag"] = etag_of(found.version)
    return found
