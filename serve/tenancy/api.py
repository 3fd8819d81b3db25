"""/v1/tenants: the companies on this installation, for who operates it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from serve.fields import PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.paging import ListOf, Paged
from serve.tenancy import leaving, service
from serve.tenancy.wire import (
    NewTenant,
    NewTenantOut,
    Offboard,
    OffboardAnswer,
    OffboardingOut,
    Reason,
    TenantChange,
    TenantOut,
)
from serve.versions import Expected, etag_of, tagged

router = APIRouter(tags=["tenants"])

TenantsReader = Annotated[Principal, needs(Permission.TENANTS_READ)]
TenantsWriter = Annotated[Principal, needs(Permission.TENANTS_WRITE)]


@router.post("/v1/tenants", status_code=HTTPStatus.CREATED)
async def create_tenant(
    new: NewTenant, gateway: Opened, who: TenantsWriter, response: Response
) -> NewTenantOut:
    """A whole tenant in one step: roles, first client, configuration; its secret is shown once."""
    made = await service.onboard(gateway, who, new)
    response.headers["ETag"] = etag_of(made.version)
    response.headers["Location"] = f"/v1/tenants/{made.id}"
    response.headers["Cache-Control"] = "no-store"
    return made


@router.get("/v1/tenants")
async def list_tenants(gateway: Opened, who: TenantsReader, page: Paged) -> ListOf[TenantOut]:
    """Your own tenant, and, for an operator, those it onboarded."""
    return await service.list_page(gateway, who, page)


@router.get("/v1/tenants/{id}")
async def get_tenant(
    tenant_id: PathId, gateway: Opened, who: TenantsReader, response: Response
) -> TenantOut:
    return tagged(response, await service.get(gateway, who, tenant_id))


@router.patch("/v1/tenants/{id}")
async def change_tenant(  # noqa: PLR0917 - the framework passes by name
    tenant_id: PathId,
    wanted: TenantChange,
    gateway: Opened,
    who: TenantsWriter,
    expected: Expected,
    response: Response,
) -> TenantOut:
    return tagged(response, await service.change(gateway, who, tenant_id, wanted, expected))


@router.post("/v1/tenants/{id}/suspend")
async def suspend_tenant(
    tenant_id: PathId, why: Reason, gateway: Opened, who: TenantsWriter, response: Response
) -> TenantOut:
    """Its tokens and devices are refused within seconds; nothing of it is lost."""
    return tagged(response, await service.suspend(gateway, who, tenant_id, why.reason))


@router.post("/v1/tenants/{id}/resume")
async def resume_tenant(
    tenant_id: PathId, why: Reason, gateway: Opened, who: TenantsWriter, response: Response
) -> TenantOut:
    """Everything works again as before, with the same tokens and device secrets."""
    return tagged(response, await service.resume(gateway, who, tenant_id, why.reason))


@router.post("/v1/tenants/{id}/offboard", status_code=HTTPStatus.ACCEPTED)
async def offboard_tenant(
    tenant_id: PathId, wanted: Offboard, gateway: Opened, who: TenantsWriter, response: Response
) -> OffboardAnswer:
    """Export and erase a suspended tenant: first without `confirmation`, then with the one given.

    There is no way back after the second.
    """
    response.headers["Cache-Control"] = "no-store"
    return await leaving.offboard(gateway, who, tenant_id, wanted)


@router.get("/v1/tenants/{id}/offboarding")
async def get_offboarding(tenant_id: PathId, gateway: Opened, who: TenantsWriter) -> OffboardingOut:
    return await leaving.progress(gateway, who, tenant_id)


@router.get(
    "/v1/tenants/{id}/export",
    response_class=StreamingResponse,
    responses={HTTPStatus.OK.value: {"content": {"application/zip": {}}}},
)
async def download_export(
    tenant_id: PathId, gateway: Opened, who: TenantsWriter
) -> StreamingResponse:
    """All the tenant had, as a zip of JSON lines; given once, and gone after that."""
    name, pieces = await leaving.download(gateway, who, tenant_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)
