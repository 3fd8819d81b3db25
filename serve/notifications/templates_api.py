"""/v1/notification-templates: what messages say, by kind, language and channel."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from serve.addressed import To
from serve.fields import PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.notifications import templates
from serve.notifications.template_wire import (
    ChannelText,
    FormIn,
    LanguageText,
    NewTemplate,
    Preview,
    PreviewOfKept,
    PreviewOut,
    TemplateOut,
)
from serve.notifications.wire import Kind
from serve.paging import ListOf, Paged
from serve.versions import tagged

router = APIRouter(tags=["notification templates"])

Reader = Annotated[Principal, needs(Permission.NOTIFICATIONS_READ)]
Writer = Annotated[Principal, needs(Permission.TEMPLATES_WRITE)]


@router.get("/v1/notification-templates")
async def list_templates(  # noqa: PLR0917 - the framework passes by name
    gateway: Opened,
    who: Reader,
    page: Paged,
    kind: Annotated[Kind | None, Query()] = None,
    language: Annotated[LanguageText | None, Query()] = None,
    channel: Annotated[ChannelText | None, Query()] = None,
) -> ListOf[TemplateOut]:
    """Your own, and the shipped ones that you have not replaced."""
    return await templates.list_page(gateway, who, page, (kind, language, channel))


@router.post("/v1/notification-templates", status_code=HTTPStatus.CREATED)
async def create_template(
    new: NewTemplate, gateway: Opened, who: Writer, response: Response
) -> TemplateOut:
    """One that names what there is not, or needs too many parts of an SMS, is refused."""
    made = await templates.create(gateway, who, new)
    return tagged(response, made, f"/v1/notification-templates/{made.id}")


@router.post("/v1/notification-templates/preview")
async def preview_template(given: Preview, gateway: Opened, who: Reader) -> PreviewOut:
    """How it would look, with samples or with your values; and what is wrong with it."""
    return templates.preview(gateway, who, given)


@router.get("/v1/notification-templates/{id}")
async def get_template(
    template_id: PathId, gateway: Opened, who: Reader, response: Response
) -> TemplateOut:
    return tagged(response, await templates.get(gateway, who, template_id))


@router.put("/v1/notification-templates/{id}")
async def change_template(given: FormIn, who: Writer, at: To) -> TemplateOut:
    """The next version; of a shipped one, your own in its place."""
    return at.tagged(await templates.change(at, who, given))


@router.delete("/v1/notification-templates/{id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_template(who: Writer, at: To) -> None:
    """The shipped one counts again."""
    await templates.delete(at, who)


@router.get("/v1/notification-templates/{id}/versions")
async def list_template_versions(
    template_id: PathId, gateway: Opened, who: Reader, page: Paged
) -> ListOf[TemplateOut]:
    return await templates.versions(gateway, who, template_id, page)


@router.post("/v1/notification-templates/{id}/preview")
async def preview_kept_template(
    template_id: PathId, gateway: Opened, who: Reader, given: PreviewOfKept | None = None
) -> PreviewOut:
    """Of a template that is there, or one of its versions."""
    return await templates.preview_kept(gateway, who, template_id, given or PreviewOfKept())
