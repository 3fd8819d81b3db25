"""What every change of an object is told with: which one, at which version, and where to answer."""

from __future__ import annotations

import dataclasses
from typing import Annotated, TypeVar

from fastapi import Depends, Response

from serve.fields import PathId
from serve.gateway import Gateway
from serve.identity.access import Opened
from serve.versions import Expected, Versioned, tagged

T = TypeVar("T", bound=Versioned)


@dataclasses.dataclass(frozen=True, slots=True)
class Addressed:
    id: str
    gateway: Gateway
    expected: int | None
    response: Response

    def tagged(self, shown: T) -> T:
        return tagged(self.response, shown)


async def addressed(
    object_id: PathId, gateway: Opened, expected: Expected, response: Response
) -> Addressed:
    return Addressed(object_id, gateway, expected, response)


# Behind the caller in a route, so that who may not change it is told that first.
To = Annotated[Addressed, Depends(addressed)]
