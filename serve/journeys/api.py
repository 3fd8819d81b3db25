"""/v1/journeys and a truck's journey: which route it follows, from when on."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Response

from serve.fields import ID_PATTERN, PathId
from serve.identity.access import Opened, needs
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.journeys import service
from serve.journeys.wire import JourneyFields, JourneyNowOut, JourneyOut
from serve.paging import ListOf, Paged
from serve.versions import Expected, etag_of
from store.journeys import JourneyState

router = APIRouter(tags=["journeys"])

JourneysReader = Annotated[Principal, needs(Permission.JOURNEYS_READ)]
JourneysWriter = Annotated[Principal, needs(Permission.JOURNEYS_WRITE)]
_BEGUN: dict[int | str, dict[str, Any]] = {
    201: {"model": JourneyOut, "description": "another journey than before"}
}

J = TypeVar("J", bound=JourneyOut)


def _tagged(response: Response, journey: J) -> J:
    """State and progress change without another version."""
    response.headers["ETag"] = etag_of(journey.version, journey.model_dump_json())
    return journey


@router.put("/v1/trucks/{id}/journey", responses=_BEGUN)
async def assign_journey(  # noqa: PLR0917 - the framework passes by name
    truck_id: PathId,
    given: JourneyFields,
    gateway: Opened,
    who: JourneysWriter,
    expected: Expected,
    response: Response,
) -> JourneyOut:
    """Changes the journey that the truck is on; another id ends that one and begins a new one.

    Trucks are held against it within two seconds.
    """
    journey, is_new = await service.assign(gateway, who, truck_id, given, expected)
    if is_new:
        response.status_code = HTTPStatus.CREATED
        response.headers["Location"] = f"/v1/journeys/{journey.id}"
    return _tagged(response, journey)


@router.get("/v1/trucks/{id}/journey")
async def get_journey_of_truck(
    truck_id: PathId, gateway: Opened, who: JourneysReader, response: Response
) -> JourneyNowOut:
    """With how it goes: `progress` is null until a fix was held against it."""
    return _tagged(response, await service.of_truck(gateway, who, truck_id))


@router.delete("/v1/trucks/{id}/journey", status_code=HTTPStatus.NO_CONTENT)
async def end_journey(
    truck_id: PathId, gateway: Opened, who: JourneysWriter, expected: Expected
) -> None:
    """It stays among the truck's journeys, as ended."""
    await service.end(gateway, who, truck_id, expected)


@router.get("/v1/journeys")
async def list_journeys(
    gateway: Opened,
    who: JourneysReader,
    page: Paged,
    truck: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
    state: Annotated[JourneyState | None, Query()] = None,
) -> ListOf[JourneyOut]:
    return await service.list_page(gateway, who, page, truck=truck, state=state)


@router.get("/v1/journeys/{id}")
async def get_journey(
    journey_id: PathId, gateway: Opened, who: JourneysReader, response: Response
) -> JourneyOut:
    return _tagged(response, await service.get(gateway, who, journey_id))
